"""Tests on item SDs, against scipy, statsmodels and the examples of Hollander & Wolfe."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from emoalign.statistics.significance import rank_sum, signed_rank

FAST = settings(deadline=None, max_examples=40, database=None)
SDS = st.lists(st.sampled_from([0.0, 0.3, 0.5, 0.5, 0.9, 1.2, 2.0]), min_size=3, max_size=25)
PERMEABILITY = (
    [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46],
    [1.15, 0.88, 0.90, 0.74, 1.21],
)
DEPRESSION = (
    [1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30],
    [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29],
)


def test_w_of_r_s_own_examples_is_r_s() -> None:
    # The examples of ?wilcox.test, after Hollander & Wolfe (1973): W = 35 and V = 40.
    assert rank_sum(*PERMEABILITY).w == 35
    assert signed_rank(*DEPRESSION).w == 40


def test_z_without_ties_is_the_textbook_formula() -> None:
    # U - nm/2 = 10, less the half of the continuity correction, over √(nm(n + m + 1)/12).
    assert rank_sum(*PERMEABILITY).z == pytest.approx(9.5 / np.sqrt(50 * 16 / 12))
    # W - n(n + 1)/4 = 17.5 likewise over √(n(n + 1)(2n + 1)/24).
    assert signed_rank(*DEPRESSION).z == pytest.approx(17 / np.sqrt(9 * 10 * 19 / 24))


@FAST
@given(SDS, SDS)
def test_rank_sum_is_scipys_mann_whitney_u_with_ties(
    model: list[float], human: list[float]
) -> None:
    found = rank_sum(model, human)
    if len(set(model + human)) == 1:
        assert np.isnan([found.z, found.p]).all()
        return
    theirs = stats.mannwhitneyu(model, human, method="asymptotic", use_continuity=True)
    assert (found.w, found.p) == pytest.approx((theirs.statistic, theirs.pvalue))
    assert (found.n_model, found.n_human) == (len(model), len(human))


@FAST
@given(st.lists(st.tuples(*[st.sampled_from([0.0, 0.25, 0.5, 1.0, 1.75])] * 2), min_size=3))
def test_signed_rank_is_scipys_wilcoxon_with_ties_and_zeros(
    pairs: list[tuple[float, float]],
) -> None:
    model, human = np.array(pairs).T
    found = signed_rank(model, human)
    assert found.n == np.sum(model != human)
    if found.n == 0:
        assert np.isnan([found.w, found.z, found.p]).all()
        return
    theirs = stats.wilcoxon(model, human, correction=True, method="asymptotic")
    # scipy's z has lost its direction: it is negative whichever side is larger.
    assert (abs(found.z), found.p) == pytest.approx((abs(theirs.zstatistic), theirs.pvalue))
    assert found.z * (found.w - found.n * (found.n + 1) / 4) >= 0
    larger = stats.wilcoxon(model, human, alternative="greater", method="asymptotic")
    assert found.w == pytest.approx(larger.statistic)


def test_smaller_model_sds_give_a_negative_z() -> None:
    human = np.random.default_rng(0).uniform(1, 2, 100)
    for found in (rank_sum(human - 0.5, human), signed_rank(human - 0.5, human)):
        assert found.z < -3
        assert found.p < 0.01
    assert rank_sum(human - 2, human).w == 0
    assert signed_rank(human - 0.5, human).w == 0


def test_swapping_the_sides_turns_the_sign() -> None:
    assert rank_sum(*PERMEABILITY[::-1]).z == pytest.approx(-rank_sum(*PERMEABILITY).z)
    assert signed_rank(*DEPRESSION[::-1]).z == pytest.approx(-signed_rank(*DEPRESSION).z)


def test_p_is_uniform_when_the_sds_are_alike() -> None:
    rng = np.random.default_rng(1)
    model, human = rng.gamma(5, 1, size=(2, 400, 60))
    for test in (rank_sum, signed_rank):
        p = [test(*pair).p for pair in zip(model, human, strict=True)]
        assert stats.kstest(p, "uniform").pvalue > 0.01


def test_missing_sds_are_left_out() -> None:
    model, human = np.append(DEPRESSION[0], np.nan), np.append(DEPRESSION[1], 9)
    assert signed_rank(model, human) == signed_rank(*DEPRESSION)
    assert rank_sum(model, DEPRESSION[1]) == rank_sum(*DEPRESSION)


def test_without_sds_there_is_no_test() -> None:
    assert np.isnan([rank_sum([np.nan], [1.0]).w, rank_sum([], []).p]).all()
    assert signed_rank([np.nan, 1.0], [1.0, np.nan]).n == 0


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match=r"found shapes \(1, 2\)"):
        rank_sum([[1, 2]], [1, 2])
    with pytest.raises(ValueError, match="same order"):
        signed_rank([1, 2, 3], [1, 2])
