"""Test–retest agreement of item means: the same items asked about twice.

Both waves are columns of a table of items by waves, k = 2. With mean squares between items (MSR)
and waves (MSC) and of the rest (MSE) in a two-way analysis of variance (McGraw & Wong 1996,
Psychol. Methods 1:30), and n items:

    ICC(C,1) = (MSR - MSE)/(MSR + MSE)
    ICC(A,1) = (MSR - MSE)/(MSR + MSE + 2(MSC - MSE)/n)

Consistency ignores that all items moved alike, agreement counts it. The standard error of
measurement is SD·√(1 - ICC(C,1)), with SD² the mean variance of a wave, which is √MSE.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from emoalign.statistics.pairs import ROUNDING, FloatArray
from emoalign.statistics.resampling import ItemSums

Measure = Literal["icc_consistency", "icc_agreement", "change", "sem"]


def retest_sums(first: ArrayLike, second: ArrayLike, measure: Measure) -> ItemSums:
    """Prepare a measure of two waves from item means, each of shape (items,), NaN where missing.

    `icc_consistency` and `icc_agreement` are at most 1; `change` is the mean of second minus first,
    `sem` the standard error of measurement of an item mean, both in points of the scale. NaN for
    fewer than two items; the coefficients also where nothing varies.

    Raises:
        ValueError: the shapes are no vectors of one length.
    """
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(
            f"found shapes {x.shape} and {y.shape}, expected (items,) with the same items in the "
            "same order"
        )
    present = np.isfinite(x) & np.isfinite(y)
    middle = (x[present].mean() + y[present].mean()) / 2 if present.any() else 0.0
    sums = np.where(present, x + y - 2 * middle, 0.0)
    differences = np.where(present, y - x, 0.0)
    values = (present, sums, sums**2, differences, differences**2)
    return ItemSums(
        np.stack([np.asarray(each, dtype=np.float64)[np.newaxis] for each in values]),
        present[np.newaxis],
        _MEASURES[measure],
    )


def _mean_squares(sums: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """MSR, MSC, MSE and the number of items, each of the shape of a sum."""
    n = np.where(sums[0] > 1, sums[0], np.nan)
    rows = (sums[2] - sums[1] ** 2 / n) / (2 * (n - 1))
    rest = (sums[4] - sums[3] ** 2 / n) / (2 * (n - 1))
    columns = sums[3] ** 2 / (2 * n)
    return np.maximum(rows, 0.0), columns, np.maximum(rest, 0.0), n


def _consistency(sums: FloatArray) -> FloatArray:
    rows, _, rest, _ = _mean_squares(sums)
    share: FloatArray = (rows - rest) / _varying(rows + rest)
    return share


def _agreement(sums: FloatArray) -> FloatArray:
    rows, columns, rest, n = _mean_squares(sums)
    whole = _varying(rows + rest) + 2 * (columns - rest) / n
    share: FloatArray = (rows - rest) / _varying(whole)
    return share


def _change(sums: FloatArray) -> FloatArray:
    change: FloatArray = sums[3] / np.where(sums[0] > 0, sums[0], np.nan)
    return change


def _sem(sums: FloatArray) -> FloatArray:
    error: FloatArray = np.sqrt(_mean_squares(sums)[2])
    return error


def _varying(whole: FloatArray) -> FloatArray:
    varying: FloatArray = np.where(whole > ROUNDING, whole, np.nan)
    return varying


_MEASURES: dict[Measure, Callable[[FloatArray], FloatArray]] = {
    "icc_consistency": _consistency,
    "icc_agreement": _agreement,
    "change": _change,
    "sem": _sem,
}
