"""`emoalign correct`: estimates from a model's ratings and people's ratings of a random part."""

from __future__ import annotations

import csv
import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from emoalign.commands.group import Unwrapped

BASE = "emoalign correct rated.csv --model gpt_valence --people human_valence"


@click.command(
    "correct",
    cls=Unwrapped,
    examples=(
        BASE,
        f"{BASE} --by category",
        f"{BASE} --with concreteness",
        f"{BASE} --on concreteness,length --out corrected",
        f"{BASE} --probability drawn",
    ),
)
@click.argument(
    "file", metavar="TABLE", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("--model", required=True, metavar="COLUMN", help="The model's rating of each item.")
@click.option(
    "--people",
    required=True,
    metavar="COLUMN",
    help="People's rating, the mean if there were several; empty where they were not asked.",
)
@click.option(
    "--by", metavar="COLUMN", help="Names of two groups: also their means and difference."
)
@click.option(
    "--with", "covariate", metavar="COLUMN", help="Also the correlation with this column."
)
@click.option(
    "--on",
    metavar="COLUMNS",
    multiple=True,
    help="Also the linear regression on these columns, separated by commas.",
)
@click.option(
    "--probability",
    metavar="COLUMN",
    help="Probability with which each item was given to people, if it differed between items.",
)
@click.option(
    "--out",
    metavar="FOLDER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the estimates and the data as CSV, and an R script that repeats them.",
)
def command(
    file: Path,
    model: str,
    people: str,
    by: str | None,
    covariate: str | None,
    on: Sequence[str],
    probability: str | None,
    out: Path | None,
) -> None:
    """Estimate what people would say of all items, from a model's ratings and a random part.

    TABLE has a row for each item: CSV, TSV, XLSX, XLS, Parquet or JSONL. A model rated all items,
    people a random part. The mean of people's ratings over all items is estimated from both; so are
    a difference, a correlation or a regression, if they are asked for. What the model gets wrong
    is corrected (PPI++ and DSL; emoalign docs substitution).
    """
    from emoalign.commands.correction.columns import Named, read_columns
    from emoalign.commands.correction.estimates import estimates, worthwhile_shift
    from emoalign.commands.correction.files import DATA, ESTIMATES, SCRIPT, check_free, write
    from emoalign.commands.correction.sample import doubts, sample
    from emoalign.commands.correction.words import cautions, sentences, table

    named = Named(model, people, by, covariate, tuple(_split(on)), probability)
    if out is not None:
        check_free(out)
    found = sample(file, named, read_columns(file, named))
    told = estimates(found, named)
    n = int(found.rated.sum())
    click.echo(f"{file}: {len(found.human):,} items, of which people rated {n:,} ({people}).\n")
    for line in table(told):
        click.echo(line)
    click.echo("\nIn brackets: 95% confidence intervals. The model alone is biased. For a paper:\n")
    for sentence in sentences(told, named):
        click.echo(sentence)
    click.echo()
    for caution in (*doubts(found, named), *cautions(told, named, worthwhile_shift(found, named))):
        click.echo(caution)
    if out is not None:
        write(out, found, named, told)
        click.echo(f"\nWrote {out / ESTIMATES} and {out / DATA}. To repeat this in R:")
        click.echo(f"  Rscript {shlex.quote(str(out / SCRIPT))}")


def _split(on: Sequence[str]) -> list[str]:
    """Names of columns; one that contains a comma is in quotation marks, as in CSV."""
    return [
        name.strip()
        for names in csv.reader(on, skipinitialspace=True)
        for name in names
        if name.strip()
    ]
