"""Statistics with their resamples: intervals, differences and sums, against scipy's bootstrap."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from emoalign.statistics.replicates import (
    Replicates,
    bca_interval,
    combination,
    independent_sum,
    log_rms_sd_ratio_replicates,
    log_sd_ratio_replicates,
    median,
    pearson_replicates,
)
from emoalign.statistics.resampling import (
    log_rms_sd_ratio_sums,
    log_sd_ratio_sums,
    pearson_sums,
    resample_counts,
)

N = 4_000


def cells(n_cells: int, n_items: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    human = rng.gamma(2, 1, size=(n_cells, n_items))
    return human + rng.normal(0, 1, size=human.shape), human


def positive_cells(n_cells: int, n_items: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Values that may be SDs as well as means."""
    model, human = cells(n_cells, n_items, seed)
    return 100 + model, human


def r(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
    x, y = x - x.mean(axis=axis, keepdims=True), y - y.mean(axis=axis, keepdims=True)
    return (x * y).sum(axis=axis) / np.sqrt((x**2).sum(axis=axis) * (y**2).sum(axis=axis))


def log_ratio(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
    return np.log(x.mean(axis=axis) / y.mean(axis=axis))


def log_rms_ratio(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
    return 0.5 * np.log((x**2).mean(axis=axis) / (y**2).mean(axis=axis))


@pytest.mark.parametrize("level", [0.8, 0.95])
@pytest.mark.parametrize(
    ("prepare", "direct"),
    [
        (pearson_sums, r),
        (log_sd_ratio_sums, log_ratio),
        (log_rms_sd_ratio_sums, log_rms_ratio),
    ],
)
def test_the_interval_is_scipys_for_the_same_replicates(prepare, direct, level) -> None:  # type: ignore[no-untyped-def]
    model, human = positive_cells(1, 25, seed=2)
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


def test_replicates_that_tie_with_the_estimate_count_half_as_in_scipy() -> None:
    """The share of seven ones in 25 zeros and ones: one resample in six has the same."""
    chosen = np.repeat([0.0, 1.0], [18, 7])
    theirs = stats.bootstrap(
        (chosen,), np.mean, method="BCa", n_resamples=2000, rng=np.random.default_rng(0)
    )
    replicates = theirs.bootstrap_distribution
    assert np.mean(replicates == chosen.mean()) > 0.15
    jackknife = [np.delete(chosen, item).mean() for item in range(25)]
    ours = bca_interval(float(chosen.mean()), replicates, jackknife)
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs.confidence_interval), abs=1e-9)


@pytest.mark.parametrize("missing", [0, 5])
def test_the_interval_is_scipys_on_the_same_resamples_of_items(missing: int) -> None:
    """Resamples of the same items, drawn from their numbers, where some may be missing."""
    n_items, n_resamples = 30, 500
    model, human = positive_cells(1, n_items, seed=12)
    model[0, :missing] = np.nan
    (ours,) = pearson_replicates(model, human, n_resamples, seed=4)
    counts = resample_counts(n_items, n_resamples, seed=4)
    drawn = (np.repeat(np.arange(n_items), row) for row in counts)
    resampled = np.array(
        [
            stats.pearsonr(model[0, items][items >= missing], human[0, items][items >= missing])[0]
            for items in drawn
        ]
    )
    theirs = stats.bootstrap(
        (model[0, missing:], human[0, missing:]),
        r,
        paired=True,
        vectorized=True,
        method="BCa",
        n_resamples=0,
        bootstrap_result=_Distribution(resampled),
    ).confidence_interval
    assert (ours.interval().low, ours.interval().high) == pytest.approx(tuple(theirs), abs=1e-9)


class _Distribution:
    """What scipy adds its own resamples to: here none."""

    def __init__(self, resampled: np.ndarray) -> None:
        self.bootstrap_distribution = resampled


def test_the_interval_from_own_resamples_is_scipys_within_simulation_error() -> None:
    model, human = positive_cells(1, 25, seed=2)
    theirs = stats.bootstrap(
        (model[0], human[0]),
        r,
        paired=True,
        vectorized=True,
        method="BCa",
        n_resamples=20_000,
        rng=np.random.default_rng(0),
    ).confidence_interval
    (ours,) = pearson_replicates(model, human, 20_000, seed=1)
    assert (ours.interval().low, ours.interval().high) == pytest.approx(tuple(theirs), abs=0.015)


def test_the_log_sd_ratio_says_how_much_less_the_model_varies() -> None:
    rng = np.random.default_rng(4)
    human = rng.gamma(20, 0.1, 300)
    (ratio,) = log_sd_ratio_replicates(0.5 * human * rng.uniform(0.8, 1.2, 300), human, 1000, 0)
    assert ratio.estimate == pytest.approx(np.log(0.5), abs=0.03)
    assert ratio.interval().low < ratio.estimate < ratio.interval().high < 0


@pytest.mark.parametrize(
    "replicates_of", [pearson_replicates, log_sd_ratio_replicates, log_rms_sd_ratio_replicates]
)
def test_a_cell_has_the_same_interval_alone_as_among_others_with_gaps(replicates_of) -> None:  # type: ignore[no-untyped-def]
    model, human = positive_cells(3, 40, seed=2)
    model[1, :4] = np.nan
    together = replicates_of(model, human, 500, seed=1)
    for cell in range(3):
        (alone,) = replicates_of(model[cell], human[cell], 500, seed=1)
        ends, expected = alone.interval(), together[cell].interval()
        assert (alone.estimate, ends.low, ends.high) == pytest.approx(
            (together[cell].estimate, expected.low, expected.high), rel=1e-12
        )


def test_missing_items_cost_no_more_than_those_that_are_not_there() -> None:
    model, human = cells(1, 60, seed=2)
    with_gaps = np.append(model[0], np.full(20, np.nan)), np.append(human[0], np.ones(20))
    (ours,) = pearson_replicates(*with_gaps, 20_000, seed=0)
    (complete,) = pearson_replicates(model, human, 20_000, seed=0)
    assert ours.n_items == 60
    assert (ours.interval().low, ours.interval().high) == pytest.approx(
        (complete.interval().low, complete.interval().high), abs=0.015
    )


def test_one_human_row_serves_all_models() -> None:
    model, human = cells(3, 30, seed=2)
    shared = pearson_replicates(model, human[0], 300, seed=1)
    (alone,) = pearson_replicates(model[2], human[0], 300, seed=1)
    assert shared[2].interval().low == pytest.approx(alone.interval().low, rel=1e-12)


def test_a_model_that_varies_on_one_item_only_has_no_interval() -> None:
    # A resample misses that item, and is constant, 37 times in 100.
    human = np.arange(1.0, 21)
    model = np.full(20, 5.0)
    model[3] = 6
    (of_r,) = pearson_replicates(model, human, 500, seed=0)
    assert np.isnan([of_r.interval().low, of_r.interval().high]).all()
    (spread,) = log_sd_ratio_replicates(model - 5, human, 500, seed=0)
    assert np.isfinite(spread.estimate)
    assert np.isnan([spread.interval().low, spread.interval().high]).all()


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
    (cell,) = pearson_replicates(model, human, 200, seed=0)
    assert np.isnan([cell.interval().low, cell.interval().high]).all()


@pytest.mark.parametrize("replicates_of", [log_sd_ratio_replicates, log_rms_sd_ratio_replicates])
def test_a_model_without_any_spread_has_no_log_ratio(replicates_of) -> None:  # type: ignore[no-untyped-def]
    (ratio,) = replicates_of(np.zeros(5), np.ones(5), 100, seed=0)
    assert np.isnan([ratio.estimate, ratio.interval().low, ratio.interval().high]).all()


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
    intervals = [
        cell.interval() for cell in pearson_replicates(0.6 * human + 0.8 * noise, human, 1000, 0)
    ]
    held = np.mean([interval.low <= 0.6 <= interval.high for interval in intervals])
    assert held == pytest.approx(0.95, abs=0.035)


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


def test_a_median_has_the_interval_that_scipy_finds_on_the_same_items() -> None:
    model, human = cells(3, 60, seed=8)
    shared = human[0]

    def statistic(*of_each: np.ndarray, axis: int) -> np.ndarray:
        *models, people = of_each
        return np.median([r(one, people, axis) for one in models], axis=0)

    found = median(pearson_replicates(model, shared, N, seed=0))
    expected = stats.bootstrap(
        (*model, shared), statistic, paired=True, n_resamples=N, method="BCa", rng=0
    ).confidence_interval
    assert found.estimate == pytest.approx(np.median(r(model, shared)))
    assert (found.interval().low, found.interval().high) == pytest.approx(expected, abs=0.02)


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
        present, alone = np.ones(values.size, dtype=bool), np.arange(values.size)
        return Replicates(sign * values.mean(), sign * drawn, sign * left_out, present, alone)

    both = independent_sum([of(first, 1, 3), of(second, -1, 4)])
    same = bca_interval(both.estimate, theirs.bootstrap_distribution, both.left_out)
    assert (same.low, same.high) == pytest.approx(tuple(theirs.confidence_interval), abs=1e-9)
    own = both.interval()
    assert (own.low, own.high) == pytest.approx(tuple(theirs.confidence_interval), abs=0.05)


def r_of(x: np.ndarray, y: np.ndarray) -> float:
    known = np.isfinite(x) & np.isfinite(y)
    return float(np.corrcoef(x[known], y[known])[0, 1])


def log_ratio_of(x: np.ndarray, y: np.ndarray) -> float:
    known = np.isfinite(x) & np.isfinite(y)
    return float(np.log(x[known].mean() / y[known].mean()))


@pytest.mark.parametrize(
    ("replicates_of", "statistic"),
    [(pearson_replicates, r_of), (log_sd_ratio_replicates, log_ratio_of)],
)
def test_clusters_are_drawn_and_left_out_with_all_of_their_items(
    replicates_of: Callable[..., list[Replicates]],
    statistic: Callable[[np.ndarray, np.ndarray], float],
) -> None:
    """Against a plain loop, over a cell that lacks some items of clusters and a cluster whole."""
    rng = np.random.default_rng(11)
    clusters = rng.permutation(np.append(np.arange(12), rng.integers(0, 12, 40)))
    of_cluster = rng.normal(0, 1, 12)[clusters]
    human = 5 + of_cluster + rng.uniform(0, 1, 52)
    model = 5 + of_cluster + rng.uniform(0, 1, 52)
    model[(rng.random(52) < 0.1) | (clusters == 7)] = np.nan
    (ours,) = replicates_of(model, human, 300, seed=4, clusters=clusters)

    members = [np.flatnonzero(clusters == number) for number in range(12)]
    drawn = [
        np.concatenate(
            [items for items, times in zip(members, row, strict=True) for _ in range(times)]
        )
        for row in resample_counts(12, 300, seed=4)
    ]
    resampled = [statistic(model[items], human[items]) for items in drawn]
    left_out = [
        statistic(model[clusters != number], human[clusters != number]) for number in range(12)
    ]
    assert ours.resampled == pytest.approx(np.array(resampled))
    assert ours.left_out == pytest.approx(np.array(left_out))
    assert (ours.n_items, ours.n_clusters) == (int(np.isfinite(model).sum()), 11)
    expected = bca_interval(statistic(model, human), resampled, np.delete(left_out, 7))
    assert (ours.interval().low, ours.interval().high) == pytest.approx(
        (expected.low, expected.high)
    )


def test_items_that_stand_alone_are_clusters_of_one() -> None:
    model, human = cells(3, 40, seed=7)
    alone = pearson_replicates(model, human, 200, seed=1)
    clustered = pearson_replicates(model, human, 200, seed=1, clusters=np.arange(40))
    for one, other in zip(alone, clustered, strict=True):
        assert one.interval() == other.interval()


def test_clusters_of_datasets_stay_apart_in_their_sum() -> None:
    model, human = cells(1, 40, seed=7)
    lacking = np.where(np.arange(40) % 10 == 3, np.nan, model)
    single = [
        pearson_replicates(values, human, 200, seed=seed)[0]
        for seed, values in ((1, model), (2, lacking))
    ]
    fourfold = [
        pearson_replicates(
            np.tile(values, 4), np.tile(human, 4), 200, seed, np.tile(np.arange(40), 4)
        )[0]
        for seed, values in ((1, model), (2, lacking))
    ]
    once, summed = independent_sum(single), independent_sum(fourfold)
    assert (summed.n_items, summed.n_clusters) == (4 * 76, once.n_clusters) == (4 * 76, 76)
    assert (summed.interval().low, summed.interval().high) == pytest.approx(
        (once.interval().low, once.interval().high)
    )


@pytest.mark.parametrize("n_clusters", [1, 2])
def test_fewer_than_three_clusters_have_a_correlation_without_an_interval(n_clusters: int) -> None:
    model, human = cells(1, 40, seed=7)
    few = np.arange(40) % n_clusters
    (cell,) = pearson_replicates(model, human, 200, seed=1, clusters=few)
    assert cell.estimate == pytest.approx(r_of(model[0], human[0]))
    assert np.isnan([cell.interval().low, cell.interval().high, cell.p()]).all()
    (sure,) = pearson_replicates(model, human, 200, seed=2)
    assert np.isnan((cell - cell).interval().low)
    assert np.isnan(independent_sum([cell, sure]).interval().low)


def test_clusters_must_be_as_many_as_items() -> None:
    with pytest.raises(ValueError, match=r"found clusters of shape \(3,\), expected \(40,\)"):
        pearson_replicates(*cells(1, 40, seed=7), 10, seed=1, clusters=np.arange(3))


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


def test_35_cells_of_1000_items_take_less_time_than_one_takes_scipy() -> None:
    model, human = cells(35, 1000, seed=2)
    start = time.thread_time()
    for cell in pearson_replicates(model, human, 10_000, seed=0):
        cell.interval()
    between = time.thread_time()
    stats.bootstrap((model[0], human[0]), r, paired=True, n_resamples=10_000, method="BCa")
    assert between - start < time.thread_time() - between
