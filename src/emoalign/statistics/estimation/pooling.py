"""Distributions of people's ratings, pooled from those that several cells give."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.estimation.held_out import N_FOLDS
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import Keys, dealt_folds

SMALLEST = 1e-6
"""Smaller shares count as this: a rating that a cell ruled out must have some likelihood."""

ROUNDS, ENOUGH = 1_000, 1e-9
"""Rounds of EM at most, and the change of weights at which it ends."""


@dataclass(frozen=True, eq=False)
class Pooled:
    """A linear pool of distributions.

    Attributes:
        shares: the pooled distribution of each item, shape (items, K), rows sum to 1; NaN where no
            cell has one. That of a rated item has weights that its cluster had no part in.
        weights: of the cells, shape (cells,), from all rated items; they sum to 1.
    """

    shares: FloatArray
    weights: FloatArray


def pooled(shares: FloatArray, counts: FloatArray, keys: Keys, seed: int) -> Pooled:
    """Pool the cells' distributions with the weights under which people's ratings are likeliest.

    The distributions must be held out, as calibrated ones are. Then the likelihood chooses weights
    by what each cell is worth for new items (Yao et al. 2018, Bayesian Analysis 13:917). An item
    that a cell has no distribution of is pooled from the others.

    Args:
        shares: the cells' distributions, shape (cells, items, K); NaN where one is missing.
        counts: how many people gave each point, shape (items, K); 0 (or NaN) where nobody rated.
        keys: the cluster of each item, shape (items,).
        seed: deals the folds.
    """
    counts = np.nan_to_num(counts)
    rated = counts.sum(axis=1) > 0
    folds = np.full(len(keys), -1)
    if rated.any():
        folds[rated] = dealt_folds(keys[rated], N_FOLDS, seed, "estimates")
    shares = np.maximum(shares, SMALLEST)
    shares = shares / shares.sum(axis=2, keepdims=True)
    # NaN stays in a sum.
    present = np.isfinite(shares.sum(axis=2))
    learnt = rated & present.all(axis=0)
    weights = weights_by_likelihood(shares[:, learnt], counts[learnt])
    mixed = _mixed(shares, present, weights)
    for fold in range(N_FOLDS):
        held, kept = folds == fold, learnt & (folds != fold)
        of_fold = weights_by_likelihood(shares[:, kept], counts[kept])
        mixed[held] = _mixed(shares[:, held], present[:, held], of_fold)
    return Pooled(mixed, weights)


def weights_by_likelihood(shares: FloatArray, counts: FloatArray) -> FloatArray:
    """The weights of a mixture of known distributions, shape (cells,), by EM.

    They maximise Σ counts · log Σ weight · share, from shapes (cells, items, K) and (items, K); the
    maximum is the only one unless cells are equal. Equal weights without ratings.
    """
    given = counts > 0
    likelihood, n = shares[:, given], counts[given]
    weights = np.full(len(shares), 1 / max(len(shares), 1))
    for _ in range(ROUNDS if n.size else 0):
        of_cell = likelihood @ (n / (weights @ likelihood))
        better = weights * of_cell / n.sum()
        change = np.abs(better - weights).max()
        weights = better
        if change < ENOUGH:
            break
    total: FloatArray = weights / weights.sum()
    return total


def _mixed(shares: FloatArray, present: NDArray[np.bool_], weights: FloatArray) -> FloatArray:
    """The mixture of what is present of each item, shape (items, K)."""
    used = weights[:, np.newaxis] * present
    # Where only cells without weight have a distribution, they share alike.
    used = np.where(used.sum(axis=0) > 0, used, present.astype(np.float64))
    total = used.sum(axis=0)
    used = used / np.where(total > 0, total, np.nan)
    mixed: FloatArray = np.einsum("ci,cik->ik", used, np.where(np.isnan(shares), 0, shares))
    return mixed
