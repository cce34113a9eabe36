"""What calibration changes: scores of the same items before and after, and how true shares are.

Items that show the same text are not independent: resamples draw texts, with all of their items,
and signs are flipped for all items of a text together.

Calibration curves ask: of the shares predicted to be so large, how large were they?
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.replicates import MOST_UNDEFINED, Interval, bca_interval
from emoalign.statistics.resampling import resample_counts, row_blocks, summed_by
from emoalign.statistics.significance import sign_flip


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
    first = summed_by(np.where(defined, before, 0.0), text, n_texts)
    second = summed_by(np.where(defined, after, 0.0), text, n_texts)
    items = summed_by(defined.astype(np.float64), text, n_texts)
    sums = np.concatenate((items, first, second))
    resampled = _resampled(sums, n, seed).reshape(3, len(after), n)
    p = np.full(len(after), np.nan)
    p[tested] = sign_flip(second[tested] - first[tested], n, seed)
    return [
        _of_row(np.stack(one[:3]), *one[3:])
        for one in zip(items, first, second, resampled.swapaxes(0, 1), p, strict=True)
    ]


def _of_row(sums: FloatArray, resampled: FloatArray, p: float) -> Change:
    """One row, from sums by text, shape (3, texts): of items, before and after; and replicates."""
    total = sums.sum(axis=1)
    change, gain = (float(one) for one in _statistics(total))
    left_out = total[:, np.newaxis] - sums[:, sums[0] > 0]
    of_change, of_gain = _statistics(resampled)
    others_change, others_gain = _statistics(left_out)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = total[1:] / total[0]
    return Change(
        before=float(means[0]),
        after=float(means[1]),
        change=change,
        change_interval=bca_interval(change, of_change, others_change),
        gain=gain,
        gain_interval=bca_interval(gain, of_gain, others_gain),
        p=float(p),
    )


def _statistics(sums: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Change of the mean, and its relative reduction, from sums of items, before and after."""
    items, before, after = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        change: FloatArray = (after - before) / items
        gain: FloatArray = np.where(before > 0, 1 - after / before, np.nan)
    return change, gain


def _resampled(sums: FloatArray, n: int, seed: int) -> FloatArray:
    """Sums over resampled texts, shape (rows, n)."""
    counts = resample_counts(sums.shape[1], n, seed)
    found = np.empty((len(sums), n))
    for rows in row_blocks(n, sums.shape[1]):
        found[:, rows] = (counts[rows].astype(np.float64) @ sums.T).T
    return found


BINS = 10
CURVE_RESAMPLES = 1_000
CURVE_LEVEL = (0.025, 0.975)


@dataclass(frozen=True)
class CurveBin:
    """One stretch of predicted shares: how many there are, and means of both sides."""

    bin: int
    n: int
    predicted: float
    human: float
    human_low: float
    human_high: float


def curve(
    model: FloatArray,
    human: FloatArray,
    text: NDArray[np.int64],
    n_texts: int,
    seed: int,
) -> list[CurveBin]:
    """The bins that hold any share, from shares (items, K) of the same items.

    All points (or labels) of all items are taken together. A share on an edge is in the bin below
    it, 0 in the first. Intervals resample texts (percentile).
    """
    # 0.7 × 10 is a little above 7: edges are found on rounded numbers.
    inside = np.clip(np.ceil(np.round(model * BINS, 9)).astype(np.int64) - 1, 0, BINS - 1)
    place = (text[:, np.newaxis] * BINS + inside).ravel()
    size = n_texts * BINS
    counted = np.bincount(place, minlength=size).reshape(n_texts, BINS).astype(np.float64)
    people = np.bincount(place, human.ravel(), size).astype(np.float64).reshape(n_texts, BINS)
    predicted = np.bincount(place, model.ravel(), size).reshape(n_texts, BINS).sum(axis=0)
    low, high = _curve_interval(counted, people, seed)
    n = counted.sum(axis=0)
    return [
        CurveBin(
            bin=int(number),
            n=int(n[number]),
            predicted=float(predicted[number] / n[number]),
            human=float(people[:, number].sum() / n[number]),
            human_low=float(low[number]),
            human_high=float(high[number]),
        )
        for number in np.flatnonzero(n)
    ]


def _curve_interval(
    counted: FloatArray, people: FloatArray, seed: int
) -> tuple[FloatArray, FloatArray]:
    """Ends of the interval of the mean human share of each bin; NaN where texts are too few."""
    counts = resample_counts(len(counted), CURVE_RESAMPLES, seed)
    means = np.empty((CURVE_RESAMPLES, BINS))
    for rows in row_blocks(CURVE_RESAMPLES, len(counted)):
        drawn = counts[rows].astype(np.float64)
        n = drawn @ counted
        means[rows] = np.where(n > 0, (drawn @ people) / np.where(n > 0, n, 1), np.nan)
    rare = np.isnan(means).mean(axis=0) > MOST_UNDEFINED
    means[:, rare] = 0
    low, high = np.where(rare, np.nan, np.nanquantile(means, CURVE_LEVEL, axis=0))
    return low, high
