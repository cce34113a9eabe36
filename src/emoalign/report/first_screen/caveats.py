"""What may lie behind agreement with people, other than judgement of the items."""

from __future__ import annotations

import math
from collections.abc import Iterator

from emoalign.report.covariates_in_words import covariates_in_words
from emoalign.report.first_screen.evidence import Evidence, Row
from emoalign.report.first_screen.worries import Worry
from emoalign.report.nearest import SMALL
from emoalign.wording import ci, coefficient, counted, number, with_p


def caveats(found: Evidence) -> Iterator[Worry]:
    """Other reasons for the agreement of a condition, each with its number and section."""
    if (row := found.recited) is not None and row["p_holm"] < SMALL:
        yield _memory(row)
    if (row := found.explained) is not None:
        yield from _covariates(row, found)
        yield from _embedding(row)


def _memory(row: Row) -> Worry:
    return Worry(
        "The agreement may be memory. Asked for "
        f"{counted(int(row['n_completions']), 'published mean')}, the model gave "
        f"{int(row['hits'])} of them to within {row['tolerance']:g} points; "
        f"{number(row['hits_by_chance'], 1)} would be expected by chance (Holm-adjusted "
        f"{with_p(row['p_holm'])}).",
        "recitation",
    )


def _covariates(row: Row, found: Evidence) -> Iterator[Worry]:
    partial = [row[f"partial_r{end}"] for end in ("", "_low", "_high")]
    if any(map(math.isnan, partial)) or partial[1] > 0:
        return
    modality = found.job.datasets[found.cell["dataset"]].modality
    names = covariates_in_words(row["covariates"], modality)
    r = f"partial r = {coefficient(partial[0])}, {ci(*partial[1:], bounded=True)}"
    yield Worry(
        f"With {names} held constant, no agreement with people was shown ({r}).",
        "explained",
    )


def _embedding(row: Row) -> Iterator[Worry]:
    apart = [row[f"model_minus_ridge{end}"] for end in ("", "_low", "_high")]
    if any(map(math.isnan, apart)) or apart[1] > 0:
        return
    numbers = (
        f"(r = {coefficient(row['ridge_r'])}; the model: {coefficient(row['model_r'])}; "
        f"difference {coefficient(-apart[0])}, {ci(-apart[2], -apart[1], bounded=True)})"
    )
    cheap = "A ridge regression on embeddings, which has learnt from people's ratings"
    shown = (
        "agrees more closely with people than the model does"
        if apart[2] < 0
        else ("was not shown to agree less closely with people than the model does")
    )
    yield Worry(f"{cheap}, {shown} {numbers}.", "explained")
