"""All ways of asking at once: agreement on an order of models, and the test by swapping items."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from emoalign.statistics.specifications import SwapTest, kendall_w, swap_test

N_SPECIFICATIONS, N_ITEMS = 12, 200


def friedman_w(values: np.ndarray) -> float:
    """W from Friedman's chi-squared, which is m(k - 1)W and corrects for ties likewise."""
    m, k = values.shape
    return float(stats.friedmanchisquare(*values.T).statistic) / (m * (k - 1))


@pytest.mark.parametrize("ties", [False, True])
def test_kendalls_w_is_that_of_friedmans_test(ties: bool) -> None:
    rng = np.random.default_rng(1)
    for m, k in ((2, 3), (5, 4), (12, 6)):
        values = rng.normal(size=(m, k)) + np.arange(k) / 2
        values = np.round(values) if ties else values
        assert kendall_w(values) == pytest.approx(friedman_w(values), rel=1e-12)


def test_kendalls_w_is_1_for_one_order_and_0_for_two_that_are_opposite() -> None:
    assert kendall_w([[0.1, 0.2, 0.3], [0.4, 0.5, 0.9]]) == pytest.approx(1)
    assert kendall_w([[0.1, 0.2, 0.3], [0.9, 0.5, 0.4]]) == pytest.approx(0)
    assert kendall_w([[0.1, 0.2], [0.4, 0.5]]) == pytest.approx(1)


def test_a_specification_that_lacks_a_model_does_not_count() -> None:
    rows = [[0.1, 0.2, 0.3], [0.4, 0.5, 0.9], [0.9, np.nan, 0.1]]
    assert kendall_w(rows) == pytest.approx(1)


@pytest.mark.parametrize("values", [[[0.1, 0.2]], [[0.1], [0.2]], [[0.5, 0.5], [0.7, 0.7]]])
def test_kendalls_w_needs_two_specifications_and_models_that_differ(values: list[object]) -> None:
    assert np.isnan(kendall_w(values))


def studies(
    better: float, n: int, seed: int, n_items: int = N_ITEMS
) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Two models under many specifications: what suits a model about an item suits it in all of
    them, beside noise of each. `better` is what the second has of additional noise."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(n):
        human = rng.normal(size=n_items)
        apart = [
            rng.normal(0, 0.6 + extra, n_items) + rng.normal(0, 0.5, (N_SPECIFICATIONS, n_items))
            for extra in (0.0, better)
        ]
        slopes = rng.uniform(0.5, 2, (2, N_SPECIFICATIONS, 1))
        levels = rng.normal(0, 3, (2, N_SPECIFICATIONS, 1))
        first, second = (
            level + slope * (human + noise)
            for level, slope, noise in zip(levels, slopes, apart, strict=True)
        )
        made.append((first, second, human))
    return made


def brute_force(
    a: np.ndarray, b: np.ndarray, human: np.ndarray, swaps: np.ndarray
) -> tuple[float, float]:
    """Median and p, item by item and specification by specification."""

    def median(one: list[np.ndarray], other: list[np.ndarray], kept: list[np.ndarray]) -> float:
        return float(
            np.median(
                [
                    stats.pearsonr(x[some], human[some]).statistic
                    - stats.pearsonr(y[some], human[some]).statistic
                    for x, y, some in zip(one, other, kept, strict=True)
                ]
            )
        )

    kept = [np.isfinite(x) & np.isfinite(y) & np.isfinite(human) for x, y in zip(a, b, strict=True)]
    z_a, z_b = (
        [(x - x[some].mean()) / x[some].std() for x, some in zip(rows, kept, strict=True)]
        for rows in (a, b)
    )
    found = median(z_a, z_b, kept)
    far = 0
    for swap in swaps.astype(bool):
        one = [np.where(swap, y, x) for x, y in zip(z_a, z_b, strict=True)]
        other = [np.where(swap, x, y) for x, y in zip(z_a, z_b, strict=True)]
        far += abs(median(one, other, kept)) >= abs(found) - 1e-12
    return found, (1 + far) / (len(swaps) + 1)


@pytest.mark.parametrize("clustered", [False, True])
def test_swaps_of_items_or_clusters_are_those_made_one_by_one(clustered: bool) -> None:
    [(a, b, human)] = studies(0.15, 1, seed=3, n_items=24)
    a, b, human = a[:4].copy(), b[:4].copy(), human.copy()
    a[0, 3], b[2, 5:8], human[11] = np.nan, np.nan, np.nan
    clusters = np.arange(24) // 3 if clustered else np.arange(24)
    found = swap_test(a, b, human, 60, seed=9, clusters=clusters if clustered else None)
    n_units = int(clusters.max()) + 1
    drawn = np.random.default_rng(9).integers(0, 2, size=(60, n_units), dtype=np.uint8)
    median, p = brute_force(a, b, human, drawn[:, clusters])
    assert found.median == pytest.approx(median, abs=1e-12)
    assert found.p == pytest.approx(p, rel=1e-12)
    assert (found.n_items, found.n_clusters) == (23, n_units if clustered else 23)


def test_the_order_of_models_and_specifications_changes_nothing() -> None:
    [(a, b, human)] = studies(0.2, 1, seed=4)
    found = swap_test(a, b, human)
    turned = swap_test(b[::-1], a[::-1], human)
    assert turned.p == found.p
    assert turned.median == pytest.approx(-found.median, abs=1e-14)
    assert turned.n_higher == found.n_higher[::-1]


def test_level_and_spread_of_a_model_are_no_difference() -> None:
    [(a, b, human)] = studies(0.0, 1, seed=5)
    found = swap_test(a, b, human)
    stretched = swap_test(5 + 3 * a, b, human)
    assert stretched.p == found.p
    assert stretched.median == pytest.approx(found.median, abs=1e-12)


def test_models_that_say_the_same_are_no_different() -> None:
    [(a, _, human)] = studies(0.0, 1, seed=6)
    found = swap_test(a, 2 * a, human)
    assert (found.p, found.n_higher) == (1.0, (0, 0))
    assert found.median == pytest.approx(0, abs=1e-12)


def test_a_specification_without_spread_or_items_does_not_count() -> None:
    [(a, b, human)] = studies(0.3, 1, seed=7)
    a, b = a.copy(), b.copy()
    a[0], b[1] = 5.0, np.nan
    found = swap_test(a, b, human)
    assert len(found.differences) == N_SPECIFICATIONS - 2
    assert swap_test(a[2:], b[2:], human) == found
    assert swap_test(a[:2], b[:2], human).differences == ()
    assert np.isnan(swap_test(a[:2], b[:2], human).p)


def test_fewer_than_three_clusters_have_a_median_and_no_p() -> None:
    [(a, b, human)] = studies(0.3, 1, seed=8)
    found = swap_test(a, b, human, clusters=np.arange(N_ITEMS) % 2)
    assert np.isfinite(found.median)
    assert np.isnan(found.p)


def test_equal_correlations_are_higher_for_neither() -> None:
    found = SwapTest((-0.1, 0.0, 1e-15, 0.2, 0.3), 0.5, 10, 10)
    assert found.n_higher == (2, 1)
    assert found.median == 1e-15


def rejected(better: float, n: int, seed: int, n_swaps: int) -> tuple[float, float]:
    """The share of studies with p below .05, and the mean of their medians."""
    tests = [swap_test(*one, n_swaps, seed=2) for one in studies(better, n, seed)]
    return (
        float(np.mean([test.p < 0.05 for test in tests])),
        float(np.mean([test.median for test in tests])),
    )


def test_over_400_studies_the_swap_test_keeps_its_level_and_has_power() -> None:
    none, median = rejected(0.0, 400, 13, 999)
    assert 0.02 <= none <= 0.08
    assert abs(median) < 0.01
    found, median = rejected(0.37, 400, 14, 999)
    assert median == pytest.approx(0.11, abs=0.01)
    assert found > 0.85


def test_testing_one_specification_at_a_time_would_find_what_is_not_there() -> None:
    """The test is joint: of 12 single tests the smallest p is below .05 far too often."""
    first = [
        min(swap_test(a[[row]], b[[row]], human, 99).p for row in range(N_SPECIFICATIONS))
        for a, b, human in studies(0.0, 40, seed=15)
    ]
    assert np.mean(np.array(first) < 0.05) > 0.12
