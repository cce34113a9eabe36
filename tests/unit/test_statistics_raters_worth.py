"""How many raters a model is worth: oracles, and people who stand for a model."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from emoalign.statistics.raters_worth import (
    Regressed,
    percentile_interval,
    worth_by_drawing,
    worth_in_points,
    worth_in_ranking,
)
from emoalign.statistics.reliability import icc1, icc1_sums
from emoalign.statistics.replicates import replicates_of
from emoalign.statistics.resampling import pearson_sums


def rated(
    rng: np.random.Generator, n_items: int, n_raters: int, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    """Ratings of items, whose true means have SD 1, with error; and these means."""
    felt = rng.normal(0, 1, n_items)
    return felt[:, np.newaxis] + rng.normal(0, noise, (n_items, n_raters)), felt


def regressed(ratings: np.ndarray, model: np.ndarray) -> Regressed:
    n = np.full(len(ratings), float(ratings.shape[1]))
    return Regressed(ratings.mean(axis=1), model, ratings.var(axis=1, ddof=1), n)


def drawn_anew(
    model: np.ndarray, people: np.ndarray, n: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """r and reliability of n resamples of items."""
    sums = pearson_sums(model[np.newaxis], people.mean(axis=1)), icc1_sums(people)
    r, reliability = (replicates_of(each, n, seed).resampled for each in sums)
    return r, reliability


def correlation(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.corrcoef(x, y)[0, 1])


@pytest.mark.parametrize(
    ("r", "reliability", "phi", "t", "k"),
    [
        (0.6972, 0.9646, 0.3665, 0.7099, 0.3723),
        (0.9110, 0.9542, 0.3839, 0.9326, 2.5619),
        (0.9653, 0.9868, 0.2145, 0.9718, 3.6384),
    ],
)
def test_published_numbers_follow_from_r_and_reliability(
    r: float, reliability: float, phi: float, t: float, k: float
) -> None:
    n_raters = phi * reliability / (1 - reliability)
    assert r / np.sqrt(reliability) == pytest.approx(t, abs=1e-4)
    assert worth_in_ranking(r, reliability, n_raters) == pytest.approx(k, rel=3e-3)


@pytest.mark.shared_data
def test_raters_of_reviews_are_worth_what_was_found_for_them(shared: Path) -> None:
    """Ratings 1 to 4 of a review stand for a model, 5 to 20 for people."""
    text = (shared / "vader_icwsm2014/amazonReviewSnippets_anonDataRatings.txt").read_text("utf-8")
    ratings = np.array([ast.literal_eval(line.split("\t")[3]) for line in text.splitlines()], float)
    assert ratings.shape == (3708, 20)
    model, people = ratings[:, :4].mean(axis=1), ratings[:, 4:]
    r, reliability = correlation(model, people.mean(axis=1)), icc1(people).average
    assert r == pytest.approx(0.9653, abs=5e-5)
    assert worth_in_ranking(r, reliability, 16) == pytest.approx(3.6384, abs=5e-5)
    assert worth_in_points(regressed(people, model))[0] == pytest.approx(3.8492, abs=5e-4)


@pytest.mark.parametrize("k", [1, 3, 8])
def test_the_mean_of_k_people_is_worth_k(k: int) -> None:
    rng = np.random.default_rng(k)
    ratings, _ = rated(rng, 20_000, 10 + k, 1.5)
    model, people = ratings[:, :k].mean(axis=1), ratings[:, k:]
    r, reliability = correlation(model, people.mean(axis=1)), icc1(people).average
    assert worth_in_ranking(r, reliability, 10) == pytest.approx(k, rel=0.08)
    # A model in other units is worth as much.
    of = regressed(people, 3 - 2 * model)
    assert worth_in_points(of)[0] == pytest.approx(k + 2.25, rel=0.08)
    (drawn,) = worth_by_drawing(people, [model], 40, 1)
    assert drawn is not None
    # By chance the same number of other raters does a little worse, or better.
    assert drawn.k in ((k, k + 1) if k < drawn.most else (None, drawn.most))


def test_what_is_at_its_ceiling_or_below_nothing() -> None:
    found = worth_in_ranking([0.99, 0.0, -0.4, 0.5, 0.5], [0.9, 0.9, 0.9, -0.1, np.nan], 10)
    assert found[:3] == pytest.approx([np.inf, 0, 0])
    assert np.isnan(found[3:]).all()


def test_errors_left_out_one_by_one_are_those_of_refitted_lines() -> None:
    rng = np.random.default_rng(7)
    ratings, felt = rated(rng, 25, 4, 1.0)
    of = regressed(ratings, felt + rng.normal(0, 0.7, 25))
    errors = []
    for item in range(25):
        rest = np.delete(np.arange(25), item)
        slope, intercept = np.polyfit(of.model[rest], of.human[rest], 1)
        errors.append(of.human[item] - intercept - slope * of.model[item])
    within = of.variance.mean()
    expected = within / (np.mean(np.square(errors)) - within / 4)
    assert worth_in_points(of)[0] == pytest.approx(expected, rel=1e-10)
    counts = np.ones((2, 25), dtype=np.uint8)
    assert worth_in_points(of, counts) == pytest.approx([expected] * 2, rel=1e-10)


def test_the_interval_of_raters_covers_what_is_true() -> None:
    """Half of 300 simulated models are drawn with people, and the truth is known."""
    rng, covered = np.random.default_rng(8), []
    for study in range(300):
        ratings, felt = rated(rng, 200, 6, 1.2)
        model = felt + rng.normal(0, 0.8, 200)
        true = (1.2 / 0.8) ** 2
        k = worth_in_ranking(*drawn_anew(model, ratings, 400, study), 6)
        interval = percentile_interval(k)
        covered.append(interval.low <= true <= interval.high)
    assert np.mean(covered) == pytest.approx(0.95, abs=0.03)


def test_infinite_numbers_can_end_an_interval_and_undefined_ones_make_none() -> None:
    some = np.concatenate([np.linspace(1, 2, 90), np.full(10, np.inf)])
    interval = percentile_interval(some)
    assert interval.low == pytest.approx(1.0225, abs=0.02)
    assert interval.high == np.inf
    assert np.isnan(percentile_interval(np.where(np.arange(100) < 6, np.nan, 1.0)).low)
    assert np.isnan(percentile_interval([]).high)


def test_more_raters_than_there_are_cannot_be_tried() -> None:
    rng = np.random.default_rng(9)
    ratings, felt = rated(rng, 500, 6, 1.5)
    perfect, constant = worth_by_drawing(ratings, [felt, np.full(500, 2.0)], 20, 1)
    assert perfect is not None
    assert (perfect.k, perfect.most) == (None, 3)
    assert perfect.r_raters.shape == (3,)
    assert constant is None
    assert worth_by_drawing(ratings[:2], felt[np.newaxis, :2], 20, 1) == [None]
    assert worth_by_drawing(ratings[:, :1], felt[np.newaxis], 20, 1) == [None]


def test_a_few_items_with_few_raters_do_not_limit_the_raters_drawn() -> None:
    rng = np.random.default_rng(10)
    ratings, felt = rated(rng, 300, 8, 1.0)
    ratings[:20, 2:] = np.nan
    noisy = np.where(np.arange(300) < 100, np.nan, felt + rng.normal(0, 0.7, 300))
    both = worth_by_drawing(ratings, [felt, noisy], 20, 1)
    assert [one.most for one in both if one] == [4, 4]
    # Another model changes nothing for a model with all items.
    assert worth_by_drawing(ratings, [felt], 20, 1)[0].r_model == both[0].r_model  # type: ignore[union-attr]
    assert both[1] is not None
    assert both[1].k == 2
