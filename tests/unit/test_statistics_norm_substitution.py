"""Another norm in place of people's: numbers of statsmodels, and a bootstrap drawn as R draws."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from emoalign.statistics.corrected_predictor import NORM, design
from emoalign.statistics.norm_substitution import Substituted, substituted
from emoalign.statistics.r_draws import RDraws

ITEMS = 120


def norms(seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """An outcome, a further predictor, people's norm, and one that is less spread and noisy."""
    rng = np.random.default_rng(seed)
    human, length = rng.normal(5, 1, ITEMS), rng.integers(3, 9, ITEMS).astype(float)
    outcome = 600 + 20 * human + 5 * length + rng.normal(0, 20, ITEMS)
    model = 2 + 0.5 * human + rng.normal(0, 0.3, ITEMS)
    return outcome, length[:, None], human, model


def same(one: Substituted, other: Substituted) -> bool:
    return [one.ratio, one.low, one.high, one.delta_aic] == pytest.approx(
        [other.ratio, other.low, other.high, other.delta_aic], rel=1e-9
    )


@pytest.mark.parametrize("weighted", [False, True])
def test_regressions_are_those_of_statsmodels(weighted: bool) -> None:
    outcome, further, human, model = norms()
    known = np.random.default_rng(2).uniform(0.2, 0.9, ITEMS) if weighted else None
    weights = np.ones(ITEMS) if known is None else 1 / known
    first, second = (
        sm.WLS(outcome, design(norm, further), weights=weights).fit(cov_type="HC0")
        for norm in (human, model)
    )
    found = substituted(outcome, further, human, model, known)
    assert found.estimate.values == pytest.approx(second.params, rel=1e-9)
    assert found.estimate.errors == pytest.approx(second.bse, rel=1e-9)
    assert found.ratio == pytest.approx(second.params[NORM] / first.params[NORM], rel=1e-9)
    assert found.delta_aic == pytest.approx(second.aic - first.aic, rel=1e-9)
    assert found.delta_aic > 0


@pytest.mark.parametrize("weighted", [False, True])
def test_the_interval_of_the_ratio_is_that_of_a_bootstrap_by_least_squares(weighted: bool) -> None:
    outcome, further, human, model = norms()
    known = np.random.default_rng(2).uniform(0.2, 0.9, ITEMS) if weighted else None
    weights = np.ones(ITEMS) if known is None else known**-0.5
    rng, ratios = np.random.default_rng(3), []
    for _ in range(4000):
        at = rng.integers(ITEMS, size=ITEMS)
        of_people, of_model = (
            np.linalg.lstsq(design(norm, further)[at] * weights[at, None], (outcome * weights)[at])
            for norm in (human, model)
        )
        ratios.append(of_model[0][NORM] / of_people[0][NORM])
    found = substituted(outcome, further, human, model, known)
    assert [found.low, found.high] == pytest.approx(np.quantile(ratios, [0.025, 0.975]), rel=0.04)
    assert found.low < found.ratio < found.high


def test_neither_the_order_of_items_nor_units_change_anything_but_the_ratio() -> None:
    outcome, further, human, model = norms()
    human = human.round()  # equal values, whose order must not matter either
    plain = substituted(outcome, further, human, model)
    order = np.random.default_rng(4).permutation(ITEMS)
    assert same(substituted(outcome[order], further[order], human[order], model[order]), plain)
    moved = substituted(1e3 * outcome, 1e3 + further, human, model / 10)
    assert moved.ratio == pytest.approx(10 * plain.ratio)
    assert [moved.low, moved.high] == pytest.approx([10 * plain.low, 10 * plain.high])
    assert moved.delta_aic == pytest.approx(plain.delta_aic)


def test_people_in_their_own_place_have_a_ratio_of_one() -> None:
    outcome, further, human, _ = norms()
    found = substituted(outcome, further, human, human.copy())
    assert [found.ratio, found.low, found.high, found.delta_aic] == pytest.approx([1, 1, 1, 0])


def test_a_regression_that_many_resamples_do_not_allow_has_no_interval() -> None:
    outcome, _, human, model = norms()
    rare = np.zeros((ITEMS, 1))
    rare[:2] = 1
    found = substituted(outcome, rare, human, model)
    assert np.isnan([found.low, found.high]).all()
    assert found.ratio > 0
    rare[:6] = 1
    assert substituted(outcome, rare, human, model).low > 0


def test_numbers_are_drawn_as_r_draws_them() -> None:
    """set.seed(42); runif(3) in R; and the 1,000th after set.seed(1)."""
    assert RDraws(42).uniform(3) == pytest.approx([0.9148060435, 0.9370754133, 0.2861395348])
    one = RDraws(1)
    together = np.concatenate([one.uniform(400), one.uniform(600)])
    assert together[-1] == pytest.approx(0.2655367199, abs=1e-10)
    assert (together == RDraws(1).uniform(1000)).all()
