"""Reliability of norms, against pingouin, published examples and known variance components."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pingouin
import pytest
import vaderSentiment
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from emoalign.statistics.agreement import one_rating, split_half
from emoalign.statistics.reliability import (
    ceiling,
    ceiling_interval,
    disattenuate,
    disattenuated,
    icc1,
    icc1_sums,
    summary_reliability,
    summary_sums,
)
from emoalign.statistics.replicates import Interval, pearson_replicates, replicates_of
from emoalign.statistics.resampling import resample_counts

SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
)


def simulated(n_items: int, n_raters: int, noise_sd: float, seed: int = 6) -> np.ndarray:
    """Items of true SD 1, each rated with independent noise."""
    rng = np.random.default_rng(seed)
    return rng.normal(5, 1, (n_items, 1)) + rng.normal(0, noise_sd, (n_items, n_raters))


def ragged(ratings: np.ndarray, least: int, seed: int = 7) -> np.ndarray:
    """Drop ratings at random places, so that each item keeps a different number."""
    rng = np.random.default_rng(seed)
    kept = rng.integers(least, ratings.shape[1] + 1, size=(len(ratings), 1))
    ranks = rng.random(ratings.shape).argsort(axis=1).argsort(axis=1)
    return np.where(ranks < kept, ratings, np.nan)


def test_icc_of_shrout_and_fleiss_table_4_is_theirs() -> None:
    found = icc1(SHROUT_FLEISS)
    assert found.single == pytest.approx(0.17, abs=0.005)
    assert found.average == pytest.approx(0.44, abs=0.005)
    assert found.k == 4


@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
def test_icc_is_pingouins() -> None:
    ratings = simulated(30, 5, 1.5)
    long = pd.DataFrame(ratings).melt(ignore_index=False).reset_index()
    table = pingouin.intraclass_corr(long, "index", "variable", "value").set_index("Type")["ICC"]
    single, average = table.iloc[0], table.iloc[3]
    assert list(table.index[[0, 3]]) in (["ICC1", "ICC1k"], ["ICC(1,1)", "ICC(1,k)"])
    assert (icc1(ratings).single, icc1(ratings).average) == pytest.approx((single, average))


def test_icc_of_unequal_numbers_follows_from_the_anova_table() -> None:
    ratings = ragged(simulated(40, 8, 1.5), least=2)
    groups = [row[np.isfinite(row)] for row in ratings]
    f = stats.f_oneway(*groups).statistic
    n = np.array([len(group) for group in groups])
    # Snedecor's form of k0: the mean number, less its spread.
    k0 = n.mean() - n.var(ddof=1) / (len(n) * n.mean())
    single = (f - 1) / (f + k0 - 1)
    found = icc1(ratings)
    assert found.single == pytest.approx(single)
    # The mean of as many ratings as items have in the harmonic mean.
    assert found.k == pytest.approx(stats.hmean(n))
    assert found.average == pytest.approx(found.k * single / (1 + (found.k - 1) * single))


def test_icc_of_unequal_numbers_is_the_reliability_of_means_that_weigh_alike() -> None:
    rng = np.random.default_rng(4)
    truth = rng.normal(size=20_000)
    n = np.where(np.arange(20_000) % 2, 2, 30)
    ratings = np.where(
        np.arange(30) < n[:, None], truth[:, None] + rng.normal(0, 2, (20_000, 30)), np.nan
    )
    real = np.corrcoef(truth, np.nanmean(ratings, axis=1))[0, 1] ** 2
    assert icc1(ratings).average == pytest.approx(real, abs=0.01)
    # With k0, which suits means weighted by their numbers, it would be above .75.
    assert real < 0.55


def test_known_variance_components_are_recovered() -> None:
    # Item variance 1, noise variance 4, 10 raters: single 1/5, mean of ten 10/14.
    ratings = simulated(4000, 10, 2)
    means, sds = ratings.mean(axis=1), ratings.std(axis=1, ddof=1)
    assert icc1(ratings).single == pytest.approx(1 / 5, abs=0.015)
    for reliability in (
        icc1(ratings).average,
        split_half(ratings, 100).spearman_brown,
        summary_reliability(means, sds, 10),
    ):
        assert reliability == pytest.approx(10 / 14, abs=0.015)
    # One rater with the mean of nine others: covariance 1, variances 1 + 4 and 1 + 4/9.
    expected = 1 / np.sqrt(5 * (1 + 4 / 9))
    assert one_rating(ratings, 100) == pytest.approx(expected, abs=0.015)


def test_unequal_numbers_of_raters_recover_the_same_components() -> None:
    assert icc1(ragged(simulated(4000, 12, 2), least=4)).single == pytest.approx(0.2, abs=0.015)


def test_pure_noise_has_no_reliability() -> None:
    noise = np.random.default_rng(3).normal(size=(3000, 8))
    assert split_half(noise, 50).spearman_brown == pytest.approx(0, abs=0.06)
    assert icc1(noise).average == pytest.approx(0, abs=0.06)
    assert one_rating(noise, 50) == pytest.approx(0, abs=0.04)
    reliability = summary_reliability(noise.mean(axis=1), noise.std(axis=1, ddof=1), 8)
    assert reliability == pytest.approx(0, abs=0.06)


def test_split_half_is_the_mean_over_shuffled_halves() -> None:
    ratings = ragged(simulated(25, 7, 1), least=2)
    rng = np.random.default_rng(0)
    rs = []
    for _ in range(1500):
        halves = []
        for row in ratings:
            shuffled = rng.permutation(row[np.isfinite(row)])
            half = len(shuffled) // 2
            halves.append((shuffled[:half].mean(), shuffled[half:].mean()))
        rs.append(np.corrcoef(np.array(halves).T)[0, 1])
    found = split_half(ratings, 1500, seed=1)
    assert found.r == pytest.approx(np.mean(rs), abs=0.012)
    assert found.spearman_brown == pytest.approx(2 * found.r / (1 + found.r))


def test_two_raters_have_one_split() -> None:
    # Which of two raters is dealt first is all that is random; r over many items hardly feels it.
    ratings = simulated(3000, 2, 1)
    assert split_half(ratings, 20).r == pytest.approx(icc1(ratings).single, abs=0.01)


def test_one_rating_is_the_mean_over_drawn_raters() -> None:
    ratings = ragged(simulated(25, 6, 1), least=2)
    rng = np.random.default_rng(0)
    rs = []
    for _ in range(1500):
        pairs = []
        for row in ratings:
            first, *others = rng.permutation(row[np.isfinite(row)])
            pairs.append((first, np.mean(others)))
        rs.append(np.corrcoef(np.array(pairs).T)[0, 1])
    assert one_rating(ratings, 1500, seed=1) == pytest.approx(np.mean(rs), abs=0.015)


def test_the_vader_lexicon_has_the_published_reliability() -> None:
    lexicon = Path(vaderSentiment.__file__).with_name("vader_lexicon.txt")
    lines = lexicon.read_text(encoding="utf-8").splitlines()
    ratings = np.array([line.split("\t")[3].strip("[] ").split(",") for line in lines], dtype=float)
    assert split_half(ratings, 200).spearman_brown == pytest.approx(0.964, abs=0.01)


def test_summary_reliability_is_pingouins_icc_when_all_items_have_as_many_raters() -> None:
    means, sds = SHROUT_FLEISS.mean(axis=1), SHROUT_FLEISS.std(axis=1, ddof=1)
    assert summary_reliability(means, sds, 4) == pytest.approx(icc1(SHROUT_FLEISS).average)
    assert summary_reliability(means, sds, np.full(6, 4)) == pytest.approx(0.44, abs=0.005)


def test_summary_reliability_leaves_out_items_without_all_three() -> None:
    means, sds = [1.0, 2.0, 4.0, 9.0, 5.0], [1.0, 1.0, 1.0, np.nan, 1.0]
    # Var(1, 2, 4) = 7/3, and the sampling error of each mean is 1/4.
    assert summary_reliability(means, sds, [4, 4, 4, 4, 0]) == pytest.approx(1 - 0.25 * 3 / 7)


@settings(deadline=None, max_examples=25, database=None)
@given(st.floats(0.01, 100), st.floats(-50, 50), st.integers(0, 1000))
def test_reliability_ignores_the_scale_the_order_of_items_and_where_gaps_are(
    factor: float, shift: float, seed: int
) -> None:
    ratings = ragged(simulated(12, 5, 1), least=2)
    rng = np.random.default_rng(seed)
    changed = factor * rng.permuted(ratings, axis=1)[rng.permutation(12)] + shift
    assert list(vars(icc1(changed)).values()) == pytest.approx(list(vars(icc1(ratings)).values()))
    padded = np.hstack((np.full((12, 2), np.nan), factor * ratings + shift))
    assert split_half(padded, 20).r == pytest.approx(split_half(ratings, 20).r)
    assert one_rating(padded, 20) == pytest.approx(one_rating(ratings, 20))


def test_items_rated_once_have_no_halves_and_change_nothing() -> None:
    ratings = simulated(20, 4, 1)
    alone = np.full((3, 4), np.nan)
    alone[:, 2] = 9
    together = np.vstack((ratings, alone))
    assert split_half(together, 50).r == pytest.approx(split_half(ratings, 50).r)
    assert one_rating(together, 50) == pytest.approx(one_rating(ratings, 50))


@pytest.mark.parametrize(
    "ratings",
    [
        np.zeros((0, 4)),
        np.full((5, 3), np.nan),
        np.full((5, 3), 7.0),
        np.full((5, 3), 0.1) * 3,
        np.ones((1, 3)),
        np.arange(5.0)[:, np.newaxis],
    ],
)
def test_undefined_reliability_is_nan(ratings: np.ndarray) -> None:
    assert np.isnan(split_half(ratings, 5).spearman_brown)
    assert np.isnan(one_rating(ratings, 5))
    assert np.isnan([icc1(ratings).single, icc1(ratings).average]).all()


def test_summary_reliability_of_constant_means_or_one_item_is_nan() -> None:
    assert np.isnan(summary_reliability([3, 3, 3], [1, 1, 1], 10))
    assert np.isnan(summary_reliability([3], [1], 10))


def test_many_ratings_are_split_within_bounded_memory_and_time() -> None:
    assert split_half(simulated(10_000, 10, 1), 200).r == pytest.approx(5 / 6, abs=0.01)


def test_the_ceiling_is_the_root_of_the_reliability() -> None:
    assert ceiling(0.81) == pytest.approx(0.9)
    assert np.isnan(ceiling(-0.1))
    assert np.isnan(ceiling(np.nan))


def test_disattenuation_recovers_the_correlation_of_true_scores() -> None:
    rng = np.random.default_rng(9)
    truth = rng.normal(size=20_000)
    model = 0.6 * truth + 0.8 * rng.normal(size=20_000)
    # Noise variances 1 and .25 on unit true variance: reliabilities 1/2 and .8.
    r = np.corrcoef(truth + rng.normal(size=20_000), model + 0.5 * rng.normal(size=20_000))[0, 1]
    assert disattenuate(r, 0.5, 0.8) == pytest.approx(0.6, abs=0.02)


def test_disattenuation_may_exceed_1_and_is_undefined_without_reliability() -> None:
    assert disattenuate(0.9, 0.5, 0.5) == pytest.approx(1.8)
    assert np.isnan(disattenuate(0.5, -0.2, -0.2))
    assert np.isnan(disattenuate(0.5, 0.0, 0.9))
    # Means that vary just as much as sampling error would make them.
    means = np.array([5.0, 6, 5, 9, 8])
    nothing = summary_reliability(means, np.full(5, np.sqrt(means.var(ddof=1) * 3)), 3)
    assert 0 < nothing < 1e-15
    assert np.isnan(disattenuate(0.5, nothing, 0.9))


def test_shapes_that_do_not_fit_are_named() -> None:
    with pytest.raises(ValueError, match=r"found ratings of shape \(3,\)"):
        split_half([1, 2, 3])
    with pytest.raises(ValueError, match=r"\(3,\) \(SDs\)"):
        summary_reliability([1, 2], [1, 2, 3], 5)


# On items drawn anew


def loop(statistic: Callable[[np.ndarray], float], n_items: int, n: int, seed: int) -> np.ndarray:
    """A statistic of the items of each resample, one after the other."""
    counts = resample_counts(n_items, n, seed)
    return np.array([statistic(np.repeat(np.arange(n_items), drawn)) for drawn in counts])


def test_resamples_of_icc_are_those_of_the_items_written_out() -> None:
    ratings = ragged(simulated(25, 6, 1.2), least=1)
    found = replicates_of(icc1_sums(ratings), 200, seed=5)
    assert found.estimate == pytest.approx(icc1(ratings).average)
    expected = loop(lambda items: icc1(ratings[items]).average, 25, 200, 5)
    assert found.resampled == pytest.approx(expected)
    left = [icc1(np.delete(ratings, place, axis=0)).average for place in range(25)]
    assert found.left_out == pytest.approx(np.array(left))


def by_hand(means: np.ndarray, sds: np.ndarray, ns: np.ndarray) -> float:
    """1 - mean(W/n)/Var(means), written out."""
    some = ns > 1
    w = np.sum((ns[some] - 1) * sds[some] ** 2) / np.sum(ns[some] - 1)
    return 1 - np.mean(w / ns) / np.var(means, ddof=1)


def test_a_model_is_reliable_by_the_variance_within_all_its_items() -> None:
    rng = np.random.default_rng(2)
    ns = rng.integers(1, 9, 60).astype(float)
    sds = np.where(ns > 1, rng.uniform(0.5, 2, 60), np.nan)
    means = rng.normal(0, 2, 60)
    sums = summary_sums(means, sds, ns, pooled=True)
    assert sums.estimate()[0] == pytest.approx(by_hand(means, sds, ns))
    found = replicates_of(sums, 200, seed=3)
    expected = loop(lambda items: by_hand(means[items], sds[items], ns[items]), 60, 200, 3)
    assert found.resampled == pytest.approx(expected)


def test_one_answer_per_item_says_nothing_of_reliability() -> None:
    sums = summary_sums([1, 5, 9], [np.nan] * 3, 1, pooled=True)
    assert np.isnan(sums.estimate()[0])
    assert np.isnan(summary_reliability([1, 5, 9], [np.nan] * 3, 1))


def test_an_item_that_one_person_rated_counts_with_the_error_of_the_others() -> None:
    means, sds, ns = np.array([1.0, 2, 4, 9]), np.array([1, 1, 1, np.nan]), np.array([4.0, 4, 4, 1])
    expected = 1 - (0.25 * 3 + 1) / 4 / means.var(ddof=1)
    assert summary_reliability(means, sds, ns) == pytest.approx(expected)


def test_an_sd_of_one_rating_says_nothing_whatever_a_file_says() -> None:
    means, ns = np.arange(1.0, 7), np.array([1, 1, 1, 4, 5, 5])
    sds = np.array([np.nan, np.nan, np.nan, 1.2, 0.9, 1.5])
    for said in (0.0, 0.5):
        assert summary_reliability(means, np.where(ns == 1, said, sds), ns) == pytest.approx(
            summary_reliability(means, sds, ns)
        )


def test_a_model_that_refuses_items_is_as_reliable_as_the_items_it_answered() -> None:
    """Nine in ten answers to negative items are refused, so that most of these have one or none."""
    rng = np.random.default_rng(11)
    real, right, wrong = [], [], []
    for _ in range(40):
        truth = rng.normal(0, 1, 300)
        answers = truth[:, None] + rng.normal(0, 2, (300, 20))
        answers[(truth < 0)[:, None] & (rng.random(answers.shape) < 0.9)] = np.nan
        n = np.isfinite(answers).sum(axis=1)
        answers, truth, n = answers[n > 0], truth[n > 0], n[n > 0].astype(float)
        means = np.nanmean(answers, axis=1)
        sds = np.array(
            [np.nanstd(row, ddof=1) if m > 1 else np.nan for row, m in zip(answers, n, strict=True)]
        )
        real.append(np.corrcoef(truth, means)[0, 1] ** 2)
        right.append(summary_sums(means, sds, n, pooled=True).estimate()[0])
        several = n > 1
        error = np.mean(sds[several] ** 2 / n[several])
        wrong.append(1 - error / np.var(means[several], ddof=1))
    assert np.mean(right) == pytest.approx(np.mean(real), abs=0.015)
    assert abs(np.mean(wrong) - np.mean(real)) > 0.03


def test_all_three_are_anew_in_each_resample_of_a_disattenuated_r() -> None:
    ratings, answers = simulated(40, 5, 1.0), simulated(40, 4, 1.5)
    human, model = ratings.mean(axis=1), answers.mean(axis=1)

    def corrected(items: np.ndarray) -> float:
        r = np.corrcoef(human[items], model[items])[0, 1]
        return disattenuate(r, icc1(ratings[items]).average, icc1(answers[items]).average)

    (r,) = pearson_replicates(model, human, 300, 8)
    found = disattenuated(
        r,
        replicates_of(icc1_sums(ratings), 300, 8),
        replicates_of(icc1_sums(answers), 300, 8),
    )
    assert found.estimate == pytest.approx(corrected(np.arange(40)))
    np.testing.assert_allclose(found.resampled, loop(corrected, 40, 300, 8))
    assert found.interval().low < found.estimate < found.interval().high


def test_the_interval_of_a_ceiling_is_that_of_the_reliability_as_its_root() -> None:
    assert ceiling_interval(0.5, Interval(-0.1, 0.81)) == Interval(0.0, 0.9)
    assert np.isnan(vars(ceiling_interval(-0.1, Interval(-0.3, 0.2)))["high"])
    assert np.isnan(ceiling_interval(0.5, Interval(np.nan, np.nan)).low)


def test_thousands_of_items_have_an_interval_in_seconds() -> None:
    ratings = simulated(13_915, 18, 1.5)
    begin = time.perf_counter()
    limits = replicates_of(icc1_sums(ratings), 2_000, 1).interval()
    assert limits.low < icc1(ratings).average < limits.high
    assert limits.high - limits.low < 0.01
    # Tens of times what it takes: memory or time that grow with resamples × ratings would show.
    assert time.perf_counter() - begin < 60
