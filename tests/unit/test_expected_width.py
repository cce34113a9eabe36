"""Widths of intervals to expect, against intervals by CV+ of planted models."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from emoalign.statistics.expected_width import expected_width, half_width


def test_far_from_the_ends_of_the_scale_a_width_is_that_of_the_formula() -> None:
    means = np.random.default_rng(1).normal(50, 2, 4000)
    width = expected_width(means, (0, 100), 0.8)
    assert width == pytest.approx(2 * 1.6449 * means.std(ddof=1) * 0.6, rel=1e-4)
    assert half_width(2, 0.8, 0.5) == pytest.approx(stats.norm.ppf(0.75) * 2 * 0.6)


def test_of_models_that_know_nothing_an_interval_is_the_same_for_all() -> None:
    means = np.array([1.0, 9.0, 2.0, 8.0, 5.0])
    half = 1.6449 * means.std(ddof=1)
    cut = min(9, means.mean() + half) - max(1, means.mean() - half)
    assert expected_width(means, (1, 9), 0.0) == pytest.approx(cut, rel=1e-4)
    assert expected_width(means, (1, 9), 1.0) == 0


def cv_plus(x: np.ndarray, y: np.ndarray, new: np.ndarray, alpha: float) -> np.ndarray:
    """Intervals of Barber et al. (2021), item by item, as they are defined: (items, 2)."""
    n = len(y)
    fold = np.arange(n) % 10
    lines = np.array([np.polyfit(x[fold != k], y[fold != k], 1) for k in range(10)])
    slope, intercept = lines[fold].T
    residual = abs(y - slope * x - intercept)
    ends = []
    for value in new:
        at = slope * value + intercept
        low = np.sort(at - residual)[math.floor(alpha * (n + 1)) - 1]
        high = np.sort(at + residual)[math.ceil((1 - alpha) * (n + 1)) - 1]
        ends.append((low, high))
    return np.array(ends)


def peaked(rng: np.random.Generator, n: int) -> np.ndarray:
    """Means as of VADER: positive and negative words, few between, from 1 to 9."""
    side = rng.integers(2, size=n)
    return np.clip(np.where(side == 1, rng.normal(6.7, 0.8, n), rng.normal(3.4, 0.9, n)), 1, 9)


@pytest.mark.parametrize("r", [0.5, 0.7, 0.8, 0.9])
@pytest.mark.parametrize("shape", ["normal", "peaked"])
def test_intervals_by_cv_plus_are_as_wide_as_was_expected_and_cover(r: float, shape: str) -> None:
    rng = np.random.default_rng(20)
    widths, covered = [], []
    for _ in range(10):
        y = peaked(rng, 400) if shape == "peaked" else np.clip(rng.normal(5, 1.5, 400), 1, 9)
        z = (y - y.mean()) / y.std()
        x = r * z + math.sqrt(1 - r * r) * rng.standard_normal(400)
        ends = np.clip(cv_plus(x[:300], y[:300], x[300:], 0.1), 1, 9)
        widths.append((ends[:, 1] - ends[:, 0]).mean() / expected_width(y, (1, 9), r))
        covered.append(((ends[:, 0] <= y[300:]) & (y[300:] <= ends[:, 1])).mean())
    assert 0.95 < np.mean(widths) < 1.05
    assert 0.87 < np.mean(covered) < 0.94
