"""Bounds by mass that was not returned, against searches that know none of the formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from emoalign.statistics.distances import rps
from emoalign.statistics.undecided import (
    Bounded,
    compare_means,
    favourable,
    pearson_bounds,
    rps_bounds,
)

K = 5


def some(n: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts, shares that were read and undecided masses of items."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.full(K, 0.5), n)
    counts = rng.multinomial(8, rng.dirichlet(np.ones(K), n)).astype(float)
    return counts, shares, rng.uniform(0.01, 0.6, n)


def searched(score, read: np.ndarray, undecided: float) -> float:
    """The least score of the distributions allowed, from many starts."""
    k = len(read)

    def mixed(added: np.ndarray) -> np.ndarray:
        return ((1 - undecided) * read + added) / (1 - undecided + added.sum())

    starts = [*(undecided * np.eye(k)), np.full(k, undecided / k), np.full(k, undecided / 3 / k)]
    found = [
        optimize.minimize(
            lambda added: score(mixed(np.clip(added, 0, None))),
            start,
            bounds=[(0, undecided)] * k,
            constraints={"type": "ineq", "fun": lambda added: undecided - added.sum()},
            method="SLSQP",
            options={"ftol": 1e-15, "maxiter": 500},
        ).fun
        for start in starts
    ]
    return min(found)


def test_no_distribution_allowed_makes_the_counts_likelier() -> None:
    counts, shares, undecided = some(12, 0)
    found = favourable(counts, shares, undecided)
    assert found.sum(axis=1) == pytest.approx(1)
    assert (found >= (1 - undecided[:, None]) * shares - 1e-12).all()
    for n, read, mass, best in zip(counts, shares, undecided, found, strict=True):

        def unlikely(q: np.ndarray, n: np.ndarray = n) -> float:
            return -float(n[n > 0] @ np.log(np.maximum(q[n > 0], 1e-300)))

        assert unlikely(best) == pytest.approx(searched(unlikely, read, mass), abs=1e-5)


def test_enough_undecided_mass_explains_any_counts_and_none_explains_nothing() -> None:
    counts = np.array([[0, 3, 1, 0, 0], [0, 3, 1, 0, 0], [0.0] * K])
    shares = np.array([[0.5, 0.2, 0.3, 0, 0]] * 3)
    all_of_it, none, unanswered = favourable(counts, shares, np.array([1.0, 0.0, 0.5]))
    assert all_of_it == pytest.approx([0, 0.75, 0.25, 0, 0])
    assert none.tolist() == shares[0].tolist()
    assert np.isnan(unanswered).all()


def test_no_distribution_allowed_has_a_score_out_of_bounds_and_two_are_at_them() -> None:
    _, shares, undecided = some(12, 1)
    human = np.random.default_rng(2).dirichlet(np.ones(K), 12)
    least, most = rps_bounds(human, shares, undecided)
    for i in range(12):
        of_one = lambda q, i=i: float(rps(human[i], q))  # noqa: E731
        of_other = lambda q, i=i: -float(rps(human[i], q))  # noqa: E731
        assert least[i] == pytest.approx(searched(of_one, shares[i], undecided[i]), abs=1e-7)
        assert most[i] == pytest.approx(-searched(of_other, shares[i], undecided[i]), abs=1e-7)


def test_scores_without_undecided_mass_have_no_bounds_but_themselves() -> None:
    _, shares, _ = some(3, 1)
    shares[2] = np.nan
    human = np.full((3, K), 1 / K)
    least, most = rps_bounds(human, shares, np.array([0, 0, 0.5]))
    assert (least[:2] == rps(human, shares)[:2]).all()
    assert (most[:2] == least[:2]).all()
    assert np.isnan([least[2], most[2]]).all()


def means(n: int, width: float, seed: int) -> Bounded:
    rng = np.random.default_rng(seed)
    mean = rng.uniform(2, 8, n)
    below, above = rng.uniform(0, width, (2, n))
    return Bounded(mean, mean - below, mean + above)


@pytest.mark.parametrize("width", [0.05, 0.5, 4.0])
def test_r_is_within_its_bounds_wherever_the_means_are(width: float) -> None:
    first, second = means(8, width, 1), means(8, width, 2)
    least, most = pearson_bounds(first, second)
    rng = np.random.default_rng(3)
    corners = [rng.random((500, 8)) < 0.5 for _ in range(2)]
    x, y = (
        np.where(corner, each.low, each.high)
        for corner, each in zip(corners, (first, second), strict=True)
    )
    found = [np.corrcoef(a, b)[0, 1] for a, b in zip(x, y, strict=True)]
    assert least <= min(found) < max(found) <= most
    if width < 0.1:
        assert most - least < 4 * (max(found) - min(found))  # nor are they far too wide


def test_r_without_undecided_mass_has_no_bounds_but_itself() -> None:
    first, second = means(8, 0, 1), means(8, 0, 2)
    assert pearson_bounds(first, second) == (compare_means(first, second).r,) * 2
    assert compare_means(first, second).r == pytest.approx(
        np.corrcoef(first.mean, second.mean)[0, 1]
    )
    constant = Bounded(*[np.ones(8)] * 3)
    assert np.isnan(pearson_bounds(constant, second)).all()


def test_differences_of_means_are_bounded_item_by_item() -> None:
    first = Bounded(*(np.array([2.0, 5.0, 5.0, np.nan]),) * 3)
    low, mean, high = np.array([[1.0, 3.0, 5.5, 1.0], [3.0, 4.0, 6.0, 2.0], [3.5, 4.5, 9.0, 3.0]])
    found = compare_means(first, Bounded(mean, low, high))
    assert found.n_items == 3
    assert found.difference == pytest.approx((1 + 1 + 1) / 3)
    assert found.least == pytest.approx((0 + 0.5 + 0.5) / 3)
    assert found.most == pytest.approx((1.5 + 2 + 4) / 3)
    assert found.share_within == pytest.approx(1 / 3)
    assert np.isnan(compare_means(first, first).share_within)
    assert compare_means(first, Bounded(*[np.full(4, np.nan)] * 3)).n_items == 0
