"""Calibration curves: of the shares predicted to be so large, how large were they?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.replicates import MOST_UNDEFINED
from emoalign.statistics.resampling import resample_counts, row_blocks

BINS = 10
RESAMPLES = 1_000
LEVEL = (0.025, 0.975)


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
    low, high = _interval(counted, people, seed)
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


def _interval(counted: FloatArray, people: FloatArray, seed: int) -> tuple[FloatArray, FloatArray]:
    """Ends of the interval of the mean human share of each bin; NaN where texts are too few."""
    counts = resample_counts(len(counted), RESAMPLES, seed)
    means = np.empty((RESAMPLES, BINS))
    for rows in row_blocks(RESAMPLES, len(counted)):
        drawn = counts[rows].astype(np.float64)
        n = drawn @ counted
        means[rows] = np.where(n > 0, (drawn @ people) / np.where(n > 0, n, 1), np.nan)
    rare = np.isnan(means).mean(axis=0) > MOST_UNDEFINED
    means[:, rare] = 0
    low, high = np.where(rare, np.nan, np.nanquantile(means, LEVEL, axis=0))
    return low, high
