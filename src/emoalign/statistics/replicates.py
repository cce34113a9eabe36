"""A statistic over items with its resamples: its BCa interval, its p, differences and sums.

What is computed from cells on the same items keeps their pairing: resample k has the same items in
all of them. Datasets with items of their own are resampled independently. Where items belong to
clusters, these are drawn and left out, with all of their items.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from emoalign.statistics.correlation import FEWEST_ITEMS
from emoalign.statistics.pairs import ROUNDING, FloatArray, signs
from emoalign.statistics.resampling import (
    FEWEST_CLUSTERS,
    Clusters,
    Counts,
    ItemSums,
    bias_sums,
    calibration_slope_sums,
    log_rms_sd_ratio_sums,
    log_sd_ratio_sums,
    mean_sums,
    pearson_sums,
    resample_counts,
)

# Above this share of undefined resamples an interval describes only the resamples that worked.
MOST_UNDEFINED = 0.05


@dataclass(frozen=True)
class Interval:
    """Limits of a confidence interval in the units of its estimate; NaN when undefined."""

    low: float
    high: float


UNDEFINED = Interval(np.nan, np.nan)


def bca_interval(
    estimate: float, replicates: ArrayLike, jackknife: ArrayLike, level: float = 0.95
) -> Interval:
    """Return the bias-corrected and accelerated interval of an estimate, in its own units.

    Efron (1987, JASA 82:171).

    `replicates`, shape (n_resamples,), is the statistic of every resample; the bias correction
    counts those below the estimate, and half of those equal to it up to rounding. `jackknife`,
    shape (items,) or (clusters,), is the statistic without each in turn, from which the
    acceleration comes (Efron & Tibshirani 1993, eq. 14.15).

    Undefined replicates (NaN) are left out. The interval is NaN when more than 5% of them are
    undefined, when a jackknife value is (the statistic rests on one item), when the replicates do
    not vary, or when all of them lie on one side of the estimate.
    """
    resampled = np.asarray(replicates, dtype=np.float64)
    left_out = np.asarray(jackknife, dtype=np.float64)
    defined = resampled[np.isfinite(resampled)]
    enough = defined.size > 0 and 1 - defined.size / resampled.size <= MOST_UNDEFINED
    if not (enough and np.isfinite(estimate) and np.isfinite(left_out).all()):
        return UNDEFINED
    if np.ptp(defined) <= ROUNDING * max(1.0, float(np.abs(defined).max())):
        return UNDEFINED
    below = float(np.mean(1 - signs(defined - estimate))) / 2
    distance = left_out.mean() - left_out
    spread = float(np.sum(distance**2))
    if not 0 < below < 1 or spread == 0:
        return UNDEFINED
    bias = special.ndtri(below)
    acceleration = np.sum(distance**3) / (6 * spread**1.5)
    tails = bias + special.ndtri([(1 - level) / 2, (1 + level) / 2])
    low, high = np.quantile(defined, special.ndtr(bias + tails / (1 - acceleration * tails)))
    return Interval(float(low), float(high))


# Cells worked on at once, so that memory does not grow with their number.
CELLS_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class Replicates:
    """A statistic over items and what becomes of it when items are drawn anew.

    Attributes:
        estimate: the statistic itself.
        resampled: the statistic of each resample, shape (n_resamples,).
        left_out: the statistic without each cluster in turn, shape (clusters,); without one that
            it does not use, it is the estimate.
        present: the items it uses, shape (items,).
        clusters: the cluster of each item, shape (items,); a number of its own for each that stands
            alone.
    """

    estimate: float
    resampled: FloatArray
    left_out: FloatArray
    present: NDArray[np.bool_]
    clusters: Clusters

    @property
    def n_items(self) -> int:
        """Items the statistic uses."""
        return int(self.present.sum())

    @property
    def used(self) -> NDArray[np.bool_]:
        """The clusters it uses an item of, shape (clusters,)."""
        used = np.zeros(len(self.left_out), dtype=np.bool_)
        used[self.clusters[self.present]] = True
        return used

    @property
    def n_clusters(self) -> int:
        """Clusters the statistic uses an item of."""
        return int(self.used.sum())

    def __sub__(self, other: Replicates) -> Replicates:
        """The difference of two statistics over the same items."""
        return combination((self, other), (1, -1))

    def interval(self, level: float = 0.95) -> Interval:
        """The BCa interval; see `bca_interval` for when it is NaN."""
        return bca_interval(self.estimate, self.resampled, self.left_out[self.used], level)

    def p(self, *, beyond: bool = False) -> float:
        """Two-sided p against 0: twice the smaller share of resamples on either side of it.

        (1 + count) / (n + 1) over the resamples where the statistic is defined, at most 1 (Davison
        & Hinkley 1997, section 4.2). NaN where the interval is.

        It is never below 2/(n + 1), with which no test among hundreds can be significant. `beyond`
        takes the normal approximation with the SD of the resamples where no resample is on the
        other side, if that is smaller.
        """
        defined = self.resampled[np.isfinite(self.resampled)]
        if np.isnan(self.interval().low):
            return np.nan
        side = signs(defined)
        fewer = min(np.sum(side <= 0), np.sum(side >= 0))
        counted = min(1.0, 2 * float(1 + fewer) / (defined.size + 1))
        if not beyond or fewer:
            return counted
        return min(counted, float(2 * special.ndtr(-abs(self.estimate) / defined.std(ddof=1))))


def pearson_replicates(
    model: ArrayLike,
    human: ArrayLike,
    n_resamples: int,
    seed: int,
    clusters: Clusters | None = None,
) -> list[Replicates]:
    """Pearson r of every cell with its replicates, from item means of shape (cells, items).

    Either may be (items,). Cells may have missing items (NaN); all see the same resamples.
    `clusters` are those of the items; without them, each stands alone. Everything is NaN for cells
    with fewer than three items, and the replicates for those with fewer than three clusters.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    return [
        cell if cell.n_items >= FEWEST_ITEMS else undefined(cell)
        for cell in _in_batches(pearson_sums(model, human), n_resamples, seed, clusters)
    ]


def log_sd_ratio_replicates(
    model_sd: ArrayLike,
    human_sd: ArrayLike,
    n_resamples: int,
    seed: int,
    clusters: Clusters | None = None,
) -> list[Replicates]:
    """ln(mean model SD / mean human SD) of every cell with its replicates, from item SDs.

    Below 0 the model varies less. Shapes, missing items and clusters as in `pearson_replicates`.
    NaN where one side has no spread on any item.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    return list(_in_batches(log_sd_ratio_sums(model_sd, human_sd), n_resamples, seed, clusters))


def log_rms_sd_ratio_replicates(
    model_sd: ArrayLike,
    human_sd: ArrayLike,
    n_resamples: int,
    seed: int,
    clusters: Clusters | None = None,
) -> list[Replicates]:
    """½ ln(mean s² of the model / mean s² of people) of every cell with its replicates.

    Shapes, direction, clusters and what is missing as in `log_sd_ratio_replicates`.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    return list(_in_batches(log_rms_sd_ratio_sums(model_sd, human_sd), n_resamples, seed, clusters))


def bias_replicates(
    model: ArrayLike,
    human: ArrayLike,
    n_resamples: int,
    seed: int,
    clusters: Clusters | None = None,
) -> list[Replicates]:
    """Mean of model minus human item means, in points, of every cell with its replicates.

    Above 0 the model rates higher. Shapes, missing items and clusters as in `pearson_replicates`.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    return list(_in_batches(bias_sums(model, human), n_resamples, seed, clusters))


def calibration_slope_replicates(
    model: ArrayLike,
    human: ArrayLike,
    n_resamples: int,
    seed: int,
    clusters: Clusters | None = None,
) -> list[Replicates]:
    """Slope of human on model item means, of every cell with its replicates.

    Points that people's means rise for a point of the model's; above 1, the model's differences
    between items are too small. Shapes, missing items and clusters as in `pearson_replicates`, and
    so is what is undefined; NaN where the model's means are constant.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    return [
        cell if cell.n_items >= FEWEST_ITEMS else undefined(cell)
        for cell in _in_batches(calibration_slope_sums(model, human), n_resamples, seed, clusters)
    ]


def mean_replicates(
    values: ArrayLike, n_resamples: int, seed: int, clusters: Clusters | None = None
) -> list[Replicates]:
    """The mean over items of every cell with its replicates, from values of shape (cells, items).

    Missing items (NaN) and clusters as in `pearson_replicates`; NaN without any item.

    Raises:
        ValueError: the values are not a matrix.
    """
    return list(_in_batches(mean_sums(values), n_resamples, seed, clusters))


def cell_replicates(
    sums: Sequence[ItemSums], n_resamples: int, seed: int, clusters: Clusters | None = None
) -> list[Replicates]:
    """The same statistic of several cells with its replicates, each from sums of its own."""
    if not sums:
        return []
    together = ItemSums(
        np.concatenate([one.values for one in sums], axis=1),
        np.concatenate([one.present for one in sums]),
        sums[0].statistic,
    )
    return list(_in_batches(together, n_resamples, seed, clusters))


class Sums(Protocol):
    """A statistic of cells over items that can be computed anew, such as `ItemSums`."""

    @property
    def present(self) -> NDArray[np.bool_]:
        """Items that it uses, shape (cells, items)."""

    def by_cluster(self, clusters: Clusters) -> Self:
        """The same statistic over clusters, which take the place of items in all shapes."""

    def estimate(self) -> FloatArray:
        """The statistic, shape (cells,)."""

    def jackknife(self) -> FloatArray:
        """The statistic without each item in turn, shape (cells, items)."""

    def replicates(self, counts: Counts) -> FloatArray:
        """The statistic of resamples, or of the first of them, shape (cells, resamples)."""


def replicates_of(
    sums: Sums, n_resamples: int, seed: int, clusters: Clusters | None = None
) -> Replicates:
    """A statistic of one cell with its replicates: the same resamples as those of its r."""
    (cell,) = _replicates(sums, n_resamples, seed, clusters)
    return cell


def replicates_of_each(
    sums: ItemSums, n_resamples: int, seed: int, clusters: Clusters | None = None
) -> list[Replicates]:
    """A statistic of each cell with its replicates, from the same resamples as those of r."""
    return list(_in_batches(sums, n_resamples, seed, clusters))


def combination(parts: Sequence[Replicates], weights: Sequence[float]) -> Replicates:
    """The weighted sum of statistics over the same items."""
    return Replicates(
        estimate=sum(part.estimate * weight for part, weight in zip(parts, weights, strict=True)),
        resampled=_weighted_sum([part.resampled for part in parts], weights),
        left_out=_weighted_sum([part.left_out for part in parts], weights),
        present=np.any([part.present for part in parts], axis=0),
        clusters=parts[0].clusters,
    )


def median(parts: Sequence[Replicates]) -> Replicates:
    """The median of statistics over the same items."""
    return Replicates(
        estimate=float(np.median([part.estimate for part in parts])),
        resampled=np.median([part.resampled for part in parts], axis=0),
        left_out=np.median([part.left_out for part in parts], axis=0),
        present=np.any([part.present for part in parts], axis=0),
        clusters=parts[0].clusters,
    )


def independent_sum(parts: Sequence[Replicates]) -> Replicates:
    """The sum of statistics over different items, which were resampled with different seeds.

    The acceleration of its interval is that for several samples: influences of the clusters of
    each, (n-1)·(mean - left out), divided by their number n (Davison & Hinkley 1997, section
    5.3.2).
    """
    total = sum(part.estimate for part in parts)
    influences = [
        (part.left_out[part.used] - part.left_out[part.used].mean())
        * ((part.n_clusters - 1) / part.n_clusters)
        for part in parts
        if part.n_items
    ]
    left_out = total + np.concatenate([*influences, np.empty(0)])
    clusters = np.empty(0, dtype=np.int64)
    for part in parts:
        own = np.cumsum(part.used)[part.clusters[part.present]] - 1
        clusters = np.append(clusters, own + clusters.max(initial=-1) + 1)
    return Replicates(
        estimate=total,
        resampled=_weighted_sum([part.resampled for part in parts], [1.0] * len(parts)),
        left_out=left_out,
        present=np.ones(len(clusters), dtype=np.bool_),
        clusters=clusters,
    )


def _in_batches(
    sums: ItemSums, n_resamples: int, seed: int, clusters: Clusters | None
) -> Iterator[Replicates]:
    for start in range(0, len(sums.present), CELLS_AT_ONCE):
        some = slice(start, start + CELLS_AT_ONCE)
        cells = ItemSums(sums.values[:, some], sums.present[some], sums.statistic)
        yield from _replicates(cells, n_resamples, seed, clusters)


def _replicates(
    items: Sums, n_resamples: int, seed: int, clusters: Clusters | None
) -> Iterator[Replicates]:
    n_cells, n_items = items.present.shape
    cells = items if clusters is None or not n_items else items.by_cluster(clusters)
    resampled = (
        cells.replicates(resample_counts(cells.present.shape[1], n_resamples, seed))
        if n_items
        else np.full((n_cells, n_resamples), np.nan)
    )
    numbers = np.arange(n_items) if clusters is None else clusters
    for estimate, row, left_out, present in zip(
        cells.estimate(), resampled, cells.jackknife(), items.present, strict=True
    ):
        cell = Replicates(float(estimate), row, left_out, present, numbers)
        yield cell if cell.n_clusters >= FEWEST_CLUSTERS else _unsure(cell)


def undefined(cell: Replicates) -> Replicates:
    """A statistic over the same items that is not defined."""
    return replace(_unsure(cell), estimate=np.nan)


def _unsure(cell: Replicates) -> Replicates:
    """The same statistic with nothing known of how it varies."""
    return replace(
        cell,
        resampled=np.full_like(cell.resampled, np.nan),
        left_out=np.full_like(cell.left_out, np.nan),
    )


def _weighted_sum(values: Sequence[FloatArray], weights: Sequence[float]) -> FloatArray:
    total: FloatArray = np.tensordot(np.asarray(weights, dtype=np.float64), np.stack(values), 1)
    return total
