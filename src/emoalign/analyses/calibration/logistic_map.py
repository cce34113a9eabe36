"""Maps of the shares of labels that are linear in their log odds, for all labels at once."""

from __future__ import annotations

import numpy as np
from scipy import special

from emoalign.analyses.calibration.newton import minimise
from emoalign.statistics.pairs import FloatArray


def fit_logistic(
    scores: FloatArray,
    human: FloatArray,
    weights: FloatArray,
    free: tuple[bool, bool],
    ridge: float,
    start: FloatArray,
) -> FloatArray:
    """Slope and intercept of each label, less those that change nothing (1 and 0).

    Args:
        scores: log odds of the model's shares, shape (items, L).
        human: shares of people, shape (items, L).
        weights: of the items, shape (items,), which sum to 1.
        free: whether slopes and intercepts are free; the others stay 0.
        ridge: weight of the squares of what is free, above 0.
        start: where to start from, shape (L, 2).
    Minimised is the mean over items of the cross-entropy of each label in nats, plus the penalty:
    a logistic regression for each label (Platt 1999), on shares.
    """
    features = np.stack((scores.T, np.ones_like(scores.T)))[np.asarray(free)]
    target = np.einsum("fln,nl->lf", features, human * weights[:, np.newaxis])
    own = weights @ (scores * human)

    def objective(at: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        mapped = scores.T + np.einsum("lf,fln->ln", at, features)
        shares = special.expit(mapped)
        total = np.logaddexp(0, mapped) @ weights
        loss = total - own - np.sum(at * target, axis=1) + ridge * np.sum(at**2, axis=1)
        weighed = shares * weights
        gradient = np.einsum("fln,ln->lf", features, weighed) - target + 2 * ridge * at
        hessian = np.einsum("fln,gln,ln->lfg", features, features, weighed * (1 - shares))
        return loss, gradient, hessian + 2 * ridge * np.eye(at.shape[1])

    found = np.zeros_like(start)
    found[:, np.asarray(free)] = minimise(objective, start[:, np.asarray(free)])
    return found
