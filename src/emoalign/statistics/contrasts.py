"""Is one model, or one way of asking, closer to people than another on the same items?

Their correlations with the same human means have one variable in common: `r_a` and `r_b` are those
compared, `r_between` is that of the two models with each other and `n` the number of items all
three are over. `williams` and `zou` take numbers or arrays of one shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from emoalign.statistics.correlation import FEWEST_FOR_FISHER, FEWEST_ITEMS, fisher_limits
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.replicates import Replicates, pearson_replicates
from emoalign.statistics.resampling import FEWEST_CLUSTERS, Clusters, pearson_sums

ALIKE = 1e-12
"""Two models whose correlation is this close to 1 differ by rounding, or by a linear map."""


@dataclass(frozen=True)
class Contrast:
    """Two correlations with the same human means over the same items.

    Attributes:
        n_items: items with all three means.
        n_clusters: clusters that these are of; as many where each item stands alone.
        r_a, r_b: correlation of each with the human means.
        r_between: correlation of the two with each other.
        difference: r_a - r_b, in [-2, 2]; above 0: a is closer to people.
        low, high: its BCa interval over items, or their clusters, paired.
        zou_low, zou_high: its interval by Zou (2007).
        t, p: Williams' test, n - 3 degrees of freedom, two-sided. Like Zou's interval it takes
            items for independent, whatever their clusters.
        reason: why something is NaN; None where all is known.
    """

    n_items: int
    n_clusters: int
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
    clusters: Clusters | None = None,
) -> tuple[Contrast, ...]:
    """Compare the correlations of `first` and `second` with `human`, pair by pair.

    All have shape (pairs, items), in scale points and the same order of items; `human` may be
    (items,). A pair is compared on the items that have all three means. `clusters` are those of the
    items; without them, each stands alone. A cell that is part of many pairs on the same items is
    resampled once.

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
    of_a, of_b = _each_cell_once(a, b, people, n_resamples, seed, clusters)
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
            n_clusters=difference.n_clusters,
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
    a: FloatArray,
    b: FloatArray,
    human: FloatArray,
    n_resamples: int,
    seed: int,
    clusters: Clusters | None,
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
    cells = (
        pearson_replicates(model[rows], people[rows], n_resamples, seed, clusters) if rows else []
    )
    every = [cells[place] for place in at]
    return every[: len(a)], every[len(a) :]


def _explained(contrast: Contrast) -> Contrast:
    reason = None
    if contrast.n_items < FEWEST_FOR_FISHER:
        items = _only(contrast.n_items, "item")
        reason = f"{items} rated in both conditions and by people; {FEWEST_FOR_FISHER} are needed"
    elif np.isnan(contrast.difference):
        reason = "the means of one condition, or the human means, are the same for all items"
    elif contrast.r_between >= 1 - ALIKE:
        reason = (
            "the item means of the two conditions are the same, or a linear function of each other"
        )
    elif contrast.n_clusters < FEWEST_CLUSTERS:
        clusters = _only(contrast.n_clusters, "cluster")
        reason = f"{clusters} of items; a bootstrap interval needs {FEWEST_CLUSTERS}"
    elif np.isnan(contrast.low):
        reason = "no interval: the difference rests on single items"
    if reason is None:
        return contrast
    return Contrast(**{**vars(contrast), "reason": reason})


def _only(n: int, thing: str) -> str:
    return f"only {n} {thing}{'' if n == 1 else 's'}" if n else f"no {thing}"


def _matrix(values: ArrayLike) -> FloatArray:
    return np.atleast_2d(np.asarray(values, dtype=np.float64))


@dataclass(frozen=True, eq=False)
class Williams:
    """Williams' t with n - 3 degrees of freedom and its two-sided p; above 0: r_a is larger."""

    t: FloatArray
    p: FloatArray


@dataclass(frozen=True, eq=False)
class DifferenceLimits:
    """Limits of an interval of r_a - r_b."""

    low: FloatArray
    high: FloatArray


def williams(r_a: ArrayLike, r_b: ArrayLike, r_between: ArrayLike, n: ArrayLike) -> Williams:
    """Test that two overlapping dependent correlations are equal.

    Williams (1959), in the form that Steiger (1980, Psychol. Bull. 87:245, eq. 7) recommends:

        t = (r_a - r_b)·√[(n-1)(1+r_ab) / (2·(n-1)/(n-3)·|R| + m²·(1-r_ab)³)],

    |R| = 1 - r_a² - r_b² - r_ab² + 2·r_a·r_b·r_ab and m = (r_a + r_b)/2. NaN for fewer than four
    items, and where the two models are linear maps of each other, so that nothing can differ.
    """
    a, b, ab, items = _defined(r_a, r_b, r_between, n)
    determinant = np.maximum(1 - a**2 - b**2 - ab**2 + 2 * a * b * ab, 0)
    spread = 2 * (items - 1) / (items - 3) * determinant + ((a + b) / 2) ** 2 * (1 - ab) ** 3
    t = (a - b) * np.sqrt((items - 1) * (1 + ab) / np.where(spread > 0, spread, np.nan))
    return Williams(t, np.asarray(2 * special.stdtr(items - 3, -np.abs(t))))


def zou(
    r_a: ArrayLike, r_b: ArrayLike, r_between: ArrayLike, n: ArrayLike, level: float = 0.95
) -> DifferenceLimits:
    """Interval of the difference of two overlapping dependent correlations.

    Zou (2007, Psychol. Methods 12:399, eqs. 15 and 18) puts it together from the Fisher intervals
    (l, u) of both and the correlation c of the two estimates (Pearson & Filon 1898):

        low = r_a - r_b - √[(r_a-l_a)² + (u_b-r_b)² - 2c·(r_a-l_a)(u_b-r_b)],

    and high accordingly. NaN where `williams` is, and where one of the correlations is ±1.
    """
    a, b, ab, items = _defined(r_a, r_b, r_between, n)
    inside = (np.abs(a) < 1 - ALIKE) & (np.abs(b) < 1 - ALIKE)
    a, b = np.where(inside, a, np.nan), np.where(inside, b, np.nan)
    shared = (ab - a * b / 2) * (1 - a**2 - b**2 - ab**2) + ab**3
    c = shared / ((1 - a**2) * (1 - b**2))
    (below_a, above_a), (below_b, above_b) = (
        (r - low, high - r) for r in (a, b) for low, high in (fisher_limits(r, items, level),)
    )
    return DifferenceLimits(
        low=a - b - _distance(below_a, above_b, c), high=a - b + _distance(above_a, below_b, c)
    )


def _distance(first: FloatArray, second: FloatArray, c: FloatArray) -> FloatArray:
    distance: FloatArray = np.sqrt(np.maximum(first**2 + second**2 - 2 * c * first * second, 0))
    return distance


def _defined(*values: ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """The four as arrays of one shape, NaN where nothing can be compared."""
    a, b, ab, n = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values))
    known = (n >= FEWEST_FOR_FISHER) & (ab < 1 - ALIKE)
    return a, b, np.where(known, ab, np.nan), np.where(known, n, np.nan)
