"""Prints what was estimated, with sentences for a paper and what to be aware of."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from emoalign.commands.correction.estimates import Estimated, estimates, worthwhile_shift
from emoalign.commands.correction.files import DATA, ESTIMATES, SCRIPT, SUBSTITUTION, write
from emoalign.commands.correction.named import Named
from emoalign.commands.correction.norm_as_predictor import InPlace, in_place, regression
from emoalign.commands.correction.predictor_words import (
    norms_table,
    predictor_cautions,
    predictor_sentences,
)
from emoalign.commands.correction.sample import Sample, doubts
from emoalign.commands.correction.words import cautions, sentences, table
from emoalign.wording import counted

EXPLAINED = "In brackets: 95% confidence intervals. The model alone is biased. For a paper:\n"


def tell(file: Path, found: Sample, named: Named, out: Path | None) -> None:
    """Print estimates from ratings as outcome or predictor; write them into a folder if asked."""
    if named.outcome is None:
        told = estimates(found, named)
        swapped: list[InPlace] = []
        said: Iterable[str] = sentences(told, named)
        shift = worthwhile_shift(found, named)
        aware = (*doubts(found, named), *cautions(told, named, shift))
    else:
        told = regression(file, found, named)
        swapped = in_place(found, named)
        said = predictor_sentences(told, named)
        aware = (*doubts(found, named), *predictor_cautions(told, swapped, named))
    _echo(table(told, named))
    click.echo(f"\n{EXPLAINED}")
    _echo(said)
    if swapped:
        items = counted(swapped[0].n, "item")
        click.echo(f"\nOn the {items} that people rated, with each norm in place of people's:\n")
        _echo(norms_table(told, swapped))
    click.echo()
    _echo(aware)
    if out is not None:
        _write(out, found, named, told, swapped)


def _write(
    out: Path, found: Sample, named: Named, told: Sequence[Estimated], swapped: Sequence[InPlace]
) -> None:
    write(out, found, named, told, swapped)
    names = [ESTIMATES, *([SUBSTITUTION] if swapped else []), DATA]
    paths = [str(out / name) for name in names]
    click.echo(f"\nWrote {', '.join(paths[:-1])} and {paths[-1]}. To repeat this in R:")
    click.echo(f"  Rscript {shlex.quote(str(out / SCRIPT))}")


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
