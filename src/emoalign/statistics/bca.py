"""Bias-corrected and accelerated bootstrap interval (Efron 1987, JASA 82:171)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

# Above this share of undefined resamples an interval describes only the resamples that worked.
MOST_UNDEFINED = 0.05
# Replicates that differ by less than this are one value seen through rounding.
ROUNDING = 1e-12


@dataclass(frozen=True)
class Interval:
    """Limits of a confidence interval in the units of its estimate; NaN when undefined."""

    low: float
    high: float


UNDEFINED = Interval(np.nan, np.nan)


def bca_interval(
    estimate: float, replicates: ArrayLike, jackknife: ArrayLike, level: float = 0.95
) -> Interval:
    """Return the BCa interval of an estimate, in its own units.

    `replicates`, shape (n_resamples,), is the statistic of every resample; the bias correction
    counts those below the estimate, ties half. `jackknife`, shape (items,), is the statistic
    without each item in turn, from which the acceleration comes (Efron & Tibshirani 1993,
    eq. 14.15).

    Undefined replicates (NaN) are left out. The interval is NaN when more than 5 % of them are
    undefined, when a jackknife value is (the statistic rests on one item), when the replicates do
    not vary, or when all of them lie on one side of the estimate.
    """
    resampled = np.asarray(replicates, dtype=np.float64)
    left_out = np.asarray(jackknife, dtype=np.float64)
    defined = resampled[np.isfinite(resampled)]
    enough = defined.size > 0 and 1 - defined.size / resampled.size <= MOST_UNDEFINED
    if not (enough and np.isfinite(estimate) and np.isfinite(left_out).all()):
        return UNDEFINED
    if np.ptp(defined) <= ROUNDING * max(1.0, float(np.abs(defined).max())):
        return UNDEFINED
    below = (np.mean(defined < estimate) + np.mean(defined <= estimate)) / 2
    distance = left_out.mean() - left_out
    spread = float(np.sum(distance**2))
    if not 0 < below < 1 or spread == 0:
        return UNDEFINED
    bias = special.ndtri(below)
    acceleration = np.sum(distance**3) / (6 * spread**1.5)
    tails = bias + special.ndtri([(1 - level) / 2, (1 + level) / 2])
    low, high = np.quantile(defined, special.ndtr(bias + tails / (1 - acceleration * tails)))
    return Interval(float(low), float(high))
