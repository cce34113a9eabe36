"""Items drawn anew, left out in turn or dealt into parts, for all cells at once in bounded memory.

A resample is a row of counts, one per item, so the sums behind a statistic are counts @ values for
all cells in one matrix product. Cells rated on the same items see the same resamples, which makes
differences between their replicates paired. Items of a cluster are drawn and left out together:
their sums are added up first, and clusters take the place of items.

Arrays of cells have shape (cells, items); (items,) is one cell, and model and human broadcast
against each other. A missing item (NaN on either side) keeps its place and weighs nothing, so that
a cell's result is the same alone as among others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emoalign.statistics.pairs import ROUNDING, FloatArray, is_constant

Counts = NDArray[np.uint8]
"""How often each item is drawn in each resample, shape (n_resamples, items)."""

Clusters = NDArray[np.int64]
"""The cluster of each item, shape (items,), from 0; each number up to the highest has an item."""

Folds = NDArray[np.int64]
"""The part of each item, shape (items,), from 0."""

Keys = NDArray[np.uint64]
"""A number for the cluster of each item, shape (items,), the same wherever the cluster occurs."""

FEWEST_CLUSTERS = 3
"""From fewer clusters (items, where each stands alone) there is no interval."""

# Values held at once per array: 32 MB as float64.
BLOCK_VALUES = 4_000_000


def row_blocks(n_rows: int, row_size: int, block_values: int = BLOCK_VALUES) -> Iterator[slice]:
    """Cut `n_rows` rows of `row_size` values into slices of at most `block_values` values.

    A slice has one row at least, so that a single row may exceed the bound.
    """
    step = max(1, block_values // max(1, row_size))
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))


def summed_by(values: FloatArray, unit: NDArray[np.int64], n_units: int) -> FloatArray:
    """Return sums over the items of each unit, shape (rows, units).

    `values` has shape (rows, items); `unit` numbers the unit of each item, from 0, shape (items,).
    """
    sums = np.zeros((len(values), n_units))
    np.add.at(sums.T, unit, values.T)
    return sums


@dataclass(frozen=True)
class ItemSums:
    """A statistic of cells that is a function of sums over items.

    Attributes:
        values: what is summed, shape (sums, cells, items); zero where an item is missing.
        present: True where an item has both values, shape (cells, items).
        statistic: takes the sums, shape (sums, cells, ...), to the statistic, (cells, ...).
    """

    values: FloatArray
    present: NDArray[np.bool_]
    statistic: Callable[[FloatArray], FloatArray]

    def by_cluster(self, clusters: Clusters) -> ItemSums:
        """The same statistic over clusters, which take the place of items in all shapes.

        Raises:
            ValueError: there is not one cluster for each item.
        """
        n_sums, n_cells, n_items = self.values.shape
        if clusters.shape != (n_items,):
            raise ValueError(
                f"found clusters of shape {clusters.shape}, expected ({n_items},), one for each "
                "item of the cells"
            )
        n_clusters = int(clusters.max(initial=-1)) + 1
        flat = self.values.reshape(n_sums * n_cells, n_items)
        return ItemSums(
            summed_by(flat, clusters, n_clusters).reshape(n_sums, n_cells, n_clusters),
            summed_by(self.present.astype(np.float64), clusters, n_clusters) > 0,
            self.statistic,
        )

    def estimate(self) -> FloatArray:
        """Return the statistic of each cell as it is, shape (cells,)."""
        return self.statistic(self.values.sum(axis=-1))

    def jackknife(self) -> FloatArray:
        """Return the statistic without each item in turn, shape (cells, items).

        Without a missing item nothing changes: the value there is the estimate.
        """
        return self.statistic(self.values.sum(axis=-1, keepdims=True) - self.values)

    def replicates(self, counts: Counts) -> FloatArray:
        """Return the statistic of each resample, shape (cells, n_resamples).

        `counts` has shape (n_resamples, items), as from `resample_counts`.

        Raises:
            ValueError: the counts are of another number of items.
        """
        n_sums, n_cells, n_items = self.values.shape
        if counts.ndim != 2 or counts.shape[1] != n_items:
            raise ValueError(
                f"found counts of shape {counts.shape}, expected (n_resamples, {n_items}), one "
                "column per item of the cells"
            )
        flat = self.values.reshape(n_sums * n_cells, n_items).T
        replicates = np.empty((n_cells, len(counts)))
        for rows in row_blocks(len(counts), n_items):
            sums = counts[rows].astype(np.float64) @ flat
            replicates[:, rows] = self.statistic(sums.T.reshape(n_sums, n_cells, -1))
        return replicates


@lru_cache(maxsize=2)
def resample_counts(n_items: int, n_resamples: int, seed: int) -> Counts:
    """Return how often each item is drawn in each resample, shape (n_resamples, n_items).

    Rows sum to `n_items`. The result depends on nothing but the arguments; it is cached, and
    read-only for that reason. One byte an item is enough: a count is near Poisson(1), and the
    probability of one above 255 is below 1e-500.
    """
    rng = np.random.default_rng(seed)
    counts = np.empty((n_resamples, n_items), dtype=np.uint8)
    for rows in row_blocks(n_resamples, n_items):
        block = counts[rows]
        drawn = rng.integers(n_items, size=block.shape)
        drawn += n_items * np.arange(len(block))[:, np.newaxis]
        block[:] = np.bincount(drawn.ravel(), minlength=block.size).reshape(block.shape)
    counts.flags.writeable = False
    return counts


def pearson_sums(model: ArrayLike, human: ArrayLike) -> ItemSums:
    """Prepare Pearson r of item means; r is NaN where one side is constant.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    x, y, present = _cells(model, human)
    # Weighted moments lose digits by subtraction unless the cell is centred and scaled first.
    x, y = _standardised(x, present), _standardised(y, present)
    values = np.stack((present.astype(np.float64), x, y, x * x, y * y, x * y))
    return ItemSums(values, present, _pearson)


def bias_sums(model: ArrayLike, human: ArrayLike) -> ItemSums:
    """Prepare the mean of model minus human item means, in points; NaN without items.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    x, y, present = _cells(model, human)
    values = np.stack((present.astype(np.float64), x - y))
    return ItemSums(values, present, lambda sums: sums[1] / _weight(sums))


def calibration_slope_sums(model: ArrayLike, human: ArrayLike) -> ItemSums:
    """Prepare the least-squares slope of human on model item means; NaN where the latter are
    constant.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    x, y, present = _cells(model, human)
    centred = np.stack([_centred(each, present) for each in (x, y)])
    values = np.stack((present.astype(np.float64), *centred, centred[0] ** 2, centred.prod(axis=0)))
    return ItemSums(values, present, _slope)


def log_sd_ratio_sums(model_sd: ArrayLike, human_sd: ArrayLike) -> ItemSums:
    """Prepare ln(mean model SD / mean human SD); NaN where one side has no spread on any item.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    x, y, present = _cells(model_sd, human_sd)
    return ItemSums(_beyond_rounding(np.stack((x, y))), present, _log_ratio)


def log_rms_sd_ratio_sums(model_sd: ArrayLike, human_sd: ArrayLike) -> ItemSums:
    """Prepare ½ ln(mean s² of the model / mean s² of people), s the SDs of items.

    That is ln of the ratio of root mean square SDs. Sample variances are unbiased with any number
    of ratings, sample SDs are not. NaN where one side has no spread on any item.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    x, y, present = _cells(model_sd, human_sd)
    variances = _beyond_rounding(np.stack((x, y))) ** 2
    return ItemSums(variances, present, lambda sums: _log_ratio(sums) / 2)


def mean_sums(values: ArrayLike) -> ItemSums:
    """Prepare the mean over items of values of shape (cells, items), NaN where one is missing.

    Raises:
        ValueError: the values are not a matrix.
    """
    given = np.asarray(values, dtype=np.float64)
    if given.ndim != 2:
        raise ValueError(f"found values of shape {given.shape}, expected (cells, items)")
    present = np.isfinite(given)
    summed = np.stack((present.astype(np.float64), np.where(present, given, 0.0)))
    return ItemSums(summed, present, _mean)


def root_mean_square(sds: ArrayLike) -> float:
    """Return the root of the mean variance of items from their SDs, NaN without items."""
    values = np.asarray(sds, dtype=np.float64)
    return float(np.sqrt(np.mean(values**2))) if values.size else np.nan


def _cells(model: ArrayLike, human: ArrayLike) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    found = np.shape(model), np.shape(human)
    if max(map(len, found)) > 2 or min(map(len, found)) < 1 or found[0][-1] != found[1][-1]:
        raise ValueError(
            f"found shapes {found[0]} (model) and {found[1]} (human), expected (cells, items) or "
            "(items,) with the same items in the same order"
        )
    x, y = np.broadcast_arrays(
        np.atleast_2d(np.asarray(model, dtype=np.float64)),
        np.atleast_2d(np.asarray(human, dtype=np.float64)),
    )
    present = np.isfinite(x) & np.isfinite(y)
    return np.where(present, x, 0.0), np.where(present, y, 0.0), present


def _standardised(values: FloatArray, present: NDArray[np.bool_]) -> FloatArray:
    standard = np.zeros_like(values)
    for cell, kept, target in zip(values, present, standard, strict=True):
        if not is_constant(cell[kept]):
            target[kept] = (cell[kept] - cell[kept].mean()) / cell[kept].std()
    return standard


def _centred(values: FloatArray, present: NDArray[np.bool_]) -> FloatArray:
    n = np.maximum(present.sum(axis=1, keepdims=True), 1)
    return np.where(present, values - values.sum(axis=1, keepdims=True) / n, 0.0)


def _weight(sums: FloatArray) -> FloatArray:
    """The items behind sums, of which the first counts them; NaN where there are none."""
    return np.where(sums[0] > 0, sums[0], np.nan)


def _slope(sums: FloatArray) -> FloatArray:
    x, y, xx, xy = sums[1:] / _weight(sums)
    slope: FloatArray = (xy - x * y) / _variance(x, xx)
    return slope


def _pearson(sums: FloatArray) -> FloatArray:
    x, y, xx, yy, xy = sums[1:] / _weight(sums)
    spread = _variance(x, xx) * _variance(y, yy)
    r: FloatArray = np.clip((xy - x * y) / np.sqrt(spread), -1, 1)
    return r


def _mean(sums: FloatArray) -> FloatArray:
    mean: FloatArray = sums[1] / np.where(sums[0] > 0, sums[0], np.nan)
    return mean


def _variance(mean: FloatArray, mean_square: FloatArray) -> FloatArray:
    variance = mean_square - mean**2
    return np.where(variance > ROUNDING * np.maximum(1, mean_square), variance, np.nan)


def _beyond_rounding(sds: FloatArray) -> FloatArray:
    """SDs, 0 where they are nothing but rounding: the logarithm of that would be an estimate."""
    return np.where(sds > ROUNDING, sds, 0.0)


def _log_ratio(sums: FloatArray) -> FloatArray:
    model, human = np.log(np.where(sums > 0, sums, np.nan))
    ratio: FloatArray = model - human
    return ratio


def text_keys(texts: Sequence[str]) -> Keys:
    """A number for each text (or checksum of an image), the same wherever the text stands."""
    return np.array(
        [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) for text in texts],
        dtype=np.uint64,
    )


def hashed_folds(keys: Keys, n_folds: int, seed: int, draw: str = "") -> Folds:
    """The part of each item, from 0 to `n_folds` - 1, by hash; items of a cluster share it.

    A part follows from key, seed and `draw` alone: neither the order of the items nor which others
    there are can matter, so that cells with other items have them in the same parts. Parts are
    about equally large, as far as chance goes. Another `draw` deals the items anew.
    """
    salt = int.from_bytes(hashlib.sha256(f"{seed}:{draw}".encode()).digest()[:8])
    return np.asarray(_mixed(keys ^ np.uint64(salt)) % np.uint64(n_folds), dtype=np.int64)


def dealt_folds(keys: Keys, n_folds: int, seed: int, draw: str = "") -> Folds:
    """The part of each item, from 0 to `n_folds` - 1, in turn; items of a cluster share it.

    Clusters are put in the order of their hash with seed and `draw` and dealt out in turn, so that
    parts have as many as each other, or one more, even where there are few: every part must be
    there to learn from. Nothing depends on the order of the items.
    """
    clusters, place = np.unique(keys, return_inverse=True)
    ranks = [hashlib.sha256(f"{seed} {draw}:{cluster}".encode()).digest() for cluster in clusters]
    parts = np.empty(len(clusters), dtype=np.int64)
    parts[sorted(range(len(clusters)), key=ranks.__getitem__)] = np.arange(len(clusters)) % n_folds
    folds: Folds = parts[place]
    return folds


def _mixed(keys: Keys) -> Keys:
    """Every bit of a key spread over all bits (the finalizer of SplitMix64, Steele et al. 2014)."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
