"""Model against model on the same items, against scipy and by what must not matter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from emoalign.statistics.contrasts import Contrast, contrasts, williams
from emoalign.statistics.replicates import bca_interval
from emoalign.statistics.resampling import resample_counts

N = 200


def means(n_pairs: int = 1, n_items: int = 40, seed: int = 0) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    human = rng.uniform(1, 9, n_items)
    first, second = human + rng.normal(0, 2, (2, n_pairs, n_items))
    return first, second, human


def one(first: np.ndarray, second: np.ndarray, human: np.ndarray, **more: int) -> Contrast:
    (found,) = contrasts(first, second, human, **{"n_resamples": N, **more})
    return found


def difference(a: np.ndarray, b: np.ndarray, human: np.ndarray, axis: int = -1) -> np.ndarray:
    a, b, human = (values - values.mean(axis=axis, keepdims=True) for values in (a, b, human))

    def r(values: np.ndarray) -> np.ndarray:
        spread = (values**2).sum(axis=axis) * (human**2).sum(axis=axis)
        return (values * human).sum(axis=axis) / np.sqrt(spread)

    return r(a) - r(b)


def test_correlations_and_test_are_those_of_the_item_means() -> None:
    first, second, human = means()
    found = one(first, second, human)
    r_a, r_b = (stats.pearsonr(values[0], human).statistic for values in (first, second))
    between = stats.pearsonr(first[0], second[0]).statistic
    assert (found.r_a, found.r_b, found.r_between) == pytest.approx((r_a, r_b, between))
    assert found.difference == pytest.approx(r_a - r_b)
    assert found.p == pytest.approx(float(williams(r_a, r_b, between, 40).p))
    assert found.reason is None


def test_the_interval_is_scipys_within_simulation_error() -> None:
    first, second, human = means()
    theirs = stats.bootstrap(
        (first[0], second[0], human),
        difference,
        paired=True,
        vectorized=True,
        method="BCa",
        n_resamples=20_000,
        rng=np.random.default_rng(3),
    ).confidence_interval
    found = one(first, second, human, n_resamples=20_000)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.012)


def test_the_interval_is_paired_and_not_that_of_two_separate_correlations() -> None:
    rng = np.random.default_rng(1)
    first, _, human = means(n_items=100)
    nearly = first + rng.normal(0, 0.1, first.shape)
    found = one(first, nearly, human, n_resamples=1000)
    assert found.high - found.low < 0.05


def test_a_pair_is_compared_on_the_items_that_all_three_have() -> None:
    first, second, human = means()
    first[0, :3], second[0, 3:5], human[5] = np.nan, np.nan, np.nan
    found = one(first, second, human)
    assert found.n_items == 34
    complete = one(first[:, 6:], second[:, 6:], human[6:])
    assert (found.r_a, found.r_b, found.p) == pytest.approx(
        (complete.r_a, complete.r_b, complete.p)
    )


def test_a_pair_has_the_same_numbers_alone_as_among_others() -> None:
    first, second, human = means(4)
    first[2, :3] = np.nan
    together = contrasts(first, second, human, n_resamples=N)
    for pair in range(4):
        alone = one(first[[pair]], second[[pair]], human)
        known = list(vars(together[pair]).values())[:-1]
        assert list(vars(alone).values())[:-1] == pytest.approx(known)


@settings(deadline=None, max_examples=25, database=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10), st.floats(-5, 5))
def test_the_unit_and_zero_of_a_scale_do_not_matter(seed: int, unit: float, zero: float) -> None:
    first, second, human = means(seed=seed)
    found = list(vars(one(first, second, human)).values())[:-1]
    moved = list(vars(one(unit * first + zero, second, unit * human - zero)).values())[:-1]
    assert moved == pytest.approx(found, abs=1e-7)


@settings(deadline=None, max_examples=25, database=None)
@given(st.integers(0, 2**32 - 1))
def test_exchanging_the_two_changes_the_sign_alone(seed: int) -> None:
    first, second, human = means(seed=seed)
    ahead, back = one(first, second, human), one(second, first, human)
    assert (ahead.difference, ahead.t, ahead.p) == pytest.approx(
        (-back.difference, -back.t, back.p)
    )
    assert (ahead.low, ahead.high) == pytest.approx((-back.high, -back.low), abs=1e-9)


def test_models_that_rate_the_same_differ_by_nothing_and_no_test_is_made() -> None:
    first, _, human = means()
    for same in (first, 2 * first + 1):
        found = one(first, same, human)
        assert found.difference == pytest.approx(0, abs=1e-12)
        assert np.isnan([found.low, found.high, found.zou_low, found.p]).all()
        assert found.reason is not None
        assert "same" in found.reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda first, human: (np.full_like(first, 5), human), "are the same for all items"),
        (lambda first, human: (first, np.full_like(human, 5)), "are the same for all items"),
        (lambda first, human: (np.full_like(first, np.nan), human), "no item rated"),
        (lambda first, human: (first, np.full_like(human, np.nan)), "no item rated"),
        (lambda first, human: (np.where(np.arange(40) < 1, first, np.nan), human), "1 item rated"),
        (lambda first, human: (np.where(np.arange(40) < 3, first, np.nan), human), "3 items"),
    ],
    ids=["constant", "constant people", "all refused", "no people", "one item", "three items"],
)
def test_what_cannot_be_compared_says_why(change, reason: str) -> None:  # type: ignore[no-untyped-def]
    first, second, human = means()
    first, human = change(first, human)
    found = one(first, second, human)
    assert np.isnan([found.p, found.zou_low]).all()
    assert found.reason is not None
    assert reason in found.reason


def test_no_pairs_and_no_items_are_no_error() -> None:
    assert contrasts(np.empty((0, 5)), np.empty((0, 5)), np.empty(5)) == ()
    assert one(np.empty((1, 0)), np.empty((1, 0)), np.empty(0)).n_items == 0


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match=r"found shapes \(1, 3\) and \(1, 4\)"):
        contrasts(np.ones(3), np.ones(4), np.ones(4))


def test_the_interval_is_made_of_paired_replicates() -> None:
    """The same numbers from scratch: the resampled items of both correlations are the same."""
    first, second, human = means()
    items = [np.repeat(np.arange(40), row) for row in resample_counts(40, N, 0)]
    replicates = [difference(first[0][of], second[0][of], human[of]) for of in items]
    left = [np.delete(np.arange(40), item) for item in range(40)]
    jackknife = [difference(first[0][of], second[0][of], human[of]) for of in left]
    expected = bca_interval(float(difference(first[0], second[0], human)), replicates, jackknife)
    found = one(first, second, human)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
