"""Errors of arousal, against statsmodels and pingouin."""

from __future__ import annotations

import numpy as np
import pingouin as pg
import pytest
import statsmodels.api as sm

from emoalign.statistics.arousal import arousal_errors, extremity, residuals

N = 300


def study(n: int = 80, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Arousal of model and people, and extremity of valence, of items with a V shape."""
    rng = np.random.default_rng(seed)
    valence = rng.uniform(1, 9, n)
    human = 3 + extremity(valence, 5) + rng.normal(0, 1, n)
    model = 2 + 0.5 * human + 0.4 * extremity(valence, 5) + rng.normal(0, 0.5, n)
    own = extremity(valence + rng.normal(0, 0.5, n), 5)
    return model, human, own, extremity(valence, 5)


def test_extremity_is_the_distance_from_the_middle_of_the_scale() -> None:
    assert extremity([1, 5, 6.5, 9], 5) == pytest.approx([4, 0, 1.5, 4])


def test_residuals_are_those_of_statsmodels() -> None:
    model, human, *_ = study()
    fitted = sm.OLS(model, sm.add_constant(human)).fit()
    assert residuals(model, human) == pytest.approx(fitted.resid)


def test_a_missing_item_has_no_residual_and_changes_no_other() -> None:
    model, human, *_ = study()
    model[3] = np.nan
    found = residuals(model, human)
    assert np.isnan(found[3])
    others = np.arange(80) != 3
    assert found[others] == pytest.approx(residuals(model[others], human[others]))


def test_correlations_are_those_of_pingouin() -> None:
    model, human, own, of_people = study()
    found = arousal_errors(model, human, own, of_people, N)
    residual = residuals(model, human)
    for name, x, y in (
        ("v_human", of_people, human),
        ("v_model", own, model),
        ("residual_human", residual, of_people),
        ("residual_model", residual, own),
        ("error_arousal", model - human, human),
    ):
        related = getattr(found, name)
        assert related.r == pytest.approx(pg.corr(x, y)["r"].iloc[0])
        assert related.interval.low < related.r < related.interval.high


def test_lines_are_those_of_statsmodels_over_items_that_have_all_four_values() -> None:
    model, human, own, of_people = study()
    own[:5] = np.nan
    related = arousal_errors(model, human, own, of_people, N)
    residual = residuals(model[5:], human[5:])
    for line, y, x in (
        (related.v_human.line, human[5:], of_people[5:]),
        (related.v_model.line, model[5:], own[5:]),
        (related.residual_human.line, residual, of_people[5:]),
        (related.error_arousal.line, (model - human)[5:], human[5:]),
    ):
        fitted = sm.OLS(y, sm.add_constant(x)).fit()
        assert (line.intercept, line.slope) == pytest.approx(tuple(fitted.params))


def test_too_much_arousal_for_extreme_items_and_a_compressed_scale_are_seen() -> None:
    found = arousal_errors(*study(300), N)
    assert found.residual_human.interval.low > 0
    assert found.error_arousal.interval.high < 0


def test_items_without_valence_count_nowhere() -> None:
    model, human, own, of_people = study()
    own[:5] = np.nan
    found = arousal_errors(model, human, own, of_people, N)
    complete = arousal_errors(model[5:], human[5:], own[5:], of_people[5:], N)
    assert found.v_human.r == pytest.approx(complete.v_human.r)
    assert found.residual_model.r == pytest.approx(complete.residual_model.r)


def test_the_zero_of_a_scale_does_not_matter() -> None:
    model, human, own, of_people = study()
    first = arousal_errors(model, human, own, of_people, N)
    second = arousal_errors(model + 3, human + 3, own, of_people, N)
    assert second.residual_human.r == pytest.approx(first.residual_human.r)
    assert second.v_model.interval.low == pytest.approx(first.v_model.interval.low)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_items_have_neither_shape_nor_residuals(n: int) -> None:
    found = arousal_errors(*study(n), N)
    assert np.isnan([related.r for related in vars(found).values()]).all()
    assert np.isnan(residuals(*study(n)[:2])).all()


def test_constant_or_perfect_arousal_has_no_correlation_of_its_errors() -> None:
    model, human, own, of_people = study()
    constant = arousal_errors(np.full(80, 5.0), human, own, of_people, N)
    assert np.isnan([constant.v_model.r, constant.residual_human.r]).all()
    assert constant.error_arousal.r == pytest.approx(-1)
    perfect = arousal_errors(human, human, own, of_people, N)
    assert np.isnan([perfect.error_arousal.r, perfect.residual_human.r]).all()
    nobody = arousal_errors(model, np.full(80, np.nan), own, of_people, N)
    assert np.isnan(nobody.v_human.r)
