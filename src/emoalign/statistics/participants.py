"""How far each participant rates as people do, and as the other participants do.

Each answer belongs to a participant and an item, shape (answers,) each, numbered from 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.pairs import ROUNDING, FloatArray
from emoalign.statistics.two_way import Codes

FEWEST_RATINGS = 10
"""Ratings without which the correlation of one participant says little."""


@dataclass(frozen=True, eq=False)
class Participants:
    """What each participant did, shape (participants,).

    Attributes:
        n_ratings: their ratings.
        mean, sd: of these, in scale points; SD with n − 1.
        r_human: Pearson r of the ratings with human means of their items.
        r_others: the same with the means of the other participants' ratings of these items.
    """

    n_ratings: NDArray[np.int64]
    mean: FloatArray
    sd: FloatArray
    r_human: FloatArray
    r_others: FloatArray


def participants(
    participant: Codes, item: Codes, rating: FloatArray, human: FloatArray
) -> Participants:
    """What the participants did; a missing `rating`, or `human` mean of the item, is NaN.

    Correlations are NaN for fewer than ten ratings and where either side is constant.
    """
    n = int(participant.max(initial=-1)) + 1
    known = np.isfinite(rating)
    numbers = np.bincount(participant, known, minlength=n)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(participant, np.where(known, rating, 0.0), minlength=n) / numbers
        squares = np.where(known, rating - mean[participant], 0.0) ** 2
        sd = np.sqrt(np.bincount(participant, squares, minlength=n) / (numbers - 1))
    return Participants(
        numbers.astype(np.int64),
        mean,
        np.where(numbers > 1, sd, np.nan),
        correlations(participant, rating, human, n),
        correlations(participant, rating, means_of_others(item, rating), n),
    )


def means_of_others(item: Codes, values: FloatArray) -> FloatArray:
    """The mean of the other answers to the item of each, shape (answers,); NaN without any."""
    known = np.isfinite(values)
    present = np.where(known, values, 0.0)
    totals, counts = np.bincount(item, present), np.bincount(item, known)
    with np.errstate(divide="ignore", invalid="ignore"):
        found: FloatArray = (totals[item] - present) / (counts[item] - known)
    return np.where(counts[item] - known > 0, found, np.nan)


def correlations(group: Codes, x: FloatArray, y: FloatArray, n_groups: int) -> FloatArray:
    """Pearson r within each group of answers, shape (n_groups,), over those that have both.

    NaN for fewer than ten and where either side is constant.
    """
    both = np.isfinite(x) & np.isfinite(y)
    of = group[both]
    n = np.bincount(of, minlength=n_groups)
    centred = []
    for values in (x[both], y[both]):
        means = np.bincount(of, values, minlength=n_groups) / np.maximum(n, 1)
        centred.append(values - means[of])
    first, second = centred
    xx, yy, xy = (
        np.bincount(of, product, minlength=n_groups)
        for product in (first * first, second * second, first * second)
    )
    known = (n >= FEWEST_RATINGS) & (xx > ROUNDING * n) & (yy > ROUNDING * n)
    r = xy / np.sqrt(np.where(known, xx * yy, 1.0))
    found: FloatArray = np.where(known, np.clip(r, -1, 1), np.nan)
    return found
