"""Test–retest coefficients, against pingouin, the analysis of variance and planted waves."""

from __future__ import annotations

import warnings
from typing import get_args

import numpy as np
import pandas as pd
import pingouin as pg
import pytest
import statsmodels.api as sm
from statsmodels.formula.api import ols

from emoalign.statistics.replicates import replicates_of
from emoalign.statistics.retest import Measure, retest_sums

MEASURES: tuple[Measure, ...] = get_args(Measure)


def waves(seed: int, n: int = 40, shift: float = 0.6) -> tuple[np.ndarray, np.ndarray]:
    """Item means of two waves: items of SD 1.5, noise of .5 in each wave, the second higher."""
    rng = np.random.default_rng(seed)
    items = rng.normal(5, 1.5, n)
    first, second = items + rng.normal(0, 0.5, (2, n))
    return first, second + shift


def measured(first: np.ndarray, second: np.ndarray, measure: Measure) -> float:
    return float(retest_sums(first, second, measure).estimate()[0])


def long(first: np.ndarray, second: np.ndarray) -> pd.DataFrame:
    wave, item = np.indices((2, len(first))).reshape(2, -1)
    return pd.DataFrame({"item": item, "wave": wave, "y": np.concatenate((first, second))})


def test_coefficients_are_those_of_pingouin() -> None:
    first, second = waves(1)
    with warnings.catch_warnings():  # pingouin calls pandas in a way that will go
        warnings.simplefilter("ignore")
        found = pg.intraclass_corr(long(first, second), "item", "wave", "y")
    table = found.set_index("Type")["ICC"]
    assert measured(first, second, "icc_consistency") == pytest.approx(table["ICC(C,1)"])
    assert measured(first, second, "icc_agreement") == pytest.approx(table["ICC(A,1)"])


def test_coefficients_follow_from_the_mean_squares_of_the_analysis_of_variance() -> None:
    first, second = waves(2, n=25)
    table = sm.stats.anova_lm(ols("y ~ C(item) + C(wave)", long(first, second)).fit())
    rows, columns, rest = table["mean_sq"]
    agreement = (rows - rest) / (rows + rest + 2 * (columns - rest) / 25)
    assert measured(first, second, "icc_agreement") == pytest.approx(agreement)
    assert measured(first, second, "sem") == pytest.approx(np.sqrt(rest))


def test_the_standard_error_of_measurement_is_the_sd_times_the_root_of_what_is_unreliable() -> None:
    first, second = waves(3)
    sd = np.sqrt((first.var(ddof=1) + second.var(ddof=1)) / 2)
    icc = measured(first, second, "icc_consistency")
    assert measured(first, second, "sem") == pytest.approx(sd * np.sqrt(1 - icc))


def test_planted_waves_have_the_expected_coefficients() -> None:
    """2.25/2.5 = .90; the shift of .6 adds .36/2 to the error of agreement: 2.25/2.68 = .84."""
    first, second = waves(4, n=100_000)
    assert measured(first, second, "icc_consistency") == pytest.approx(0.90, abs=0.01)
    assert measured(first, second, "icc_agreement") == pytest.approx(0.84, abs=0.01)
    assert measured(first, second, "change") == pytest.approx(0.6, abs=0.01)
    assert measured(first, second, "sem") == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("measure", MEASURES)
def test_a_missing_item_counts_on_neither_side(measure: Measure) -> None:
    first, second = waves(5)
    lacking = second.copy()
    lacking[[3, 7]] = np.nan
    kept = np.isfinite(lacking)
    found = measured(first, lacking, measure)
    assert found == pytest.approx(measured(first[kept], second[kept], measure))


@pytest.mark.parametrize("measure", MEASURES)
def test_items_of_a_cluster_are_drawn_together(measure: Measure) -> None:
    first, second = waves(6, n=12)
    clusters = np.arange(12, dtype=np.int64) // 2
    found = replicates_of(retest_sums(first, second, measure), 50, 1, clusters)
    assert found.n_clusters == 6
    without = measured(first[2:], second[2:], measure)
    assert found.left_out[0] == pytest.approx(without)


def test_waves_that_say_the_same_agree_fully() -> None:
    first, _ = waves(7)
    assert measured(first, first, "icc_consistency") == measured(first, first, "icc_agreement") == 1
    assert measured(first, first, "sem") == measured(first, first, "change") == 0


def test_order_and_units_do_not_matter() -> None:
    first, second = waves(8)
    for measure in ("icc_consistency", "icc_agreement"):
        found = measured(first, second, measure)
        assert measured(second, first, measure) == pytest.approx(found)
        assert measured(100 * first - 7, 100 * second - 7, measure) == pytest.approx(found)
    assert measured(second, first, "change") == pytest.approx(-measured(first, second, "change"))


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_items_have_no_coefficients(n: int) -> None:
    first, second = waves(9, n)
    assert np.isnan(
        [measured(first, second, "icc_consistency"), measured(first, second, "sem")]
    ).all()


def test_waves_that_do_not_vary_have_no_coefficients() -> None:
    same = np.full(5, 4.0)
    assert np.isnan(measured(same, same, "icc_consistency"))
    assert np.isnan(measured(same, same, "icc_agreement"))


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match=r"\(3,\) and \(2,\)"):
        retest_sums(np.zeros(3), np.zeros(2), "sem")
