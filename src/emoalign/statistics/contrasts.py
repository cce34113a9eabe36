"""Is one model, or one way of asking, closer to people than another on the same items?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from emoalign.statistics.correlation import FEWEST_ITEMS
from emoalign.statistics.dependent import ALIKE, williams, zou
from emoalign.statistics.dependent import FEWEST_ITEMS as FEWEST_TESTED
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.replicates import Replicates, pearson_replicates
from emoalign.statistics.resampling import pearson_sums


@dataclass(frozen=True)
class Contrast:
    """Two correlations with the same human means over the same items.

    Attributes:
        n_items: items with all three means.
        r_a, r_b: correlation of each with the human means.
        r_between: correlation of the two with each other.
        difference: r_a - r_b, in [-2, 2]; above 0: a is closer to people.
        low, high: its BCa interval over items, paired.
        zou_low, zou_high: its interval by Zou (2007).
        t, p: Williams' test, n - 3 degrees of freedom, two-sided.
        reason: why something is NaN; None where all is known.
    """

    n_items: int
    r_a: float
    r_b: float
    r_between: float
    difference: float
    low: float
    high: float
    zou_low: float
    zou_high: float
    t: float
    p: float
    reason: str | None


def contrasts(
    first: ArrayLike,
    second: ArrayLike,
    human: ArrayLike,
    n_resamples: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[Contrast, ...]:
    """Compare the correlations of `first` and `second` with `human`, pair by pair.

    All have shape (pairs, items), in scale points and the same order of items; `human` may be
    (items,). A pair is compared on the items that have all three means. A cell that is part of many
    pairs on the same items is resampled once.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    a, b = _matrix(first), _matrix(second)
    people = _matrix(human)
    if a.shape != b.shape or people.shape not in (a.shape, (1, *a.shape[1:])):
        raise ValueError(
            f"found shapes {a.shape} and {b.shape} (models) and {people.shape} (human), expected "
            "(pairs, items) with the same items in the same order"
        )
    people = np.broadcast_to(people, a.shape)
    present = np.isfinite(a) & np.isfinite(b) & np.isfinite(people)
    a, b, people = (np.where(present, values, np.nan) for values in (a, b, people))
    n = present.sum(axis=1)
    of_a, of_b = _each_cell_once(a, b, people, n_resamples, seed)
    between = np.where(n >= FEWEST_ITEMS, pearson_sums(a, b).estimate(), np.nan)
    r_a, r_b = (np.array([part.estimate for part in of], dtype=np.float64) for of in (of_a, of_b))
    test = williams(r_a, r_b, between, n)
    limits = zou(r_a, r_b, between, n, level)
    found = []
    for pair, (one, other) in enumerate(zip(of_a, of_b, strict=True)):
        difference = one - other
        interval = difference.interval(level)
        contrast = Contrast(
            n_items=int(n[pair]),
            r_a=one.estimate,
            r_b=other.estimate,
            r_between=float(between[pair]),
            difference=difference.estimate,
            low=interval.low,
            high=interval.high,
            zou_low=float(limits.low[pair]),
            zou_high=float(limits.high[pair]),
            t=float(test.t[pair]),
            p=float(test.p[pair]),
            reason=None,
        )
        found.append(_explained(contrast))
    return tuple(found)


def _each_cell_once(
    a: FloatArray, b: FloatArray, human: FloatArray, n_resamples: int, seed: int
) -> tuple[list[Replicates], list[Replicates]]:
    model, people = np.vstack((a, b)), np.vstack((human, human))
    places: dict[bytes, int] = {}
    rows: list[int] = []
    at: list[int] = []
    for row, (values, norms) in enumerate(zip(model, people, strict=True)):
        key = values.tobytes() + norms.tobytes()
        if key not in places:
            places[key] = len(rows)
            rows.append(row)
        at.append(places[key])
    cells = pearson_replicates(model[rows], people[rows], n_resamples, seed) if rows else []
    every = [cells[place] for place in at]
    return every[: len(a)], every[len(a) :]


def _explained(contrast: Contrast) -> Contrast:
    reason = None
    if contrast.n_items < FEWEST_TESTED:
        reason = f"{contrast.n_items} items that both rated and people rated; 4 are needed"
    elif np.isnan(contrast.difference):
        reason = "the item means of one of them, or of people, do not vary"
    elif contrast.r_between >= 1 - ALIKE:
        reason = "the item means of the two are the same, or linear in each other"
    elif np.isnan(contrast.low):
        reason = "the bootstrap interval rests on single items"
    if reason is None:
        return contrast
    return Contrast(**{**vars(contrast), "reason": reason})


def _matrix(values: ArrayLike) -> FloatArray:
    return np.atleast_2d(np.asarray(values, dtype=np.float64))
