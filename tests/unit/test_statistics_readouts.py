"""Sampled against exact readouts: G against scipy, and p-values by calibration and power."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from emoalign.statistics.readouts import agreement, g_statistic

POINTS = np.arange(1, 10)


def answers(
    n_items: int = 400, concentration: float = 0.4, n_answers: int = 20, seed: int = 11
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    exact = rng.dirichlet(np.full(len(POINTS), concentration), size=n_items)
    return rng.multinomial(n_answers, exact), exact


def nucleus(exact: np.ndarray, top_p: float) -> np.ndarray:
    """Keep the likeliest points up to a mass of `top_p`, as a server that truncates does."""
    order = np.argsort(-exact, axis=1)
    ranked = np.take_along_axis(exact, order, axis=1)
    ranked[np.cumsum(ranked, axis=1) - ranked >= top_p] = 0
    truncated = np.empty_like(exact)
    np.put_along_axis(truncated, order, ranked, axis=1)
    return truncated / truncated.sum(axis=1, keepdims=True)


def test_g_is_scipys_log_likelihood_ratio() -> None:
    counts, exact = answers(50, concentration=2)
    theirs = [
        stats.power_divergence(o, o.sum() * e, lambda_="log-likelihood").statistic
        for o, e in zip(counts, exact, strict=True)
    ]
    assert g_statistic(counts, exact) == pytest.approx(np.array(theirs))


def test_g_ignores_the_mass_off_the_scale() -> None:
    counts, exact = answers(50)
    assert g_statistic(counts, 0.3 * exact) == pytest.approx(g_statistic(counts, exact))


def test_g_is_zero_for_counts_as_expected_and_infinite_for_an_impossible_answer() -> None:
    g = g_statistic([[5, 10, 5], [0, 19, 1]], [[0.25, 0.5, 0.25], [0.5, 0.5, 0.0]])
    assert list(g) == [0, np.inf]


def test_g_without_answers_or_probabilities_is_undefined() -> None:
    g = g_statistic([[0, 0], [1, 1], [1, 1]], [[0.5, 0.5], [0, 0], [np.nan, 0.5]])
    assert np.isnan(g).all()


@pytest.mark.parametrize("concentration", [0.05, 0.4, 3.0])
def test_p_is_uniform_when_the_readouts_agree(concentration: float) -> None:
    # At .05 nearly all mass lies on one point and most samples tie: p must be uniform even then.
    found = agreement(*answers(1000, concentration), n_simulations=199)
    assert stats.kstest(found.p_items, "uniform").pvalue > 0.01
    assert found.ks_p == pytest.approx(stats.kstest(found.p_items, "uniform").pvalue)
    assert found.share_below_05 == pytest.approx(0.05, abs=0.025)
    assert found.p_pooled > 0.01
    assert found.p_sharpness > 0.01


def test_pooled_p_is_uniform_over_repeated_studies() -> None:
    found = [
        agreement(*answers(20, seed=seed), seed=seed, n_simulations=199) for seed in range(150)
    ]
    assert stats.kstest([study.p_pooled for study in found], "uniform").pvalue > 0.01
    assert stats.kstest([study.p_sharpness for study in found], "uniform").pvalue > 0.01


def test_another_distribution_is_found_out() -> None:
    counts, exact = answers(50)
    found = agreement(counts, np.roll(exact, 1, axis=1), n_simulations=199)
    assert found.p_pooled == 1 / 200
    assert found.share_below_05 > 0.8
    assert found.ks_p < 0.001


def test_truncated_sampling_is_found_out() -> None:
    _, exact = answers(200, concentration=1)
    counts = np.random.default_rng(0).multinomial(20, nucleus(exact, 0.9))
    found = agreement(counts, exact, n_simulations=499)
    assert found.sharpness > 0
    assert found.p_sharpness == 2 / 500
    against_itself = agreement(counts, nucleus(exact, 0.9), n_simulations=499)
    assert against_itself.p_sharpness > 0.01
    assert against_itself.p_pooled > 0.01


@pytest.mark.parametrize(("temperature", "direction"), [(0.8, 1), (1.25, -1)])
def test_another_temperature_is_found_out_with_its_direction(
    temperature: float, direction: int
) -> None:
    _, exact = answers(200)
    tempered = exact ** (1 / temperature)
    tempered /= tempered.sum(axis=1, keepdims=True)
    counts = np.random.default_rng(0).multinomial(20, tempered)
    found = agreement(counts, exact, n_simulations=199)
    assert np.sign(found.sharpness) == direction
    assert found.p_sharpness == 2 / 200


def test_sharpness_has_the_p_of_its_normal_approximation_over_many_answers() -> None:
    counts, exact = answers(300, concentration=2)
    log_p = np.log(exact)
    expected = (exact * log_p).sum(axis=1)
    variance = 20 * np.sum((exact * log_p**2).sum(axis=1) - expected**2)
    excess = np.sum(counts * log_p) - 20 * expected.sum()
    found = agreement(counts, exact, n_simulations=1999)
    assert found.sharpness == pytest.approx(excess / (20 * 300))
    p = 2 * stats.norm.sf(abs(excess) / np.sqrt(variance))
    assert found.p_sharpness == pytest.approx(p, abs=0.05)


def of_a_server(
    n_items: int, returned: int, seed: int, n_answers: int = 20
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts, the shares of the likeliest points alone, and how much the server kept to itself."""
    counts, truth = answers(n_items, 1.0, n_answers, seed)
    shares = np.where(truth >= np.sort(truth, axis=1)[:, [-returned]], truth, 0)
    return counts, shares, 1 - shares.sum(axis=1)


def test_what_was_not_returned_is_no_disagreement() -> None:
    found = [
        agreement(counts, shares, seed, 199, unknown)
        for seed in range(40)
        for counts, shares, unknown in [of_a_server(30, 5, seed)]
    ]
    assert np.mean([one.p_pooled < 0.05 for one in found]) <= 0.05
    assert np.mean([one.share_below_05 for one in found]) <= 0.05
    assert np.isnan([(one.sharpness, one.p_sharpness, one.ks_p) for one in found]).all()
    # Without a word about it, answers that were not returned would be impossible.
    counts, shares, _ = of_a_server(30, 5, 0)
    assert agreement(counts, shares, 0, 199).g_total == np.inf


def test_a_difference_that_undecided_mass_cannot_explain_is_found_out() -> None:
    counts, shares, unknown = of_a_server(60, 6, 0)
    found = agreement(np.roll(counts, 2, axis=1), shares, 0, 199, unknown)
    assert (found.p_pooled, found.share_below_05 > 0.5) == (1 / 200, True)


def test_nothing_undecided_changes_nothing_and_a_little_next_to_nothing() -> None:
    counts, exact = answers(60)
    before = agreement(counts, exact, 5, 99)
    none = agreement(counts, exact, 5, 99, np.zeros(60))
    assert (none.p_items == before.p_items).all()
    assert (none.g_total, none.sharpness) == (before.g_total, before.sharpness)
    rounding = agreement(counts, exact, 5, 99, 1e-7)
    assert rounding.g_total == pytest.approx(before.g_total, rel=1e-4)
    assert rounding.sharpness == pytest.approx(before.sharpness, abs=1e-5)


def test_an_impossible_answer_has_the_lowest_p() -> None:
    counts, exact = answers(30, concentration=2)
    exact[4, counts[4].argmax()] = 0
    found = agreement(counts, exact, n_simulations=99)
    assert found.g_total == np.inf
    assert found.p_items[4] <= 1 / 100
    assert found.p_pooled == 1 / 100
    assert found.sharpness == -np.inf
    assert found.p_sharpness == 2 / 100


def test_results_do_not_depend_on_the_order_of_items() -> None:
    counts, exact = answers(60)
    order = np.random.default_rng(2).permutation(60)
    before = agreement(counts, exact, seed=5, n_simulations=99)
    after = agreement(counts[order], exact[order], seed=5, n_simulations=99)
    assert (after.p_items == before.p_items[order]).all()
    assert (after.p_pooled, after.p_sharpness) == (before.p_pooled, before.p_sharpness)
    other_seed = agreement(counts, exact, seed=6, n_simulations=99)
    assert (other_seed.p_items != before.p_items).any()


def test_items_without_answers_or_distribution_are_left_out() -> None:
    counts, exact = answers(40)
    counts[3], exact[8] = 0, np.nan
    found = agreement(counts, exact, n_simulations=99)
    assert found.n_items == 38
    assert list(np.flatnonzero(np.isnan(found.p_items))) == [3, 8]
    kept = np.delete(np.arange(40), [3, 8])
    alone = agreement(counts[kept], exact[kept], n_simulations=99)
    assert (alone.p_items == found.p_items[kept]).all()


def test_nothing_to_compare_is_undefined() -> None:
    found = agreement(np.zeros((2, 9)), np.full((2, 9), 1 / 9))
    assert found.n_items == 0
    assert np.isnan([found.g_total, found.p_pooled, found.ks_p]).all()
    assert np.isnan([found.sharpness, found.p_sharpness]).all()
    assert np.isnan(found.p_items).all()


def test_inputs_that_are_no_counts_or_probabilities_are_refused() -> None:
    counts, exact = answers(3)
    with pytest.raises(ValueError, match=r"found shapes \(3, 9\) \(counts\) and \(2, 9\)"):
        g_statistic(counts, exact[:2])
    with pytest.raises(ValueError, match="found an undecided mass"):
        agreement(counts, exact, undecided=[0.1, 1.2, 0])
    with pytest.raises(ValueError, match="found a count"):
        g_statistic(counts + 0.5, exact)
    with pytest.raises(ValueError, match="found a probability"):
        g_statistic(counts, -exact)
