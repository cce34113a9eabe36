"""Correlations on other items, against scipy, least squares and all that is possible."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import optimize, stats

from emoalign.statistics.replicates import bca_interval, pearson_replicates
from emoalign.statistics.robustness import (
    bounds,
    pearson_within,
    range_corrected,
    sd_within,
    sides,
    thirds,
    weighted_pearson,
)


def means(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Means of a model and of people that go together."""
    rng = np.random.default_rng(seed)
    human = rng.uniform(1, 9, n)
    return np.clip(human + rng.normal(0, 2, n), 1, 9), human


def test_thirds_are_alike_in_number_and_ties_share_one() -> None:
    assert thirds([3.0, 1.0, 2.0]).tolist() == [2, 0, 1]
    assert np.bincount(thirds(np.random.default_rng(0).normal(size=300))).tolist() == [100] * 3
    assert thirds([1, 1, 1, 2, 3, 4]).tolist() == [0, 0, 0, 1, 2, 2]
    assert thirds([1, 1, 1, 1, 1, 2]).tolist() == [1, 1, 1, 1, 1, 2]
    assert thirds([5.0, np.nan, 5.0 + 1e-15, 5.0]).tolist() == [1, -1, 1, 1]
    assert thirds([np.nan]).tolist() == [-1]


def test_thirds_do_not_depend_on_the_order_of_the_items() -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(1, 6, 50).astype(float)
    order = rng.permutation(50)
    assert (thirds(values)[order] == thirds(values[order])).all()


def test_the_middle_of_the_scale_is_on_neither_side() -> None:
    found = sides([4.9, 5.0, 5.0 + 1e-15, 5.1, np.nan], 5.0)
    assert found.tolist() == [0, -1, -1, 1, -1]


def test_a_weight_counts_an_item_so_often() -> None:
    model, human = means(40, 2)
    times = np.random.default_rng(3).integers(1, 6, 40)
    found = weighted_pearson(model, human, times, 100, seed=1)
    repeated = stats.pearsonr(np.repeat(model, times), np.repeat(human, times))
    assert found.estimate == pytest.approx(repeated.statistic, rel=1e-12)
    covariance = np.cov(model, human, aweights=times)
    assert found.estimate == pytest.approx(
        covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1]), rel=1e-12
    )
    (unweighted,) = pearson_replicates(model, human, 100, seed=1)
    equal = weighted_pearson(model, human, np.full(40, 7), 100, seed=1)
    assert equal.resampled == pytest.approx(unweighted.resampled, rel=1e-9)


def residuals(values: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """What the mean of its part leaves of every value, by least squares on dummy variables."""
    dummies = (parts[:, None] == np.unique(parts)).astype(float)
    return values - dummies @ np.linalg.lstsq(dummies, values, rcond=None)[0]


def test_r_within_parts_is_the_partial_correlation_given_them() -> None:
    model, human = means(60, 4)
    parts = thirds(human)
    found = pearson_within(model, human, parts, 500, seed=5)
    expected = stats.pearsonr(residuals(model, parts), residuals(human, parts)).statistic
    assert found.estimate == pytest.approx(expected, rel=1e-10)

    rng = np.random.default_rng(5)
    for resampled in found.resampled[:3]:
        drawn = rng.integers(60, size=60)
        of_drawn = stats.pearsonr(
            residuals(model[drawn], parts[drawn]), residuals(human[drawn], parts[drawn])
        )
        assert resampled == pytest.approx(of_drawn.statistic, rel=1e-9)
    left_out = [
        stats.pearsonr(
            residuals(np.delete(model, item), np.delete(parts, item)),
            residuals(np.delete(human, item), np.delete(parts, item)),
        ).statistic
        for item in range(60)
    ]
    assert found.left_out == pytest.approx(left_out, rel=1e-9)
    assert found.interval() == bca_interval(found.estimate, found.resampled, found.left_out)


def test_the_sd_within_parts_is_the_root_of_the_mean_square_of_an_analysis_of_variance() -> None:
    values = np.array([1.0, 2.0, 4.0, 7.0, 9.0, 3.0, np.nan, 100.0])
    parts = np.array([0, 0, 0, 1, 1, 2, 2, -1])
    squares = 3 * np.var([1, 2, 4]) + 2 * np.var([7, 9])
    assert sd_within(values, parts) == pytest.approx(np.sqrt(squares / 3))
    one = np.zeros(6, dtype=np.int64)
    assert sd_within(values[:6], one) == pytest.approx(values[:6].std(ddof=1))
    assert np.isnan(sd_within(values[:2], np.array([0, 1])))


def test_items_of_no_part_do_not_count_and_parts_of_one_item_say_nothing() -> None:
    model, human = means(30, 6)
    parts = thirds(human)
    parts[:5] = -1
    kept = parts >= 0
    found = pearson_within(model, human, parts, 100, seed=1)
    expected = stats.pearsonr(
        residuals(model[kept], parts[kept]), residuals(human[kept], parts[kept])
    )
    assert found.estimate == pytest.approx(expected.statistic, rel=1e-10)
    assert found.n_items == 25
    assert np.isnan(pearson_within(model[:4], human[:4], np.arange(4), 100, 1).estimate)
    assert np.isnan(pearson_within(model, human, np.full(30, -1), 100, 1).estimate)
    constant = pearson_within(parts.astype(float), human, parts, 100, 1)
    assert np.isnan(constant.estimate)


def test_a_restricted_range_is_corrected_where_the_line_goes_on() -> None:
    rng = np.random.default_rng(7)
    human = rng.normal(size=200_000)
    model = 0.6 * human + rng.normal(0, 0.8, human.size)
    low = human < -0.5
    restricted = stats.pearsonr(model[low], human[low]).statistic
    ratio = human[low].std() / human.std()
    assert restricted < 0.4
    assert range_corrected(restricted, ratio) == pytest.approx(0.6, abs=0.01)
    assert range_corrected(0.42, 1.0) == pytest.approx(0.42)
    assert np.isnan(range_corrected(0.42, 0.0))


def possible(model: np.ndarray, human: np.ndarray) -> tuple[float, float]:
    """The least and the most r over all means of missing items from 1 to 9, by brute force: a grid,
    and from its best points downhill."""
    missing = np.flatnonzero(np.isnan(model))

    def r(values: np.ndarray) -> float:
        filled = model.copy()
        filled[missing] = values
        if np.ptp(filled) < 1e-9:
            return np.nan
        return float(np.corrcoef(filled, human)[0, 1])

    grid = list(map(np.array, itertools.product(np.linspace(1, 9, 5), repeat=len(missing))))
    inside = [(1, 9)] * len(missing)

    def least(sign: int) -> float:
        def turned(values: np.ndarray) -> float:
            return sign * r(values)

        found = np.array(list(map(turned, grid)))
        ranked = np.argsort(np.where(np.isnan(found), np.inf, found))
        tries = [
            optimize.minimize(turned, np.clip(grid[one], 1.01, 8.99), method="SLSQP", bounds=inside)
            for one in ranked[:5]
        ]
        return float(sign * min([found[ranked[0]], *(one.fun for one in tries)]))

    return least(1), least(-1)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("n", [5, 9])
def test_bounds_are_the_ends_of_what_missing_means_can_make_of_r(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    human = np.round(rng.uniform(1, 9, n), seed % 2)
    slope = (1, -1, 0, 0.3)[seed % 4]
    model = np.clip(5 + slope * (human - 5) + rng.normal(0, (0.3, 2)[seed % 2], n), 1, 9)
    model[rng.permutation(n)[: 1 + seed % 3]] = np.nan
    found = bounds(model, human, 1, 9)
    least, most = possible(model, human)
    assert found.least == pytest.approx(least, abs=1e-5)
    assert found.most == pytest.approx(most, abs=1e-5)


def test_bounds_on_one_side_of_0_are_found_at_the_ends_of_the_scale() -> None:
    """Where no means could turn the sign of r."""
    human = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 4.0, 3.1])
    model = np.array([1.0, 3.0, 5.0, 7.0, 9.0, np.nan, np.nan])
    found = bounds(model, human, 1, 9)
    assert found.least > 0
    assert found.least == pytest.approx(possible(model, human)[0], abs=1e-6)
    assert bounds(10 - model, human, 1, 9).most == pytest.approx(-found.least, abs=1e-9)


def test_bounds_without_missing_items_are_r() -> None:
    model, human = means(30, 8)
    r = stats.pearsonr(model, human).statistic
    found = bounds(model, human, 1, 9)
    assert (found.least, found.most) == pytest.approx((r, r), rel=1e-10)
    human[3] = np.nan
    r = stats.pearsonr(np.delete(model, 3), np.delete(human, 3)).statistic
    assert bounds(model, human, 1, 9).least == pytest.approx(r, rel=1e-10)


def test_bounds_that_nothing_limits_and_those_that_are_not_defined() -> None:
    human = np.array([1.0, 2.0, 4.0])
    nothing = np.full(3, np.nan)
    assert bounds(nothing, human, 1, 9) == pytest.approx(bounds(nothing, human, 1, 9))
    assert (bounds(nothing, human, 1, 9).least, bounds(nothing, human, 1, 9).most) == (-1, 1)
    for model, people in ((nothing, np.full(3, 2.0)), (human[:2], human[:2])):
        assert np.isnan(bounds(model, people, 1, 9).most)
    assert np.isnan(bounds(np.full(3, 5.0), human, 1, 9).least)


def test_bounds_of_many_missing_items_hold_for_whatever_they_are() -> None:
    model, human = means(300, 9)
    asked = np.random.default_rng(10).random(300) < 0.7
    found = bounds(np.where(asked, model, np.nan), human, 1, 9)
    rng = np.random.default_rng(11)
    for _ in range(200):
        filled = np.where(asked, model, np.clip(rng.normal(5, 4, 300), 1, 9))
        assert found.least <= stats.pearsonr(filled, human).statistic <= found.most
