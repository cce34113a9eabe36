"""CV+ intervals: the oracle on the Glasgow norms, brute force, clusters and regions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoalign.statistics.estimation.intervals import (
    FEWEST_IN_REGION,
    Residuals,
    cv_plus,
    regional_intervals,
    regions,
    terciles,
)
from emoalign.statistics.resampling import Keys

Floats = np.ndarray


def by_brute_force(
    predicted: Floats, residuals: Residuals, coverage: float
) -> tuple[list[float], list[float]]:
    """Limits from every shifted residual of each item, in order, with the weights of clusters."""
    keys, cluster = np.unique(residuals.keys, return_inverse=True)
    weight = 1 / (len(keys) + 1) / np.bincount(cluster)[cluster]
    found: tuple[list[float], list[float]] = [], []
    for row in predicted:
        of_fold = row[residuals.fold]
        for side, sign in enumerate((-1, 1)):
            # Downwards for the lower limit, whose mass at infinity is below.
            shifted = sign * of_fold + residuals.size
            order = np.argsort(shifted)
            enough = np.cumsum(weight[order]) >= coverage - 1e-12
            limit = shifted[order][enough.argmax()] if enough.any() else np.inf
            found[side].append(sign * limit)
    return found


def made(n: int, n_clusters: int, seed: int) -> tuple[Floats, Residuals]:
    """Predictions of 40 items by 10 folds, and residuals of n items in clusters."""
    rng = np.random.default_rng(seed)
    keys = rng.integers(n_clusters, size=n).astype(np.uint64)
    fold = (keys % np.uint64(10)).astype(np.int64)
    size = np.abs(rng.normal(0, 1, n)).round(rng.integers(1, 15))
    predicted = rng.normal(5, 1, (40, 1)) + rng.normal(0, 0.2, (40, 10))
    return predicted, Residuals(size, fold, keys, rng.normal(5, 1, n))


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95])
@pytest.mark.parametrize(("n", "n_clusters"), [(12, 10**9), (99, 10**9), (300, 40), (700, 500)])
def test_limits_are_those_of_brute_force(n: int, n_clusters: int, coverage: float) -> None:
    predicted, residuals = made(n, n_clusters, n)
    low, high = cv_plus(predicted, residuals, coverage)
    expected = by_brute_force(predicted, residuals, coverage)
    np.testing.assert_allclose(low, expected[0], atol=1e-12)
    np.testing.assert_allclose(high, expected[1], atol=1e-12)


@pytest.mark.parametrize("n", [8, 9, 10, 19, 20, 99, 100])
def test_limits_of_single_items_have_the_ranks_of_barber_et_al(n: int) -> None:
    rng = np.random.default_rng(n)
    size, fold = np.abs(rng.normal(size=n)), np.arange(n) % 5
    predicted = rng.normal(size=(1, 5))
    keys = rng.permutation(n).astype(np.uint64)
    low, high = cv_plus(predicted, Residuals(size, fold, keys, size), 0.9)
    lower, upper = (n + 1) // 10, -(-9 * (n + 1) // 10)
    down, up = np.sort(predicted[0, fold] - size), np.sort(predicted[0, fold] + size)
    assert low[0] == pytest.approx(down[lower - 1] if lower else -np.inf)
    assert high[0] == pytest.approx(up[upper - 1] if upper <= n else np.inf)


def test_an_interval_holds_its_mean_and_ends_with_the_scale() -> None:
    predicted, residuals = made(60, 10**9, 1)
    means = predicted.mean(axis=1)
    means[0] = predicted[0].max() + 9
    found = regional_intervals(predicted, means, residuals, np.array([]), 0.9, (4.0, 20.0))
    low, high = cv_plus(predicted, residuals, 0.9)
    assert found.high[0] == means[0]
    np.testing.assert_array_equal(found.low, np.maximum(low, 4))
    np.testing.assert_array_equal(found.cut, (low < 4) | (high > 20))
    assert found.cut.any()
    assert not found.cut.all()


@pytest.mark.parametrize(("n", "own"), [(3 * FEWEST_IN_REGION, True), (140, False)])
def test_a_region_with_few_residuals_takes_all(n: int, own: bool) -> None:
    predicted, residuals = made(n, 10**9, 2)
    cuts = terciles(residuals.predicted)
    assert np.bincount(regions(residuals.predicted, cuts))[1] == -(-n // 3)
    means = np.full(len(predicted), cuts[0] - 1)
    found = regional_intervals(predicted, means, residuals, cuts, 0.8, (-99, 99))
    lowest = residuals.within(residuals.predicted <= cuts[0]) if own else residuals
    np.testing.assert_array_equal(found.high, np.maximum(cv_plus(predicted, lowest, 0.8)[1], means))


def test_a_region_of_few_clusters_takes_all() -> None:
    predicted, residuals = made(300, 10**9, 3)
    cuts = terciles(residuals.predicted)
    low_region = residuals.predicted <= cuts[0]
    means = np.full(len(predicted), cuts[0] - 1)

    def high(n_clusters: int) -> Floats:
        keys = np.where(low_region, residuals.keys % np.uint64(n_clusters), residuals.keys)
        clustered = Residuals(residuals.size, residuals.fold, keys, residuals.predicted)
        found = regional_intervals(predicted, means, clustered, cuts, 0.9, (-99, 99)).high
        everywhere = cv_plus(predicted, clustered, 0.9)[1]
        assert (found == np.maximum(everywhere, means)).all() == (n_clusters < 9)
        return found

    assert np.isfinite([high(8), high(9)]).all()


def glasgow(folder: Path, scale: str) -> tuple[Floats, Floats, Keys]:
    """GPT-4's ratings and norms of the Glasgow words, and the word without its sense."""
    norms = pd.read_csv(folder / "glasgow/glasgow.csv", keep_default_na=False, na_values=[""])
    model = pd.read_csv(folder / "glasgow/glasgow_gpt-4.csv", keep_default_na=False, na_values=[""])
    both = norms[["word", f"{scale}.M"]].merge(model[["word", scale]], on="word").dropna()
    both = both.set_index("word").loc[sorted(both["word"])]
    names = [word.split("(")[0].strip().lower() for word in both.index]
    place = {name: number for number, name in enumerate(sorted(set(names)))}
    keys = np.array([place[name] for name in names], dtype=np.uint64)
    return both[scale].to_numpy(float), both[f"{scale}.M"].to_numpy(float), keys


def lines(x: Floats, y: Floats, fold: np.ndarray) -> Floats:
    """Slope and intercept of the line without each fold, shape (folds, 2)."""
    return np.stack([np.polyfit(x[fold != k], y[fold != k], 1) for k in range(10)])


def learnt(x: Floats, y: Floats, keys: Keys) -> tuple[Floats, Residuals]:
    """Lines without each fold, and residuals; folds by rank of the cluster modulo 10."""
    fold = np.unique(keys, return_inverse=True)[1] % 10
    line = lines(x, y, fold)
    out = line[fold, 0] * x + line[fold, 1]
    return line, Residuals(np.abs(y - out), fold, keys, out)


def at(line: Floats, x: Floats) -> Floats:
    """Predictions of each fold, shape (items, folds)."""
    return np.outer(x, line[:, 0]) + line[:, 1]


def singly(residuals: Residuals) -> Residuals:
    """The same with every item a cluster of its own."""
    own = np.arange(len(residuals.size), dtype=np.uint64)
    return Residuals(residuals.size, residuals.fold, own, residuals.predicted)


@pytest.mark.shared_data
def test_glasgow_valence_has_the_intervals_that_were_computed_independently(shared: Path) -> None:
    x, y, keys = glasgow(shared, "Valence")
    assert (len(x), len(np.unique(keys))) == (870, 379)
    test = keys % np.uint64(5) == 4
    assert (test.sum(), (~test).sum()) == (165, 705)
    line, residuals = learnt(x[~test], y[~test], keys[~test])
    assert line[0, ::-1] == pytest.approx([1.0036, 0.8346], abs=5e-5)
    places = at(line, np.array([5.0, 2.0]))
    plain = np.column_stack(cv_plus(places, singly(residuals), 0.9)).ravel()
    assert plain == pytest.approx([4.0739, 6.2730, 1.5571, 3.7514], abs=5.1e-5)
    grouped = np.column_stack(cv_plus(places, residuals, 0.9)).ravel()
    assert grouped == pytest.approx([4.0703, 6.2784, 1.5466, 3.7692], abs=5.1e-5)
    low, high = cv_plus(at(line, x[test]), singly(residuals), 0.9)
    assert np.mean((low <= y[test]) & (y[test] <= high)) == pytest.approx(0.8727, abs=5e-5)
    assert np.mean(high - low) == pytest.approx(2.1968, abs=5e-5)


@pytest.mark.shared_data
@pytest.mark.parametrize(("scale", "expected"), [("Valence", 0.8999), ("Arousal", 0.9019)])
def test_intervals_of_random_clusters_hold_nine_of_ten_norms(
    shared: Path, scale: str, expected: float
) -> None:
    x, y, keys = glasgow(shared, scale)
    rng, clusters, held = np.random.default_rng(1), np.unique(keys), []
    for _ in range(300):
        drawn = rng.permutation(clusters)[: len(clusters) // 5]
        test = np.isin(keys, drawn)
        line, residuals = learnt(x[~test], y[~test], keys[~test])
        low, high = cv_plus(at(line, x[test]), singly(residuals), 0.9)
        held.append(np.mean((low <= y[test]) & (y[test] <= high)))
    # To chance: the SD over splits is .024, so that the mean of 300 is known to .0014.
    assert np.mean(held) == pytest.approx(expected, abs=0.005)
