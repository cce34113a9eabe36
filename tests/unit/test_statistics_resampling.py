"""Items drawn anew: counts, and statistics of every resample and without each item."""

from __future__ import annotations

import numpy as np
import pytest

from emoalign.statistics.resampling import (
    log_rms_sd_ratio_sums,
    log_sd_ratio_sums,
    pearson_sums,
    resample_counts,
)


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


def log_rms_ratio(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
    return 0.5 * np.log((x**2).mean(axis=axis) / (y**2).mean(axis=axis))


@pytest.mark.parametrize(
    ("prepare", "direct"),
    [
        (pearson_sums, correlation),
        (log_sd_ratio_sums, log_ratio),
        (log_rms_sd_ratio_sums, log_rms_ratio),
    ],
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


def test_missing_items_weigh_nothing() -> None:
    model, human = cells(1, 60)
    with_gaps = np.append(model[0], np.full(20, np.nan)), np.append(human[0], np.ones(20))
    sums, counts = pearson_sums(*with_gaps), resample_counts(80, 50, seed=0)
    drawn = [np.repeat(np.arange(60), row[:60]) for row in counts]
    expected = [correlation(model[0][items], human[0][items]) for items in drawn]
    assert sums.replicates(counts)[0] == pytest.approx(np.array(expected), abs=1e-10)
    assert sums.estimate() == pytest.approx(correlation(model, human))


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match="found shapes"):
        pearson_sums(np.ones((2, 3)), np.ones(4))
    with pytest.raises(ValueError, match=r"expected \(n_resamples, 3\)"):
        pearson_sums(np.ones(3), np.ones(3)).replicates(resample_counts(4, 5, 0))
