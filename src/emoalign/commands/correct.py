"""`emoalign correct`: estimates from a model's ratings and people's ratings of a random part."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import click

from emoalign.commands.group import Unwrapped

BASE = "emoalign correct rated.csv --model gpt_valence --people human_valence"

NORMS = "emoalign correct rated.csv --model estimated_valence --people human_valence --outcome rt"


@click.command(
    "correct",
    cls=Unwrapped,
    examples=(
        BASE,
        f"{BASE} --by category",
        f"{BASE} --with concreteness",
        f"{BASE} --on concreteness,length --out corrected",
        f"{BASE} --probability drawn",
        f"{NORMS} --on length",
        f"{NORMS} --model gpt_valence",
    ),
)
@click.argument(
    "file", metavar="TABLE", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--model",
    "models",
    required=True,
    multiple=True,
    metavar="COLUMN",
    help="The model's rating of each item, or an estimate. With --outcome, others to compare.",
)
@click.option(
    "--people",
    required=True,
    metavar="COLUMN",
    help="People's rating, the mean if there were several; empty where they were not asked.",
)
@click.option(
    "--outcome",
    metavar="COLUMN",
    help="Regress this column on the ratings: they are then a predictor, not the outcome.",
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
    models: Sequence[str],
    people: str,
    outcome: str | None,
    by: str | None,
    covariate: str | None,
    on: Sequence[str],
    probability: str | None,
    out: Path | None,
) -> None:
    """Estimate what people would say of all items, from a model's ratings and a random part.

    TABLE has a row for each item: CSV, TSV, XLSX, XLS, Parquet or JSONL. A model rated all items,
    people a random part. The mean of people's ratings over all items is estimated from both; so are
    a difference, a correlation or a regression, if they are asked for. With --outcome, another
    column is regressed on the ratings. What the model gets wrong is corrected (PPI++ and DSL;
    emoalign docs using-norms).
    """
    from emoalign.commands.correction.checks import check
    from emoalign.commands.correction.columns import read_columns
    from emoalign.commands.correction.files import check_free
    from emoalign.commands.correction.named import Named
    from emoalign.commands.correction.sample import sample
    from emoalign.commands.correction.telling import tell

    _check_options(models, outcome, **{"by": by, "with": covariate})
    named = Named(models, people, outcome, by, covariate, tuple(_split(on)), probability)
    if out is not None:
        check_free(out)
    found = sample(file, named, read_columns(file, named))
    check(file, found, named)
    n = int(found.rated.sum())
    click.echo(f"{file}: {len(found.human):,} items, of which people rated {n:,} ({people}).\n")
    tell(file, found, named, out)


def _check_options(models: Sequence[str], outcome: str | None, **others: str | None) -> None:
    """Refuse options that do not go together."""
    if outcome is None and len(models) > 1:
        raise click.UsageError(
            "Several --model columns are compared as predictors: name what they predict by "
            "--outcome, or name one --model."
        )
    for option, column in others.items():
        if outcome is not None and column is not None:
            raise click.UsageError(
                f"With --outcome, ratings are a predictor: leave out --{option}. Name further "
                "predictors by --on."
            )


def _split(on: Sequence[str]) -> list[str]:
    """Names of columns; one that contains a comma is in quotation marks, as in CSV."""
    return [
        name.strip()
        for names in csv.reader(on, skipinitialspace=True)
        for name in names
        if name.strip()
    ]
