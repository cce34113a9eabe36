"""Do 95% intervals hold the truth 95 times in 100? Thousands of simulated studies tell.

The standard error of a coverage of .95 over 2,000 studies is .005, and the bar is three of them.
Discrete ratings, other truths and other numbers of items are those of `benchmarks/coverage.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest

from benchmarks import coverage as simulations
from emoalign.statistics.contrasts import Contrast, contrasts
from emoalign.statistics.replicates import Interval, pearson_replicates

STUDIES, ITEMS, RESAMPLES = 2_000, 300, 2_000
# Correlations with people of models a and b, and with each other.
TRUE_A, TRUE_B, BETWEEN = 0.8, 0.7, 0.65


@pytest.fixture(scope="module")
def studies() -> np.ndarray:
    """Item means of two models and of people, shape (3, studies, items)."""
    rng = np.random.default_rng(2026)
    covariance = [[1, BETWEEN, TRUE_A], [BETWEEN, 1, TRUE_B], [TRUE_A, TRUE_B, 1]]
    drawn = rng.multivariate_normal(np.zeros(3), covariance, (STUDIES, ITEMS))
    return np.moveaxis(drawn, -1, 0)


@pytest.fixture(scope="module")
def compared(studies: np.ndarray) -> Sequence[Contrast]:
    first, second, human = studies
    # Studies of their own have resamples of their own.
    return [
        contrast
        for block in range(0, STUDIES, 100)
        for contrast in contrasts(
            *(values[block : block + 100] for values in (first, second, human)), RESAMPLES, block
        )
    ]


def coverage(intervals: Sequence[Interval], truth: float) -> float:
    return float(np.mean([interval.low <= truth <= interval.high for interval in intervals]))


def test_the_bootstrap_interval_of_r_covers(studies: np.ndarray) -> None:
    first, _, human = studies
    intervals = [
        cell.interval()
        for block in range(0, STUDIES, 100)
        for cell in pearson_replicates(
            first[block : block + 100], human[block : block + 100], RESAMPLES, block
        )
    ]
    assert coverage(intervals, TRUE_A) == pytest.approx(0.95, abs=0.015)


def test_the_bootstrap_interval_of_a_difference_covers(compared: Sequence[Contrast]) -> None:
    intervals = [Interval(one.low, one.high) for one in compared]
    assert coverage(intervals, TRUE_A - TRUE_B) == pytest.approx(0.95, abs=0.015)


def test_zous_interval_of_a_difference_covers(compared: Sequence[Contrast]) -> None:
    intervals = [Interval(one.zou_low, one.zou_high) for one in compared]
    assert coverage(intervals, TRUE_A - TRUE_B) == pytest.approx(0.95, abs=0.015)


@pytest.fixture(scope="module")
def of_all_kinds() -> dict[str, np.ndarray]:
    """Whether intervals hold the truth, in 200 studies of each truth and number of items."""
    kinds = [
        simulations.held(truth, n_items, 200, seed=7)
        for truth, n_items in product(simulations.TRUTHS, simulations.ITEMS)
    ]
    return {name: np.concatenate([kind[name] for kind in kinds]) for name in simulations.INTERVALS}


@pytest.mark.slow
@pytest.mark.parametrize("name", simulations.INTERVALS)
def test_intervals_of_ratings_on_nine_points_cover(
    of_all_kinds: dict[str, np.ndarray], name: str
) -> None:
    assert len(of_all_kinds[name]) == 1_800
    assert 0.92 <= of_all_kinds[name].mean() <= 0.97
