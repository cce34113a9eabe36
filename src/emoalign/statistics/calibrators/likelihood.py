"""Maps of distributions that are linear in their scores, fitted by likelihood.

Over points, q* = softmax(W log q + b): temperature, bias, vector and Dirichlet scaling (Guo et al.
2017; Kull et al. 2019) are this map with fewer or more numbers free. Of labels, each one's log odds
are mapped by themselves. The likelihood is concave in what is free, so each has one best fit, which
Newton's method finds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

from emoalign.statistics.calibrators.family import Sample
from emoalign.statistics.pairs import FloatArray

Objective = Callable[[FloatArray], tuple[FloatArray, FloatArray, FloatArray]]
"""Takes parameters (problems, P) to losses (problems,), gradients (problems, P) and Hessians
(problems, P, P), all of them positive definite."""

ITERATIONS = 100
HALVINGS = 30
DECREMENT = 1e-9


def fit_diagonal(
    scores: FloatArray, sample: Sample, free: FloatArray, ridge: float, start: FloatArray
) -> FloatArray:
    """How far the free numbers are from the map that changes nothing, shape (F,): W is diagonal.

    Args:
        scores: log q of the model, shape (items, K).
        sample: the items, whose human shares are the target.
        free: what each free number adds to the diagonal of W and to b, shape (F, 2, K).
        ridge: weight of the square of each free number, above 0: only it decides where adding
            something to every point changes nothing.
        start: where to start from, shape (F,).
    Minimised is the mean over items of the cross-entropy in nats, plus the penalty.
    """
    n, k = scores.shape
    features = np.stack((scores, np.ones_like(scores)))
    restriction = free.reshape(len(free), -1)
    weights = sample.shares[:, np.newaxis]
    target = np.sum(features * (weights * sample.human), axis=1).ravel()

    def objective(at: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        slopes, biases = np.tensordot(at[0], free, 1)
        mapped = scores * (1 + slopes) + biases
        shares = special.softmax(mapped, axis=1)
        moved = features * (shares * weights)
        loss = _mean_loss(mapped, sample) + ridge * np.sum(at[0] ** 2)
        gradient = restriction @ (moved.sum(axis=1).ravel() - target) + 2 * ridge * at[0]
        flat = moved.transpose(1, 0, 2).reshape(n, -1)
        full = -((flat / weights).T @ flat).reshape(2, k, 2, k)
        for i in range(2):
            for j in range(2):
                full[i, range(k), j, range(k)] += np.sum(moved[i] * features[j], axis=0)
        hessian = restriction @ full.reshape(2 * k, 2 * k) @ restriction.T
        hessian += 2 * ridge * np.eye(len(free))
        return np.array([loss]), gradient[np.newaxis], hessian[np.newaxis]

    found: FloatArray = minimise(objective, start[np.newaxis])[0]
    return found


def fit_full(
    scores: FloatArray, sample: Sample, ridge: FloatArray, start: FloatArray
) -> FloatArray:
    """(W | b) less that which changes nothing, shape (K, K + 1), where all of it is free.

    As `fit_diagonal`, with a weight of the penalty for each number, shape (K, K + 1).
    """
    n, k = scores.shape
    features = np.column_stack((scores, np.ones(n)))
    products = (features[:, :, np.newaxis] * features[:, np.newaxis, :]).reshape(n, -1)
    weights = sample.shares[:, np.newaxis]
    target = sample.human.T @ (weights * features)
    penalty = 2 * np.diag(ridge.ravel())

    def objective(at: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        moved = at.reshape(k, k + 1)
        mapped = scores + features @ moved.T
        shares = special.softmax(mapped, axis=1)
        loss = _mean_loss(mapped, sample) + np.sum(ridge * moved**2)
        weighed = weights * shares
        gradient = weighed.T @ features - target + 2 * ridge * moved
        spread = -(weighed[:, :, np.newaxis] * shares[:, np.newaxis, :])
        spread[:, range(k), range(k)] += weighed
        full = (spread.reshape(n, -1).T @ products).reshape(k, k, k + 1, k + 1)
        hessian = full.transpose(0, 2, 1, 3).reshape(k * (k + 1), -1) + penalty
        return np.array([loss]), gradient.reshape(1, -1), hessian[np.newaxis]

    found: FloatArray = minimise(objective, start.reshape(1, -1))[0].reshape(k, k + 1)
    return found


def _mean_loss(mapped: FloatArray, sample: Sample) -> float:
    """Mean cross-entropy of people's shares under softmax of the scores, in nats."""
    losses = special.logsumexp(mapped, axis=1) - np.sum(sample.human * mapped, axis=1)
    return float(sample.shares @ losses)


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


def minimise(objective: Objective, start: FloatArray) -> FloatArray:
    """The parameters, shape (problems, P), that minimise each loss.

    A step that does not bring a loss down is halved. The end is where half the Newton decrement,
    the distance from the minimum as the quadratic model sees it, is below 1e-9 in every problem.
    """
    at = start
    loss, gradient, hessian = objective(at)
    for _ in range(ITERATIONS):
        step = np.linalg.solve(hessian, gradient[..., np.newaxis])[..., 0]
        if np.max(np.sum(step * gradient, axis=1)) / 2 < DECREMENT:
            return at
        for _ in range(HALVINGS):
            found = objective(at - step)
            worse = ~(found[0] <= loss + DECREMENT)
            if not worse.any():
                break
            step = np.where(worse[:, np.newaxis], step / 2, step)
        at = at - step
        loss, gradient, hessian = found
    return at
