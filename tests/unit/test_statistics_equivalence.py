"""Equivalence within a margin: oracles, pingouin, and how often it is found by mistake."""

from __future__ import annotations

import numpy as np
import pingouin
import pytest
from scipy import stats

from emoalign.statistics.contrasts import zou
from emoalign.statistics.equivalence import equivalent_correlations, equivalent_means


def with_moments(mean: float, se: float, n: int) -> np.ndarray:
    """Differences of exactly this mean and standard error."""
    noise = np.random.default_rng(1).normal(size=n)
    noise = (noise - noise.mean()) / noise.std(ddof=1)
    return mean + noise * se * np.sqrt(n)


@pytest.mark.parametrize(("margin", "p"), [(0.75, 0.0878), (1.0, 5.461e-7)])
def test_a_bias_has_the_published_interval_and_p(margin: float, p: float) -> None:
    # The mean and its error are published with four digits.
    found = equivalent_means(with_moments(-0.65623, 0.06907, 300), margin)
    assert [found.interval.low, found.interval.high] == pytest.approx([-0.7702, -0.5423], abs=2e-4)
    assert found.p == pytest.approx(p, rel=0.03)
    assert found.equivalent == (margin == 1)


@pytest.mark.parametrize("margin", [0.1, 0.3, 0.5])
def test_p_values_of_means_are_those_of_pingouin(margin: float) -> None:
    differences = np.random.default_rng(3).normal(0.2, 1, 80)
    expected = pingouin.tost(differences, 0, bound=margin)["pval"].iloc[0]
    assert equivalent_means(differences, margin).p == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(("margin", "p"), [(0.1, 0.2138), (0.15, 0.0029)])
def test_a_difference_of_correlations_has_the_published_interval_and_p(
    margin: float, p: float, sign: int
) -> None:
    pair = (0.6972, 0.6972 - 0.0821)[::sign]
    found = equivalent_correlations(*pair, 0.8745, 300, margin)
    expected = np.sort(sign * np.array([0.0471, 0.1205]))
    assert [found.interval.low, found.interval.high] == pytest.approx(expected, abs=3e-4)
    assert found.p == pytest.approx(p, abs=3e-4 if p < 0.01 else 3e-3)


@pytest.mark.parametrize("margin", [0.03, 0.0821, 0.2])
def test_p_is_the_level_whose_interval_ends_at_the_margin(margin: float) -> None:
    pair = 0.6972, 0.6151, 0.8745, 300
    found = equivalent_correlations(*pair, margin)
    size = min(found.p, 1 - found.p)
    if size > 1e-12 and abs(size - 0.5) > 1e-9:
        ends = zou(*pair, 1 - 2 * size)
        assert min(abs(ends.low - margin), abs(ends.high - margin)) < 1e-9
    assert found.p == pytest.approx(0.5) or (found.p > 0.5) == (found.difference > margin)


def test_what_cannot_be_told_is_not_equivalent() -> None:
    assert np.isnan(equivalent_means([0.1], 1).p)
    assert not equivalent_means([0.1], 1).equivalent
    assert np.isnan(equivalent_means([], 1).difference)
    assert np.isnan(equivalent_correlations(1.0, 0.9, 0.9, 50, 0.2).p)
    same = equivalent_means([0.2, 0.2, np.nan, 0.2], 0.5)
    assert (same.p, same.n, same.equivalent) == (0.0, 3, True)
    assert equivalent_means([0.7, 0.7], 0.5).p == 1.0
    with pytest.raises(ValueError, match="above 0"):
        equivalent_means([1, 2], 0)
    with pytest.raises(ValueError, match="above 0"):
        equivalent_correlations(0.5, 0.4, 0.3, 50, -0.1)


def test_equivalence_is_seldom_found_at_the_margin() -> None:
    rng = np.random.default_rng(5)
    found = [equivalent_means(rng.normal(0.5, 1, 60), 0.5).equivalent for _ in range(1000)]
    assert np.mean(found) == pytest.approx(0.05, abs=0.015)


def test_equivalent_correlations_are_seldom_found_at_the_margin() -> None:
    rng, margin, found = np.random.default_rng(6), 0.15, []
    covariance = np.array([[1, 0.8, 0.65], [0.8, 1, 0.6], [0.65, 0.6, 1]])
    for _ in range(1000):
        human, a, b = rng.multivariate_normal(np.zeros(3), covariance, 200).T
        r = [float(stats.pearsonr(x, y)[0]) for x, y in ((human, a), (human, b), (a, b))]
        found.append(equivalent_correlations(*r, 200, margin).p < 0.05)
    assert np.mean(found) == pytest.approx(0.05, abs=0.02)
