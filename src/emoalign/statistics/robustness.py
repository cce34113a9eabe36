"""Correlations with people on other items: within parts of them, weighted, at another range, and
between which ends they must lie where the model left items without a rating.

`model` and `human` are item means of one cell, shape (items,), in scale points and the same item
order; NaN where there is none. `clusters` are those of the items, which are resampled together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from emoalign.statistics.correlation import FEWEST_ITEMS
from emoalign.statistics.pairs import ROUNDING, FloatArray, is_constant, ranks, signs
from emoalign.statistics.replicates import Replicates, replicates_of, undefined
from emoalign.statistics.resampling import Clusters, ItemSums, pearson_sums

Parts = NDArray[np.int64]
"""The part each item belongs to, shape (items,), from 0; -1: to none."""


def thirds(values: ArrayLike) -> Parts:
    """Thirds of the items by rank, from the lowest values (0) to the highest (2).

    Items of one value have its mean rank, and so share a third, whatever their order; thirds are of
    different sizes where many items do. An item without a value belongs to none.
    """
    known = np.asarray(values, dtype=np.float64)
    parts = np.full(known.shape, -1, dtype=np.int64)
    there = np.isfinite(known)
    n = int(there.sum())
    if n:
        parts[there] = np.floor((ranks(known[there]) - 0.5) * 3 / n)
    return parts


def sides(values: ArrayLike, middle: float) -> Parts:
    """The side of the middle of a scale that each item is on: below it (0) or above it (1).

    An item on the middle, or without a value, belongs to neither.
    """
    away = signs(np.asarray(values, dtype=np.float64) - middle)
    return np.where(away < 0, 0, np.where(away > 0, 1, -1))


def weighted_pearson(
    model: ArrayLike,
    human: ArrayLike,
    weights: ArrayLike,
    n_resamples: int,
    seed: int,
    clusters: Clusters | None = None,
) -> Replicates:
    """Pearson r in which each item counts as often as its weight says, with its replicates.

    Weights are 0 or more, shape (items,). NaN for fewer than three items.
    """
    sums = pearson_sums(model, human)
    weighted = ItemSums(
        sums.values * np.nan_to_num(np.asarray(weights, dtype=np.float64)),
        sums.present,
        sums.statistic,
    )
    found = replicates_of(weighted, n_resamples, seed, clusters)
    return found if found.n_items >= FEWEST_ITEMS else undefined(found)


def pearson_within(
    model: ArrayLike,
    human: ArrayLike,
    parts: Parts,
    n_resamples: int,
    seed: int,
    clusters: Clusters | None = None,
) -> Replicates:
    """Pearson r pooled within parts of the items, with its replicates.

    The correlation of both means after those of each part are centred: sums of products and of
    squares within the parts are added up, so that larger and wider parts weigh more. This is the
    partial correlation given the parts. Each resample centres its items anew. NaN unless there are
    two items more than parts.
    """
    inside = parts >= 0
    x = np.where(inside, np.asarray(model, dtype=np.float64), np.nan)
    sums = pearson_sums(x, human)
    names = np.unique(parts[inside & sums.present[0]])
    of_part = [sums.values * (parts == name) for name in names]
    values = np.concatenate(of_part) if of_part else np.zeros_like(sums.values)
    found = replicates_of(ItemSums(values, sums.present, _within), n_resamples, seed, clusters)
    return found if found.n_items - len(names) >= FEWEST_ITEMS - 1 else undefined(found)


def sd_within(values: ArrayLike, parts: Parts) -> float:
    """SD within parts of the items: of the deviations from the mean of each part, pooled.

    Degrees of freedom are those of the items less one for each part. With one part it is the SD
    (ddof 1). Items without a value or a part do not count; NaN without two items in any part.
    """
    known = np.asarray(values, dtype=np.float64)
    there = np.isfinite(known) & (parts >= 0)
    of_parts = [known[there & (parts == name)] for name in np.unique(parts[there])]
    free = sum(len(part) - 1 for part in of_parts)
    if not free:
        return np.nan
    return float(np.sqrt(sum(len(part) * part.var() for part in of_parts) / free))


def _within(sums: FloatArray) -> FloatArray:
    """r from sums over parts: six for each, as `pearson_sums` has them."""
    n, x, y, xx, yy, xy = np.moveaxis(sums.reshape(-1, 6, *sums.shape[1:]), 1, 0)
    there = np.where(n > 0, n, np.inf)
    spread = [
        _positive((square - total**2 / there).sum(axis=0), n.sum(axis=0))
        for square, total in ((xx, x), (yy, y))
    ]
    product = (xy - x * y / there).sum(axis=0)
    r: FloatArray = np.clip(product / np.sqrt(spread[0] * spread[1]), -1, 1)
    return r


def _positive(squares: FloatArray, n: FloatArray) -> FloatArray:
    """Sums of squares of standardised values, NaN where they are nothing but rounding."""
    return np.where(squares > ROUNDING * np.maximum(1, n), squares, np.nan)


def range_corrected(r: float, sd_ratio: float) -> float:
    """r as it would be if the items' human means varied as widely as those of all items.

    `sd_ratio` is the SD of the human means of these items by that of all. Thorndike (1949), case 2:
    rU / √(1 + r²(U² - 1)) with U = 1 / sd_ratio. It takes the line of model means on human means,
    and the scatter around it, to be the same outside the range. NaN where the ratio is 0.
    """
    if not sd_ratio > 0:
        return np.nan
    stretch = 1 / sd_ratio
    return float(r * stretch / np.sqrt(1 + r**2 * (stretch**2 - 1)))


@dataclass(frozen=True)
class Bounds:
    """The lowest and the highest r that are possible; both in [-1, 1]."""

    least: float
    most: float


UNKNOWN = Bounds(np.nan, np.nan)


def bounds(model: ArrayLike, human: ArrayLike, lowest: float, highest: float) -> Bounds:
    """The least and the most r can be if items without a model mean had one from lowest to highest.

    Items without a human mean do not count. Both ends are reached by some means, and none go
    beyond. For a highest r above 0: 1 - r² is the smallest share of the human variance that a
    line y = a + bx leaves, and a missing item leaves the distance of its y from what the line can
    reach, which is convex in a and b for b ≥ 0. A highest r that is not above 0 is found at ends of
    the scale, because the size of an r below 0 throughout is quasi-concave; among means at the
    ends, r is highest where the items with the highest human means have the upper one. The lowest r
    is that with the signs of the human means turned.

    NaN for fewer than three items with human means, and where these are all the same.
    """
    y, x = np.asarray(human, dtype=np.float64), np.asarray(model, dtype=np.float64)
    rated = np.isfinite(y)
    y, x = y[rated], (x[rated] - lowest) / (highest - lowest)
    if y.size < FEWEST_ITEMS or is_constant(y):
        return UNKNOWN
    y = (y - y.mean()) / y.std()
    return Bounds(-_most(x, -y), _most(x, y))


def _most(x: FloatArray, y: FloatArray) -> float:
    """The highest r; y is standardised, x from 0 to 1 or missing."""
    missing = np.isnan(x)
    if missing.all():
        return 1.0
    falling = np.argsort(-y[missing], kind="stable")
    # r with none, one, two, ... of the missing items at the upper end, the others at the lower.
    upper = np.arange(len(falling) + 1)
    known = x[~missing]
    product = known @ y[~missing] + np.concatenate(([0.0], np.cumsum(y[missing][falling])))
    square = known @ known + upper - (known.sum() + upper) ** 2 / len(x)
    at_ends = product / np.sqrt(len(x) * np.where(square > ROUNDING * len(x), square, np.nan))
    if np.isnan(at_ends).all():
        return np.nan
    best = int(np.nanargmax(at_ends))
    if not missing.any() or not at_ends[best] > 0:
        return float(np.clip(at_ends[best], -1, 1))
    start = _filled(x, missing, (np.argsort(falling) < best).astype(np.float64))
    return max(_pearson(start, y), _pearson(_line(x, y, missing, start), y))


def _filled(x: FloatArray, missing: NDArray[np.bool_], values: FloatArray) -> FloatArray:
    filled = x.copy()
    filled[missing] = values
    return filled


def _pearson(x: FloatArray, y: FloatArray) -> float:
    return np.nan if is_constant(x) else float(np.clip(np.corrcoef(x, y)[0, 1], -1, 1))


def _line(
    x: FloatArray, y: FloatArray, missing: NDArray[np.bool_], start: FloatArray
) -> FloatArray:
    """The means with which one line leaves least of y: missing ones on it, as far as they reach."""
    known, of_known, of_missing = x[~missing], y[~missing], y[missing]

    def left(line: FloatArray) -> tuple[float, FloatArray]:
        a, b = line
        reached = np.clip(of_missing, a, a + b)
        rest = np.concatenate((of_known - a - b * known, of_missing - reached))
        # Beyond the upper end the line's value is a + b, below the lower one a, between them y.
        slope = np.concatenate((known, (of_missing > a + b).astype(np.float64)))
        gradient = np.array([rest.sum(), rest @ slope]) * -2 / len(y)
        return float(rest @ rest) / len(y), gradient

    slope, intercept = np.polyfit(start, y, 1)
    found = optimize.minimize(
        left,
        (intercept, max(slope, 0.0)),
        jac=True,
        method="L-BFGS-B",
        bounds=((None, None), (0, None)),
        options={"ftol": 1e-15, "gtol": 1e-10, "maxiter": 1_000},
    )
    a, b = found.x
    if b <= 0:
        return start
    return _filled(x, missing, np.clip((of_missing - a) / b, 0, 1))
