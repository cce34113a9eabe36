"""Means and differences over cells and datasets, against scipy's bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from emoalign.statistics.bca import bca_interval
from emoalign.statistics.replicates import (
    Replicates,
    combination,
    independent_sum,
    pearson_replicates,
    seed_of,
)

N = 4_000


def cells(n_cells: int, n_items: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    human = rng.gamma(2, 1, size=(n_cells, n_items))
    return human + rng.normal(0, 1, size=human.shape), human


def r(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
    x, y = x - x.mean(axis=axis, keepdims=True), y - y.mean(axis=axis, keepdims=True)
    return (x * y).sum(axis=axis) / np.sqrt((x**2).sum(axis=axis) * (y**2).sum(axis=axis))


def test_a_mean_over_scales_has_the_interval_that_scipy_finds_on_the_same_items() -> None:
    model, human = cells(3, 50, seed=1)
    theirs = stats.bootstrap(
        (*model, *human),
        lambda *of, axis: (
            (r(of[0], of[3], axis) + r(of[1], of[4], axis)) / 2 - r(of[2], of[5], axis)
        ),
        paired=True,
        vectorized=True,
        method="BCa",
        n_resamples=N,
        rng=np.random.default_rng(0),
    ).confidence_interval
    found = combination(pearson_replicates(model, human, N, seed=0), (0.5, 0.5, -1)).interval()
    assert (found.low, found.high) == pytest.approx(tuple(theirs), abs=0.03)


def test_datasets_of_their_own_have_the_interval_of_several_samples() -> None:
    """scipy resamples single numbers, so that the check is on means instead of correlations."""
    rng = np.random.default_rng(2)
    first, second = rng.gamma(2, 1, 30), rng.gamma(1, 1, 60)
    theirs = stats.bootstrap(
        (first, second),
        lambda x, y, axis: x.mean(axis=axis) - y.mean(axis=axis),
        vectorized=True,
        method="BCa",
        n_resamples=N,
        rng=np.random.default_rng(0),
    )

    def of(values: np.ndarray, sign: int, seed: int) -> Replicates:
        drawn = np.random.default_rng(seed).choice(values, (N, values.size)).mean(axis=1)
        left_out = (values.sum() - values) / (values.size - 1)
        present = np.ones(values.size, dtype=bool)
        return Replicates(sign * values.mean(), sign * drawn, sign * left_out, present)

    both = independent_sum([of(first, 1, 3), of(second, -1, 4)])
    same = bca_interval(both.estimate, theirs.bootstrap_distribution, both.left_out)
    assert (same.low, same.high) == pytest.approx(tuple(theirs.confidence_interval), abs=1e-9)
    own = both.interval()
    assert (own.low, own.high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.05)


def test_one_dataset_alone_is_what_it_was() -> None:
    (cell,) = pearson_replicates(*cells(1, 40, seed=3), n_resamples=500, seed=1)
    alone = independent_sum([cell]).interval()
    # The factor (n-1)/n of the influences cancels in the acceleration of one sample.
    assert (alone.low, alone.high) == pytest.approx((cell.interval().low, cell.interval().high))


def test_more_cells_than_are_worked_on_at_once_change_nothing() -> None:
    model, human = cells(70, 20, seed=4)
    together = pearson_replicates(model, human, 100, seed=1)
    alone = pearson_replicates(model[[69]], human[[69]], 100, seed=1)[0]
    assert together[69].resampled == pytest.approx(alone.resampled)


def test_p_is_small_where_the_interval_is_far_from_nothing() -> None:
    model, human = cells(2, 200, seed=5)
    first, second = pearson_replicates(model, human, 999, seed=1)
    assert first.p() == pytest.approx(2 / 1000)
    assert (first - first).estimate == 0
    assert (first - second).p() > 0.05


def test_p_of_no_correlation_is_uniform_enough() -> None:
    rng = np.random.default_rng(6)
    x, y = rng.normal(size=(2, 500, 60))
    p = [cell.p() for cell in pearson_replicates(x, y, 1000, seed=2)]
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.03)


@pytest.mark.parametrize("n_items", [0, 1, 2])
def test_fewer_than_three_items_have_no_correlation(n_items: int) -> None:
    model = np.full((1, 5), np.nan)
    model[0, :n_items] = np.arange(n_items)
    (cell,) = pearson_replicates(model, np.arange(5.0), 100, seed=1)
    assert np.isnan([cell.estimate, cell.interval().low, cell.p()]).all()
    (nothing,) = pearson_replicates(np.empty((1, 0)), np.empty(0), 100, seed=1)
    assert np.isnan([nothing.estimate, nothing.interval().low]).all()


def test_datasets_have_seeds_of_their_own() -> None:
    assert len({seed_of(1, "oasis"), seed_of(1, "naps"), seed_of(2, "naps")}) == 3
    assert seed_of(1, "naps") == seed_of(1, "naps")
