"""Which items people agree about: the same numbers for the easy and for the hard ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emoalign.analyses.distributions.cells import DistributionCell
from emoalign.analyses.distributions.people import People

ALL = "all"
SD_BOUNDS = (0.075, 0.175)
"""SDs between high, moderate and low agreement, as shares of the length of the scale.

On five points they are .3 and .7, those of Inoshita et al. (2026).
"""

ROUNDING = 1e-12


def strata(cell: DistributionCell) -> dict[str, NDArray[np.bool_]]:
    """All items, and those of each degree of agreement, by name: masks of shape (items,).

    Labels: full if all raters chose the same, none if no label was chosen by two, else partial.
    Ordinal: high, moderate, low by the mean SD of the dataset's scales; items without are in none.
    """
    everywhere = {ALL: np.ones(len(cell.item_ids), dtype=np.bool_)}
    if cell.people.choices is not None:
        return everywhere | _by_labels(cell.people, cell.people.choices)
    spread = cell.disagreement
    low, high = SD_BOUNDS
    return everywhere | {
        "high": spread < low - ROUNDING,
        "moderate": (spread >= low - ROUNDING) & (spread < high - ROUNDING),
        "low": spread >= high - ROUNDING,
    }


def _by_labels(people: People, choices: NDArray[np.bool_]) -> dict[str, NDArray[np.bool_]]:
    beyond = np.arange(choices.shape[1]) >= people.n[:, np.newaxis]
    alike = (choices == choices[:, :1]).all(axis=2) | beyond
    full = np.asarray(alike.all(axis=1))
    none = np.asarray(~full & (people.counts.max(axis=1) <= 1))
    return {"full": full, "partial": ~full & ~none, "none": none}
