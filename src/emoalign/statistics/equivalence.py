"""Are two things alike enough? Two one-sided tests against a margin that the study states.

Schuirmann (1987); Lakens (2017). A difference is equivalent to 0 where its 90% interval lies within
the margin, which is a test of size .05. There is no margin by default: what is small is a question
of what ratings are used for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from emoalign.statistics.contrasts import zou
from emoalign.statistics.pairs import is_constant
from emoalign.statistics.replicates import UNDEFINED, Interval

SMALLEST = 1e-13
"""p-values below this are told as this."""

SIZE = 0.05
"""Probability of finding equivalence at the margin; the interval has the level 1 − 2·SIZE."""


@dataclass(frozen=True)
class Equivalence:
    """A difference, and whether it is within a margin.

    Attributes:
        difference: in the units of the margin.
        interval: its 90% interval.
        margin: what still counts as equivalent, above 0.
        p: of the worse of both tests; small: the difference is within the margin.
        n: independent units behind it: items, or clusters of items.
    """

    difference: float
    interval: Interval
    margin: float
    p: float
    n: int

    @property
    def equivalent(self) -> bool:
        """Whether the interval lies within the margin."""
        return self.p < SIZE


def equivalent_means(differences: ArrayLike, margin: float) -> Equivalence:
    """Test whether the mean of differences is within ±margin, by two one-sided t-tests.

    `differences` has shape (items,), or (clusters,) of their means, in scale points; NaN is left
    out. p is NaN for fewer than two; it is 0 or 1 where they do not vary.

    Raises:
        ValueError: the margin is not above 0.
    """
    _check(margin)
    d = np.asarray(differences, dtype=np.float64)
    d = d[np.isfinite(d)]
    n = len(d)
    if n < 2:
        return Equivalence(float(d.mean()) if n else np.nan, UNDEFINED, margin, np.nan, n)
    mean, se = float(d.mean()), float(d.std(ddof=1) / np.sqrt(n))
    half = float(stats.t.ppf(1 - SIZE, n - 1)) * se
    if is_constant(d):
        p = float(abs(mean) >= margin)
    else:
        p = float(stats.t.sf((margin - abs(mean)) / se, n - 1))
    return Equivalence(mean, Interval(mean - half, mean + half), margin, p, n)


def equivalent_correlations(
    r_a: float, r_b: float, r_between: float, n: int, margin: float
) -> Equivalence:
    """Test whether two correlations with the same human means differ by less than the margin.

    The interval is Zou's (2007) for dependent correlations; p is the level at which one of its ends
    is at the margin. NaN where Zou's interval is undefined.

    Raises:
        ValueError: the margin is not above 0.
    """
    _check(margin)
    difference, away = r_a - r_b, abs(r_a - r_b) >= margin
    interval = _between(r_a, r_b, r_between, n, SIZE)
    if np.isnan(interval.low):
        return Equivalence(difference, interval, margin, np.nan, n)

    def excess(size: float) -> float:
        """How far the interval of a size goes beyond the margin, or falls short of it."""
        ends = _between(r_a, r_b, r_between, n, size)
        if away:
            return margin - max(ends.low, -ends.high)
        return max(-ends.low, ends.high) - margin

    least, most = SMALLEST, 0.5 - SMALLEST
    if excess(least) <= 0:
        at_margin = least
    elif excess(most) >= 0:
        at_margin = most
    else:
        at_margin = float(optimize.brentq(excess, least, most, xtol=SMALLEST))
    p = 1 - at_margin if away else at_margin
    return Equivalence(difference, interval, margin, p, n)


def _between(r_a: float, r_b: float, r_between: float, n: int, size: float) -> Interval:
    """Zou's interval of the level 1 − 2·size."""
    limits = zou(r_a, r_b, r_between, n, 1 - 2 * size)
    return Interval(float(limits.low), float(limits.high))


def _check(margin: float) -> None:
    if not margin > 0:
        raise ValueError(f"found the margin {margin}, expected a number above 0")
