"""Agreement of item means, against scipy, pingouin and other forms of the same formulas."""

from __future__ import annotations

import numpy as np
import pingouin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from emoalign.statistics.correlation import concordance, errors, fisher_limits, pearson, spearman

FAST = settings(deadline=None, max_examples=40, database=None)
LAW_LSAT = [576, 635, 558, 578, 666, 580, 555, 661, 651, 605, 653, 575, 545, 572, 594]
LAW_GPA = [3.39, 3.30, 2.81, 3.03, 3.44, 3.07, 3.00, 3.43, 3.36, 3.13, 3.12, 2.74, 2.76, 2.88, 2.96]
RATINGS = st.lists(
    st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=5, max_size=30, unique=True
)


def means(n: int = 40, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    human = rng.uniform(1, 9, n)
    return np.round(0.7 * human + 1.5 + rng.normal(0, 1, n), 1), human


def test_pearson_of_the_law_schools_is_the_published_776() -> None:
    assert pearson(LAW_LSAT, LAW_GPA).r == pytest.approx(0.776, abs=5e-4)


def test_r_and_p_of_pearson_are_those_of_scipy_and_pingouin() -> None:
    model, human = means()
    ours, theirs = pearson(model, human), stats.pearsonr(model, human)
    assert (ours.r, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue))
    row = pingouin.corr(model, human).iloc[0]
    assert (ours.r, ours.p, ours.n) == pytest.approx((row["r"], row["p_val"], row["n"]))


@pytest.mark.parametrize("n", [4, 5, 40])
@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_limits_of_fisher_are_those_of_scipy(n: int, level: float) -> None:
    model, human = means(n)
    ours = fisher_limits(pearson(model, human).r, n, level)
    assert ours == pytest.approx(tuple(stats.pearsonr(model, human).confidence_interval(level)))


def test_three_items_or_a_perfect_correlation_have_no_limits_of_fisher() -> None:
    # On one line r is 1 but for rounding.
    nearly = np.nextafter(1, 0)
    low, high = fisher_limits([0.5, 1.0, -1.0, np.nan, nearly, -nearly], [3, *[40] * 5])
    assert np.isnan(low).all()
    assert np.isnan(high).all()


def test_spearman_is_pearson_of_the_ranks_with_the_t_test() -> None:
    model, human = means()
    ours = spearman(model, human)
    rho = np.corrcoef(stats.rankdata(model), stats.rankdata(human))[0, 1]
    t = rho * np.sqrt(38 / (1 - rho**2))
    assert (ours.r, ours.p, ours.n) == pytest.approx((rho, 2 * stats.t.sf(abs(t), 38), 40))


def test_concordance_is_r_times_lins_bias_correction_factor() -> None:
    # Lin (1989): C_b = 2/(v + 1/v + u²), v the ratio of SDs, u the location shift.
    model, human = means()
    v = model.std() / human.std()
    u = (model.mean() - human.mean()) / np.sqrt(model.std() * human.std())
    expected = np.corrcoef(model, human)[0, 1] * 2 / (v + 1 / v + u**2)
    assert concordance(model, human) == pytest.approx(expected)


def test_errors_are_those_worked_out_by_hand() -> None:
    # Human 2, 4, 6 and model 3, 4, 5: on the line 2 + human/2.
    found = errors([3, 4, 5], [2, 4, 6])
    assert found.mae == pytest.approx(2 / 3)
    assert found.rmse == pytest.approx(np.sqrt(2 / 3))
    assert found.rmse_constant == pytest.approx(np.sqrt(8 / 3))
    assert found.bias == pytest.approx(0)
    assert (found.slope, found.intercept) == pytest.approx((0.5, 2))


def test_the_line_predicts_the_model_from_the_human_means() -> None:
    model, human = means()
    found = errors(model, human)
    assert (found.slope, found.intercept) == pytest.approx(tuple(np.polyfit(human, model, 1)))
    assert found.bias == pytest.approx(model.mean() - human.mean())


@FAST
@given(RATINGS, st.floats(0.1, 10), st.floats(-5, 5))
def test_r_ignores_a_change_of_scale_and_concordance_does_not_exceed_it(
    pairs: list[tuple[int, int]], factor: float, shift: float
) -> None:
    model, human = np.array(pairs, dtype=float).T
    before, after = pearson(model, human), pearson(factor * model + shift, human)
    if np.isnan(before.r):
        assert np.isnan(after.r)
        return
    assert after.r == pytest.approx(before.r, abs=1e-9)
    assert pearson(-model, human).r == pytest.approx(-before.r, abs=1e-9)
    assert pearson(human, model).r == pytest.approx(before.r, abs=1e-9)
    assert abs(concordance(model, human)) <= abs(before.r) + 1e-9


@FAST
@given(RATINGS)
def test_the_order_of_items_does_not_matter(pairs: list[tuple[int, int]]) -> None:
    model, human = np.array(pairs, dtype=float).T
    order = np.random.default_rng(0).permutation(len(pairs))
    for statistic in (pearson, spearman, errors):
        before, after = statistic(model, human), statistic(model[order], human[order])
        assert list(vars(after).values()) == pytest.approx(
            list(vars(before).values()), nan_ok=True, abs=1e-9
        )


def test_identical_ratings_agree_perfectly() -> None:
    _, human = means()
    for found in (pearson(human, human), spearman(human, human)):
        assert found.r == pytest.approx(1)
    assert concordance(human, human) == pytest.approx(1)
    assert errors(human, human).rmse == 0


@pytest.mark.parametrize("statistic", [pearson, spearman])
@pytest.mark.parametrize(
    ("model", "human"),
    [
        ([], []),
        ([5.0], [4.0]),
        ([5.0, 6.0], [4.0, 3.0]),
        ([5.0] * 4, [1.0, 2.0, 3.0, 4.0]),
        ([0.1 + 0.2, 0.3, 0.3, 0.3], [1.0, 2.0, 3.0, 4.0]),
        ([np.nan] * 4, [1.0, 2.0, 3.0, 4.0]),
    ],
)
def test_too_few_or_constant_items_have_no_correlation(statistic, model, human) -> None:  # type: ignore[no-untyped-def]
    found = statistic(model, human)
    assert np.isnan([found.r, found.p]).all()


def test_three_items_have_a_correlation() -> None:
    found = pearson([1, 2, 4], [1, 3, 4])
    assert np.isfinite(found.r)
    assert found.n == 3


def test_a_constant_model_has_zero_concordance_and_two_equal_constants_none() -> None:
    assert concordance([5, 5, 5], [1, 2, 6]) == 0
    assert np.isnan(concordance([5, 5, 5], [5, 5, 5]))
    assert np.isnan(concordance([5], [5]))


def test_errors_without_items_are_undefined_and_without_spread_have_no_line() -> None:
    assert np.isnan(list(vars(errors([np.nan], [1.0])).values())).all()
    constant = errors([3, 5], [4, 4])
    assert np.isnan([constant.slope, constant.intercept]).all()
    assert (constant.mae, constant.rmse_constant) == (1, 0)


def test_items_missing_on_either_side_are_left_out() -> None:
    model, human = means()
    with_gaps = pearson(np.append(model, [np.nan, 4]), np.append(human, [5, np.nan]))
    assert with_gaps == pearson(model, human)


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match=r"found shapes \(2,\) \(model\) and \(3,\) \(human\)"):
        pearson([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="one value per item"):
        concordance([[1, 2]], [[1, 2]])
