"""Two correlations with one variable in common, such as two models' with the same human means.

`r_a` and `r_b` are the correlations compared, `r_between` is that of the two models with each other
and `n` the number of items all three are over. Numbers or arrays of one shape.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from emoalign.statistics.pairs import FloatArray

FEWEST_ITEMS = 4
"""Fisher's interval and Williams' test have n - 3 in a denominator."""

ALIKE = 1e-12
"""Two models whose correlation is this close to 1 differ by rounding, or by a linear map."""


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
    inside = (np.abs(a) < 1) & (np.abs(b) < 1)
    a, b = np.where(inside, a, np.nan), np.where(inside, b, np.nan)
    shared = (ab - a * b / 2) * (1 - a**2 - b**2 - ab**2) + ab**3
    c = shared / ((1 - a**2) * (1 - b**2))
    half = special.ndtri((1 + level) / 2) / np.sqrt(items - 3)
    (below_a, above_a), (below_b, above_b) = (
        (r - np.tanh(np.arctanh(r) - half), np.tanh(np.arctanh(r) + half) - r) for r in (a, b)
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
    known = (n >= FEWEST_ITEMS) & (ab < 1 - ALIKE)
    return a, b, np.where(known, ab, np.nan), np.where(known, n, np.nan)
