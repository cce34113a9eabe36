"""Item bootstrap: resampled items as counts, so that many cells share one matrix product.

A resample of n items is a row of multinomial counts. The moments of every resample of every cell
are then counts @ values, and cells rated on the same items see the same resamples, which makes
differences between cells paired.

Cells have shape (cells, items) or (items,) for one. A missing item (NaN on either side) keeps its
place and weighs nothing, so a cell's interval is the same alone as among others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from emoalign.statistics.pairs import FloatArray

Counts = NDArray[np.uint8]

# Above this share of undefined resamples an interval describes only the resamples that worked.
MOST_UNDEFINED = 0.05
# A variance this small beside the second moment it was subtracted from is rounding error.
ROUNDING = 1e-12
# Values per block: bounds the memory at tens of MB whatever the number of items.
BLOCK = 4_000_000


@dataclass(frozen=True)
class Interval:
    """Limits of a confidence interval, in the units of the estimate; NaN when undefined."""

    low: float
    high: float


@dataclass(frozen=True)
class LogSdRatio:
    """ln(mean model SD / mean human SD) with its interval; below 0 = the model varies less."""

    log_ratio: float
    low: float
    high: float


@lru_cache(maxsize=2)
def resample_counts(n_items: int, n_resamples: int, seed: int) -> Counts:
    """Return how often each item is drawn in each resample, shape (n_resamples, n_items).

    Rows sum to `n_items`. The result depends on nothing but the arguments; it is cached, and
    read-only for that reason. One byte an item is enough: a count is near Poisson(1), and one above
    255 has a probability below 1e-500.
    """
    rng = np.random.default_rng(seed)
    counts = np.empty((n_resamples, n_items), dtype=np.uint8)
    for rows in _blocks(n_resamples, n_items):
        block = counts[rows]
        drawn = rng.integers(n_items, size=block.shape)
        drawn += n_items * np.arange(len(block))[:, np.newaxis]
        block[:] = np.bincount(drawn.ravel(), minlength=block.size).reshape(block.shape)
    counts.flags.writeable = False
    return counts


def pearson_replicates(model: ArrayLike, human: ArrayLike, counts: Counts) -> FloatArray:
    """Pearson r of every resample, shape (cells, n_resamples), or (n_resamples,) for one cell.

    `model` and `human` are item means that broadcast to (cells, items); `counts` has shape
    (n_resamples, items). NaN where a resample is constant on one side.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    x, y, present = _cells(model, human)
    x, y = _standardised(x, present), _standardised(y, present)
    w, sx, sy, sxx, syy, sxy = _weighted_sums(counts, (present, x, y, x * x, y * y, x * y))
    r = _correlation(w, sx, sy, sxx, syy, sxy)
    return r if np.ndim(model) > 1 or np.ndim(human) > 1 else r[0]


def pearson_jackknife(model: ArrayLike, human: ArrayLike) -> FloatArray:
    """Pearson r without each item in turn, shape (cells, items), or (items,) for one cell.

    NaN at items that are missing, and where the remaining items are constant on one side.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    x, y, present = _cells(model, human)
    x, y = _standardised(x, present), _standardised(y, present)
    without = [
        sums.sum(axis=1, keepdims=True) - sums for sums in (present, x, y, x * x, y * y, x * y)
    ]
    r = np.where(present > 0, _correlation(*without), np.nan)
    return r if np.ndim(model) > 1 or np.ndim(human) > 1 else r[0]


def log_sd_ratio_replicates(model_sd: ArrayLike, human_sd: ArrayLike, counts: Counts) -> FloatArray:
    """ln(mean model SD / mean human SD) of every resample; shapes as in `pearson_replicates`.

    NaN where all SDs of a resample are zero on one side.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    x, y, present = _cells(model_sd, human_sd)
    ratio = _log_ratio(*_weighted_sums(counts, (x * present, y * present)))
    return ratio if np.ndim(model_sd) > 1 or np.ndim(human_sd) > 1 else ratio[0]


def log_sd_ratio_jackknife(model_sd: ArrayLike, human_sd: ArrayLike) -> FloatArray:
    """ln(mean model SD / mean human SD) without each item in turn; as `pearson_jackknife`.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    x, y, present = _cells(model_sd, human_sd)
    without = [sds.sum(axis=1, keepdims=True) - sds for sds in (x, y)]
    ratio = np.where(present > 0, _log_ratio(*without), np.nan)
    return ratio if np.ndim(model_sd) > 1 or np.ndim(human_sd) > 1 else ratio[0]
