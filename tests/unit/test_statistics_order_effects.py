"""Effects of order: planted ones are found, and every number agrees with dense linear algebra."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import linalg, stats

from emoalign.statistics.order_effects import OrderEffects, order_effects
from emoalign.statistics.order_regression import ECHO, WITHOUT_MEANS, Design, Effect, Fit
from emoalign.statistics.sessions import Sessions
from emoalign.statistics.two_way import Crossed
from tests.kit.sessions import planted_sessions

FloatArray = NDArray[np.float64]


def dummies(crossed: Crossed) -> FloatArray:
    """A column for each item and each session, shape (answers, items + sessions)."""
    return np.hstack(
        [codes[:, np.newaxis] == np.unique(codes) for codes in (crossed.item, crossed.session)]
    ).astype(float)


def some_answers(rng: np.random.Generator, kept: float = 0.7) -> Crossed:
    item, session = (place.ravel() for place in np.indices((30, 12)))
    here = rng.random(len(item)) < kept
    return Crossed(item[here], session[here])


@pytest.mark.parametrize("kept", [1.0, 0.7, 0.2])
def test_what_is_left_of_a_column_is_the_residual_of_least_squares_on_dummies(kept: float) -> None:
    rng = np.random.default_rng(1)
    crossed = some_answers(rng, kept)
    columns = rng.normal(3, 2, (len(crossed.item), 3))
    fitted = dummies(crossed) @ np.linalg.lstsq(dummies(crossed), columns, rcond=None)[0]
    np.testing.assert_allclose(crossed.centred(columns), columns - fitted, atol=1e-8)


def test_the_effects_of_items_and_sessions_are_as_many_as_the_rank_of_their_dummies() -> None:
    rng = np.random.default_rng(2)
    for kept in (1.0, 0.7, 0.1, 0.03):
        crossed = some_answers(rng, kept)
        assert crossed.n_effects == np.linalg.matrix_rank(dummies(crossed))


def test_a_session_that_rates_all_items_higher_has_that_effect() -> None:
    rng = np.random.default_rng(3)
    crossed = some_answers(rng)
    item, session = rng.normal(size=30), rng.normal(size=12)
    values = item[crossed.item] + session[crossed.session]
    found = crossed.session_effects(values)
    assert np.ptp(found - session[crossed.session]) < 1e-8


# Dense linear algebra: every regressor by loops, all of its error by the matrix that makes it.


def maps(of: Sessions) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """The matrices that make of values the mean of the item before in other sessions, and the mean
    of those before it, shape (answers, answers); and the answers that have both."""
    n = len(of.item)
    design = dummies(Crossed(of.item, of.session))
    coefficients = linalg.pinv(design)
    n_items = len(np.unique(of.item))
    of_session = design[:, n_items:] @ coefficients[n_items:]
    others = np.zeros((n, n))
    for i in range(n):
        same = np.flatnonzero((of.item == of.item[i]) & (np.arange(n) != i))
        others[i, same] = 1 / len(same)
    others = others @ (np.eye(n) - of_session)
    before, earlier = np.zeros((n, n)), np.zeros((n, n))
    usable = np.zeros(n, dtype=bool)
    for i in range(n):
        turns = [k for k in range(n) if of.session[k] == of.session[i]]
        shown = [k for k in turns if of.position[k] < of.position[i]]
        if len(shown) > 1 and of.position[shown[-1]] == of.position[i] - 1:
            usable[i] = True
            before[i] = others[shown[-1]]
            earlier[i] = others[shown[:-1]].mean(axis=0)
    return before, earlier, usable


def by_matrices(of: Sessions) -> tuple[FloatArray, FloatArray, float]:
    """Carry-over, plain echo, drift and history, their standard errors, and the reliability."""
    n = len(of.item)
    before, earlier, usable = maps(of)
    everywhere = dummies(Crossed(of.item, of.session))
    left = of.value - everywhere @ np.linalg.lstsq(everywhere, of.value, rcond=None)[0]
    variance = left @ left / (n - np.linalg.matrix_rank(everywhere))
    x = np.column_stack(
        (
            before @ of.value,
            np.concatenate(([0.0], of.value[:-1])) - before @ of.value,
            of.position / 10,
            earlier @ of.value,
        )
    )[usable]
    design = everywhere[usable]
    design = design[:, design.any(axis=0)]
    annihilator = np.eye(len(design)) - design @ linalg.pinv(design)
    errors = [before[usable], -before[usable], np.zeros_like(before[usable]), earlier[usable]]
    of_error = np.array([[np.sum(a * (annihilator @ b)) for b in errors] for a in errors])
    with_error = np.array([np.sum(a * (annihilator @ np.eye(n)[usable])) for a in errors])
    of_error, with_error = variance * of_error, variance * with_error
    x, y = annihilator @ x, annihilator @ of.value[usable]
    inverse = linalg.inv(x.T @ x - of_error)
    estimates = inverse @ (x.T @ y - with_error)
    meat = np.zeros((4, 4))
    session, rows = of.session[usable], len(y)
    for one in np.unique(session):
        here = session == one
        score = x[here].T @ (y[here] - x[here] @ estimates)
        score += here.mean() * (of_error @ estimates - with_error)
        meat += np.outer(score, score)
    n_sessions = len(np.unique(session))
    parameters = 4 + np.linalg.matrix_rank(design) - n_sessions
    meat *= n_sessions / (n_sessions - 1) * (rows - 1) / (rows - parameters)
    reliability = 1 - of_error[0, 0] / (x[:, 0] @ x[:, 0])
    return estimates, np.sqrt(np.diag(inverse @ meat @ inverse)), reliability


def test_estimates_and_errors_agree_with_dense_linear_algebra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("emoalign.statistics.order_regression.SIMULATED", 100_000)
    rng = np.random.default_rng(4)
    of = planted_sessions(rng, n_items=24, length=12, sweeps=6, carry_over=0.2, echo=0.2)
    found = order_effects(of, seed=1)
    estimates, errors, reliability = by_matrices(of)
    plain = [found.carry_over.estimate, found.echo_plain, found.drift.estimate]
    np.testing.assert_allclose([*plain, found.history.estimate], estimates, atol=0.01)
    quantile = stats.t.ppf(0.975, len(np.unique(of.session)) - 1)
    widths = [one.high - one.low for one in (found.carry_over, found.drift, found.history)]
    np.testing.assert_allclose(widths, 2 * quantile * errors[[0, 2, 3]], rtol=0.02)
    assert found.reliability == pytest.approx(reliability, abs=0.002)


def test_without_error_in_the_means_it_is_least_squares_with_errors_clustered_by_session() -> None:
    rng = np.random.default_rng(5)
    of = planted_sessions(rng, n_items=40, length=20, sweeps=200, carry_over=0.1, rounded=False)
    found = order_effects(of, seed=1)
    before, earlier = np.full(len(of.item), np.nan), np.full(len(of.item), np.nan)
    effect = Crossed(of.item, of.session).session_effects(of.value)
    adjusted = of.value - effect
    total, n = (np.bincount(of.item, weights) for weights in (adjusted, np.ones(len(of.item))))
    others = (total[of.item] - adjusted) / (n[of.item] - 1)
    for session in np.unique(of.session):
        here = np.flatnonzero(of.session == session)
        before[here[1:]] = others[here[:-1]]
        earlier[here[2:]] = np.cumsum(others[here])[:-2] / np.arange(1, len(here) - 1)
    used = np.isfinite(earlier)
    said = np.concatenate(([np.nan], of.value[:-1]))
    x = np.column_stack((before, said - before, of.position / 10, earlier))[used]
    design = np.hstack((x, dummies(Crossed(of.item[used], of.session[used]))[:, 1:]))
    fit = sm.OLS(of.value[used], design).fit(
        cov_type="cluster", cov_kwds={"groups": of.session[used]}, use_t=True
    )
    assert found.carry_over.estimate == pytest.approx(fit.params[0], abs=0.002)
    assert found.drift.estimate == pytest.approx(fit.params[2], abs=0.002)
    half = stats.t.ppf(0.975, 399) * fit.bse[[0, 2]]
    widths = [one.high - one.low for one in (found.carry_over, found.drift)]
    # statsmodels counts sessions as parameters, which are within their clusters.
    np.testing.assert_allclose(widths, 2 * half, rtol=0.04)


def estimated(studies: list[OrderEffects], name: str) -> FloatArray:
    effects: list[Effect] = [getattr(study, name) for study in studies]
    return np.array([(one.estimate, one.low, one.high) for one in effects])


def planted(n: int, seed: int, **effects: Any) -> list[OrderEffects]:
    rng = np.random.default_rng(seed)
    return [order_effects(planted_sessions(rng, **effects), number) for number in range(n)]


def covered(found: FloatArray, truth: float) -> float:
    return float(np.mean((found[:, 1] <= truth) & (truth <= found[:, 2])))


@pytest.mark.parametrize("truth", [0.0, 0.2])
def test_a_planted_carry_over_is_found(truth: float) -> None:
    found = estimated(planted(12, 6, carry_over=truth), "carry_over")
    assert found[:, 0].mean() == pytest.approx(truth, abs=0.02)
    assert covered(found, truth) >= 0.75


def test_an_echo_is_no_carry_over() -> None:
    studies = planted(12, 7, echo=0.15)
    assert estimated(studies, "echo")[:, 0].mean() == pytest.approx(0.15, abs=0.02)
    assert estimated(studies, "carry_over")[:, 0].mean() == pytest.approx(0, abs=0.02)
    plain = np.mean([study.echo_plain for study in studies])
    assert plain < 0.14, "the correction for the length of sessions has nothing to correct"


def test_drift_and_history_are_found() -> None:
    studies = planted(12, 8, drift=0.2, history=0.4)
    assert estimated(studies, "drift")[:, 0].mean() == pytest.approx(0.2, abs=0.02)
    assert estimated(studies, "history")[:, 0].mean() == pytest.approx(0.4, abs=0.08)


def test_items_with_uncertain_answers_carry_over_no_more_unless_they_do() -> None:
    studies = planted(12, 9, carry_over=0.2)
    certain = estimated(studies, "carry_over_certain")[:, 0].mean()
    uncertain = estimated(studies, "carry_over_uncertain")[:, 0].mean()
    # By the entropy of the answers themselves, it would be 0.1.
    assert abs(uncertain - certain) < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("truth", [0.0, 0.1, 0.2])
def test_carry_over_is_unbiased_and_its_interval_covers_it(truth: float) -> None:
    studies = planted(120, 10, carry_over=truth)
    found = estimated(studies, "carry_over")
    assert abs(found[:, 0].mean() - truth) < 0.01
    assert covered(found, truth) >= 0.90


@pytest.mark.slow
@pytest.mark.parametrize("truth", [0.0, 0.15])
def test_the_jackknife_finds_the_echo(truth: float) -> None:
    studies = planted(100, 11, echo=truth)
    found = estimated(studies, "echo")
    assert abs(found[:, 0].mean() - truth) < 0.03
    assert covered(found, truth) >= 0.90
    assert covered(estimated(studies, "carry_over"), 0) >= 0.90


@pytest.fixture(scope="module")
def of() -> Sessions:
    return planted_sessions(np.random.default_rng(12), n_items=60, length=20, carry_over=0.2)


def test_neither_the_order_of_rows_nor_names_change_anything(of: Sessions) -> None:
    shuffled = np.random.default_rng(1).permutation(len(of.item))
    again = Sessions.of(
        np.array([f"item {k:03}" for k in of.item])[shuffled],
        of.session[shuffled],
        of.position[shuffled],
        of.value[shuffled],
    )
    assert order_effects(again, 1) == order_effects(of, 1)


def test_effects_do_not_depend_on_where_a_scale_begins_or_how_long_it_is(of: Sessions) -> None:
    found = order_effects(of, 1)
    other = order_effects(replace(of, value=10 * of.value - 3, said=10 * of.said - 3), 1)
    assert other.carry_over.estimate == pytest.approx(found.carry_over.estimate)
    assert other.echo.low == pytest.approx(found.echo.low)
    assert other.history.high == pytest.approx(found.history.high)
    assert other.drift.estimate == pytest.approx(10 * found.drift.estimate)


def test_an_answer_that_is_no_rating_explains_nothing_and_is_not_explained(of: Sessions) -> None:
    value = of.value.copy()
    value[of.position == 10] = np.nan
    found = order_effects(replace(of, value=value, said=value), 1)
    # Positions 1, 2 have too little before them, 10 has no rating, and 11 none before it.
    assert found.n_answers == order_effects(of, 1).n_answers - 2 * found.n_sessions
    assert found.reason is None


def test_an_item_that_is_not_of_the_study_leaves_a_gap(of: Sessions) -> None:
    later = replace(of, position=of.position + (of.position > 10))
    whole, found = order_effects(of, 1), order_effects(later, 1)
    assert found.n_answers == whole.n_answers - whole.n_sessions


def test_expected_ratings_depend_on_what_was_said_with_less_noise() -> None:
    rng = np.random.default_rng(13)
    of = planted_sessions(rng, carry_over=0.1, echo=0.15, rounded=False)
    told = order_effects(of, 1)
    expected = of.value.copy()
    crossed = of.crossed
    chance = crossed.centred(of.value[:, np.newaxis])[:, 0]
    before = np.concatenate(([0.0], chance[:-1]))
    before[of.position == 1] = 0
    expected += 0.15 * before - chance
    found = order_effects(replace(of, value=expected), 1)
    assert found.echo_plain == pytest.approx(0.15, abs=0.02)
    assert found.echo.high - found.echo.low < 0.2 * (told.echo.high - told.echo.low)


def few(of: Sessions, rows: NDArray[np.bool_]) -> Sessions:
    return Sessions.of(of.item[rows], of.session[rows], of.position[rows], of.value[rows])


def test_too_little_is_told(of: Sessions) -> None:
    found = order_effects(few(of, of.session < 9), 1)
    assert found.reason == "9 sessions with ratings, but 10 are needed"
    assert np.isnan(found.carry_over.estimate)
    nothing = order_effects(Sessions.of([], [], [], []), 1)
    assert nothing.reason == "0 sessions with ratings, but 10 are needed"
    once = planted_sessions(np.random.default_rng(1), n_items=400, length=20, sweeps=1)
    reason = order_effects(once, 1).reason
    assert reason == "an item is rated in 1.0 sessions on average, but 3 are needed"


def test_one_order_for_all_sessions_tells_nothing() -> None:
    rng = np.random.default_rng(14)
    item = np.tile(np.arange(30), 20)
    session = np.repeat(np.arange(20), 30)
    found = order_effects(Sessions.of(item, session, item + 1, rng.normal(5, 1, 600)), 1)
    assert found.reason == "the order of items is the same in all sessions, or ratings do not vary"


def test_the_same_rating_of_everything_tells_nothing(of: Sessions) -> None:
    value = np.full(len(of.item), 5.0)
    assert order_effects(replace(of, value=value, said=value), 1).reason is not None


HARDLY_DIFFER = (
    "no carry-over and history: the mean ratings of items in other sessions differ hardly more "
    "than by chance"
)


def test_items_that_do_not_differ_have_no_carry_over_but_echo_and_drift() -> None:
    rng = np.random.default_rng(15)
    chance = planted_sessions(rng, n_items=60, length=20)
    value = rng.normal(5, 1, len(chance.item))
    found = order_effects(replace(chance, value=value, said=value), 1)
    assert found.reason == HARDLY_DIFFER
    assert np.isnan([found.carry_over.low, found.carry_over_certain.low, found.history.low]).all()
    assert found.echo.low < 0 < found.echo.high
    assert found.drift.low < 0 < found.drift.high


@pytest.mark.parametrize("rounded", [True, False])
def test_answers_that_go_on_with_the_one_before_are_found_where_items_do_not_differ(
    rounded: bool,
) -> None:
    studies = planted(12, 16, echo=0.6, drift=0.1, item_sd=0.0, rounded=rounded)
    found = estimated(studies, "echo")
    assert found[:, 0].mean() == pytest.approx(0.6, abs=0.03)
    assert covered(found, 0.6) >= 0.75
    assert np.mean([study.echo_plain for study in studies]) < 0.58


@pytest.mark.slow
@pytest.mark.parametrize("truth", [-0.4, 0.0, 0.6])
def test_the_echo_is_unbiased_and_covered_where_items_do_not_differ(truth: float) -> None:
    studies = planted(100, 17, echo=truth, item_sd=0.0, rounded=False)
    assert np.mean([study.reason == HARDLY_DIFFER for study in studies]) > 0.8
    found = estimated(studies, "echo")
    assert abs(found[:, 0].mean() - truth) < 0.03
    assert covered(found, truth) >= 0.90
    assert covered(estimated(studies, "drift"), 0) >= 0.90


def least_squares(of: Sessions) -> tuple[float, float]:
    """Plain echo and drift without means of items, by dummies."""
    before, _, usable = maps(of)
    said = np.concatenate(([np.nan], of.value[:-1]))
    x = np.column_stack((said - before @ of.value, of.position / 10))[usable]
    design = np.hstack((x, dummies(Crossed(of.item[usable], of.session[usable]))))
    echo, drift = np.linalg.lstsq(design, of.value[usable], rcond=None)[0][:2]
    return float(echo), float(drift)


def without_means(of: Sessions) -> Fit:
    design = Design.of(of, seed=1)
    fit = design.fit(design.rows, WITHOUT_MEANS)
    assert isinstance(fit, Fit)
    return fit


def test_without_means_it_is_least_squares_corrected_for_the_error_of_the_item_before() -> None:
    rng = np.random.default_rng(18)
    of = planted_sessions(rng, n_items=24, length=12, sweeps=100, echo=0.5, drift=0.2, item_sd=0)
    _, echo, drift, _ = without_means(of).estimates
    # With 100 sessions for an item, its mean has 1% of the variance of an answer as error.
    plain = least_squares(of)
    assert echo == pytest.approx(plain[0] * 1.01, abs=0.003)
    assert drift == pytest.approx(plain[1], abs=0.003)


def test_the_echo_without_means_is_the_same_whatever_the_items_before_do() -> None:
    rng = np.random.default_rng(19)
    cases: list[dict[str, Any]] = [{"carry_over": 0.3}, {"carry_over": -0.3}, {"history": 0.4}]
    for effects in cases:
        of = [planted_sessions(rng, echo=0.3, rounded=False, **effects) for _ in range(6)]
        found = [without_means(one).estimates[ECHO] for one in of]
        # Too low by (1 + 0.3)/50, before the jackknife.
        assert np.mean(found) == pytest.approx(0.3 - 0.026, abs=0.025)


def test_a_session_that_broke_off_does_not_cost_the_echo(of: Sessions) -> None:
    whole = order_effects(of, 1)
    found = order_effects(few(of, (of.session > 0) | (of.position <= 3)), 1)
    assert found.n_sessions == whole.n_sessions - 1
    assert found.n_answers == whole.n_answers - 18
    assert found.echo.estimate == pytest.approx(whole.echo.estimate, abs=0.05)


def test_columns_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="one value per answer"):
        Sessions.of([1, 2], [1, 1], [1, 2], [5.0])
