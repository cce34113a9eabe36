"""Standard deviations of people's ratings, estimated from predicted means and the cells' SDs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from emoalign.statistics.out_of_fold import PENALTIES, ridge_path
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import Folds

SMALLEST = 0.01
"""Smaller SDs count as this share of the scale's length: 0 has no logarithm."""


class Means(NamedTuple):
    """Predicted means of items, as they bear on SDs.

    Attributes:
        rated: of rated items without their fold, shape (rated,).
        nested: the same without another fold too, shape (rated, folds).
        others: of other items, shape (others,).
    """

    rated: FloatArray
    nested: FloatArray
    others: FloatArray


def spreads(
    human_sd: FloatArray,
    means: Means,
    cells: tuple[FloatArray, FloatArray],
    folds: Folds,
    ends: tuple[float, float],
) -> tuple[FloatArray, FloatArray]:
    """Estimate the SDs of rated items, out of fold, and of others, (rated,) and (others,).

    A ridge regression of people's log SDs, shape (rated,), NaN where unknown, on the predicted
    mean, its squared distance to the middle of the scale (near the ends people can differ less) and
    the log SDs of `cells`, shapes (rated, cells) and (others, cells), NaN where missing. Folds
    within what is learnt from choose the penalty.
    """
    target = _log(human_sd, ends)
    logs = [_log(sds, ends) for sds in cells]
    rated, others = np.full(len(target), np.nan), np.full(len(means.others), np.nan)
    known = np.isfinite(target)
    for fold in np.unique(folds):
        held, kept = folds == fold, (folds != fold) & known
        learnt = _features(means.nested[:, fold], logs[0], ends)[kept]
        asked = _features(means.rated, logs[0], ends)[held]
        rated[held] = _ridge(learnt, target[kept], folds[kept], asked)
    learnt = _features(means.rated, logs[0], ends)[known]
    if len(others):
        asked = _features(means.others, logs[1], ends)
        others = _ridge(learnt, target[known], folds[known], asked)
    return np.exp(rated), np.exp(others)


def _log(sds: FloatArray, ends: tuple[float, float]) -> FloatArray:
    found: FloatArray = np.log(np.maximum(sds, SMALLEST * (ends[1] - ends[0])))
    return found


def _features(means: FloatArray, logs: FloatArray, ends: tuple[float, float]) -> FloatArray:
    apart = np.square(means - sum(ends) / 2)
    return np.column_stack((means, apart, logs))


def _ridge(learnt: FloatArray, target: FloatArray, folds: Folds, asked: FloatArray) -> FloatArray:
    """Predictions of shape (asked,), with the penalty of least error in the folds learnt from."""
    present = np.isfinite(learnt)
    centre = np.where(present, learnt, 0).sum(axis=0) / np.maximum(present.sum(axis=0), 1)
    learnt, asked = (np.where(np.isfinite(part), part, centre) for part in (learnt, asked))
    errors = np.zeros(len(PENALTIES))
    for fold in np.unique(folds):
        left = folds == fold
        tried = ridge_path(learnt[~left], target[~left, np.newaxis], learnt[left])[..., 0]
        errors += np.square(tried + target[~left].mean() - target[left]).sum(axis=1)
    best = int(errors.argmin())
    predicted: FloatArray = ridge_path(learnt, target[:, np.newaxis], asked)[best, :, 0]
    predicted += target.mean()
    return predicted
