"""Intervals where items belong to clusters, which are drawn anew with all of their items.

Here clusters are called groups or texts: without a cluster on the dataset's card, items with one
text are one. A resample is a row of counts, one for each, as in `statistics.resampling`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from emoalign.statistics.pairs import FloatArray, is_constant, levels
from emoalign.statistics.replicates import MOST_UNDEFINED, UNDEFINED, Interval, bca_interval
from emoalign.statistics.resampling import FEWEST_CLUSTERS, resample_counts, row_blocks

RANK_RESAMPLES = 2_000
"""Resamples behind the interval of a rank correlation at most: ranks are new in each of them."""


@dataclass(frozen=True, eq=False)
class Means:
    """Means of many columns over the same items, each over the items that have it.

    `means` has shape (columns,), NaN without items; `n_items` and `n_texts` count what is behind.
    """

    means: FloatArray
    n_items: NDArray[np.int64]
    n_texts: NDArray[np.int64]
    intervals: tuple[Interval, ...]


def clustered_means(
    values: FloatArray, groups: NDArray[np.int64], n_resamples: int, seed: int
) -> Means:
    """Means of the columns of `values`, shape (items, columns), with BCa intervals over texts.

    A missing value (NaN) weighs nothing. Columns share the resamples, so that columns of
    differences are paired. The acceleration is from leaving out each text. The interval is NaN for
    fewer than three texts, and where `bca_interval` says so.
    """
    present = np.isfinite(values)
    n_groups = int(groups.max(initial=-1)) + 1
    member = _membership(groups, n_groups)
    sums, weights = member @ np.where(present, values, 0.0), member @ present.astype(np.float64)
    total, n_items = sums.sum(axis=0), weights.sum(axis=0)
    n_texts = (weights > 0).sum(axis=0)
    means = _ratio(total, n_items)
    intervals = [UNDEFINED] * values.shape[1]
    if n_groups >= FEWEST_CLUSTERS:
        counts = resample_counts(n_groups, n_resamples, seed)
        both, replicates = np.hstack((sums, weights)), np.empty((n_resamples, values.shape[1]))
        for rows in row_blocks(n_resamples, n_groups):
            drawn = counts[rows].astype(np.float64) @ both
            replicates[rows] = _ratio(*np.hsplit(drawn, 2))
        left_out = _ratio(total - sums, n_items - weights)
        for column in np.flatnonzero(n_texts >= FEWEST_CLUSTERS):
            jackknife = left_out[weights[:, column] > 0, column]
            intervals[column] = bca_interval(means[column], replicates[:, column], jackknife)
    return Means(means, n_items.astype(np.int64), n_texts.astype(np.int64), tuple(intervals))


def clustered_spearman(
    first: FloatArray, second: FloatArray, groups: NDArray[np.int64], n_resamples: int, seed: int
) -> Interval:
    """Percentile interval over texts of the rank correlation of two values, (items,) each.

    Ranks are those within each resample, ties sharing their mean rank. NaN for fewer than three
    texts, where one side is constant, and where it is in more than 5% of the resamples.
    """
    known = np.isfinite(first) & np.isfinite(second)
    first, second = first[known], second[known]
    texts, text = np.unique(groups[known], return_inverse=True)
    if len(texts) < FEWEST_CLUSTERS or is_constant(first) or is_constant(second):
        return UNDEFINED
    counts = _columns(len(texts), min(n_resamples, RANK_RESAMPLES), seed)
    x, y = (levels(values) for values in (first, second))
    # Items with the same two values are one kind, and there are few kinds of them.
    kinds, kind = np.unique(np.stack((x, y)), axis=1, return_inverse=True)
    member = _membership(kind.reshape(-1), kinds.shape[1])
    per_text = (member @ _membership(text, len(texts)).T).tocsr()
    of_x, of_y = (_membership(level, int(level.max()) + 1) for level in kinds)
    n_kinds = kinds.shape[1]
    replicates = np.concatenate(
        [
            _rank_correlation(per_text @ counts[:, rows], kinds, (of_x, of_y))
            for rows in row_blocks(counts.shape[1], max(len(texts), n_kinds))
        ]
    )
    defined = replicates[np.isfinite(replicates)]
    if defined.size < (1 - MOST_UNDEFINED) * replicates.size:
        return UNDEFINED
    low, high = np.quantile(defined, [0.025, 0.975])
    return Interval(float(low), float(high))


def text_means(values: FloatArray, groups: NDArray[np.int64]) -> FloatArray:
    """The mean of the items of each text, shape (texts,), over those that have a value."""
    known = np.isfinite(values)
    member = _membership(groups, int(groups.max(initial=-1)) + 1)
    return _ratio(member @ np.where(known, values, 0.0), member @ known.astype(np.float64))


@lru_cache(maxsize=1)
def _columns(n_texts: int, n_resamples: int, seed: int) -> NDArray[np.float32]:
    """The counts of `resample_counts`, a resample in each column, for products with few kinds.

    Whole numbers this small are exact in 32 bits.
    """
    counts = resample_counts(n_texts, n_resamples, seed)
    return np.ascontiguousarray(counts.T.astype(np.float32))


def _rank_correlation(
    drawn: FloatArray,
    kinds: NDArray[np.int64],
    levels: tuple[sparse.csr_array, sparse.csr_array],
) -> FloatArray:
    """Rank correlation in each resample, from how often it has each kind, (kinds, resamples)."""
    ranks = [_mid_ranks(level @ drawn)[places] for level, places in zip(levels, kinds, strict=True)]
    return _correlation(drawn, ranks[0], ranks[1])


def _membership(of: NDArray[np.int64], size: int) -> sparse.csr_array:
    """A matrix (size, items) that sums what belongs to the same number."""
    ones = np.ones(len(of))
    return sparse.csr_array((ones, (of, np.arange(len(of)))), shape=(size, len(of)))


def _ratio(total: FloatArray, n: FloatArray) -> FloatArray:
    found: FloatArray = total / np.where(n > 0, n, np.nan)
    return found


def _mid_ranks(counts: FloatArray) -> FloatArray:
    """Mean rank of each value, from how often each stands in each resample, (values, resamples)."""
    found: FloatArray = np.cumsum(counts, axis=0) - (counts - 1) / 2
    return found


def _correlation(weights: FloatArray, x: FloatArray, y: FloatArray) -> FloatArray:
    """Weighted product-moment correlation of the columns, each (kinds, resamples)."""
    n = weights.sum(axis=0)
    x = x - (weights * x).sum(axis=0) / n
    y = y - (weights * y).sum(axis=0) / n
    xx, yy, xy = ((weights * a * b).sum(axis=0) for a, b in ((x, x), (y, y), (x, y)))
    varies = (xx > 0) & (yy > 0)
    found: FloatArray = np.where(varies, xy / np.sqrt(np.where(varies, xx * yy, 1)), np.nan)
    return found
