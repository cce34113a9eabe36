"""What a reader makes of a dataset's own files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class HumanRatings:
    """What people said of one item on one scale, in the numbers of the source file.

    `n` is None, and `sd` NaN, where the source does not tell; `where` is the place in the file,
    `places` those of the single ratings where they differ.
    """

    mean: float
    sd: float
    n: int | None
    ratings: tuple[float, ...] | None
    where: str = ""
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class HumanLabels:
    """The labels that each of several people chose for one item, and where, if it is known."""

    choices: tuple[tuple[str, ...], ...]
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class SourceItem:
    """One item of a dataset, under the dataset's own id.

    `stratum` is the group that the source puts it in, `split` its split, `where` its place in the
    file.
    """

    item_id: str
    text: str | None
    ratings: Mapping[str, HumanRatings | HumanLabels]
    image: str | None = None
    stratum: str | None = None
    split: str | None = None
    where: str = ""


def from_ratings(ratings: ArrayLike, where: str = "", places: tuple[str, ...] = ()) -> HumanRatings:
    """Mean, SD (ddof 1) and n recomputed from single ratings; NaN where they are undefined."""
    values = np.asarray(ratings, dtype=np.float64)
    n = len(values)
    return HumanRatings(
        mean=float(values.mean()) if n else float("nan"),
        sd=float(values.std(ddof=1)) if n > 1 else float("nan"),
        n=n,
        ratings=tuple(values.tolist()),
        where=where,
        places=places,
    )


def sample_sd(sd: float, n: int | None, ddof: int) -> float:
    """An SD that was computed with `ddof`, as one with ddof 1; NaN where that is undefined."""
    if ddof == 1:
        return sd
    return sd * float(np.sqrt(n / (n - 1))) if n is not None and n > 1 else float("nan")
