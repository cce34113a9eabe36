"""Intervals over texts, for items of which some have the same text."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from emoalign.statistics.clustered import clustered_means, clustered_spearman, text_means
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import resample_counts


def duplicated(n_texts: int, seed: int) -> tuple[FloatArray, NDArray[np.int64]]:
    """Values of items, of which a third of the texts have four with nearly the same value."""
    rng = np.random.default_rng(seed)
    copies = np.where(np.arange(n_texts) % 3 == 0, 4, 1)
    groups = np.repeat(np.arange(n_texts), copies)
    of_text = rng.gamma(2, size=n_texts)
    return of_text[groups] + rng.normal(0, 0.1, len(groups)), groups


def test_an_interval_holds_the_truth_as_often_as_it_says_though_texts_come_twice() -> None:
    """Intervals over single items, as if all were texts of their own, would be too narrow."""
    held, held_by_items = 0, 0
    for seed in range(400):
        values, groups = duplicated(60, seed)
        (interval,) = clustered_means(values[:, np.newaxis], groups, 400, seed=1).intervals
        (narrow,) = clustered_means(
            values[:, np.newaxis], np.arange(len(values)), 400, seed=1
        ).intervals
        held += interval.low <= 2 <= interval.high
        held_by_items += narrow.low <= 2 <= narrow.high
    assert 0.91 <= held / 400 <= 0.98
    assert held_by_items / 400 < 0.85


def test_means_of_texts_of_one_item_have_scipys_interval() -> None:
    values = np.random.default_rng(2).gamma(2, size=80)
    found = clustered_means(values[:, np.newaxis], np.arange(80), 4000, seed=1)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=4000, method="BCa", rng=np.random.default_rng(1)
    ).confidence_interval
    assert found.means[0] == pytest.approx(values.mean())
    assert found.intervals[0].low == pytest.approx(expected.low, abs=0.02)
    assert found.intervals[0].high == pytest.approx(expected.high, abs=0.02)


def test_a_missing_value_weighs_nothing() -> None:
    values, groups = duplicated(30, seed=3)
    column = np.where(groups % 5 == 0, np.nan, values)
    found = clustered_means(np.stack((values, column), axis=1), groups, 500, seed=1)
    kept = np.isfinite(column)
    assert found.means == pytest.approx([values.mean(), column[kept].mean()])
    assert found.n_items.tolist() == [len(values), kept.sum()]
    assert found.n_texts.tolist() == [30, 24]
    assert text_means(column, groups)[1] == pytest.approx(column[groups == 1].mean())
    assert np.isnan(text_means(column, groups)[0])


def test_two_texts_have_a_mean_but_no_interval() -> None:
    found = clustered_means(np.array([[1.0], [2.0], [3.0]]), np.array([0, 0, 1]), 200, seed=1)
    assert found.means[0] == 2
    assert np.isnan(found.intervals[0].low)
    empty = clustered_means(np.empty((0, 2)), np.empty(0, dtype=np.int64), 200, seed=1)
    assert np.isnan(empty.means).all()
    assert empty.n_texts.tolist() == [0, 0]


def test_a_rank_correlation_is_ranked_anew_in_every_resample() -> None:
    rng = np.random.default_rng(4)
    groups = np.repeat(np.arange(25), 2)
    first = rng.integers(0, 6, 50).astype(float)
    second = first + rng.integers(-3, 4, 50)
    found = clustered_spearman(first, second, groups, 500, seed=9)
    replicates = []
    for counts in resample_counts(25, 500, 9):
        drawn = np.repeat(np.arange(50), counts[groups])
        replicates.append(stats.spearmanr(first[drawn], second[drawn]).statistic)
    low, high = np.quantile(replicates, [0.025, 0.975])
    assert found.low == pytest.approx(low)
    assert found.high == pytest.approx(high)


def test_what_does_not_vary_has_no_rank_correlation() -> None:
    values = np.arange(10.0)
    assert np.isnan(clustered_spearman(values, np.ones(10), np.arange(10), 200, seed=1).low)
    missing = np.where(values < 8, np.nan, values)
    assert np.isnan(clustered_spearman(values, missing, np.arange(10), 200, seed=1).low)
