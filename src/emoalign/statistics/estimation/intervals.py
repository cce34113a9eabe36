"""Prediction intervals by CV+ (jackknife+ over folds) for items of new clusters.

The residual of a learnt item is R = |y - f(x)|, f the prediction of a fold that did not see it. The
limits for a new item are quantiles of f(x) - R and f(x) + R, f(x) being the prediction of the fold
whose residual it is (Barber, Candès, Ramdas & Tibshirani 2021, Annals of Statistics 49:486). With
n residuals these are the ⌊α(n+1)⌋-th and the ⌈(1-α)(n+1)⌉-th smallest; rank 0 is -∞, one above n is
+∞. Such intervals hold a new value with probability 1 - 2α at least, and nearly always 1 - α.

Residuals of a cluster share its weight: with G clusters each of its n_g residuals weighs
1/((G+1)n_g), and 1/(G+1) lies at infinity (Dunn, Wasserman & Ramdas 2023, JASA 118:2491; Lee,
Barber & Willett 2023). Clusters of one item have the plain ranks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import Folds, Keys

FEWEST_IN_REGION = 50
"""Residuals that a region must have for intervals of its own."""

REGIONS = 3
"""Regions of the scale: terciles of the predicted means of rated items."""

# Weights are sums of 1/n_g; this much of an item is rounding.
_SLACK = 1e-9


@dataclass(frozen=True, eq=False)
class Residuals:
    """Absolute errors of predictions out of fold, each of shape (items,).

    Attributes:
        size: |y - f(x)| in points.
        fold: the fold that each was left out of, from 0; the column of f(x) for new items.
        keys: the cluster of each.
        predicted: f(x), by which items are of a region.
    """

    size: FloatArray
    fold: Folds
    keys: Keys
    predicted: FloatArray

    def within(self, kept: NDArray[np.bool_]) -> Residuals:
        """Those of some items."""
        return Residuals(self.size[kept], self.fold[kept], self.keys[kept], self.predicted[kept])

    def enough(self, coverage: float) -> bool:
        """Whether they are of enough clusters for finite limits."""
        n_clusters = len(np.unique(self.keys))
        return n_clusters >= coverage * (n_clusters + 1) - _SLACK


@dataclass(frozen=True, eq=False)
class Intervals:
    """Limits of items, each of shape (items,); `cut` where the scale ended before the interval."""

    low: FloatArray
    high: FloatArray
    cut: NDArray[np.bool_]


def cv_plus(
    predicted: FloatArray, residuals: Residuals, coverage: float
) -> tuple[FloatArray, FloatArray]:
    """Limits for new items from each fold's predictions of them, shape (items, folds).

    Columns of folds without residuals are not read. Limits are infinite where there are too few
    clusters for the coverage, 1 - α.
    """
    return (
        -_upper_limits(-predicted, residuals, coverage),
        _upper_limits(predicted, residuals, coverage),
    )


def regional_intervals(
    predicted: FloatArray,
    means: FloatArray,
    residuals: Residuals,
    cuts: FloatArray,
    coverage: float,
    ends: tuple[float, float],
) -> Intervals:
    """Intervals from the residuals of each item's own region, within the ends of the scale.

    A region is what lies between two of `cuts`, by predicted mean: Mondrian conformal prediction
    (Vovk 2012, ACML). Where it has fewer than `FEWEST_IN_REGION` residuals, or they are of so few
    clusters that limits would be infinite, all count. `means` are the estimates, shape (items,); an
    interval always holds its own.
    """
    low, high = np.empty(len(means)), np.empty(len(means))
    region, of_residual = regions(means, cuts), regions(residuals.predicted, cuts)
    for number in np.unique(region):
        asked, own = region == number, residuals.within(of_residual == number)
        used = own if len(own.size) >= FEWEST_IN_REGION and own.enough(coverage) else residuals
        low[asked], high[asked] = cv_plus(predicted[asked], used, coverage)
    low, high = np.minimum(low, means), np.maximum(high, means)
    cut = (low < ends[0]) | (high > ends[1])
    return Intervals(np.maximum(low, ends[0]), np.minimum(high, ends[1]), cut)


def terciles(predicted: FloatArray) -> FloatArray:
    """Where the regions of predicted means end, shape (regions - 1,)."""
    cuts: FloatArray = np.quantile(predicted, np.arange(1, REGIONS) / REGIONS)
    return cuts


def regions(predicted: FloatArray, cuts: FloatArray) -> NDArray[np.int64]:
    """The region of each predicted mean, from 1 (low)."""
    return np.searchsorted(cuts, predicted, side="left").astype(np.int64) + 1


def _upper_limits(predicted: FloatArray, residuals: Residuals, coverage: float) -> FloatArray:
    """The smallest t with at least the share `coverage` of all weight at f(x) + R up to t.

    Each fold has a sorted list of residuals, shifted by its prediction of the item, so the weight
    up to any t is known without a matrix of items and residuals. t is enclosed until one residual
    is left.
    """
    _, cluster, size = np.unique(residuals.keys, return_inverse=True, return_counts=True)
    needed = coverage * (len(size) + 1) - _SLACK
    if not residuals.enough(coverage):
        return np.full(len(predicted), np.inf)
    lists = _Lists(residuals, 1 / size[cluster])
    predicted = predicted[:, lists.folds]
    pooled = lists.pooled(needed)
    low, high = predicted.min(axis=1) + pooled, predicted.max(axis=1) + pooled
    apart = 1e-13 * (np.abs(low) + np.abs(high) + 1)
    low, high = low - apart, high + apart
    (_, below), (_, above) = lists.up_to(low, predicted), lists.up_to(high, predicted)
    active = np.arange(len(predicted))
    while len(active := active[(above - below > 1)[active] & (high - low > apart)[active]]):
        middle = (low[active] + high[active]) / 2
        weight, number = lists.up_to(middle, predicted[active])
        enough = weight >= needed
        high[active[enough]], above[active[enough]] = middle[enough], number[enough]
        low[active[~enough]], below[active[~enough]] = middle[~enough], number[~enough]
    return lists.next_after(low, predicted)


class _Lists:
    """The residuals of each fold, ascending, with the weight up to each."""

    def __init__(self, residuals: Residuals, weight: FloatArray) -> None:
        self.folds = np.unique(residuals.fold)
        self.sizes, self.weights = [], []
        for fold in self.folds:
            own = residuals.fold == fold
            order = np.argsort(residuals.size[own], kind="stable")
            self.sizes.append(residuals.size[own][order])
            self.weights.append(np.append(0.0, np.cumsum(weight[own][order])))
        order = np.argsort(residuals.size, kind="stable")
        self._all, self._all_weights = residuals.size[order], np.cumsum(weight[order])

    def pooled(self, needed: float) -> float:
        """The smallest residual up to which all have the weight needed."""
        return float(self._all[np.searchsorted(self._all_weights, needed)])

    def up_to(self, t: FloatArray, predicted: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
        """The weight and number of shifted residuals up to t, (items,)."""
        weight, number = np.zeros(len(t)), np.zeros(len(t), dtype=np.int64)
        for column, (sizes, weights) in enumerate(zip(self.sizes, self.weights, strict=True)):
            place = np.searchsorted(sizes, t - predicted[:, column], side="right")
            weight += weights[place]
            number += place
        return weight, number

    def next_after(self, t: FloatArray, predicted: FloatArray) -> FloatArray:
        """The smallest shifted residual beyond t, (items,)."""
        found = np.full(len(t), np.inf)
        for column, sizes in enumerate(self.sizes):
            place = np.searchsorted(sizes, t - predicted[:, column], side="right")
            shifted = predicted[:, column] + np.append(sizes, np.inf)[place]
            found = np.minimum(found, shifted)
        return found
