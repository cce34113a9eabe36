"""Predictors that know nothing of an item but what they are meant to know.

What a model reaches says little without them: people's answers are alike from item to item, and
who knows only what people answer on the whole is not far from any of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from emoalign.analyses.distributions.folds import Folds
from emoalign.analyses.distributions.kinds import Kind
from emoalign.analyses.distributions.metrics import ROUNDING
from emoalign.statistics.pairs import FloatArray


def uniform(kind: Kind, n_points: int) -> FloatArray:
    """Every point alike, 1/K; of labels, every set of labels alike, so each with ½. Shape (K,)."""
    return np.full(n_points, 0.5 if kind == "labels" else 1 / n_points)


def marginal(human: FloatArray, folds: Folds) -> FloatArray:
    """People's mean distribution over the items of all other folds than the item's own, (items, K).

    NaN where all items are in one fold.
    """
    found = np.full_like(human, np.nan)
    for fold in np.unique(folds):
        others = folds != fold
        if others.any():
            found[~others] = human[others].mean(axis=0)
    return found


def point_mass(kind: Kind, shares: FloatArray) -> FloatArray:
    """A model that always gives one answer to an item, shape (items, K).

    Ordinal: all on the point nearest to its mean, half on either where two are equally near.
    Labels have no mean: all on the label it chose most often, in equal parts where there are
    several; nothing where it chose none.
    """
    n_points = shares.shape[1]
    if kind == "labels":
        most = shares.max(axis=1, keepdims=True)
        near = (shares >= most - ROUNDING) & (most > 0)
    else:
        places = np.arange(n_points)
        away = np.abs(places - (shares @ places)[:, np.newaxis])
        near = away <= away.min(axis=1, keepdims=True) + ROUNDING
    found: FloatArray = near / np.maximum(near.sum(axis=1, keepdims=True), 1)
    return found


def shuffled(shares: FloatArray, permutations: int, seed: int) -> Iterator[FloatArray]:
    """The model's distributions on other items than its own, one permutation after the other.

    With no more items than `permutations` every item gets every distribution once, so that the mean
    is exact; else the permutations are random.
    """
    n_items = len(shares)
    if n_items <= permutations:
        for shift in range(n_items):
            yield np.roll(shares, shift, axis=0)
        return
    rng = np.random.default_rng(seed)
    for _ in range(permutations):
        yield shares[rng.permutation(n_items)]
