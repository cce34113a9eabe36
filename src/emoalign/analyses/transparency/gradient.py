"""Does a model follow people better on labels that texts say outright?

Labels are few and are the units here: every function takes one value per label, and how exactly a
model's correlation with people is known for each label is not accounted for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from emoalign.statistics.bca import UNDEFINED, Interval, bca_interval
from emoalign.statistics.pairs import FloatArray, is_constant

FEWEST_LABELS = 5
"""With four labels no two-sided permutation p can be below .08."""


@dataclass(frozen=True)
class Gradient:
    """Rank correlation over labels of a predictor with a model's correlation with people.

    Attributes:
        rho: Spearman's, with average ranks for ties.
        interval: its 95 % interval, BCa over resampled labels.
        p: two-sided, by permutation of the labels.
    """

    rho: float
    interval: Interval
    p: float


@dataclass(frozen=True)
class Partial:
    """A partial rank correlation and its two-sided p (t with n - 3 degrees of freedom)."""

    rho: float
    p: float


def gradient(
    predictor: FloatArray, outcome: FloatArray, permutations: int, resamples: int, seed: int
) -> Gradient:
    """Spearman correlation of two values of each label, shape (labels,), both finite.

    p is (1 + permutations with at least this |rho|) / (1 + permutations). All NaN for fewer than
    five labels or where one side is constant.
    """
    n = len(predictor)
    if n < FEWEST_LABELS or is_constant(predictor) or is_constant(outcome):
        return Gradient(np.nan, UNDEFINED, np.nan)
    rng = np.random.default_rng(seed)
    pair = np.stack((predictor, outcome))
    rho = float(_spearman(pair[np.newaxis])[0])
    shuffled = rng.permuted(np.tile(outcome, (permutations, 1)), axis=1)
    beside = np.stack((np.broadcast_to(predictor, shuffled.shape), shuffled), axis=1)
    at_least = np.sum(np.abs(_spearman(beside)) >= abs(rho) - 1e-12)
    drawn = pair[:, rng.integers(n, size=(resamples, n))].swapaxes(0, 1)
    without = np.stack([np.delete(pair, label, axis=1) for label in range(n)])
    interval = bca_interval(rho, _spearman(drawn), _spearman(without))
    return Gradient(rho, interval, float((1 + at_least) / (1 + permutations)))


def partial_spearman(predictor: FloatArray, outcome: FloatArray, control: FloatArray) -> Partial:
    """Spearman correlation of two values of each label with the ranks of a third held constant.

    (r_xy - r_xz·r_yz) / √((1 - r_xz²)(1 - r_yz²)) of the ranks. NaN for fewer than five labels, or
    where the third leaves nothing to explain.
    """
    n = len(predictor)
    if n < FEWEST_LABELS or any(map(is_constant, (predictor, outcome, control))):
        return Partial(np.nan, np.nan)
    ranks = stats.rankdata(np.stack((predictor, outcome, control)), axis=1)
    xy, xz, yz = np.asarray(np.corrcoef(ranks))[[0, 0, 1], [1, 2, 2]]
    left = (1 - xz**2) * (1 - yz**2)
    if left <= 1e-12:
        return Partial(np.nan, np.nan)
    rho = float(np.clip((xy - xz * yz) / np.sqrt(left), -1, 1))
    if abs(rho) >= 1 - 1e-12:
        return Partial(rho, 0.0)
    t = rho * np.sqrt((n - 3) / (1 - rho**2))
    return Partial(rho, float(2 * stats.t.sf(abs(t), n - 3)))


def _spearman(pairs: FloatArray) -> FloatArray:
    """Spearman rho of each pair, from shape (pairs, 2, labels); NaN where a side is constant."""
    ranks = stats.rankdata(pairs, axis=-1)
    ranks -= ranks.mean(axis=-1, keepdims=True)
    x, y = ranks[:, 0], ranks[:, 1]
    spread = np.sqrt((x**2).sum(axis=-1) * (y**2).sum(axis=-1))
    products = (x * y).sum(axis=-1)
    rho: FloatArray = np.divide(products, spread, out=np.full(len(x), np.nan), where=spread > 0)
    return rho
