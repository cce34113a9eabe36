"""Newton's method for many small convex problems at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from emoalign.statistics.pairs import FloatArray

Objective = Callable[[FloatArray], tuple[FloatArray, FloatArray, FloatArray]]
"""Takes parameters (problems, P) to losses (problems,), gradients (problems, P) and Hessians
(problems, P, P), all of them positive definite."""

ITERATIONS = 100
HALVINGS = 30
DECREMENT = 1e-9


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
