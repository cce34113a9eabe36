"""Scores of the same items before and after calibration, with texts as the units of chance.

Items that show the same text are not independent: resamples draw texts, with all of their items,
and signs are flipped for all items of a text together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.replicates import Interval, bca_interval
from emoalign.statistics.resampling import resample_counts, row_blocks


@dataclass(frozen=True)
class Change:
    """One score of one method.

    Attributes:
        before, after: means over the items where both are defined.
        change: after - before, with its BCa interval.
        gain: 1 - after / before, with its BCa interval.
        p: two-sided p of the change against 0; NaN where nothing changed.
    Everything is NaN where no item has the score.
    """

    before: float
    after: float
    change: float
    change_interval: Interval
    gain: float
    gain_interval: Interval
    p: float


def changes(
    before: FloatArray,
    after: FloatArray,
    tested: NDArray[np.bool_],
    text: NDArray[np.int64],
    n_texts: int,
    n: int,
    seed: int,
) -> list[Change]:
    """Scores without and with calibration, a row for each score of each method.

    Args:
        before, after: scores of the same items, shape (rows, items); NaN where undefined.
        tested: which rows have a p, shape (rows,); the others' is NaN.
        text: number of the text that each item shows, from 0 to n_texts - 1, shape (items,). Texts
            of no item here (of other cells) weigh nothing, so that cells share their resamples.
        n: resamples, and flips of signs.
        seed: of both.
    """
    defined = np.isfinite(before) & np.isfinite(after)
    first = _by_text(np.where(defined, before, 0.0), text, n_texts)
    second = _by_text(np.where(defined, after, 0.0), text, n_texts)
    items = _by_text(defined.astype(np.float64), text, n_texts)
    sums = np.concatenate((items, first, second))
    resampled = _resampled(sums, n, seed).reshape(3, len(after), n)
    differences = np.where(tested[:, np.newaxis], second - first, 0.0)
    flipped = np.zeros((len(after), n))
    flipped[tested] = _flipped(differences[tested], n, seed)
    return [
        _of_row(np.stack(one[:3]), *one[3:])
        for one in zip(
            items, first, second, resampled.swapaxes(0, 1), differences, flipped, strict=True
        )
    ]


def _of_row(
    sums: FloatArray, resampled: FloatArray, differences: FloatArray, flipped: FloatArray
) -> Change:
    """One row, from sums by text, shape (3, texts): of items, before and after; and replicates."""
    total = sums.sum(axis=1)
    change, gain = (float(one) for one in _statistics(total))
    left_out = total[:, np.newaxis] - sums[:, sums[0] > 0]
    of_change, of_gain = _statistics(resampled)
    others_change, others_gain = _statistics(left_out)
    # Sums of the same numbers in another order differ in their last digits.
    extreme = np.abs(flipped) >= abs(differences.sum()) * (1 - 1e-12)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = total[1:] / total[0]
    return Change(
        before=float(means[0]),
        after=float(means[1]),
        change=change,
        change_interval=bca_interval(change, of_change, others_change),
        gain=gain,
        gain_interval=bca_interval(gain, of_gain, others_gain),
        p=float((1 + extreme.sum()) / (1 + extreme.size)) if differences.any() else np.nan,
    )


def _statistics(sums: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Change of the mean, and its relative reduction, from sums of items, before and after."""
    items, before, after = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        change: FloatArray = (after - before) / items
        gain: FloatArray = np.where(before > 0, 1 - after / before, np.nan)
    return change, gain


def _by_text(values: FloatArray, text: NDArray[np.int64], n_texts: int) -> FloatArray:
    """Sums over the items of each text, shape (rows, texts)."""
    sums = np.zeros((len(values), n_texts))
    np.add.at(sums.T, text, values.T)
    return sums


def _resampled(sums: FloatArray, n: int, seed: int) -> FloatArray:
    """Sums over resampled texts, shape (rows, n)."""
    counts = resample_counts(sums.shape[1], n, seed)
    found = np.empty((len(sums), n))
    for rows in row_blocks(n, sums.shape[1]):
        found[:, rows] = (counts[rows].astype(np.float64) @ sums.T).T
    return found


def _flipped(differences: FloatArray, n: int, seed: int) -> FloatArray:
    """Sums of differences over texts with random signs, shape (rows, n)."""
    signs = _signs(differences.shape[1], n, seed)
    found = np.empty((len(differences), n))
    for rows in row_blocks(n, differences.shape[1]):
        found[:, rows] = (signs[rows].astype(np.float64) @ differences.T).T
    return found


@lru_cache(maxsize=2)
def _signs(n_texts: int, n: int, seed: int) -> NDArray[np.int8]:
    """+1 or -1 for each text, shape (n, texts)."""
    rng = np.random.default_rng((seed, n_texts))
    signs = rng.integers(0, 2, (n, n_texts), dtype=np.int8)
    signs *= 2
    signs -= 1
    signs.flags.writeable = False
    return signs
