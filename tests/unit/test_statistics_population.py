"""What may be true of items lies as far from their ratings as what is true."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy import stats

from emoalign.statistics import distances
from emoalign.statistics.distances import METRICS
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.perfect_model import perfect_answers
from emoalign.statistics.population import ABOUT, LOCATIONS, SDS, Population, population
from emoalign.statistics.predictors import rank_correlations, reached
from emoalign.statistics.raters import People, halves
from emoalign.stimuli.norms import human_answers
from emoalign.study.scales import HumanScale
from tests.kit.datasets import prepared, shipped

NINE = np.arange(9)
ONE_EACH = len(LOCATIONS) * len(SDS)


def people(counts: NDArray[np.int64]) -> People:
    """People whose ratings are these counts of points, (items, K)."""
    ids = np.array([f"item-{number:05d}" for number in range(len(counts))])
    n = counts.sum(axis=1)
    return People(ids, counts.astype(float), n, np.full(len(n), np.nan), None)


def normal(n_items: int, rng: np.random.Generator) -> FloatArray:
    """True distributions on nine points: normal ones, cut in the middle between points."""
    mean, sd = rng.normal(4, 1.8, (n_items, 1)), np.exp(rng.normal(np.log(1.3), 0.3, (n_items, 1)))
    return np.diff(stats.norm.cdf(NINE[:-1] + 0.5, mean, sd), axis=1, prepend=0, append=1)


def beta_binomial(n_items: int, rng: np.random.Generator) -> FloatArray:
    """True distributions on nine points that lie about the ends more often, and are skewed."""
    mean, weight = rng.beta(1.5, 1.5, (n_items, 1)), np.exp(rng.normal(2.1, 0.5, (n_items, 1)))
    found: FloatArray = stats.betabinom.pmf(NINE, 8, weight * mean, weight * (1 - mean))
    return found / found.sum(axis=1, keepdims=True)


def dirichlet(n_items: int, rng: np.random.Generator) -> FloatArray:
    """True distributions on nine points that are not smooth at all."""
    return rng.dirichlet(6 * stats.binom.pmf(NINE, 8, 0.5), n_items)


TRUTHS = {"normal": normal, "beta_binomial": beta_binomial, "dirichlet": dirichlet}
ASKED = ("jsd", "w1", "rps")


def asked(human: FloatArray, model: FloatArray) -> list[float]:
    """Mean JSD, W1 and RPS of a model, and the rank correlation of the entropies."""
    entropies = [distances.entropy(shares)[:, np.newaxis] for shares in (model, human)]
    means = [getattr(distances, name)(human, model).mean() for name in ASKED]
    return [*means, float(rank_correlations(*entropies)[0])]


def simulated(raters: People, n_answers: float, seed: int) -> NDArray[np.float64]:
    """The same of a simulated perfect model, mean over draws."""
    answers, n_draws = np.full((1, len(raters.n)), n_answers), max(5, 600 // len(raters.n))
    draws = perfect_answers(raters, answers, n_draws, seed)
    return np.mean([asked(raters.shares, shares[0]) for shares in draws], axis=0)


def errors(kind: str, n_raters: int, n_items: int, studies: int) -> tuple[FloatArray, float]:
    """Relative error of mean JSD, W1 and RPS of simulated perfect models, and that of rho."""
    true, found = [], []
    for study in range(studies):
        rng = np.random.default_rng([17, n_raters, n_items, study])
        truth = TRUTHS[kind](n_items, rng)
        raters = people(rng.multinomial(n_raters, truth))
        true.append(asked(raters.shares, truth))
        found.append(simulated(raters, np.inf, study))
    own, expected = np.mean(true, axis=0), np.mean(found, axis=0)
    return expected[:3] / own[:3] - 1, float(expected[3] - own[3])


@pytest.mark.parametrize(("n_raters", "n_items", "studies"), [(3, 300, 10), (5, 60, 40)])
def test_a_simulated_perfect_model_is_as_far_from_people_as_one_that_knows_the_truth(
    n_raters: int, n_items: int, studies: int
) -> None:
    """The kinds of before were 15% and 16% too near in JSD here."""
    of_distances, of_rho = errors("normal", n_raters, n_items, studies)
    assert np.abs(of_distances).max() < 0.06, dict(zip(ASKED, of_distances, strict=True))
    assert abs(of_rho) < 0.06


@pytest.mark.slow
@pytest.mark.parametrize(("n_items", "studies"), [(60, 100), (300, 24), (2000, 6)])
@pytest.mark.parametrize("n_raters", [3, 5, 10])
@pytest.mark.parametrize("kind", ["normal", "beta_binomial"])
def test_it_is_so_for_few_raters_and_many_items_and_other_truths(
    kind: str, n_raters: int, n_items: int, studies: int
) -> None:
    """To the 5% comes what is left to chance: about 1%."""
    of_distances, of_rho = errors(kind, n_raters, n_items, studies)
    assert np.abs(of_distances[:2]).max() < 0.06, dict(zip(ASKED, of_distances, strict=True))
    assert abs(of_distances[2]) < 0.07
    assert abs(of_rho) < 0.08


@pytest.fixture(scope="module")
def amazon(shared: Path) -> NDArray[np.int64]:
    """Twenty ratings of every sentence of Amazon's reviews, as places of points, (items, 20)."""
    file = shared / "vader_icwsm2014/amazonReviewSnippets_anonDataRatings.txt"
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    ratings = [ast.literal_eval(line.split("\t")[3]) for line in lines]
    return np.array([row for row in ratings if len(row) == 20]) + 4


@pytest.mark.shared_data
@pytest.mark.parametrize(("n_items", "studies"), [(60, 40), (300, 8), (2000, 2)])
@pytest.mark.parametrize("n_raters", [3, 5, 10])
def test_some_raters_tell_how_far_the_others_are(
    amazon: NDArray[np.int64], n_raters: int, n_items: int, studies: int
) -> None:
    """k of 20 raters are people; a perfect model with 20 - k answers stands for the others."""
    true, found = [], []
    for study in range(studies):
        rng = np.random.default_rng([18, n_raters, n_items, study])
        drawn = rng.permuted(rng.choice(amazon, n_items, replace=False), axis=1)
        first, others = (
            (part[:, :, np.newaxis] == NINE).sum(axis=1)
            for part in (drawn[:, :n_raters], drawn[:, n_raters:])
        )
        raters = people(first)
        true.append(asked(raters.shares, others / others.sum(axis=1, keepdims=True)))
        found.append(simulated(raters, 20 - n_raters, study))
    own, expected = np.mean(true, axis=0), np.mean(found, axis=0)
    most = 0.1 if n_items == 60 else 0.06
    assert np.abs(expected[:2] / own[:2] - 1).max() < most
    assert abs(expected[2] / own[2] - 1) < most
    assert -0.02 < expected[3] - own[3] < 0.16


def test_people_drawn_from_what_may_be_true_are_like_the_people_there_were(tmp_path: Path) -> None:
    """Halves of ten raters of real words are as far apart as halves of raters who are drawn."""
    _, norms = prepared(tmp_path, shipped("vader"), sample=600)
    nine = HumanScale.model_validate(shipped("vader").scales["valence"].model_dump())
    seen = human_answers(pa.Table.from_pandas(norms, preserve_index=False), "valence", nine)
    rng = np.random.default_rng(1)
    drawn = people(rng.multinomial(seen.n, population(seen).draw(rng)))
    of_seen, of_drawn = (reached("ordinal", halves(raters, 20, seed=1)) for raters in (seen, drawn))
    for place, metric in enumerate(METRICS["ordinal"]):
        if metric in {"jsd", "rps", "w1", "tvd", "kl", "nll"}:
            means = of_seen.values[place].mean(), of_drawn.values[place].mean()
            assert means[1] == pytest.approx(means[0], rel=0.07), metric


def test_kinds_are_logistic_distributions_that_a_few_people_take_no_notice_of() -> None:
    counts = np.array([[3, 0, 0, 1, 0], [0, 1, 4, 0, 0]])
    known = population(people(counts))
    cuts = (np.arange(4) + 0.5) / 4
    assert known.kinds.shape == (ONE_EACH, 5)
    for place, sd in ((0, SDS[0]), (len(SDS) + 4, SDS[4])):
        location = LOCATIONS[place // len(SDS)]
        below = stats.logistic.cdf(cuts, location, sd / 1.7)
        of_kind = np.diff(below, prepend=0, append=1)
        everybody = counts.sum(axis=0) / counts.sum()
        assert known.kinds[place] == pytest.approx(0.99 * of_kind + 0.01 * everybody)


def by_hand(counts: NDArray[np.int64], kinds: FloatArray) -> FloatArray:
    """How likely items are exactly of each kind, and about it, (ways, items, kinds)."""
    n = counts.sum(axis=1)
    exact = [
        [stats.multinomial.pmf(row, m, kind) for kind in kinds]
        for row, m in zip(counts, n, strict=True)
    ]
    about = [
        [
            [stats.dirichlet_multinomial.pmf(row, worth * kind, m) for kind in kinds]
            for row, m in zip(counts, n, strict=True)
        ]
        for worth in ABOUT
    ]
    return np.array([exact, *about])


def test_items_are_judged_by_how_many_of_the_others_are_of_each_kind() -> None:
    """Two items, each judged by the other: EM in its plainest form, with the densities of scipy."""
    counts = np.array([[3, 0, 0, 1, 0], [0, 1, 4, 0, 1]])
    known = population(people(counts))
    likely = by_hand(counts, known.kinds)
    grid = np.array([(place, np.log(sd)) for place in LOCATIONS for sd in SDS])
    half_steps = np.diag([0.0625, np.log(SDS[1] / SDS[0])]) ** 2 * np.diag([0.25, 0.25])
    for other in (0, 1):
        of_kind, how = np.full(ONE_EACH, 1 / ONE_EACH), np.full(3, 1 / 3)
        for _ in range(200):
            of_other = how[:, np.newaxis] * of_kind * likely[:, other]
            of_other /= of_other.sum()
            seen = of_other.sum(axis=0)
            covariance = np.cov(grid.T, aweights=seen, ddof=0) + half_steps
            bell = stats.multivariate_normal.pdf(grid, seen @ grid, covariance)
            of_kind = (seen + 40 * bell / bell.sum()) / 41
            how = (of_other.sum(axis=1) + np.eye(3)[0]) / 2
        expected = how[:, np.newaxis] * of_kind * likely[:, 1 - other]
        assert known.posterior[1 - other] == pytest.approx(
            expected.ravel() / expected.sum(), rel=1e-6, abs=1e-12
        )


def test_what_is_drawn_goes_by_the_posterior() -> None:
    """Exactly the kind in the first case; Dirichlet about it, given the ratings, in the others."""
    kinds = np.array([[0.7, 0.2, 0.1], [0.2, 0.3, 0.5]])
    counts = np.array([[1.0, 3.0, 0.0]])
    for place in range(6):
        posterior = np.eye(6)[[place]]
        known = Population(kinds, posterior, counts)
        draws = np.array([known.draw(np.random.default_rng(seed))[0] for seed in range(3000)])
        if place < 2:
            np.testing.assert_array_equal(draws, np.tile(kinds[place], (3000, 1)))
            continue
        expected = stats.dirichlet(ABOUT[place // 2 - 1] * kinds[place % 2] + counts[0])
        assert draws.mean(axis=0) == pytest.approx(expected.mean(), abs=0.01)
        assert draws.var(axis=0) == pytest.approx(expected.var(), rel=0.1)


def test_the_order_of_the_items_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    raters = people(rng.multinomial(5, normal(90, rng)))
    order = rng.permutation(90)
    mixed = population(raters.at(order)).posterior
    assert mixed == pytest.approx(population(raters).posterior[order], rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("n_items", [1, 2, 3])
def test_a_few_items_have_truths_too(n_items: int) -> None:
    raters = people(np.tile([3, 0, 0], (n_items, 1)))
    truth = population(raters).draw(np.random.default_rng(1))
    assert truth.sum(axis=1) == pytest.approx(1)
    assert (truth[:, 0] > 0.3).all()


def test_a_scale_may_have_two_points_or_a_hundred_and_one() -> None:
    rng = np.random.default_rng(4)
    for n_points in (2, 101):
        truth = rng.dirichlet(np.full(n_points, 1.0), 40)
        known = population(people(rng.multinomial(6, truth)))
        drawn = known.draw(rng)
        assert drawn.shape == (40, n_points)
        assert drawn.sum(axis=1) == pytest.approx(1)
        assert known.posterior.sum(axis=1) == pytest.approx(1)
