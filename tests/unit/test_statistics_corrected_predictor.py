"""Regressions on a norm known of some items: another program's numbers, bias, and coverage."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from statsmodels.sandbox.regression.gmm import GMM

from emoalign.statistics.corrected import Estimate, least_squares
from emoalign.statistics.corrected_predictor import NORM, design, design_based_predictor

TRUTH, ITEMS, RATED = 0.3, 1200, 300


class Words(NamedTuple):
    """Words with an outcome, a covariate, people's norm of some, and an estimate of all."""

    outcome: np.ndarray
    further: np.ndarray
    human: np.ndarray
    estimate: np.ndarray
    probabilities: np.ndarray

    @property
    def told(self) -> np.ndarray:
        return np.isfinite(self.human)

    def corrected(self) -> Estimate:
        return design_based_predictor(
            self.outcome, self.further, self.estimate, self.human, self.probabilities
        )


def words(rng: np.random.Generator, *, unequal: bool = False, further: int = 0) -> Words:
    """Estimates that are right on average, but whose errors go with the outcome.

    The regression of the true norm on the estimate has a slope of 1, so that regression calibration
    would change nothing; that of the outcome on the estimate has a slope of .5 instead of .3.
    """
    norm, error, columns = *rng.normal(size=(2, ITEMS)), rng.normal(size=(ITEMS, further))
    outcome = TRUTH * norm + error + columns.sum(axis=1)
    apart = np.sqrt(0.7 - 0.7**2 - 0.14**2)
    estimate = 0.7 * norm + 0.14 * error + apart * rng.normal(size=ITEMS)
    if unequal:
        # The more extreme half is drawn three times as often.
        extreme = np.abs(estimate) > np.median(np.abs(estimate))
        probabilities = np.where(extreme, 1.5, 0.5) * RATED / ITEMS
        asked = rng.random(ITEMS) < probabilities
    else:
        probabilities = np.full(ITEMS, RATED / ITEMS)
        asked = np.isin(np.arange(ITEMS), rng.permutation(ITEMS)[:RATED])
    return Words(outcome, columns, np.where(asked, norm, np.nan), estimate, probabilities)


class Moments(GMM):
    """The moments of DSL, each as a sum over predictors, without any algebra of ours."""

    def momcond(self, params: np.ndarray) -> np.ndarray:
        outcome, predictors, people = self.endog, self.exog, self.instrument
        of_people, weights = people[:, :-1], people[:, -1]
        found = predictors * (outcome - predictors @ params)[:, None]
        right = of_people * (outcome - of_people @ params)[:, None]
        return np.asarray(found + weights[:, None] * (right - found))


@pytest.mark.parametrize("unequal", [False, True])
def test_coefficients_and_errors_are_those_of_the_method_of_moments(unequal: bool) -> None:
    some = words(np.random.default_rng(1), unequal=unequal, further=2)
    of_people = design(np.where(some.told, some.human, 0), some.further)
    weights = some.told / some.probabilities
    of_model = design(some.estimate, some.further)
    model = Moments(
        some.outcome, of_model, np.column_stack([of_people, weights]), k_moms=4, k_params=4
    )
    fitted = model.fit(
        np.zeros(4),
        maxiter=0,
        optim_method="bfgs",
        optim_args={"disp": False, "gtol": 1e-10},
        inv_weights=np.eye(4),
        wargs={"centered": False},
    )
    found = some.corrected()
    assert found.values == pytest.approx(fitted.params, abs=1e-5)
    assert found.errors == pytest.approx(fitted.bse * np.sqrt(ITEMS / (ITEMS - 4)), rel=1e-4)
    half = 1.959964 * found.errors
    assert found.high == pytest.approx(found.values + half, rel=1e-6)
    assert found.low == pytest.approx(found.values - half, rel=1e-6)


class Simulation(NamedTuple):
    """Coefficients of the norm over samples: by DSL, of rated items alone, of estimates."""

    corrected: np.ndarray
    alone: np.ndarray
    naive: np.ndarray
    covered: np.ndarray
    errors: np.ndarray


def test_calibration_would_not_change_the_estimates_of_the_simulation() -> None:
    rng = np.random.default_rng(3)
    drawn = [words(rng) for _ in range(200)]
    told = [some.told for some in drawn]
    human = np.concatenate([some.human[at] for some, at in zip(drawn, told, strict=True)])
    estimate = np.concatenate([some.estimate[at] for some, at in zip(drawn, told, strict=True)])
    slope, intercept = np.polyfit(estimate, human, 1)
    assert [slope, intercept] == pytest.approx([1, 0], abs=0.02)
    assert np.corrcoef(estimate, human)[0, 1] == pytest.approx(0.84, abs=0.01)


def simulate(samples: int, seed: int, *, unequal: bool) -> Simulation:
    rng, rows = np.random.default_rng(seed), []
    for _ in range(samples):
        some = words(rng, unequal=unequal)
        told, none = some.told, some.further
        found = some.corrected()
        alone = least_squares(
            design(some.human[told], none[told]), some.outcome[told], some.probabilities[told]
        )
        naive = least_squares(design(some.estimate, none), some.outcome)
        rows.append(
            [
                *(one.values[NORM] for one in (found, alone, naive)),
                found.low[NORM] <= TRUTH <= found.high[NORM],
                found.errors[NORM],
            ]
        )
    return Simulation(*np.array(rows).T)


@pytest.mark.parametrize("unequal", [False, True])
def test_errors_that_go_with_the_outcome_bias_a_regression_unless_corrected(unequal: bool) -> None:
    found = simulate(600, 1, unequal=unequal)
    assert found.naive.mean() == pytest.approx(0.5, abs=0.01)
    assert abs(found.alone.mean() - TRUTH) < 0.02
    assert abs(found.corrected.mean() - TRUTH) < 0.02
    assert found.corrected.std() < 0.85 * found.alone.std()
    assert found.covered.mean() >= 0.92
    if not unequal:
        assert found.alone.std() == pytest.approx(0.057, abs=0.005)
        assert found.corrected.std() == pytest.approx(0.040, abs=0.004)


@pytest.mark.slow
@pytest.mark.parametrize("unequal", [False, True])
def test_intervals_cover_the_truth_and_errors_are_the_spread_of_estimates(unequal: bool) -> None:
    found = simulate(4000, 2, unequal=unequal)
    assert abs(found.corrected.mean() - TRUTH) < 0.003
    assert found.covered.mean() == pytest.approx(0.95, abs=0.015)
    assert found.errors.mean() == pytest.approx(found.corrected.std(), rel=0.06)


def test_a_jackknife_finds_the_same_errors() -> None:
    some = words(np.random.default_rng(4), unequal=True, further=1)
    parts = [np.arange(ITEMS) % 400 != part for part in range(400)]
    values = np.array([Words(*(each[at] for each in some)).corrected().values for at in parts])
    spread = np.sqrt(399 / 400 * ((values - values.mean(axis=0)) ** 2).sum(axis=0))
    assert some.corrected().errors == pytest.approx(spread, rel=0.1)


def test_of_items_that_people_rated_all_only_their_ratings_count() -> None:
    some = words(np.random.default_rng(5), further=1)
    norm = np.random.default_rng(6).normal(size=ITEMS)
    found = some._replace(human=norm, probabilities=np.ones(ITEMS)).corrected()
    alone = least_squares(design(norm, some.further), some.outcome)
    assert found.values == pytest.approx(alone.values, rel=1e-9)
    assert found.errors == pytest.approx(alone.errors * np.sqrt(ITEMS / (ITEMS - 3)), rel=1e-9)


def test_units_change_no_more_than_the_units_of_coefficients() -> None:
    some = words(np.random.default_rng(7), further=1)
    plain = some.corrected()
    other = some._replace(
        estimate=5 + 100 * some.estimate, human=5 + 100 * some.human, further=1e8 * some.further
    ).corrected()
    assert other.values[1:] * [100, 1e8] == pytest.approx(plain.values[1:], rel=1e-8)
    assert other.errors[1:] * [100, 1e8] == pytest.approx(plain.errors[1:], rel=1e-8)


def test_probabilities_of_items_that_people_did_not_rate_are_not_needed() -> None:
    some = words(np.random.default_rng(8), unequal=True)
    gaps = some._replace(probabilities=np.where(some.told, some.probabilities, np.nan))
    assert gaps.corrected().errors == pytest.approx(some.corrected().errors, rel=1e-12)


def test_what_cannot_be_corrected_is_refused() -> None:
    some = words(np.random.default_rng(9))
    twice = some._replace(further=2 * some.estimate[:, None] + 1)
    with pytest.raises(ValueError, match="rank 2"):
        twice.corrected()
    few = np.where(np.arange(ITEMS) < 4, 0.01 * np.arange(ITEMS), np.nan)
    wild = some._replace(human=few, probabilities=np.full(ITEMS, 4 / ITEMS))
    large = np.where(np.arange(ITEMS) < 4, 9 * some.estimate, some.estimate)
    with pytest.raises(ValueError, match="eigenvalue -"):
        wild._replace(estimate=large).corrected()
