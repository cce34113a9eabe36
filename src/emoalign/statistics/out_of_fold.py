"""Item means predicted from what is known of other items: regressions in cross-validation.

Items of a cluster share a fold, so that nothing is predicted from its own duplicates. A prediction
is the mean over all items plus what the regression says beyond the mean that it learnt from: those
means alone would correlate negatively with what was left out of them (Poldrack et al. 2020,
JAMA Psychiatry 77:534).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emoalign.statistics.pairs import ROUNDING, FloatArray
from emoalign.statistics.resampling import Folds, ItemSums, Keys, dealt_folds

FOLDS = 5
"""Folds of the items, and inner ones that choose the penalty."""

FEWEST_LEARNT = 20
"""Clusters of items from which anything is learnt."""

PENALTIES = np.logspace(-4, 4, 17)
"""Penalties that are tried, for features whose variances sum to 1."""


@dataclass(frozen=True, eq=False)
class NestedRidge:
    """Predictions of ridge regressions by nested cross-validation.

    Attributes:
        folds: the outer fold of each item, shape (items,).
        means: of the targets, shape (targets,).
        beyond: predictions by a regression that saw none of an item's cluster, minus the mean that
            it learnt from, shape (items, targets).
        within: the same among the items outside each outer fold, from inner folds; NaN for those
            inside, shape (folds, items, targets).
        penalties: those chosen, shape (folds, targets).
    """

    folds: Folds
    means: FloatArray
    beyond: FloatArray
    within: FloatArray
    penalties: FloatArray

    @property
    def predicted(self) -> FloatArray:
        """The predictions of each item, shape (items, targets)."""
        return self.means + self.beyond

    def of(self, target: int) -> NestedRidge:
        """The predictions of one target."""
        one = slice(target, target + 1)
        return NestedRidge(
            self.folds,
            self.means[one],
            self.beyond[:, one],
            self.within[..., one],
            self.penalties[:, one],
        )


def nested_ridge(features: FloatArray, targets: FloatArray, keys: Keys, seed: int) -> NestedRidge:
    """Predict targets of shape (items, targets) from features of shape (items, size).

    Outer folds judge; in each, inner folds choose the penalty of every target from `PENALTIES`, by
    the least squared error. Features are standardised: a few numbers of a language model's hidden
    states are far larger than all others, and would hide them.
    """
    folds = dealt_folds(keys, FOLDS, seed, "outer")
    beyond = np.full(targets.shape, np.nan)
    within = np.full((FOLDS, *targets.shape), np.nan)
    penalties = np.empty((FOLDS, targets.shape[1]))
    for fold in range(FOLDS):
        held, kept = folds == fold, folds != fold
        x, y = features[kept], targets[kept]
        inner = dealt_folds(keys[kept], FOLDS, seed, f"inner {fold}")
        tried = np.empty((len(PENALTIES), *y.shape))
        for part in range(FOLDS):
            left = inner == part
            tried[:, left] = ridge_path(x[~left], y[~left], x[left])
        chosen = np.square(tried + y.mean(axis=0) - y).mean(axis=1).argmin(axis=0)
        of_target = np.arange(len(chosen))
        penalties[fold] = PENALTIES[chosen]
        within[fold, kept] = tried[chosen, :, of_target].T
        beyond[held] = ridge_path(x, y, features[held])[chosen, :, of_target].T
    return NestedRidge(folds, targets.mean(axis=0), beyond, within, penalties)


def ridge_path(x: FloatArray, y: FloatArray, others: FloatArray) -> FloatArray:
    """Predict others beyond the mean of y with each of `PENALTIES`: (penalties, others, targets).

    Learns targets, shape (items, targets), from features, shape (items, size), standardised on the
    same items; `others` has shape (others, size).
    """
    centre, spread = x.mean(axis=0), x.std(axis=0)
    scale = np.where(spread > ROUNDING, spread, 1) * np.sqrt(x.shape[1])
    x, others, y = (x - centre) / scale, (others - centre) / scale, y - y.mean(axis=0)
    # The smaller of the two products has the same eigenvalues.
    by_feature = x.shape[1] <= len(x)
    values, vectors = np.linalg.eigh(x.T @ x if by_feature else x @ x.T)
    left = (others if by_feature else others @ x.T) @ vectors
    right = vectors.T @ (x.T @ y if by_feature else y)
    return np.stack([left @ (right / (values + penalty)[:, np.newaxis]) for penalty in PENALTIES])


def regressed(features: FloatArray, target: FloatArray, keys: Keys, seed: int) -> FloatArray:
    """Predict a target of shape (items,) from features (items, k) by linear regression."""
    folds = dealt_folds(keys, FOLDS, seed, "outer")
    return _regressed(np.broadcast_to(features, (FOLDS, *features.shape)), features, target, folds)


def stacked(ridge: NestedRidge, model: FloatArray, human: FloatArray) -> FloatArray:
    """Predict human means, shape (items,), by linear regression on their ridge and a model's means.

    The regression learns from predictions of inner folds, so that no item has a part in those that
    it is predicted by. Items without a mean of the model have no prediction (NaN).
    """
    both = np.isfinite(model)
    predicted = np.full(len(human), np.nan)
    learnt = np.stack([np.column_stack([one[both, 0], model[both]]) for one in ridge.within])
    applied = np.column_stack([ridge.beyond[both, 0], model[both]])
    predicted[both] = _regressed(learnt, applied, human[both], ridge.folds[both])
    return predicted


def _regressed(
    learnt: FloatArray, applied: FloatArray, target: FloatArray, folds: Folds
) -> FloatArray:
    """Predictions of `target` for each fold from the features `applied`, shape (items, k), by
    regressions on the features `learnt` in the other folds, shape (folds, items, k)."""
    predicted = np.full(len(target), target.mean() if len(target) else np.nan)
    for fold in range(FOLDS):
        held, kept = folds == fold, folds != fold
        if not held.any() or not kept.any():
            continue
        x, y = learnt[fold][kept], target[kept]
        centre = x.mean(axis=0)
        slopes, *_ = np.linalg.lstsq(x - centre, y - y.mean(), rcond=None)
        predicted[held] += (applied[held] - centre) @ slopes
    return predicted


def rmse_sums(predicted: FloatArray, human: FloatArray) -> ItemSums:
    """Prepare the root mean squared error of cells; shapes and missing items as in
    `pearson_sums`."""
    x, y = np.broadcast_arrays(np.atleast_2d(predicted), np.atleast_2d(human))
    present = np.isfinite(x) & np.isfinite(y)
    squares = np.where(present, np.square(x - y), 0.0)

    def statistic(sums: FloatArray) -> FloatArray:
        mean: FloatArray = sums[1] / np.where(sums[0] > 0, sums[0], np.nan)
        return np.sqrt(np.maximum(mean, 0))

    return ItemSums(np.stack((present.astype(np.float64), squares)), present, statistic)
