"""Resampled and left-out items: a statistic of every resample of every cell at once.

A resample is a row of counts, one per item, so the sums behind a statistic are counts @ values for
all cells in one matrix product. Cells rated on the same items see the same resamples, which makes
differences between their replicates paired.

Arrays of cells have shape (cells, items); (items,) is one cell, and model and human broadcast
against each other. A missing item (NaN on either side) keeps its place and weighs nothing, so that
a cell's result is the same alone as among others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emoalign.statistics.blocks import row_blocks
from emoalign.statistics.pairs import FloatArray, is_constant

Counts = NDArray[np.uint8]

# A variance this small beside that of the whole cell is rounding error.
ROUNDING = 1e-12


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


def log_sd_ratio_sums(model_sd: ArrayLike, human_sd: ArrayLike) -> ItemSums:
    """Prepare ln(mean model SD / mean human SD); NaN where one side has no spread on any item.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    x, y, present = _cells(model_sd, human_sd)
    return ItemSums(np.stack((x, y)), present, _log_ratio)


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


def _pearson(sums: FloatArray) -> FloatArray:
    weight = np.where(sums[0] > 0, sums[0], np.nan)
    x, y, xx, yy, xy = sums[1:] / weight
    spread = _variance(x, xx) * _variance(y, yy)
    r: FloatArray = np.clip((xy - x * y) / np.sqrt(spread), -1, 1)
    return r


def _variance(mean: FloatArray, mean_square: FloatArray) -> FloatArray:
    variance = mean_square - mean**2
    return np.where(variance > ROUNDING * np.maximum(1, mean_square), variance, np.nan)


def _log_ratio(sums: FloatArray) -> FloatArray:
    model, human = np.log(np.where(sums > 0, sums, np.nan))
    ratio: FloatArray = model - human
    return ratio
