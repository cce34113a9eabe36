"""Items on nine points about which people and a model say the same."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Shares = NDArray[np.float64]
"""The true share of each point, shape (..., items, 9)."""

POINTS = np.arange(1.0, 10)


def nine_points(rng: np.random.Generator, *shape: int) -> Shares:
    """Shares of nine points: normal about a mean from 2 to 8, with an SD of 1.2, and rounded."""
    means = rng.uniform(2, 8, shape)[..., np.newaxis]
    below = stats.norm.cdf(POINTS[:-1] + 0.5, means, 1.2)
    edges = np.zeros((*shape, 1)), np.ones((*shape, 1))
    shares: Shares = np.diff(np.concatenate((edges[0], below, edges[1]), axis=-1))
    return shares


def variances(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The sample variance of each item, from how often each point was chosen, (..., items, 9)."""
    n, total, squares = counts.sum(axis=-1), counts @ POINTS, counts @ POINTS**2
    found: NDArray[np.float64] = (n * squares - total**2) / (n * (n - 1))
    return found
