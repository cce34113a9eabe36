"""Item bootstrap, against scipy's BCa interval and by coverage."""

from __future__ import annotations

import time

import numpy as np
import pytest
from scipy import stats

from emoalign.statistics.bootstrap import (
    bca_interval,
    bootstrap_log_sd_ratio,
    bootstrap_log_sd_ratio_cells,
    bootstrap_pearson,
    bootstrap_pearson_cells,
    resample_counts,
)
from emoalign.statistics.resampling import log_sd_ratio_sums, pearson_sums


def cells(n_cells: int, n_items: int, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    human = rng.gamma(2, 1, size=(n_cells, n_items))
    return 100 + human + rng.normal(0, 1, size=human.shape), human


def correlation(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
    x, y = x - x.mean(axis=axis, keepdims=True), y - y.mean(axis=axis, keepdims=True)
    return (x * y).sum(axis=axis) / np.sqrt((x**2).sum(axis=axis) * (y**2).sum(axis=axis))


def log_ratio(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
    return np.log(x.mean(axis=axis) / y.mean(axis=axis))


def test_a_resample_draws_as_many_items_as_there_are() -> None:
    counts = resample_counts(50, 4000, seed=3)
    assert counts.shape == (4000, 50)
    assert (counts.sum(axis=1) == 50).all()
    # Each count is binomial(50, 1/50).
    assert counts.mean(axis=0) == pytest.approx(np.ones(50), abs=0.08)
    assert counts.var() == pytest.approx(49 / 50, abs=0.02)


def test_counts_depend_on_their_arguments_alone_and_cannot_be_spoilt() -> None:
    first = resample_counts(7, 20, seed=1).copy()
    resample_counts.cache_clear()
    assert (resample_counts(7, 20, seed=1) == first).all()
    assert (resample_counts(7, 20, seed=2) != first).any()
    with pytest.raises(ValueError, match="read-only"):
        resample_counts(7, 20, seed=1)[0, 0] = 9


@pytest.mark.parametrize(
    ("prepare", "direct"), [(pearson_sums, correlation), (log_sd_ratio_sums, log_ratio)]
)
def test_replicates_and_jackknife_are_the_statistic_of_the_items_themselves(
    prepare, direct
) -> None:  # type: ignore[no-untyped-def]
    model, human = cells(2, 30)
    counts = resample_counts(30, 25, seed=0)
    sums = prepare(model, human)
    for cell in range(2):
        resampled = [np.repeat(np.arange(30), row) for row in counts]
        expected = [direct(model[cell][items], human[cell][items]) for items in resampled]
        assert sums.replicates(counts)[cell] == pytest.approx(np.array(expected), abs=1e-10)
        others = [np.delete(np.arange(30), item) for item in range(30)]
        expected = [direct(model[cell][items], human[cell][items]) for items in others]
        assert sums.jackknife()[cell] == pytest.approx(np.array(expected), abs=1e-10)
    assert sums.estimate() == pytest.approx(direct(model, human))


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize(
    ("prepare", "direct"), [(pearson_sums, correlation), (log_sd_ratio_sums, log_ratio)]
)
def test_the_interval_is_scipys_for_the_same_replicates(prepare, direct, level) -> None:  # type: ignore[no-untyped-def]
    model, human = cells(1, 25)
    theirs = stats.bootstrap(
        (model[0], human[0]),
        direct,
        paired=True,
        vectorized=True,
        method="BCa",
        n_resamples=2000,
        confidence_level=level,
        rng=np.random.default_rng(0),
    )
    sums = prepare(model, human)
    ours = bca_interval(
        float(sums.estimate()[0]), theirs.bootstrap_distribution, sums.jackknife()[0], level
    )
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs.confidence_interval), abs=1e-9)


def test_the_interval_from_own_resamples_is_scipys_within_simulation_error() -> None:
    model, human = cells(1, 25)
    theirs = stats.bootstrap(
        (model[0], human[0]),
        correlation,
        paired=True,
        vectorized=True,
        method="BCa",
        n_resamples=20_000,
        rng=np.random.default_rng(0),
    ).confidence_interval
    ours = bootstrap_pearson(model[0], human[0], n_resamples=20_000, seed=1)
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs), abs=0.015)


def test_the_log_sd_ratio_says_how_much_less_the_model_varies() -> None:
    rng = np.random.default_rng(4)
    human = rng.gamma(20, 0.1, 300)
    found = bootstrap_log_sd_ratio(0.5 * human * rng.uniform(0.8, 1.2, 300), human)
    assert found.log_ratio == pytest.approx(np.log(0.5), abs=0.03)
    assert found.low < found.log_ratio < found.high < 0


def test_a_cell_has_the_same_interval_alone_as_among_others_with_gaps() -> None:
    model, human = cells(3, 40)
    model[1, :4] = np.nan
    together = bootstrap_pearson_cells(model, human, n_resamples=500)
    ratios = bootstrap_log_sd_ratio_cells(model, human, n_resamples=500)
    for cell in range(3):
        alone = bootstrap_pearson(model[cell], human[cell], n_resamples=500)
        assert (alone.low, alone.high) == pytest.approx(
            (together[cell].low, together[cell].high), abs=1e-9
        )
        ratio = bootstrap_log_sd_ratio(model[cell], human[cell], n_resamples=500)
        assert list(vars(ratio).values()) == pytest.approx(list(vars(ratios[cell]).values()))


def test_missing_items_weigh_nothing() -> None:
    model, human = cells(1, 60)
    with_gaps = np.append(model[0], np.full(20, np.nan)), np.append(human[0], np.ones(20))
    ours = bootstrap_pearson(*with_gaps, n_resamples=20_000)
    complete = bootstrap_pearson(model[0], human[0], n_resamples=20_000)
    assert (ours.low, ours.high) == pytest.approx((complete.low, complete.high), abs=0.015)
    assert pearson_sums(*with_gaps).estimate() == pytest.approx(correlation(model, human))


def test_one_human_row_serves_all_models() -> None:
    model, human = cells(3, 30)
    shared = bootstrap_pearson_cells(model, human[0], n_resamples=300)
    assert shared[2] == bootstrap_pearson(model[2], human[0], n_resamples=300)


def test_a_model_that_varies_on_one_item_only_has_no_interval() -> None:
    # A resample misses that item, and is constant, 37 times in 100.
    human = np.arange(1.0, 21)
    model = np.full(20, 5.0)
    model[3] = 6
    found = bootstrap_pearson(model, human, n_resamples=500)
    assert np.isnan([found.low, found.high]).all()
    spread = bootstrap_log_sd_ratio(model - 5, human, n_resamples=500)
    assert np.isfinite(spread.log_ratio)
    assert np.isnan([spread.low, spread.high]).all()


@pytest.mark.parametrize(
    ("model", "human"),
    [
        ([], []),
        ([5.0], [4.0]),
        ([5.0, 5.0, 5.0, 5.0], [1.0, 2.0, 3.0, 4.0]),
        ([np.nan] * 4, [1.0, 2.0, 3.0, 4.0]),
        ([1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0]),
    ],
)
def test_undefined_intervals_are_nan(model: list[float], human: list[float]) -> None:
    found = bootstrap_pearson(model, human, n_resamples=200)
    assert np.isnan([found.low, found.high]).all()


def test_a_model_without_any_spread_has_no_log_ratio() -> None:
    found = bootstrap_log_sd_ratio(np.zeros(5), np.ones(5), n_resamples=100)
    assert np.isnan(list(vars(found).values())).all()


def test_undefined_replicates_are_dropped_up_to_five_in_a_hundred() -> None:
    rng = np.random.default_rng(0)
    replicates, jackknife = rng.normal(size=1000), rng.normal(size=30)
    few, many = replicates.copy(), replicates.copy()
    few[:40], many[:60] = np.nan, np.nan
    assert bca_interval(0.1, few, jackknife) == bca_interval(0.1, replicates[40:], jackknife)
    assert np.isnan(bca_interval(0.1, many, jackknife).low)


def test_the_interval_of_r_holds_the_true_r_about_95_times_in_100() -> None:
    rng = np.random.default_rng(8)
    human, noise = rng.normal(size=(2, 400, 80))
    found = bootstrap_pearson_cells(0.6 * human + 0.8 * noise, human, n_resamples=1000)
    held = np.mean([interval.low <= 0.6 <= interval.high for interval in found])
    assert held == pytest.approx(0.95, abs=0.035)


def test_35_cells_of_1000_items_take_seconds() -> None:
    model, human = cells(35, 1000)
    start = time.perf_counter()
    bootstrap_pearson_cells(model, human)
    assert time.perf_counter() - start < 5


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match="found shapes"):
        bootstrap_pearson_cells(np.ones((2, 3)), np.ones(4))
    with pytest.raises(ValueError, match="_cells"):
        bootstrap_pearson(np.ones((2, 3)), np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"expected \(n_resamples, 3\)"):
        pearson_sums(np.ones(3), np.ones(3)).replicates(resample_counts(4, 5, 0))
