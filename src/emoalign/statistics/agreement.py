"""How far people agree: halves of them, and one of them with the others, by random draws.

Where nobody knows who rated, ratings have shape (items, most raters of an item), NaN where there
are fewer: two items' ratings in one column are not by one person, and the order within an item
means nothing. Where it is known, `PersonRatings` hold who gave which.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from emoalign.statistics.crossed_raters import PersonRatings
from emoalign.statistics.pairs import ROUNDING, FloatArray
from emoalign.statistics.reliability import rated_items
from emoalign.statistics.resampling import row_blocks

# Small enough for the handful of arrays of one draw to stay in the processor's cache.
DRAWN_VALUES = 200_000
FEWEST_ITEMS = 3

FEWEST_RATED = 10
"""Items that one person must share with others to be compared with them.

A correlation over fewer hardly says anything of a person, and is skewed towards ±1.
"""

Draw = Callable[[np.random.Generator, int], tuple[FloatArray, FloatArray]]


@dataclass(frozen=True)
class SplitHalf:
    """Mean correlation of half means over splits, and the reliability of all raters' means."""

    r: float
    spearman_brown: float


def split_half(ratings: ArrayLike, n_splits: int = 1000, seed: int = 0) -> SplitHalf:
    """Split-half reliability of item means, over random splits of each item's ratings.

    Each split deals floor(n/2) of an item's n ratings to one half and the rest to the other, and
    correlates the half means over items. `r` is the mean over splits, and Spearman-Brown is applied
    to that mean, 2r/(1+r) (Spearman 1910, Brown 1910), not to each split.

    Items with fewer than two ratings have no halves and are left out. NaN for fewer than three
    items or constant means.

    Raises:
        ValueError: the ratings are not a matrix.
    """
    dealt, n = rated_items(ratings, at_least=2)
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

    return _stepped_up(_mean_correlation(halves, len(n), n_splits, seed))


def person_halves(ratings: PersonRatings, n_splits: int = 1000, seed: int = 0) -> SplitHalf:
    """Split-half reliability of item means, over random splits of the people.

    Each split deals floor(m/2) of all m people to one half and the rest to the other, and
    correlates the half means over the items that both halves rated. What makes a person rate higher
    throughout stays within a half, as it does within a study. `r` and Spearman-Brown as in
    `split_half`. NaN where halves never share three items.
    """
    people = np.unique(ratings.person)
    values, rated = (part[:, people] for part in (ratings.values(), ratings.rated()))
    totals, n = values.sum(axis=1)[:, np.newaxis], rated.sum(axis=1)[:, np.newaxis]

    def halves(rng: np.random.Generator, n_draws: int) -> tuple[FloatArray, FloatArray]:
        order = rng.random((n_draws, len(people))).argsort(axis=1)
        first = (order < len(people) // 2).astype(np.float64).T
        sums, counts = values @ first, rated @ first
        with np.errstate(divide="ignore", invalid="ignore"):
            means = sums / counts, (totals - sums) / (n - counts)
        return means[0].T, means[1].T

    return _stepped_up(_mean_correlation(halves, ratings.n_items, n_splits, seed))


def one_rating(ratings: ArrayLike, n_draws: int = 1000, seed: int = 0) -> float:
    """Mean correlation of one rating of every item with the mean of the item's other ratings.

    Each draw takes one rating of every item at random, and correlates these over items with the
    means of the others; the result is the mean over draws. Each rating may be another person's, so
    that people who rate higher throughout lower it: with a model, compare `one_human` where it is
    known who rated.

    Items with fewer than two ratings are left out. NaN for fewer than three items or constant
    ratings.

    Raises:
        ValueError: the ratings are not a matrix.
    """
    dealt, n = rated_items(ratings, at_least=2)
    items, totals = np.arange(len(n)), dealt.sum(axis=1)

    def one_and_others(rng: np.random.Generator, n_draws: int) -> tuple[FloatArray, FloatArray]:
        one = dealt[items, rng.integers(n, size=(n_draws, len(n)))]
        return one, (totals - one) / (n - 1)

    return _mean_correlation(one_and_others, len(n), n_draws, seed)


def one_human(ratings: PersonRatings, at_least: int = FEWEST_RATED) -> float:
    """Mean correlation of one person with the mean of the others: how human-like one human is.

    Each person's ratings are correlated, over the items that this person and others rated, with
    the means of the others; the result is the mean over people with `at_least` such items whose
    ratings vary. NaN without any.
    """
    totals = np.bincount(ratings.item, ratings.value, minlength=ratings.n_items)[ratings.item]
    n = np.bincount(ratings.item, minlength=ratings.n_items)[ratings.item]
    shared = n > 1
    person, own = ratings.person[shared], ratings.value[shared]
    others = (totals[shared] - own) / (n[shared] - 1)
    if not len(person):
        return np.nan
    counts = np.maximum(np.bincount(person), 1)
    own, others = (
        values - (np.bincount(person, values) / counts)[person] for values in (own, others)
    )
    xx, yy, xy = (
        np.bincount(person, x * y) for x, y in ((own, own), (others, others), (own, others))
    )
    told = (counts >= at_least) & (xx > ROUNDING * counts) & (yy > ROUNDING * counts)
    return float((xy[told] / np.sqrt(xx[told] * yy[told])).mean()) if told.any() else np.nan


def _stepped_up(r: float) -> SplitHalf:
    return SplitHalf(r, 2 * r / (1 + r) if r > -1 else np.nan)


def _mean_correlation(draw: Draw, n_items: int, n_draws: int, seed: int) -> float:
    """Mean over draws of the correlation over items between the two values drawn per item.

    Items without one of the values (NaN) do not count in the draw.
    """
    if n_items < FEWEST_ITEMS:
        return np.nan
    rng = np.random.default_rng(seed)
    correlations = []
    for draws in row_blocks(n_draws, n_items, DRAWN_VALUES):
        x, y = draw(rng, draws.stop - draws.start)
        both = np.isfinite(x) & np.isfinite(y)
        n = both.sum(axis=1, keepdims=True)
        x, y = np.where(both, x, 0), np.where(both, y, 0)
        x = np.where(both, x - x.sum(axis=1, keepdims=True) / np.maximum(n, 1), 0)
        y = np.where(both, y - y.sum(axis=1, keepdims=True) / np.maximum(n, 1), 0)
        xx, yy, xy = (np.einsum("ij,ij->i", *pair) for pair in ((x, x), (y, y), (x, y)))
        varies = (xx > ROUNDING) & (yy > ROUNDING) & (n[:, 0] >= FEWEST_ITEMS)
        correlations.append(xy[varies] / np.sqrt(xx[varies] * yy[varies]))
    defined = np.concatenate(correlations)
    return float(defined.mean()) if defined.size else np.nan
