"""Reliability of item means, and the ceiling it sets on any model's correlation with them.

Raw ratings have shape (items, most raters of an item), NaN where there are fewer. Nothing is asked
of who gave them: `crossed_raters` has what can be told where that is known. All reliabilities are
at most 1, higher = the same item means from other raters. Each is a function of sums over items, so
that it can be computed anew for items drawn at random.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emoalign.statistics.pairs import ROUNDING, FloatArray, is_constant
from emoalign.statistics.replicates import Interval, Replicates
from emoalign.statistics.resampling import ItemSums


@dataclass(frozen=True)
class Icc:
    """One-way random intraclass correlations: of one rating, and of the mean of k ratings."""

    single: float
    average: float
    k: float


def icc1(ratings: ArrayLike) -> Icc:
    """One-way random ICC(1,1) and ICC(1,k) (Shrout & Fleiss 1979, Psychol. Bull. 86:420).

    With between- and within-item mean squares B and W: single = (B - W)/(B + (k0-1)·W). For unequal
    numbers of ratings n_i over a items, k0 = (Σn_i - Σn_i²/Σn_i)/(a - 1) (Donner 1986). `average`
    is single stepped up to `k` ratings, k·single/(1 + (k-1)·single), where k is the harmonic mean
    of n_i: r correlates means that weigh alike, whose error variance averages W/k. With as many
    ratings of each item k = k0, and average = (B - W)/B. Items with one rating count in B only.

    All NaN for fewer than two items, when no item has two ratings, or when all ratings are equal.

    Raises:
        ValueError: the ratings are not a matrix.
    """
    return Icc(*(float(part[0]) for part in _one_way(icc1_sums(ratings).values.sum(axis=-1))))


def icc1_sums(ratings: ArrayLike) -> ItemSums:
    """Prepare ICC(1,k), see `icc1`; items without ratings are missing.

    Raises:
        ValueError: the ratings are not a matrix.
    """
    dealt, n = rated_items(ratings, at_least=0)
    given = np.maximum(n, 1)
    totals = dealt.sum(axis=1)
    rated = np.arange(dealt.shape[1]) < n[:, np.newaxis]
    within = (((dealt - (totals / given)[:, np.newaxis]) * rated) ** 2).sum(axis=1)
    present = n > 0
    values = (present, n, n**2, present / given, totals, totals**2 / given, within)
    return _one_cell(values, present, lambda sums: _one_way(sums)[1])


def _one_way(sums: FloatArray) -> FloatArray:
    """ICC(1,1), ICC(1,k) and k, shape (3, ...), of the sums of `icc1_sums`."""
    n_items, total, squared, inverse, whole, of_items, within = sums
    with np.errstate(divide="ignore", invalid="ignore"):
        w = within / (total - n_items)
        b = (of_items - whole**2 / total) / (n_items - 1)
        k0 = (total - squared / total) / (n_items - 1)
        known = (n_items > 1) & (total > n_items) & (b > ROUNDING * np.maximum(1, w))
        single = np.where(known, (b - w) / (b + (k0 - 1) * w), np.nan)
        k = n_items / inverse
        found: FloatArray = np.stack((single, k * single / (1 + (k - 1) * single), k))
    return found


def summary_reliability(means: ArrayLike, sds: ArrayLike, ns: ArrayLike) -> float:
    """Reliability of item means when only mean, SD and n of each item are published.

    1 - mean(SD²/n)/Var(means): the share of the variance of means that is not sampling error.
    `means` and `sds` have shape (items,), in scale points, SDs with n - 1 in the denominator, as is
    Var; `ns` is the number of raters per item, (items,) or one number. Negative when the means vary
    less than sampling error alone would make them.

    One rating has no SD, whatever `sds` says: the error of such an item is W/n, with the variance W
    within all others. Items without all three are left out otherwise. NaN for fewer than two items
    or constant means.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    return float(summary_sums(means, sds, ns).estimate()[0])


def summary_sums(
    means: ArrayLike, sds: ArrayLike, ns: ArrayLike, *, pooled: bool = False
) -> ItemSums:
    """Prepare the reliability from means, SDs and numbers, see `summary_reliability`.

    `pooled` takes the variance within items as one, W = Σ(n_i - 1)·SD_i²/Σ(n_i - 1), and the error
    of each item as W/n_i. So it should be of a model, whose refusals leave some items with few
    answers, the SDs of which say little.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    mean, sd = np.asarray(means, dtype=np.float64), np.asarray(sds, dtype=np.float64)
    n = np.asarray(ns, dtype=np.float64)
    if mean.ndim != 1 or sd.shape != mean.shape or n.shape not in ((), mean.shape):
        raise ValueError(
            f"found shapes {mean.shape} (means), {sd.shape} (SDs) and {n.shape} (numbers of "
            "raters), expected vectors of one length, or one number of raters for all items"
        )
    n = np.broadcast_to(n, mean.shape)
    spread = np.isfinite(sd) & (n > 1)
    present = np.isfinite(mean) & (spread | (n == 1))
    if is_constant(mean[present]):
        present = np.zeros_like(present)
    centre, unit = (mean[present].mean(), mean[present].var()) if present.any() else (0.0, 1.0)
    mean = np.where(present, mean - centre, 0) / np.sqrt(unit)
    number = np.where(present, n, 1)
    variance = np.where(present & spread, sd, 0) ** 2 / unit
    own = present & spread & (not pooled)
    values = (
        present,
        variance / number * own,
        (present & ~own) / number,
        (number - 1) * present * spread,
        (number - 1) * variance,
        mean,
        mean**2,
    )
    return _one_cell(values, present, _summary)


def _summary(sums: FloatArray) -> FloatArray:
    n_items, errors, others, freedom, within, whole, squares = sums
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (squares - whole**2 / n_items) / (n_items - 1)
        error = errors + np.where(others > ROUNDING, others * within / freedom, 0)
        known = (n_items > 1) & (variance > ROUNDING)
        return np.where(known, 1 - error / n_items / variance, np.nan)


def ceiling(reliability: float) -> float:
    """Return √reliability, the highest r with these item means to expect; NaN below 0."""
    return float(np.sqrt(reliability)) if reliability >= 0 else np.nan


def ceiling_interval(reliability: float, of_reliability: Interval) -> Interval:
    """The interval of the ceiling: the roots of the ends of that of the reliability.

    An end below 0 is 0: then the means may be nothing but noise. NaN where there is no ceiling.
    """
    if not reliability >= 0:
        return Interval(np.nan, np.nan)
    return Interval(*(float(np.sqrt(np.maximum(end, 0))) for end in vars(of_reliability).values()))


def disattenuate(r: float, reliability_human: float, reliability_model: float) -> float:
    """Return r/√(reliability_human·reliability_model), r between error-free means (Spearman 1904).

    May exceed 1 by sampling error, which the caller flags. NaN unless both reliabilities exceed 0,
    by more than rounding.
    """
    return float(_disattenuated(*map(np.asarray, (r, reliability_human, reliability_model))))


def disattenuated(r: Replicates, human: Replicates, model: Replicates) -> Replicates:
    """The same with what becomes of it when items are drawn anew: all three in each resample.

    Of the three, the one with the fewest resamples says how many are used, the first of each.
    """
    n = min(len(part.resampled) for part in (r, human, model))
    return Replicates(
        disattenuate(r.estimate, human.estimate, model.estimate),
        _disattenuated(*(part.resampled[:n] for part in (r, human, model))),
        _disattenuated(*(part.left_out for part in (r, human, model))),
        r.present,
        r.clusters,
    )


def _disattenuated(r: FloatArray, human: FloatArray, model: FloatArray) -> FloatArray:
    known = (human > ROUNDING) & (model > ROUNDING)
    return np.where(known, r / np.sqrt(np.where(known, human * model, 1)), np.nan)


def rated_items(ratings: ArrayLike, at_least: int) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return each item's ratings, first in its row and zero after, and their numbers.

    Items with fewer ratings than `at_least` are left out. Ratings are standardised over all items,
    to which every reliability is indifferent, so that what is rounding error has one size.

    Raises:
        ValueError: the ratings are not a matrix.
    """
    raw = np.asarray(ratings, dtype=np.float64)
    if raw.ndim != 2:
        raise ValueError(
            f"found ratings of shape {raw.shape}, expected (items, most raters of an item), padded "
            "with NaN"
        )
    rated = np.isfinite(raw)
    kept = rated.sum(axis=1) >= at_least
    raw, rated = raw[kept], rated[kept]
    n = rated.sum(axis=1)
    if n.size == 0:
        return np.zeros((0, 0)), n
    first = np.argsort(~rated, axis=1, kind="stable")[:, : n.max()]
    standard = np.zeros_like(raw)
    if not is_constant(raw[rated]):
        standard[rated] = (raw[rated] - raw[rated].mean()) / raw[rated].std()
    return np.take_along_axis(standard, first, axis=1), n


def _one_cell(
    values: Sequence[ArrayLike],
    present: NDArray[np.bool_],
    statistic: Callable[[FloatArray], FloatArray],
) -> ItemSums:
    summed = np.stack([np.asarray(of_items, dtype=np.float64) for of_items in values])
    return ItemSums(summed[:, np.newaxis], present[np.newaxis], statistic)
