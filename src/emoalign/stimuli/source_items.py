"""What a reader makes of a dataset's own file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class HumanRatings:
    """What people said of one item on one scale, in the numbers of the source file."""

    mean: float
    sd: float
    n: int
    ratings: tuple[float, ...] | None


@dataclass(frozen=True)
class HumanLabels:
    """The labels that each of several people chose for one item."""

    choices: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class SourceItem:
    """One item of a dataset, under the dataset's own id."""

    item_id: str
    text: str | None
    ratings: Mapping[str, HumanRatings | HumanLabels]
    image: str | None = None


def from_ratings(ratings: NDArray[np.float64]) -> HumanRatings:
    """Mean, SD (ddof 1) and n recomputed from single ratings; NaN where they are undefined."""
    n = len(ratings)
    return HumanRatings(
        mean=float(ratings.mean()) if n else float("nan"),
        sd=float(ratings.std(ddof=1)) if n > 1 else float("nan"),
        n=n,
        ratings=tuple(ratings.tolist()),
    )
