"""Predictors that know of an item only what they are meant to know, and what such a one reaches.

What a model reaches says little without them: people's answers are alike from item to item, and
who knows only what people answer on the whole is not far from any of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics import distances
from emoalign.statistics.correlation import FEWEST_ITEMS
from emoalign.statistics.distances import Kind, entropies, scores
from emoalign.statistics.pairs import ROUNDING, FloatArray, Pair, ranks
from emoalign.statistics.resampling import Folds


def uniform(kind: Kind, n_points: int) -> FloatArray:
    """Every point alike, 1/K; of labels, every set of labels alike, so each with ½. Shape (K,)."""
    return np.full(n_points, 0.5 if kind == "labels" else 1 / n_points)


def marginal(human: FloatArray, folds: Folds) -> FloatArray:
    """People's mean distribution over the items of all other folds than the item's own, (items, K).

    NaN where all items are in one fold.
    """
    means = np.full_like(human, np.nan)
    for fold in np.unique(folds):
        others = folds != fold
        if others.any():
            means[~others] = human[others].mean(axis=0)
    return means


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
    mass: FloatArray = near / np.maximum(near.sum(axis=1, keepdims=True), 1)
    return mass


def shuffled(n_items: int, permutations: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """Places of other items whose answers stand for each item's, shape (items,), draw by draw.

    With no more items than `permutations` every item meets every one once, so that the mean is
    exact; else the permutations are random.
    """
    if n_items <= permutations:
        for shift in range(n_items):
            yield np.roll(np.arange(n_items), shift)
        return
    rng = np.random.default_rng(seed)
    for _ in range(permutations):
        yield rng.permutation(n_items)


@dataclass(frozen=True, eq=False)
class ByLabel:
    """What somebody reaches label by label, each of shape (labels,): means over items, and draws.

    `rho` is the rank correlation over items of the shares. All are empty for ordinal scales.
    """

    jsd: FloatArray
    brier: FloatArray
    rho: FloatArray


NO_LABELS = ByLabel(np.empty(0), np.empty(0), np.empty(0))


@dataclass(frozen=True, eq=False)
class Reached:
    """What somebody reaches, item by item, on average over draws.

    `values` has shape (metrics, items), in the order of `METRICS`; NaN where no draw tells.
    `entropy_rho` is the rank correlation over items of the entropies, mean over draws.
    """

    values: FloatArray
    entropy_rho: float
    labels: ByLabel


def reached(kind: Kind, pairs: Iterable[Pair], step: float = 1.0) -> Reached:
    """The mean over draws of every metric of every item, and of the rank correlations.

    `pairs` are the draws, at least one; `step` is the distance between points of the scale.
    """
    total: FloatArray = np.zeros(())
    defined: FloatArray = np.zeros(())
    correlations, labels = [], []
    for human, model, raters, answers in pairs:
        values = scores(kind, human, model, step, raters=raters, answers=answers)
        known = np.isfinite(values)
        total = total + np.where(known, values, 0)
        defined = defined + known
        of_people, of_model = (entropies(kind, shares) for shares in (human, model))
        correlations.append(rank_correlations(of_model[:, np.newaxis], of_people[:, np.newaxis]))
        if kind == "labels":
            labels.append(_by_label(human, model))
    return Reached(
        np.where(defined > 0, total / np.maximum(defined, 1), np.nan),
        float(_defined_mean(np.array(correlations))[0]),
        ByLabel(*(_defined_mean(np.array(part)) for part in zip(*labels, strict=True)))
        if labels
        else NO_LABELS,
    )


def rank_correlations(first: FloatArray, second: FloatArray) -> FloatArray:
    """Spearman's rho of each column, over rows that have both; NaN where one does not vary."""
    known = np.isfinite(first).all(axis=1) & np.isfinite(second).all(axis=1)
    if known.sum() < FEWEST_ITEMS:
        return np.full(first.shape[1], np.nan)
    x, y = (ranks(values[known].T).T - (known.sum() + 1) / 2 for values in (first, second))
    xx, yy, xy = ((a * b).sum(axis=0) for a, b in ((x, x), (y, y), (x, y)))
    varies = (xx > 0) & (yy > 0)
    rho: FloatArray = np.where(varies, xy / np.sqrt(np.where(varies, xx * yy, 1)), np.nan)
    return rho


def _by_label(human: FloatArray, model: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    return (
        distances.bernoulli_jsd(human, model).mean(axis=0),
        distances.brier(human, model).mean(axis=0),
        rank_correlations(np.broadcast_to(model, human.shape), human),
    )


def _defined_mean(values: FloatArray) -> FloatArray:
    """Mean over the first axis of what is defined, NaN where nothing is."""
    known = np.isfinite(values)
    n = known.sum(axis=0)
    mean: FloatArray = np.where(known, values, 0).sum(axis=0) / np.where(n > 0, n, np.nan)
    return mean
