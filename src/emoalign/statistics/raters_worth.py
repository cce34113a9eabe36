"""How many raters a model is worth: the mean of how many people would do as well.

People's ratings are taken as item + error, with the variance W within items and S between them. The
mean of k raters correlates √(k/(k + φ)) with the true item means, φ = W/S; so a model that
correlates t with them is worth φ·t²/(1 − t²) raters. With the reliability of the mean of K raters,
rel = K/(K + φ), both follow from it: φ = K(1 − rel)/rel, t² = r²/rel.

Numbers of raters run from 0 to infinity, higher is better. Infinite: better than any number of
raters, which sampling error allows where a model comes near the truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from emoalign.statistics.correlation import FEWEST_ITEMS
from emoalign.statistics.pairs import ROUNDING, FloatArray
from emoalign.statistics.replicates import MOST_UNDEFINED, UNDEFINED, Interval
from emoalign.statistics.resampling import Counts, row_blocks


def worth_in_ranking(r: ArrayLike, reliability: ArrayLike, n_raters: ArrayLike) -> FloatArray:
    """The number of raters whose mean orders items as well as a model, k = φ·t²/(1 − t²).

    Args:
        r: correlation of the model's item means with people's, in [-1, 1].
        reliability: of people's item means, at most 1.
        n_raters: behind these means, K; for unequal numbers their harmonic mean.

    All of one shape. 0 where r is not above 0; infinite where r is at its ceiling; NaN where the
    reliability is not above 0: then people's means may be nothing but noise.
    """
    r, rel, n = np.broadcast_arrays(
        *(np.asarray(v, np.float64) for v in (r, reliability, n_raters))
    )
    known = np.isfinite(r) & (rel > ROUNDING)
    safe = np.where(known, rel, 1.0)
    phi, t2 = n * (1 - safe) / safe, np.where(r > 0, r, 0) ** 2 / safe
    beyond = t2 >= 1 - ROUNDING
    found = np.where(beyond, np.inf, phi * t2 / np.where(beyond, 1, 1 - t2))
    return np.where(known, found, np.nan)


def percentile_interval(replicates: ArrayLike, level: float = 0.95) -> Interval:
    """The interval between the quantiles of resampled numbers, of which some may be infinite.

    NaN where more than 5% of them are undefined.
    """
    values = np.asarray(replicates, dtype=np.float64)
    known = np.sort(values[~np.isnan(values)])
    if known.size == 0 or known.size < (1 - MOST_UNDEFINED) * values.size:
        return UNDEFINED
    # Quantiles that lie between an infinite and a finite number are the nearer of the two.
    places = np.rint((np.array([1 - level, 1 + level]) / 2) * (known.size - 1)).astype(int)
    low, high = known[places]
    return Interval(float(low), float(high))


BLOCK_VALUES = 100_000
"""Values held at once per array: what stays in the cache of a processor is many times faster."""

MOST_ITEMS = 0.9
"""The share of items that must have as many raters as are drawn."""


@dataclass(frozen=True, eq=False)
class Regressed:
    """Human item means and a model's, with what single ratings say of people's error.

    All have shape (items,) and no missing values.

    Attributes:
        human, model: item means.
        variance: the variance of an item's ratings (ddof 1); NaN for a single one.
        n: raters of the item.
    """

    human: FloatArray
    model: FloatArray
    variance: FloatArray
    n: FloatArray


def worth_in_points(of: Regressed, counts: Counts | None = None) -> FloatArray:
    """The number of raters whose mean is as near to the true item mean as the model, k = W/MSE.

    MSE is the mean squared leave-one-out residual of human on model means, less the error W/n of
    the human means; so another unit or level of the model's ratings does not count against it.
    `counts` says how often each resample has each item, shape (resamples, items); without, all
    items count once. Returns shape (resamples,), or (1,). Infinite where MSE is not above 0; NaN
    where a resample leaves too few items, or constant means.
    """
    n_items = len(of.human)
    drawn = np.ones((1, n_items)) if counts is None else counts
    blocks = [
        _errors_of(of, np.asarray(drawn[rows], dtype=np.float64))
        for rows in row_blocks(len(drawn), n_items, BLOCK_VALUES)
    ]
    return np.concatenate(blocks) if blocks else np.zeros(0)


def _errors_of(of: Regressed, drawn: FloatArray) -> FloatArray:
    n = drawn.sum(axis=1, keepdims=True)
    spread = np.isfinite(of.variance) & (of.n > 1)
    freedom = drawn @ np.where(spread, of.n - 1, 0)
    squares = drawn @ np.where(spread, (of.n - 1) * np.where(spread, of.variance, 0), 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        within = squares / freedom
        x = of.model - (drawn @ of.model)[:, np.newaxis] / n
        y = of.human - (drawn @ of.human)[:, np.newaxis] / n
        xx = (drawn * x**2).sum(axis=1, keepdims=True)
        slope = (drawn * x * y).sum(axis=1, keepdims=True) / xx
        left_out = (y - slope * x) / (1 - 1 / n - x**2 / xx)
        mse = (drawn * left_out**2).sum(axis=1) / n[:, 0] - within * (drawn @ (1 / of.n)) / n[:, 0]
        known = (n[:, 0] >= FEWEST_ITEMS) & (xx[:, 0] > ROUNDING) & np.isfinite(mse)
        # Neither people nor the model err where all means are the same: 0 divided by 0.
        known &= np.maximum(within, mse) > ROUNDING
        worth = np.where(mse > 0, within / np.where(mse > 0, mse, 1), np.inf)
    return np.where(known, worth, np.nan)


@dataclass(frozen=True)
class ResampledWorth:
    """The number of raters found by drawing raters.

    Attributes:
        k: the smallest number of raters whose mean correlates with that of others at least as well
            as the model does, on average over draws; None where more than `most` would be needed.
        most: the largest number that could be tried.
        r_model: correlation of the model with the mean of the raters kept as the target.
        r_raters: that of the mean of 1, 2, … other raters, shape (most,).
    """

    k: int | None
    most: int
    r_model: float
    r_raters: FloatArray


def worth_by_drawing(
    ratings: ArrayLike, models: ArrayLike, n_draws: int, seed: int
) -> list[ResampledWorth | None]:
    """Draw raters of every item: half of them are the target, the others compete with the models.

    After Trott (2024). In each draw ⌈K/2⌉ random raters of an item make its target; of the others
    the mean of the first k is taken, for k up to ⌊K/2⌋. K is the number of raters that nine of ten
    items have at least, so that a few items with few raters do not decide it; these are left out.

    Args:
        ratings: single ratings, NaN where an item has fewer, shape (items, most raters).
        models: item means of each model, NaN where there is none, shape (models, items): all see
            the same draws.
        n_draws: how often raters are drawn; correlations are averages over the draws.
        seed: of the draws.

    None for a model with fewer than three items, or whose means are constant, and for all where
    nine of ten items have no two ratings.
    """
    raw, means = np.asarray(ratings, np.float64), np.asarray(models, np.float64)
    n = np.isfinite(raw).sum(axis=1)
    enough = int(np.quantile(n[n > 0], 1 - MOST_ITEMS, method="lower")) if (n > 0).any() else 0
    kept = (n >= max(enough, 2)) & np.isfinite(means).any(axis=0)
    raw, means = raw[kept], means[:, kept]
    used = [place for place, model in enumerate(means) if _can_be_ranked(model)]
    found: list[ResampledWorth | None] = [None] * len(means)
    if enough < 2 or not used:
        return found
    most, target = enough // 2, enough - enough // 2
    rng = np.random.default_rng(seed)
    of_model, of_raters = np.zeros(len(means)), np.zeros((len(means), most))
    rated = np.isfinite(raw)
    for _ in range(n_draws):
        order = np.argsort(np.where(rated, rng.random(raw.shape), 2.0), axis=1)[:, :enough]
        dealt = np.take_along_axis(raw, order, axis=1)
        aim = dealt[:, :target].mean(axis=1)
        others = np.cumsum(dealt[:, target:], axis=1) / np.arange(1, most + 1)
        for place in used:
            own = np.isfinite(means[place])
            found_r = _correlations(np.column_stack((means[place], others))[own], aim[own])
            of_model[place] += found_r[0] / n_draws
            of_raters[place] += found_r[1:] / n_draws
    for place in used:
        as_high = np.flatnonzero(of_raters[place] >= of_model[place] - ROUNDING)
        k = int(as_high[0]) + 1 if as_high.size else None
        found[place] = ResampledWorth(k, most, float(of_model[place]), of_raters[place])
    return found


def _can_be_ranked(means: FloatArray) -> bool:
    known = means[np.isfinite(means)]
    return len(known) >= FEWEST_ITEMS and bool(np.ptp(known) > ROUNDING)


def _correlations(columns: FloatArray, aim: FloatArray) -> FloatArray:
    """Pearson's r of each column with the target; NaN where either is constant."""
    x, y = columns - columns.mean(axis=0), aim - aim.mean()
    with np.errstate(divide="ignore", invalid="ignore"):
        found: FloatArray = (y @ x) / np.sqrt((x**2).sum(axis=0) * (y**2).sum())
    return found
