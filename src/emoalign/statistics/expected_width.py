"""The width of intervals around estimated norms, before any model has answered."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

NODES = 15
"""Points of the Gauss–Hermite rule."""


def half_width(sd: float, r: float, coverage: float = 0.9) -> float:
    """Half the width of an interval around an estimate, in points: z · SD · √(1 − r²).

    `sd` is that of people's means and `r` the correlation of estimates with them, from −1 to 1; of
    the residuals, taken as normal, `coverage` are within it.
    """
    return float(ndtri((1 + coverage) / 2)) * sd * math.sqrt(1 - r * r)


def expected_width(
    means: ArrayLike, ends: tuple[float, float], r: float, coverage: float = 0.9
) -> float:
    """The mean width of such intervals, cut to the ends of the scale, in points.

    `means` are people's means (items,), on a scale with these `ends`. Estimates are those of least
    squares, M + r²(y − M) + r√(1 − r²)·SD·e with e standard normal: they correlate r with people's
    means, have r times their SD, and residuals that do not correlate with them.
    """
    people = np.asarray(means, dtype=np.float64)
    sd = float(people.std(ddof=1)) if len(people) > 1 else 0.0
    half = half_width(sd, r, coverage)
    at, weights = np.polynomial.hermite_e.hermegauss(NODES)
    line = people.mean() + r * r * (people - people.mean())
    estimates = line[:, None] + r * math.sqrt(1 - r * r) * sd * at[None, :]
    low, high = ends
    widths = np.clip(estimates + half, low, high) - np.clip(estimates - half, low, high)
    return float((widths @ (weights / weights.sum())).mean())
