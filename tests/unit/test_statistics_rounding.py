"""Values that differ in their last digits are equal: in ranks, counts, tests and intervals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from emoalign.statistics.changes import changes
from emoalign.statistics.clustered import clustered_means, clustered_spearman
from emoalign.statistics.correlation import spearman
from emoalign.statistics.distances import kendall, top1
from emoalign.statistics.labels import gradient, partial_spearman
from emoalign.statistics.pairs import FloatArray, levels, ranks, signs
from emoalign.statistics.predictors import rank_correlations
from emoalign.statistics.replicates import Replicates, bca_interval
from emoalign.statistics.significance import rank_sum, signed_rank
from emoalign.statistics.structure import distance_ranks, similarity

TIED = arrays(np.float64, (4, 24), elements=st.sampled_from([0.0, 0.1, 0.3, 1 / 3, 2.5, 8.0]))


def noisy(values: FloatArray, seed: int = 0) -> FloatArray:
    """The values as another order of summation might have left them."""
    rng = np.random.default_rng(seed)
    return values + rng.uniform(-2e-15, 2e-15, values.shape)


@given(TIED)
def test_ranks_of_equal_values_are_those_of_scipy_without_the_noise(values: FloatArray) -> None:
    assert np.array_equal(ranks(noisy(values)), stats.rankdata(values, axis=-1))
    for row, found in zip(values, levels(noisy(values)), strict=True):
        assert np.array_equal(found, np.unique(row, return_inverse=True)[1])


def test_two_equal_values_on_either_side_of_a_half_are_not_torn_apart() -> None:
    """The thirteenth digit of 0.5**13 is a 5: rounding to twelve makes two numbers of it."""
    value = 0.5**13
    around = np.array([value - 1e-16, value + 1e-16])
    assert len(set(np.round(around, 12))) == 2
    assert ranks(around) == pytest.approx([1.5, 1.5])


def test_a_difference_within_rounding_has_no_side() -> None:
    assert np.array_equal(signs([-0.1, -1e-13, 0.0, 2e-16, 1e-9]), [-1, 0, 0, 0, 1])


GRID = np.random.default_rng(4).choice([0.2, 0.7, 0.9, 1.3], (2, 80))
LABELS = np.random.default_rng(5).choice([0.1, 0.2, 0.3, 0.7], (3, 12))
SHARES = np.array([[0.4, 0.4, 0.1, 0.1], [0.3, 0.3, 0.3, 0.1], [0.1, 0.2, 0.3, 0.4]])
GROUPS = np.arange(80) // 2

RANKED: dict[str, Callable[[FloatArray], object]] = {
    "rank sum": lambda x: rank_sum(*x),
    "signed rank": lambda x: signed_rank(*x),
    "rho": lambda x: spearman(*x),
    "rho of draws": lambda x: rank_correlations(x[:1].T, x[1:].T).tolist(),
    "rho over texts": lambda x: clustered_spearman(x[0], x[1], GROUPS, 500, 1),
    "ranks of distances": lambda x: distance_ranks(x[0]).tolist(),
    "similarity": lambda x: similarity(x[0, :78], x[1, :78], 99),
}


@pytest.mark.parametrize("name", RANKED)
def test_the_last_digits_change_no_rank_statistic(name: str) -> None:
    of = RANKED[name]
    assert repr(of(noisy(GRID))) == repr(of(GRID))


def test_the_last_digits_change_no_gradient_over_labels() -> None:
    for seed in range(3):
        same, moved = LABELS, noisy(LABELS, seed)
        assert partial_spearman(*moved) == pytest.approx(partial_spearman(*same))
        found, expected = (gradient(x[0], x[1], 499, 499, 1) for x in (moved, same))
        assert (found.rho, found.p) == pytest.approx((expected.rho, expected.p))
        assert vars(found.interval) == pytest.approx(vars(expected.interval))


def test_the_last_digits_change_neither_the_likeliest_point_nor_the_order_of_the_points() -> None:
    other = SHARES[::-1]
    for metric in (top1, kendall):
        assert metric(noisy(SHARES), other) == pytest.approx(metric(SHARES, other), abs=1e-12)


def test_an_interval_does_not_depend_on_which_way_ties_with_the_estimate_were_rounded() -> None:
    """Half of the replicates are the estimate, so that counting them all on one side moves it."""
    rng = np.random.default_rng(6)
    replicates = rng.choice([-0.2, -0.1, 0.0, 0.0, 0.0, 0.1, 0.4], 2000) + 0.3
    left_out = rng.normal(0.3, 0.01, 50)
    plain = bca_interval(0.3, replicates, left_out)
    for estimate in (0.3 - 4e-16, 0.3 + 4e-16):
        for moved in (replicates - 3e-16, replicates + 3e-16, noisy(replicates)):
            found = bca_interval(estimate, moved, left_out)
            assert vars(found) == pytest.approx(vars(plain), abs=1e-12)
    # Those below, and half of those equal, of which there are about three in seven.
    below = np.mean(replicates < 0.29) + np.mean(np.abs(replicates - 0.3) < 0.01) / 2
    distance = left_out.mean() - left_out
    a = np.sum(distance**3) / (6 * np.sum(distance**2) ** 1.5)
    z = stats.norm.ppf(below) + stats.norm.ppf([0.025, 0.975])
    ends = stats.norm.cdf(stats.norm.ppf(below) + z / (1 - a * z))
    assert [plain.low, plain.high] == pytest.approx(np.quantile(replicates, ends))


def test_means_over_texts_have_one_interval_whatever_the_order_of_their_items() -> None:
    """Scores of few values: sums of resamples often equal that of all, but for the last digit."""
    rng = np.random.default_rng(7)
    values = rng.choice([0.1, 0.2, 0.3], (40, 1))
    groups = np.arange(40)
    counts: list[tuple[float, float]] = []
    for scaled in (values, (values * 3) / 3, (values + 7) - 7, values * 1.1 / 1.1):
        (interval,) = clustered_means(scaled, groups, 2000, 3).intervals
        counts.append((interval.low, interval.high))
    for ends in counts[1:]:
        assert ends == pytest.approx(counts[0], abs=1e-12)


def test_a_p_of_resamples_counts_those_at_zero_on_both_sides() -> None:
    rng = np.random.default_rng(8)
    resampled = rng.choice([-1.0, 0.0, 1.0, 2.0], 999, p=[0.02, 0.03, 0.45, 0.5])
    left_out, present = rng.normal(1, 0.1, 30), np.ones(30, dtype=np.bool_)
    expected = 2 * (1 + np.sum(resampled <= 0)) / 1000
    for moved in (resampled, resampled + 1e-16, resampled - 1e-16, noisy(resampled)):
        assert Replicates(1.4, moved, left_out, present, np.arange(30)).p() == pytest.approx(
            expected
        )


def test_signs_are_flipped_alike_whichever_way_sums_were_rounded() -> None:
    """Of eight equal changes, flips are as extreme as often as eight coins fall alike."""
    before = np.full((1, 8), 0.3)
    text, tested = np.arange(8), np.array([True])
    p = [
        changes(before, before - 0.1 + noise, tested, text, 8, 4096, 1)[0].p
        for noise in (0.0, 1e-16, noisy(np.zeros((1, 8)), 1), noisy(np.zeros((1, 8)), 2))
    ]
    assert p == pytest.approx([p[0]] * 4)
    assert p[0] == pytest.approx(2 / 2**8, abs=0.003)
    (nothing,) = changes(before, noisy(before), tested, text, 8, 4096, 1)
    assert np.isnan(nothing.p)
