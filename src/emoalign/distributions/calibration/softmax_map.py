"""Maps of distributions over points, linear in their logarithms: q* = softmax(W log q + b).

Temperature, bias, vector and Dirichlet scaling (Guo et al. 2017; Kull et al. 2019) are this map
with fewer or more numbers free. The likelihood is concave in them, so each has one best fit.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from emoalign.distributions.calibration.newton import minimise
from emoalign.statistics.pairs import FloatArray


def fit_softmax(
    scores: FloatArray, human: FloatArray, free: FloatArray, ridge: FloatArray, start: FloatArray
) -> FloatArray:
    """How far the free numbers are from the map that changes nothing, shape (F,).

    Args:
        scores: log q of the model, shape (items, K).
        human: shares of people, shape (items, K).
        free: what each free number adds to (W | b), shape (F, K, K + 1).
        ridge: weight of the square of each free number, shape (F,), above 0 wherever the
            likelihood does not decide.
        start: where to start from, shape (F,).
    Minimised is the mean over items of the cross-entropy in nats, plus the penalty.
    """
    n, k = scores.shape
    features = np.column_stack((scores, np.ones(n)))
    products = (features[:, :, np.newaxis] * features[:, np.newaxis, :]).reshape(n, -1)
    restriction = free.reshape(len(free), -1)
    target = human.T @ features / n

    def objective(at: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        weights = identity(k) + np.tensordot(at[0], free, 1)
        mapped = features @ weights.T
        shares = special.softmax(mapped, axis=1)
        # Shares sum to 1, so that log(sum exp) = mapped - log softmax of any one point.
        total = mapped[:, 0] - np.log(np.maximum(shares[:, 0], np.finfo(float).tiny))
        loss = total.mean() - np.sum(weights * target) + np.sum(ridge * at[0] ** 2)
        gradient = restriction @ (shares.T @ features / n - target).ravel() + 2 * ridge * at[0]
        spread = -(shares[:, :, np.newaxis] * shares[:, np.newaxis, :])
        spread[:, np.arange(k), np.arange(k)] += shares
        full = (spread.reshape(n, -1).T @ products / n).reshape(k, k, k + 1, k + 1)
        full = full.transpose(0, 2, 1, 3).reshape(k * (k + 1), -1)
        hessian = restriction @ full @ restriction.T + 2 * np.diag(ridge)
        return np.array([loss]), gradient[np.newaxis], hessian[np.newaxis]

    found: FloatArray = minimise(objective, start[np.newaxis])[0]
    return found


def identity(k: int) -> FloatArray:
    """(W | b) of the map that changes nothing, shape (K, K + 1)."""
    return np.eye(k, k + 1)


def slopes(k: int) -> FloatArray:
    """A free number for each place on the diagonal of W, shape (K, K, K + 1)."""
    free = np.zeros((k, k, k + 1))
    free[np.arange(k), np.arange(k), np.arange(k)] = 1
    return free


def intercepts(k: int) -> FloatArray:
    """A free number for each place of b, shape (K, K, K + 1)."""
    free = np.zeros((k, k, k + 1))
    free[np.arange(k), np.arange(k), k] = 1
    return free
