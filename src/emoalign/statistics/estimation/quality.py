"""How good estimates are, measured on rated items by folds that did not see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.estimation.held_out import N_FOLDS
from emoalign.statistics.estimation.intervals import REGIONS, Intervals
from emoalign.statistics.out_of_fold import rmse_sums
from emoalign.statistics.pairs import FloatArray, levels
from emoalign.statistics.replicates import UNDEFINED, replicates_of_each
from emoalign.statistics.resampling import ItemSums, mean_sums, pearson_sums

RESAMPLES = 2_000
"""Resamples of clusters behind each interval."""

CONSTANT = "constant"
"""The method that always predicts the mean of what it learnt."""

EVERYWHERE = "all"
"""The region of all items."""


@dataclass(frozen=True)
class Limits:
    """A statistic with the limits of its 95% interval over clusters; NaN where undefined."""

    value: float
    low: float
    high: float


UNKNOWN = Limits(np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Quality:
    """How good the estimates of a method are in a region, out of fold.

    Attributes:
        method: `stack` (that which is written), `models` (the stack without the embedding),
            `best`, `average`, `embedding`, `constant`; `sd` for SDs.
        region: "all", or the third of the scale from "1".
        n_rated, n_unrated, n_clusters: items of the region, and clusters of the rated ones.
        r, rmse, mae, ccc: agreement with people's means, in points where it is an error; there is
            no r and ccc of predictions that are the same for all items of a fold.
        coverage: share of people's means within their intervals.
        width: mean width of the intervals in points.
        noise_share: the share of the squared error that people's own sampling error makes up.
    """

    method: str
    region: str
    n_rated: int
    n_unrated: int
    n_clusters: int
    r: Limits
    rmse: Limits
    mae: Limits
    ccc: Limits
    coverage: Limits
    width: float
    noise_share: float


@dataclass(frozen=True, eq=False)
class Judged:
    """Rated items with what they are judged by, each of shape (rated,).

    Attributes:
        human: people's means.
        noise: the sampling variance of people's means, SD²/n; NaN where unknown.
        clusters: the cluster of each, from 0.
        region: the region of each, from 1.
        of_others: the region of each item that nobody rated, shape (unrated,).
    """

    human: FloatArray
    noise: FloatArray
    clusters: NDArray[np.int64]
    region: NDArray[np.int64]
    of_others: NDArray[np.int64]


def qualities(
    predicted: Mapping[str, FloatArray],
    intervals: Mapping[str, Intervals],
    judged: Judged,
    seed: int,
    n_regions: int = REGIONS,
) -> tuple[Quality, ...]:
    """How good predictions of rated items are, by method, in all regions and in each.

    Methods without intervals have no coverage. Intervals of statistics are BCa over clusters.
    """
    places = [(method, number) for method in predicted for number in range(n_regions + 1)]
    kept = [judged.region > 0 if not number else judged.region == number for _, number in places]
    values = np.stack([predicted[method] for method, _ in places])
    x = np.where(np.stack(kept), values, np.nan)
    hits = np.full(x.shape, np.nan)
    for row, (method, _) in enumerate(places):
        if method in intervals:
            of = intervals[method]
            inside = (of.low <= judged.human) & (judged.human <= of.high)
            hits[row] = np.where(kept[row], inside, np.nan)
    statistics = {
        "r": pearson_sums(x, judged.human),
        "rmse": rmse_sums(x, judged.human),
        "mae": mean_sums(np.abs(x - judged.human)),
        "ccc": concordance_sums(x, judged.human),
        "coverage": mean_sums(hits),
    }
    limits = {name: _limits(sums, judged, seed) for name, sums in statistics.items()}
    for row, (method, _) in enumerate(places):
        if levels(predicted[method]).max() < N_FOLDS:
            # Means of the folds kept correlate negatively with what was left out of them.
            limits["r"][row] = limits["ccc"][row] = UNKNOWN
    return tuple(
        Quality(
            method=method,
            region=str(number) if number else EVERYWHERE,
            n_rated=int(kept[row].sum()),
            n_unrated=int((judged.of_others == number).sum() if number else len(judged.of_others)),
            n_clusters=len(np.unique(judged.clusters[kept[row]])),
            width=_width(intervals.get(method), kept[row]),
            noise_share=_noise_share(judged.noise[kept[row]], (x[row] - judged.human)[kept[row]]),
            **{name: of[row] for name, of in limits.items()},
        )
        for row, (method, number) in enumerate(places)
    )


def concordance_sums(model: FloatArray, human: FloatArray) -> ItemSums:
    """Prepare Lin's concordance of cells; shapes and missing items as in `pearson_sums`.

    0 where one side is constant, as in `correlation.concordance`; NaN where both are the same.
    """
    x, y = np.broadcast_arrays(np.atleast_2d(model), np.atleast_2d(human))
    present = np.isfinite(x) & np.isfinite(y)
    # Moments lose digits by subtraction unless they are about a place between the values.
    n = np.maximum(present.sum(axis=1, keepdims=True), 1)
    middle = np.where(present, y, 0.0).sum(axis=1, keepdims=True) / n
    x, y = (np.where(present, side - middle, 0.0) for side in (x, y))
    values = np.stack((present.astype(np.float64), x, y, x * x + y * y, x * y))
    return ItemSums(values, present, _concordance)


def _concordance(sums: FloatArray) -> FloatArray:
    x, y, squares, products = sums[1:] / np.where(sums[0] > 0, sums[0], np.nan)
    apart = squares - 2 * x * y
    # var x + var y + (x - y)² of the means.
    found: FloatArray = 2 * (products - x * y) / np.where(apart > 0, apart, np.nan)
    return np.clip(found, -1, 1)


def _limits(sums: ItemSums, judged: Judged, seed: int) -> list[Limits]:
    found = []
    for cell in replicates_of_each(sums, RESAMPLES, seed, judged.clusters):
        interval = cell.interval() if cell.n_items else UNDEFINED
        found.append(Limits(cell.estimate, interval.low, interval.high))
    return found


def _width(intervals: Intervals | None, kept: NDArray[np.bool_]) -> float:
    if intervals is None or not kept.any():
        return np.nan
    return float(np.mean((intervals.high - intervals.low)[kept]))


def _noise_share(noise: FloatArray, errors: FloatArray) -> float:
    """The mean of SD²/n over that of squared errors, over items where the former is known."""
    known = np.isfinite(noise) & np.isfinite(errors)
    squares = np.square(errors[known]).sum()
    return float(noise[known].sum() / squares) if squares > 0 else np.nan
