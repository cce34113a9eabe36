"""Distances of distributions, against scipy and scikit-learn, and what they are blind to."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.spatial.distance import jensenshannon
from sklearn.metrics import brier_score_loss, log_loss

from emoalign.statistics import distances
from emoalign.statistics.distances import METRICS, Kind, scores
from emoalign.statistics.pairs import FloatArray

Distance = Callable[[FloatArray, FloatArray], FloatArray]


def drawn(seed: int, n: int = 40, k: int = 7, zeros: bool = True) -> tuple[FloatArray, FloatArray]:
    """Distributions of people and of a model, some points of which nobody gave."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(2):
        weights = rng.gamma(0.6, size=(n, k))
        if zeros:
            weights *= rng.random((n, k)) < 0.6
            weights[:, 0] += 1e-3
        found.append(weights / weights.sum(axis=1, keepdims=True))
    return found[0], found[1]


HUMAN, MODEL = drawn(1)
POINTS = np.arange(7)


def rowwise(function: Callable[[FloatArray, FloatArray], float]) -> FloatArray:
    return np.array([function(p, q) for p, q in zip(HUMAN, MODEL, strict=True)])


def test_the_jensen_shannon_divergence_is_scipys_distance_squared() -> None:
    expected = rowwise(lambda p, q: float(jensenshannon(p, q, base=2)) ** 2)
    assert distances.jsd(HUMAN, MODEL) == pytest.approx(expected, abs=1e-12)


def test_kullback_leibler_and_entropy_are_scipys() -> None:
    mixed = 0.9 * MODEL + 0.1 / 7
    expected = rowwise(lambda p, q: float(stats.entropy(p, 0.9 * q + 0.1 / 7, base=2)))
    assert distances.kl(HUMAN, MODEL, smoothing=0.1) == pytest.approx(expected, abs=1e-12)
    assert distances.smoothed(MODEL, 0.1) == pytest.approx(mixed)
    assert distances.entropy(HUMAN) == pytest.approx(stats.entropy(HUMAN, base=2, axis=1))


def test_the_earth_movers_distance_is_scipys_in_points_of_the_scale() -> None:
    half_steps = POINTS / 2
    expected = rowwise(lambda p, q: stats.wasserstein_distance(half_steps, half_steps, p, q))
    assert distances.w1(HUMAN, MODEL, step=0.5) == pytest.approx(expected, abs=1e-12)


def test_rank_agreement_is_scipys_tau_b() -> None:
    expected = rowwise(lambda p, q: float(stats.kendalltau(p, q).statistic))
    assert distances.kendall(HUMAN, MODEL) == pytest.approx(expected, nan_ok=True)


def test_the_likelihood_of_ratings_is_the_log_loss_of_scikit_learn() -> None:
    counts = np.array([2, 0, 1, 4, 0, 0, 3])
    ratings = np.repeat(POINTS, counts)
    model = distances.smoothed(MODEL[0])
    expected = log_loss(ratings, np.tile(model, (10, 1)), labels=POINTS) / np.log(2)
    assert distances.nll(counts / 10, MODEL[0]) == pytest.approx(expected)


def test_the_likelihood_of_chosen_or_not_is_the_log_loss_of_each_label() -> None:
    chosen = np.array([[1, 0, 1], [1, 0, 0], [0, 0, 1], [1, 0, 1]])
    model = np.array([0.2, 0.0, 0.9])
    expected = [
        log_loss(label, np.full(4, 0.99 * share + 0.005), labels=[0, 1]) / np.log(2)
        for label, share in zip(chosen.T, model, strict=True)
    ]
    assert distances.bernoulli_nll(chosen.mean(axis=0), model) == pytest.approx(expected)


def test_a_set_of_labels_has_two_likelihoods_under_two_names() -> None:
    human, model = np.array([[0.5, 1.0, 0.0]]), np.array([[0.2, 0.8, 0.6]])
    categorical, bernoulli = scores("labels", human, model, names=("nll", "bernoulli_nll"))
    shares = [one / one.sum() for one in (human[0], model[0])]
    assert categorical == pytest.approx([distances.nll(*shares)])
    assert bernoulli == pytest.approx([distances.bernoulli_nll(human[0], model[0]).mean()])
    assert categorical[0] > 1.5 * bernoulli[0]


def test_the_ranked_probability_score_of_one_rating_is_the_published_one() -> None:
    """Epstein (1969), Murphy (1971): squared differences of cumulative probabilities."""
    forecast, rating = np.array([0.2, 0.5, 0.3]), np.array([0.0, 0.0, 1.0])
    assert distances.rps(rating, forecast) == pytest.approx((0.2**2 + 0.7**2) / 2)


def test_single_raters_score_worse_by_an_amount_that_no_model_changes() -> None:
    single = np.eye(7)
    of_single = np.array([distances.rps(rating, MODEL) for rating in single])
    of_raters = (HUMAN * of_single.T).sum(axis=1)
    cumulated = HUMAN.cumsum(axis=1)[:, :-1]
    spread = (cumulated * (1 - cumulated)).sum(axis=1) / 6
    assert of_raters - distances.rps(HUMAN, MODEL) == pytest.approx(spread)


def test_the_brier_score_of_a_label_is_scikit_learns_but_for_what_raters_disagree() -> None:
    chosen = np.array([1, 1, 0, 0, 0])
    share = np.array([chosen.mean()])
    expected = brier_score_loss(chosen, np.full(5, 0.7)) - 0.4 * 0.6
    assert distances.brier(share, np.array([0.7])) == pytest.approx([expected])


def test_a_label_by_itself_is_a_distribution_over_chosen_and_not_chosen() -> None:
    share, answer = HUMAN[:, 2], MODEL[:, 2]
    expected = [
        jensenshannon([a, 1 - a], [b, 1 - b], base=2) ** 2
        for a, b in zip(share, answer, strict=True)
    ]
    found = distances.bernoulli_jsd(HUMAN, MODEL)
    assert found.shape == HUMAN.shape
    assert found[:, 2] == pytest.approx(np.nan_to_num(expected), abs=1e-9)


def test_where_no_label_was_chosen_there_is_no_distribution_over_labels() -> None:
    shares = np.array([[0.0, 0.0, 0.0], [1.0, 0.5, 0.5]])
    found = distances.normalised(shares)
    assert np.isnan(found[0]).all()
    assert found[1] == pytest.approx([0.5, 0.25, 0.25])
    for distance in (
        distances.jsd,
        distances.tvd,
        distances.top1,
        distances.kendall,
        distances.nll,
    ):
        assert np.isnan(distance(found, found[[1, 1]])[0])
        assert np.isnan(distance(found[[1, 1]], found)[0])


def test_of_points_that_are_equally_likely_any_may_be_the_likeliest() -> None:
    human = np.array([[0.5, 0.5, 0.0], [0.4, 0.3, 0.3], [1 / 3, 1 / 3, 1 / 3]])
    model = np.array([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
    assert distances.top1(human, model) == pytest.approx([0.5, 0.5, 1 / 3])


def test_one_predictor_is_compared_with_every_item() -> None:
    uniform = np.full(7, 1 / 7)
    everywhere = np.tile(uniform, (len(HUMAN), 1))
    for distance in (
        distances.jsd,
        distances.kl,
        distances.tvd,
        distances.w1,
        distances.rps,
        distances.top1,
    ):
        assert distance(HUMAN, uniform) == pytest.approx(distance(HUMAN, everywhere))


weights = arrays(np.float64, (3, 5), elements=st.floats(0, 1, allow_subnormal=False))


def distributions(values: FloatArray) -> FloatArray:
    values = values + (values.sum(axis=1, keepdims=True) == 0)
    return values / values.sum(axis=1, keepdims=True)


SYMMETRIC = (distances.jsd, distances.tvd, distances.w1, distances.rps, distances.top1)


@given(weights, weights)
def test_distances_keep_their_bounds_and_take_no_side(a: FloatArray, b: FloatArray) -> None:
    p, q = distributions(a), distributions(b)
    for distance in SYMMETRIC:
        assert distance(p, q) == pytest.approx(distance(q, p), abs=1e-9)
    bounds = ((distances.jsd, 1), (distances.tvd, 1), (distances.w1, 4), (distances.rps, 1))
    for distance, most in bounds:
        assert (distance(p, q) >= 0).all()
        assert (distance(p, q) <= most + 1e-9).all()
    assert (distances.entropy(p) <= np.log2(5) + 1e-9).all()


@given(weights)
def test_the_same_distribution_is_at_no_distance(a: FloatArray) -> None:
    p = distributions(a)
    for distance in (distances.jsd, distances.tvd, distances.w1, distances.rps):
        assert distance(p, p) == pytest.approx(0, abs=1e-9)
    assert distances.kl(p, p, smoothing=0) == pytest.approx(0, abs=1e-9)
    assert distances.entropy_difference(p, p) == pytest.approx(0)


def test_the_order_of_the_points_matters_for_some_distances_and_not_for_others() -> None:
    people = np.array([1.0, 0, 0, 0, 0])
    near, far = np.array([0, 1.0, 0, 0, 0]), np.array([0, 0, 0, 0, 1.0])
    assert distances.jsd(people, near) == distances.jsd(people, far) == 1
    assert distances.tvd(people, near) == distances.tvd(people, far) == 1
    assert distances.rps(people, near) < distances.rps(people, far) == 1
    assert distances.w1(people, near) == 1
    assert distances.w1(people, far) == 4


SIDES = {
    # Of few raters, and of few answers: 1 too large, -1 too small, 0 neither.
    **dict.fromkeys(("jsd", "kl", "tvd", "w1", "w1_normalised", "rps"), (1, 1)),
    "nll": (0, 1),
    "rps_debiased": (0, 0),
    "entropy_difference": (1, -1),
    "top1": (-1, -1),
    "kendall": (-1, -1),
    "bernoulli_jsd": (1, 1),
    "brier": (1, 1),
}


@pytest.mark.parametrize("kind", ["ordinal", "labels"])
def test_few_raters_and_few_answers_move_each_metric_as_its_description_says(kind: Kind) -> None:
    """The model is like people but for some noise, so that it agrees more than by chance."""
    rng = np.random.default_rng(9)
    truth = rng.dirichlet(np.ones(6), 20_000)
    model = 0.7 * truth + 0.3 * rng.dirichlet(np.ones(6), 20_000)
    if kind == "labels":
        truth, model = truth**0.5, model**0.5
        few = [rng.binomial(5, shares) / 5 for shares in (truth, model)]
    else:
        few = [rng.multinomial(5, shares) / 5 for shares in (truth, model)]
    known, of_raters, of_answers = (
        np.nanmean(scores(kind, p, q, raters=n, answers=m), axis=1)
        for p, q, n, m in (
            (truth, model, np.inf, np.inf),
            (few[0], model, 5, np.inf),
            (truth, few[1], np.inf, 5),
        )
    )
    for place, metric in enumerate(METRICS[kind]):
        found = [round(50 * (one[place] - known[place])) for one in (of_raters, of_answers)]
        assert tuple(np.sign(found)) == SIDES[metric], (metric, found)
