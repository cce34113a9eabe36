"""Representational similarity, against loops with scipy.spatial and all permutations."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance

from emoalign.statistics.structure import dissimilarities, similarity


def spaces(n: int = 30, noise: float = 1.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    first = rng.uniform(1, 9, (n, 5))
    return first, first[:, :2] + rng.normal(0, noise, (n, 2))


def test_distances_are_euclidean_in_shares_of_the_range() -> None:
    ratings = spaces()[0]
    ranges = np.array([8, 8, 4, 4, 4])
    found = distance.squareform(dissimilarities(ratings, ranges))
    for i, j in ((0, 1), (3, 17), (29, 2)):
        expected = distance.euclidean(ratings[i] / ranges, ratings[j] / ranges)
        assert found[i, j] == pytest.approx(expected)


def test_rho_is_spearmans_over_all_pairs_of_items() -> None:
    first, second = spaces()
    a, b = dissimilarities(first, np.ones(5)), dissimilarities(second, np.ones(2))
    assert similarity(a, b).rho == pytest.approx(stats.spearmanr(a, b).statistic)


def test_ties_share_ranks() -> None:
    first, second = (np.rint(values) for values in spaces())
    a, b = dissimilarities(first, np.ones(5)), dissimilarities(second, np.ones(2))
    assert similarity(a, b).rho == pytest.approx(stats.spearmanr(a, b).statistic)


def test_p_is_that_of_a_naive_loop_over_the_same_permutations() -> None:
    first, second = spaces(noise=20, seed=3)
    a, b = dissimilarities(first, np.ones(5)), dissimilarities(second, np.ones(2))
    square, rng = distance.squareform(a), np.random.default_rng(7)
    observed, higher = stats.spearmanr(a, b).statistic, 1
    for _ in range(200):
        order = rng.permutation(30)
        shuffled = distance.squareform(square[np.ix_(order, order)])
        higher += stats.spearmanr(shuffled, b).statistic >= observed
    assert similarity(a, b, 200, seed=7).p == higher / 201


def test_p_approaches_the_share_of_all_permutations() -> None:
    first, second = spaces(n=6, noise=3, seed=2)
    a, b = dissimilarities(first, np.ones(5)), dissimilarities(second, np.ones(2))
    square = distance.squareform(a)
    every = [
        stats.spearmanr(distance.squareform(square[np.ix_(order, order)]), b).statistic
        for order in permutations(range(6))
    ]
    found = similarity(a, b, 4000, seed=1)
    assert found.p == pytest.approx(np.mean(np.array(every) >= found.rho - 1e-12), abs=0.02)


def test_p_is_uniform_when_spaces_have_nothing_in_common() -> None:
    rng = np.random.default_rng(4)
    p = []
    for seed in range(300):
        first, second = rng.normal(size=(2, 12, 3))
        ones = np.ones(3)
        p.append(
            similarity(dissimilarities(first, ones), dissimilarities(second, ones), 99, seed).p
        )
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.035)


@settings(deadline=None, max_examples=25, database=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10), st.floats(-5, 5))
def test_neither_the_unit_nor_the_order_of_items_nor_of_spaces_changes_rho(
    seed: int, unit: float, zero: float
) -> None:
    first, second = spaces(n=12, seed=seed)
    a, b = dissimilarities(first, np.ones(5)), dissimilarities(second, np.ones(2))
    rho = similarity(a, b, 1).rho
    assert similarity(b, a, 1).rho == pytest.approx(rho)
    order = np.random.default_rng(seed).permutation(12)
    moved = dissimilarities(unit * first[order] + zero, np.full(5, unit))
    assert similarity(moved, dissimilarities(second[order], np.ones(2)), 1).rho == pytest.approx(
        rho, abs=0.02
    )


def test_a_space_is_like_itself() -> None:
    a = dissimilarities(spaces()[0], np.ones(5))
    found = similarity(a, a, 199)
    assert found.rho == pytest.approx(1)
    assert found.p == 1 / 200


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_items_have_no_structure(n: int) -> None:
    a = dissimilarities(np.arange(2.0 * n).reshape(n, 2), np.ones(2))
    assert np.isnan(similarity(a, a).rho)


def test_items_that_are_all_alike_have_no_structure() -> None:
    same = dissimilarities(np.full((10, 2), 3.0), np.ones(2))
    other = dissimilarities(spaces(n=10)[0], np.ones(5))
    assert np.isnan([similarity(same, other).rho, similarity(other, same).p]).all()


def test_what_does_not_fit_is_named() -> None:
    with pytest.raises(ValueError, match="without missing ones"):
        dissimilarities([[1.0, np.nan]], [1, 1])
    with pytest.raises(ValueError, match="condensed distance matrices"):
        similarity(np.ones(3), np.ones(6))
