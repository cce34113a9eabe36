"""What a model's distributions are set beside, against what it stands for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from statsmodels.stats.inter_rater import fleiss_kappa

from emoalign.statistics import distances, predictors
from emoalign.statistics.distances import METRICS, Kind, scores
from emoalign.statistics.pairs import FloatArray, Pair
from emoalign.statistics.perfect_model import (
    LEAST_CONCENTRATED,
    concentration,
    marginal_answers,
    perfect_answers,
)
from emoalign.statistics.predictors import reached
from emoalign.statistics.raters import People, halves

MEAN = np.array([0.05, 0.2, 0.5, 0.2, 0.05])


def people(counts: NDArray[np.int64]) -> People:
    """People whose ratings are these counts of points, (items, K)."""
    n = counts.sum(axis=1)
    ids = np.array([f"item-{number:04d}" for number in range(len(n))])
    return People(ids, counts.astype(float), n, np.full(len(n), np.nan), None)


def choosers(choices: NDArray[np.bool_], n: NDArray[np.int64]) -> People:
    """People who chose these labels, (items, raters, labels)."""
    ids = np.array([f"item-{number:04d}" for number in range(len(n))])
    counts = choices.sum(axis=1).astype(float)
    return People(ids, counts, n, np.full(len(n), np.nan), choices)


def population(n_items: int, alpha: float, seed: int) -> FloatArray:
    """True distributions of items, Dirichlet(alpha · MEAN)."""
    return np.random.default_rng(seed).dirichlet(alpha * MEAN, n_items)


def perfect(raters: People, n_answers: float, n_draws: int, seed: int) -> Iterator[Pair]:
    """People beside draws of a perfect model that gives so many answers to each item."""
    answers = np.full((1, len(raters.n)), n_answers)
    draws = perfect_answers(raters, answers, n_draws, seed)
    n = raters.n.astype(np.float64)
    return (Pair(raters.shares, shares[0], n, answers[0]) for shares in draws)


def test_who_predicts_the_mean_of_the_others_never_sees_the_items_own_fold() -> None:
    human = np.eye(3)[[0, 0, 1, 2]]
    found = predictors.marginal(human, np.array([0, 0, 1, 1]))
    assert found[0] == pytest.approx([0, 0.5, 0.5])
    assert found[2] == pytest.approx([1, 0, 0])
    assert np.isnan(predictors.marginal(human, np.zeros(4, dtype=int))).all()


def test_all_sets_of_labels_alike_are_even_odds_for_each() -> None:
    assert predictors.uniform("labels", 3).tolist() == [0.5, 0.5, 0.5]
    assert predictors.uniform("ordinal", 4).tolist() == [0.25] * 4


def test_a_model_of_one_answer_gives_the_point_nearest_to_its_mean() -> None:
    shares = np.array([[0.5, 0, 0, 0.5], [0, 0.7, 0.3, 0], [0.1, 0.2, 0.3, 0.4]])
    found = predictors.point_mass("ordinal", shares)
    assert found.tolist() == [[0, 0.5, 0.5, 0], [0, 1, 0, 0], [0, 0, 1, 0]]
    labels = predictors.point_mass("labels", np.array([[0.2, 0.9, 0.9], [0.1, 0, 0], [0, 0, 0]]))
    assert labels.tolist() == [[0, 0.5, 0.5], [1, 0, 0], [0, 0, 0]]


def test_shuffled_items_meet_every_other_where_they_are_few() -> None:
    human, model = population(6, 2, seed=1), population(6, 3, seed=2)
    pairs = (Pair(human, model[one]) for one in predictors.shuffled(6, permutations=6, seed=1))
    found = reached("ordinal", pairs).values[0]
    every = [np.mean([distances.jsd(p, q) for q in model]) for p in human]
    assert found == pytest.approx(every)


def test_shuffled_items_meet_others_at_random_where_they_are_many() -> None:
    human, model = population(300, 2, seed=1), population(300, 3, seed=2)
    pairs = (Pair(human, model[one]) for one in predictors.shuffled(300, permutations=40, seed=1))
    every = np.mean([distances.jsd(human, one).mean() for one in model])
    assert reached("ordinal", pairs).values[0].mean() == pytest.approx(every, abs=0.002)


def test_agreement_beyond_chance_is_the_kappa_of_fleiss() -> None:
    counts = np.random.default_rng(3).multinomial(6, population(200, 3, seed=3))
    kappa = fleiss_kappa(counts)
    assert concentration(people(counts)) == pytest.approx(1 / kappa - 1)


def test_the_concentration_is_that_which_the_items_have() -> None:
    counts = np.random.default_rng(4).multinomial(5, population(20_000, 3, seed=4))
    assert concentration(people(counts)) == pytest.approx(3, rel=0.05)


def test_items_that_are_all_alike_and_raters_who_all_agree_are_the_limits() -> None:
    same = np.random.default_rng(5).multinomial(5, np.tile(MEAN, (40, 1)))
    assert concentration(people(same)) > 10
    agreed = 5 * np.eye(5, dtype=int)[[0, 1, 2, 2]]
    assert concentration(people(agreed)) == LEAST_CONCENTRATED
    alone = people(np.eye(5, dtype=int))
    assert concentration(alone) == LEAST_CONCENTRATED


def test_halves_share_no_rater_and_leave_none_out() -> None:
    counts = np.array([[3, 2, 0], [1, 1, 2], [0, 0, 3]])
    for larger, smaller, *_ in halves(people(counts), 50, seed=1):
        assert larger.sum(axis=1) == pytest.approx(1)
        assert smaller.sum(axis=1) == pytest.approx(1)
        assert larger * [[3], [2], [2]] + smaller * [[2], [2], [1]] == pytest.approx(counts)


def test_halves_are_every_half_equally_often() -> None:
    counts = np.array([[1, 2, 2]])
    raters = [0, 1, 1, 2, 2]
    every = []
    for half in combinations(range(5), 2):
        taken = np.bincount([raters[place] for place in half], minlength=3)
        every.append(distances.jsd((counts[0] - taken) / 3, taken / 2))
    found = reached("ordinal", halves(people(counts), 4000, seed=2)).values[0, 0]
    assert found == pytest.approx(np.mean(every), abs=0.01)


def test_a_rater_keeps_all_labels_when_raters_are_halved() -> None:
    choices = np.zeros((1, 5, 4), dtype=bool)
    choices[0, :2, :2] = True
    choices[0, 2:4, 2:] = True
    for larger, smaller, *_ in halves(choosers(choices, np.array([4])), 30, seed=1):
        assert larger[0, 0] == larger[0, 1]
        assert larger[0, 2] == larger[0, 3] == 1 - larger[0, 0]
        assert smaller == pytest.approx(1 - larger)


def simulated(n_answers: int | None, seed: int) -> tuple[People, FloatArray]:
    """Raters of 3,000 items, and a model that is perfect: it answers from what is true."""
    rng = np.random.default_rng(seed)
    truth = population(3000, 4, seed)
    raters = people(rng.multinomial(rng.integers(3, 7, 3000), truth))
    return raters, truth if n_answers is None else rng.multinomial(n_answers, truth) / n_answers


DISTANCES = ("jsd", "rps", "w1", "tvd", "kl", "nll")


def means_of(
    kind: Kind, raters: People, model: FloatArray, n_answers: float, kept: NDArray[np.bool_]
) -> tuple[dict[str, float], dict[str, float]]:
    """Means of the metrics that a model has, and of those that a perfect one reaches."""
    own = scores(kind, raters.shares, model)[:, kept]
    simulated = reached(kind, perfect(raters, n_answers, 10, seed=1)).values[:, kept]
    of_model, of_perfect = (
        dict(zip(METRICS[kind], np.nanmean(values, axis=1).tolist(), strict=True))
        for values in (own, simulated)
    )
    return of_model, of_perfect


@pytest.mark.parametrize("n_answers", [3, 10, None])
def test_what_is_expected_of_a_perfect_model_is_what_one_reaches(n_answers: int | None) -> None:
    raters, model = simulated(n_answers, seed=11)
    everywhere = np.ones(3000, dtype=bool)
    own, expected = means_of("ordinal", raters, model, n_answers or np.inf, everywhere)
    for metric in DISTANCES:
        assert expected[metric] == pytest.approx(own[metric], rel=0.05), metric
    for metric in ("top1", "kendall", "entropy_difference"):
        assert expected[metric] == pytest.approx(own[metric], abs=0.03), metric


def test_it_is_so_too_among_items_that_people_do_not_agree_on() -> None:
    raters, model = simulated(10, seed=12)
    hard = raters.shares.max(axis=1) <= 0.5
    own, expected = means_of("ordinal", raters, model, 10, hard)
    for metric in DISTANCES:
        assert expected[metric] == pytest.approx(own[metric], rel=0.08), metric


def labelled(n_items: int, n_answers: int, seed: int) -> tuple[People, FloatArray]:
    """Raters who choose one of eight sets of labels, as often as is true of the item."""
    rng = np.random.default_rng(seed)
    sets = rng.random((8, 6)) < 0.35
    sets[:, 0] |= ~sets.any(axis=1)
    truth = rng.dirichlet(np.full(8, 0.4), n_items)
    cumulated = truth.cumsum(axis=1)[:, np.newaxis]
    chosen = (rng.random((n_items, 4 + n_answers, 1)) > cumulated).sum(axis=2).clip(0, 7)
    raters = choosers(sets[chosen[:, :4]], np.full(n_items, 4))
    return raters, sets[chosen[:, 4:]].mean(axis=1)


def test_it_is_so_too_for_sets_of_labels() -> None:
    raters, model = labelled(3000, 10, seed=13)
    own = scores("labels", raters.shares, model)
    simulated = reached("labels", perfect(raters, 10, 10, seed=1)).values
    error = np.nanstd(own, axis=1) / np.sqrt(3000)
    apart = np.nanmean(own, axis=1) - np.nanmean(simulated, axis=1)
    assert dict(zip(METRICS["labels"], apart / error, strict=True)) == pytest.approx(
        dict.fromkeys(METRICS["labels"], 0), abs=4
    )


def raters_of(kind: Kind) -> People:
    return simulated(5, seed=1)[0] if kind == "ordinal" else labelled(50, 5, seed=1)[0]


@pytest.mark.parametrize("kind", ["ordinal", "labels"])
def test_draws_are_the_same_again(kind: Kind) -> None:
    raters = raters_of(kind)
    first, second = (reached(kind, perfect(raters, 5, 2, seed=8)).values for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("kind", ["ordinal", "labels"])
@pytest.mark.parametrize("model", ["perfect", "marginal"])
def test_more_answers_are_added_to_those_there_were(kind: Kind, model: str) -> None:
    raters = raters_of(kind)
    n_answers = np.array([1.0, 3, 10])
    answers = np.tile(n_answers[:, np.newaxis], len(raters.n))
    draws = (
        perfect_answers(raters, answers, 2, seed=3)
        if model == "perfect"
        else marginal_answers(raters, np.arange(len(raters.n)) % 5, answers, 2, seed=3)
    )
    for shares in draws:
        counts = shares * n_answers[:, np.newaxis, np.newaxis]
        assert counts == pytest.approx(np.rint(counts))
        added = np.diff(counts, axis=0)
        assert added.min() > -1e-9
        if kind == "ordinal":
            assert counts.sum(axis=2) == pytest.approx(np.tile(n_answers, (len(raters.n), 1)).T)
        else:
            assert (added[1] <= 7 + 1e-9).all()


@pytest.mark.parametrize("kind", ["ordinal", "labels"])
def test_who_answers_as_people_do_on_other_items_has_their_mean_distribution(kind: Kind) -> None:
    raters = raters_of(kind).at(np.arange(40))
    folds = np.arange(40) % 5
    answers = np.array([[30.0] * 40, [np.inf] * 40])
    draws = np.stack(list(marginal_answers(raters, folds, answers, 300, seed=4)))
    truth = predictors.marginal(raters.shares, folds)
    np.testing.assert_array_equal(draws[:, 1], np.broadcast_to(truth, (300, *truth.shape)))
    error = np.sqrt(truth * (1 - truth) / (300 * 30))
    assert (np.abs(draws[:, 0].mean(axis=0) - truth) <= 5 * error + 1e-12).all()
    alone = list(marginal_answers(raters, np.zeros(40, dtype=int), answers, 1, seed=4))
    assert np.isnan(alone).all()


def test_labels_of_other_items_stay_together_as_raters_put_them() -> None:
    choices = np.zeros((20, 3, 4), dtype=bool)
    choices[::2, :, :2] = True
    choices[1::2, :, 2:] = True
    raters = choosers(choices, np.full(20, 3))
    (shares,) = marginal_answers(raters, np.arange(20) % 4, np.full((1, 20), 7.0), 1, seed=5)
    assert (shares[..., 0] == shares[..., 1]).all()
    assert shares[..., 2] == pytest.approx(1 - shares[..., 0])
