"""What may lie behind agreement with people, other than judgement of the items."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from emoalign.report.first_screen.evidence import Evidence
from emoalign.report.first_screen.worries import Worry
from emoalign.wording import ci, coefficient, listed

COVARIATES = {
    "length": "length",
    "words": "number of words",
    "frequency": "word frequency",
}
"""What sentences call covariates; those of a dataset's card have their own names."""


def caveats(found: Evidence) -> Iterator[Worry]:
    """Other reasons for the agreement of a condition, each with its number and section."""
    if (row := found.explained) is not None:
        yield from _covariates(row)
        yield from _embedding(row)


def _covariates(row: Any) -> Iterator[Worry]:
    partial = [row[f"partial_r{end}"] for end in ("", "_low", "_high")]
    if any(map(math.isnan, partial)) or partial[1] > 0:
        return
    names = listed(COVARIATES.get(name, name) for name in row["covariates"])
    yield Worry(
        f"With {names} held constant, no agreement with people was shown (partial r = "
        f"{coefficient(partial[0])}, {ci(*partial[1:], bounded=True)}).",
        "explained",
    )


def _embedding(row: Any) -> Iterator[Worry]:
    apart = [row[f"model_minus_ridge{end}"] for end in ("", "_low", "_high")]
    if any(map(math.isnan, apart)) or apart[1] > 0:
        return
    numbers = (
        f"(r = {coefficient(row['model_r'])} against {coefficient(row['ridge_r'])}; difference "
        f"{coefficient(apart[0])}, {ci(*apart[1:], bounded=True)})"
    )
    regression = "regression on embeddings that learnt from people's ratings"
    if apart[2] < 0:
        said = f"A {regression} agrees more closely with people {numbers}."
    else:
        said = (
            f"It was not shown that the model agrees more closely with people than a {regression} "
            f"{numbers}."
        )
    yield Worry(said, "explained")
