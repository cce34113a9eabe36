"""Dependent correlations, against published worked examples and under the null hypothesis."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from emoalign.statistics.contrasts import williams, zou

# Three correlated variables that are possible together: r from two draws of items.
DRAWS = st.integers(0, 2**32 - 1)


def correlations(seed: int, n: int = 40) -> tuple[float, float, float]:
    rng = np.random.default_rng(seed)
    shared, *own = rng.normal(size=(4, n))
    a, b, human = (shared + rng.uniform(0.3, 3) * one for one in own)
    r = np.corrcoef([a, b, human])
    return r[0, 2], r[1, 2], r[0, 1]


def test_williams_t_is_that_of_steigers_own_example() -> None:
    # Steiger (1980), p. 249, case A: two predictors of verbal ability, n = 103.
    found = williams(0.4, 0.5, 0.1, 103)
    assert float(found.t) == pytest.approx(-0.8913, abs=5e-5)
    assert float(found.p) == pytest.approx(0.375, abs=5e-4)


def test_williams_t_and_p_are_those_of_depcor() -> None:
    # Silver, Hittner & May (2006), the example that cocor is checked with too.
    found = williams(0.3, 0.4, 0.5, 100)
    assert float(found.t) == pytest.approx(-1.0767, abs=5e-5)
    assert float(found.p) == pytest.approx(0.2843, abs=5e-5)


def test_the_interval_is_that_of_zous_own_example() -> None:
    # Zou (2007), overlapping correlations from Olkin & Finn, n = 66.
    found = zou(0.396, 0.179, 0.088, 66)
    assert (float(found.low), float(found.high)) == pytest.approx((-0.093, 0.517), abs=5e-4)


def test_p_is_uniform_when_both_are_as_close_to_people() -> None:
    rng = np.random.default_rng(5)
    human, a, b = rng.normal(size=(3, 4000, 50))
    r = [
        np.array([np.corrcoef(one, other)[0, 1] for one, other in zip(x, y, strict=True)])
        for x, y in ((human + a, human), (human + b, human), (human + a, human + b))
    ]
    assert stats.kstest(williams(*r, 50).p, "uniform").pvalue > 0.01


@settings(deadline=None, max_examples=50, database=None)
@given(DRAWS)
def test_exchanging_the_two_turns_everything_around(seed: int) -> None:
    a, b, between = correlations(seed)
    one, other = williams(a, b, between, 40), williams(b, a, between, 40)
    assert one.t == pytest.approx(-other.t)
    assert one.p == pytest.approx(other.p)
    ahead, back = zou(a, b, between, 40), zou(b, a, between, 40)
    assert (ahead.low, ahead.high) == pytest.approx((-back.high, -back.low))


@settings(deadline=None, max_examples=50, database=None)
@given(DRAWS)
def test_the_interval_holds_the_difference_and_narrows_with_more_items(seed: int) -> None:
    a, b, between = correlations(seed)
    few, many = zou(a, b, between, 40), zou(a, b, between, 4000)
    assert few.low < many.low < a - b < many.high < few.high
    assert abs(williams(a, b, between, 4000).t) >= abs(williams(a, b, between, 40).t)


def test_arrays_are_worked_through_at_once() -> None:
    a, b, between = np.array([correlations(seed) for seed in range(5)]).T
    together = williams(a, b, between, 40)
    alone = [float(williams(*values, 40).t) for values in zip(a, b, between, strict=True)]
    assert together.t == pytest.approx(alone)


@pytest.mark.parametrize(
    ("a", "b", "between", "n"),
    [(0.5, 0.4, 0.3, 3), (0.5, 0.5, 1.0, 50), (np.nan, 0.4, 0.3, 50), (0.5, -0.5, -1.0, 50)],
    ids=["three items", "linear in each other", "constant ratings", "opposites"],
)
def test_what_cannot_be_tested_is_not(a: float, b: float, between: float, n: int) -> None:
    assert np.isnan(williams(a, b, between, n).p)


@pytest.mark.parametrize(("a", "between", "n"), [(0.5, 0.3, 3), (0.5, 1.0, 50), (1.0, 0.4, 50)])
def test_what_has_no_interval_has_none(a: float, between: float, n: int) -> None:
    found = zou(a, 0.4, between, n)
    assert np.isnan([found.low, found.high]).all()
