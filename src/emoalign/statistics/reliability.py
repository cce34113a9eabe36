"""Reliability of item means, and the ceiling it sets on any model's correlation with them.

Raw ratings have shape (items, most raters of an item), NaN where there are fewer. Raters are
anonymous: two items' ratings in one column are not by one person, and the order within an item
means nothing. All reliabilities are at most 1, higher = the same item means from other raters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emoalign.statistics.pairs import FloatArray, is_constant
from emoalign.statistics.resampling import row_blocks

# Small enough for the handful of arrays of one draw to stay in the processor's cache.
DRAWN_VALUES = 200_000
FEWEST_ITEMS = 3
ROUNDING = 1e-12

Draw = Callable[[np.random.Generator, int], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True)
class SplitHalf:
    """Mean correlation of half means over splits, and the reliability of all raters' means."""

    r: float
    spearman_brown: float


@dataclass(frozen=True)
class Icc:
    """One-way random intraclass correlations: of one rating, and of the mean of k ratings."""

    single: float
    average: float
    k: float


def split_half(ratings: ArrayLike, n_splits: int = 1000, seed: int = 0) -> SplitHalf:
    """Split-half reliability of item means, over random splits of each item's raters.

    Each split deals floor(n/2) of an item's n ratings to one half and the rest to the other, and
    correlates the half means over items. `r` is the mean over splits, and Spearman-Brown is applied
    to that mean, 2r/(1+r) (Spearman 1910, Brown 1910), not to each split.

    Items with fewer than two ratings have no halves and are left out. NaN for fewer than three
    items or constant means.

    Raises:
        ValueError: the ratings are not a matrix.
    """
    dealt, n = _rated_items(ratings, at_least=2)
    first_n, totals = n // 2, dealt.sum(axis=1)

    def halves(rng: np.random.Generator, n_draws: int) -> tuple[FloatArray, FloatArray]:
        # Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S): each subset is equally likely,
        # and the raters are passed once, without a permutation per item and split.
        wanted = np.tile(first_n.astype(np.float64), (n_draws, 1))
        first = np.zeros_like(wanted)
        for rater, column in enumerate(dealt.T):
            taken = rng.random(wanted.shape) * np.maximum(n - rater, 0) < wanted
            first += taken * column
            wanted -= taken
        return first / first_n, (totals - first) / (n - first_n)

    r = _mean_correlation(halves, len(n), n_splits, seed)
    return SplitHalf(r, 2 * r / (1 + r) if r > -1 else np.nan)


def one_human(ratings: ArrayLike, n_draws: int = 1000, seed: int = 0) -> float:
    """Mean correlation of one rater with the mean of the others: how human-like one human is.

    Each draw takes one rating of every item at random and correlates it over items with the mean of
    that item's other ratings; the result is the mean over draws. As raters are anonymous, a drawn
    "human" is a different person on each item, which includes differences in scale use.

    Items with fewer than two ratings are left out. NaN for fewer than three items or constant
    ratings.

    Raises:
        ValueError: the ratings are not a matrix.
    """
    dealt, n = _rated_items(ratings, at_least=2)
    items, totals = np.arange(len(n)), dealt.sum(axis=1)

    def one_and_others(rng: np.random.Generator, n_draws: int) -> tuple[FloatArray, FloatArray]:
        one = dealt[items, rng.integers(n, size=(n_draws, len(n)))]
        return one, (totals - one) / (n - 1)

    return _mean_correlation(one_and_others, len(n), n_draws, seed)


def icc1(ratings: ArrayLike) -> Icc:
    """One-way random ICC(1,1) and ICC(1,k) (Shrout & Fleiss 1979, Psychol. Bull. 86:420).

    With between- and within-item mean squares B and W: single = (B - W)/(B + (k-1)·W) and
    average = (B - W)/B. For unequal numbers of ratings n_i over a items, k is
    k0 = (Σn_i - Σn_i²/Σn_i)/(a - 1) (Donner 1986); `average` is then the reliability of a mean of
    k0 ratings. Items with one rating count in B only.

    All NaN for fewer than two items, when no item has two ratings, or when all ratings are equal.

    Raises:
        ValueError: the ratings are not a matrix.
    """
    dealt, n = _rated_items(ratings, at_least=1)
    n_items, total = len(n), int(n.sum())
    if n_items < 2 or total == n_items:
        return Icc(np.nan, np.nan, np.nan)
    means = dealt.sum(axis=1) / n
    rated = np.arange(dealt.shape[1]) < n[:, np.newaxis]
    within = float(np.sum(((dealt - means[:, np.newaxis]) * rated) ** 2)) / (total - n_items)
    between = float(np.sum(n * (means - dealt.sum() / total) ** 2)) / (n_items - 1)
    k = float(total - np.sum(n**2) / total) / (n_items - 1)
    if between <= ROUNDING * within:
        return Icc(np.nan, np.nan, k)
    return Icc((between - within) / (between + (k - 1) * within), (between - within) / between, k)


def summary_reliability(means: ArrayLike, sds: ArrayLike, ns: ArrayLike) -> float:
    """Reliability of item means when only mean, SD and n of each item are published.

    1 - mean(SD²/n)/Var(means): the share of the variance of means that is not sampling error.
    `means` and `sds` have shape (items,), in scale points, SDs with n - 1 in the denominator, as is
    Var; `ns` is the number of raters per item, (items,) or one number. Negative when the means vary
    less than sampling error alone would make them.

    Items without all three are left out. NaN for fewer than two items or constant means.

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
    known = np.isfinite(mean) & np.isfinite(sd) & (n > 0)
    if known.sum() < 2 or is_constant(mean[known]):
        return np.nan
    sampling_error = sd[known] ** 2 / np.broadcast_to(n, mean.shape)[known]
    return float(1 - sampling_error.mean() / mean[known].var(ddof=1))


def ceiling(reliability: float) -> float:
    """Return √reliability, the highest r with these item means to expect; NaN below 0."""
    return float(np.sqrt(reliability)) if reliability >= 0 else np.nan


def disattenuate(r: float, reliability_human: float, reliability_model: float) -> float:
    """Return r/√(reliability_human·reliability_model), r between error-free means (Spearman 1904).

    May exceed 1 by sampling error, which the caller flags. NaN unless both reliabilities exceed 0.
    """
    if not (reliability_human > 0 and reliability_model > 0):
        return np.nan
    return float(r / np.sqrt(reliability_human * reliability_model))


def _rated_items(ratings: ArrayLike, at_least: int) -> tuple[FloatArray, NDArray[np.int64]]:
    """Return each item's ratings, first in its row and zero after, and their numbers.

    Ratings are standardised over all items, to which every reliability is indifferent, so that
    what is rounding error has one size.
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


def _mean_correlation(draw: Draw, n_items: int, n_draws: int, seed: int) -> float:
    """Mean over draws of the correlation over items between the two values drawn per item."""
    if n_items < FEWEST_ITEMS:
        return np.nan
    rng = np.random.default_rng(seed)
    correlations = []
    for draws in row_blocks(n_draws, n_items, DRAWN_VALUES):
        x, y = draw(rng, draws.stop - draws.start)
        x -= x.mean(axis=1, keepdims=True)
        y -= y.mean(axis=1, keepdims=True)
        xx, yy, xy = (np.einsum("ij,ij->i", *pair) for pair in ((x, x), (y, y), (x, y)))
        varies = (xx > ROUNDING) & (yy > ROUNDING)
        correlations.append(xy[varies] / np.sqrt(xx[varies] * yy[varies]))
    defined = np.concatenate(correlations)
    return float(defined.mean()) if defined.size else np.nan
