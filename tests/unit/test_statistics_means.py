"""Means of values over items with their resamples, and p-values beyond what these resolve."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from emoalign.statistics.reliability import summary_sums
from emoalign.statistics.replicates import cell_replicates, mean_replicates, replicates_of
from emoalign.statistics.resampling import resample_counts


def values(n_items: int = 60, mean: float = 0.3) -> np.ndarray:
    return np.random.default_rng(4).gamma(2, 1, (3, n_items)) - 2 + mean


def test_the_mean_of_each_cell_has_the_interval_that_scipy_finds() -> None:
    (first, *_) = found = mean_replicates(values(), 9_999, 1)
    for cell, row in zip(found, values(), strict=True):
        assert cell.estimate == pytest.approx(row.mean())
    # scipy draws other resamples: it agrees within simulation error
    expected = stats.bootstrap((values()[0],), np.mean, method="BCa", rng=2).confidence_interval
    limits = first.interval()
    assert [limits.low, limits.high] == pytest.approx(list(expected), abs=0.03)


def test_resamples_of_means_are_those_of_the_items() -> None:
    (first, *_) = mean_replicates(values(), 50, 1)
    counts = resample_counts(60, 50, 1)
    assert first.resampled == pytest.approx(counts @ values()[0] / 60)


def test_missing_values_are_left_out_and_clusters_stay_together() -> None:
    given = values()
    given[0, ::2] = np.nan
    clusters = np.repeat(np.arange(15), 4)
    first, second, _ = mean_replicates(given, 500, 1, clusters)
    assert first.estimate == pytest.approx(np.nanmean(given[0]))
    assert first.n_items == 30
    assert (second.n_items, second.n_clusters) == (60, 15)
    counts = resample_counts(15, 500, 1)
    by_cluster = given[1].reshape(15, 4).sum(axis=1)
    drawn = counts.astype(float)
    assert second.resampled == pytest.approx(drawn @ by_cluster / (drawn.sum(axis=1) * 4))
    (nothing,) = mean_replicates(np.full((1, 60), np.nan), 100, 1)
    assert np.isnan(nothing.estimate)
    assert np.isnan(nothing.interval().low)
    with pytest.raises(ValueError, match="expected \\(cells, items\\)"):
        mean_replicates(np.zeros(5), 100, 1)


def test_cells_together_are_what_each_is_alone() -> None:
    rng = np.random.default_rng(3)
    sums = [
        summary_sums(rng.normal(0, 1, 40), rng.uniform(0.5, 1, 40), rng.integers(3, 9, 40))
        for _ in range(3)
    ]
    together = cell_replicates(sums, 200, 5)
    for one, cell in zip(sums, together, strict=True):
        alone = replicates_of(one, 200, 5)
        assert cell.estimate == pytest.approx(alone.estimate)
        assert cell.resampled == pytest.approx(alone.resampled)
        assert cell.left_out == pytest.approx(alone.left_out)
    assert cell_replicates([], 200, 5) == []


def test_p_goes_beyond_the_resamples_where_none_is_on_the_other_side() -> None:
    (far, *_) = mean_replicates(values(mean=1.5), 999, 1)
    assert far.p() == 2 / 1000
    z = abs(far.estimate) / far.resampled.std(ddof=1)
    assert far.p(beyond=True) == pytest.approx(2 * stats.norm.sf(z))
    assert far.p(beyond=True) < 1e-6
    (near, *_) = mean_replicates(values(mean=0.2), 999, 1)
    assert near.p(beyond=True) == near.p() > 2 / 1000
