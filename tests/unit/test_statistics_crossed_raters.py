"""Reliability where it is known who rated: McGraw & Wong's coefficients, and people as people."""

from __future__ import annotations

import time
from dataclasses import fields

import numpy as np
import pandas as pd
import pingouin
import pytest

from emoalign.statistics.agreement import one_human, one_rating, person_halves, split_half
from emoalign.statistics.crossed_raters import (
    CROSSED_RESAMPLES,
    PersonRatings,
    crossed_sums,
    icc2,
    person_ratings,
)
from emoalign.statistics.reliability import ceiling, icc1
from emoalign.statistics.replicates import replicates_of
from emoalign.statistics.resampling import resample_counts
from tests.unit.test_statistics_reliability import SHROUT_FLEISS


def known(ratings: np.ndarray) -> PersonRatings:
    """The ratings of a matrix (items, people), NaN where a person did not rate an item."""
    item, person = np.nonzero(np.isfinite(ratings))
    return person_ratings(item, person, ratings[item, person], len(ratings))


def people(
    n_items: int, n_people: int, scale_use: float, noise: float = 1.0, each: int = 0, seed: int = 1
) -> np.ndarray:
    """Items of true SD 1 rated by people who rate higher or lower throughout, with noise.

    Each person rates `each` items at random, or all.
    """
    rng = np.random.default_rng(seed)
    felt = rng.normal(0, 1, (n_items, 1)) + rng.normal(0, scale_use, (1, n_people))
    ratings = felt + rng.normal(0, noise, (n_items, n_people))
    if each:
        ranks = rng.random(ratings.shape).argsort(axis=0).argsort(axis=0)
        ratings = np.where(ranks < each, ratings, np.nan)
    return ratings


def test_the_coefficients_of_shrout_and_fleiss_table_4_are_theirs() -> None:
    found = icc2(known(SHROUT_FLEISS.astype(float)))
    # ICC(2,·) there is agreement, ICC(3,·) consistency.
    assert found.agreement_single == pytest.approx(0.29, abs=0.005)
    assert found.agreement_average == pytest.approx(0.62, abs=0.005)
    assert found.consistency_single == pytest.approx(0.71, abs=0.005)
    assert found.consistency_average == pytest.approx(0.91, abs=0.005)


@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
@pytest.mark.parametrize("scale_use", [0.0, 0.3, 2.0])
def test_complete_data_have_the_coefficients_of_pingouin(scale_use: float) -> None:
    ratings = people(30, 6, scale_use)
    long = pd.DataFrame(ratings).melt(ignore_index=False).reset_index()
    theirs = pingouin.intraclass_corr(long, "index", "variable", "value")["ICC"].to_numpy()
    found = icc2(known(ratings))
    # In pingouin: ICC1, ICC2 (agreement), ICC3 (consistency), then those of means.
    assert (found.agreement_single, found.consistency_single) == pytest.approx(tuple(theirs[1:3]))
    assert (found.agreement_average, found.consistency_average) == pytest.approx(tuple(theirs[4:6]))


@pytest.mark.parametrize("each", [60, 15, 6])
def test_incomplete_crossings_recover_the_variances(each: int) -> None:
    ratings = people(600, 600, scale_use=0.7, noise=1.2, each=each)
    n = np.isfinite(ratings).sum(axis=1)
    items, persons, rest, k = crossed_sums(known(ratings)).components()[:, 0]
    total = np.nanvar(ratings)
    rng = np.random.default_rng(1)
    drawn = [rng.normal(0, sd, 600).var(ddof=1) for sd in (1, 0.7)]
    assert total * items == pytest.approx(drawn[0], abs=0.06)
    assert total * persons == pytest.approx(drawn[1], abs=0.06)
    assert total * rest == pytest.approx(1.44, abs=0.06)
    assert k == pytest.approx((n > 0).sum() / (1 / n[n > 0]).sum())


def test_people_who_use_the_scale_differently_do_not_lower_the_ceiling() -> None:
    """Five people who rate everything: the truth is √(1/(1 + 1/5)) = .913."""
    found = [people(300, 5, scale_use=1.0, seed=seed) for seed in range(40)]
    real = [
        np.corrcoef(np.random.default_rng(seed).normal(0, 1, 300), ratings.mean(axis=1))[0, 1]
        for seed, ratings in enumerate(found)
    ]
    assert np.mean(real) == pytest.approx(0.913, abs=0.005)
    crossed = [ceiling(icc2(known(ratings)).consistency_average) for ratings in found]
    assert np.mean(crossed) == pytest.approx(0.913, abs=0.005)
    anonymous = [icc1(ratings).average for ratings in found]
    assert ceiling(float(np.mean(anonymous))) < 0.85


def test_with_incomplete_crossings_the_truth_lies_between_consistency_and_agreement() -> None:
    ratings = people(400, 200, scale_use=1.0, each=20, seed=3)
    truth = np.random.default_rng(3).normal(0, 1, 400)
    rated = np.isfinite(ratings).any(axis=1)
    real = np.corrcoef(truth[rated], np.nanmean(ratings[rated], axis=1))[0, 1] ** 2
    found = icc2(known(ratings))
    assert found.agreement_average - 0.02 < real < found.consistency_average


@pytest.mark.parametrize(
    ("item", "person"),
    [
        (np.repeat(np.arange(20), 4), np.arange(80)),
        (np.repeat(np.arange(20), 4), np.repeat(np.arange(20), 4)),
        (np.arange(20), np.zeros(20)),
        (np.zeros(20), np.arange(20)),
        (np.repeat(np.arange(20), 4), np.r_[np.arange(79), 0]),
    ],
    ids=["a person per rating", "a person per item", "one person", "one item", "one of two items"],
)
def test_items_and_people_that_cannot_be_told_apart_have_no_coefficients(
    item: np.ndarray, person: np.ndarray
) -> None:
    values = np.random.default_rng(1).normal(size=len(item))
    found = icc2(person_ratings(item, person, values, 20))
    assert np.isnan(list(vars(found).values())).all()


def test_ratings_that_do_not_vary_have_no_coefficients() -> None:
    assert np.isnan(icc2(known(np.full((5, 3), 0.1) * 3)).consistency_average)


def test_no_coefficient_is_above_1() -> None:
    rng, none = np.random.default_rng(2), 0
    for _ in range(500):
        n_items, n_people = rng.integers(2, 8, 2)
        of_people = rng.normal(0, rng.uniform(0, 1), n_people)
        ratings = np.rint(rng.normal(5, 1, (n_items, n_people)) + of_people)
        ratings[rng.random(ratings.shape) < rng.uniform(0, 0.5)] = np.nan
        found = icc2(known(ratings))
        every = np.array([getattr(found, part.name) for part in fields(found)])
        assert np.nanmax(every, initial=-np.inf) <= 1 + 1e-12
        none += np.isfinite(every[:2]).all() and np.isnan(every[2:]).any()
    assert none > 0


def test_several_ratings_of_an_item_by_one_person_count_as_their_mean() -> None:
    item, person, values = [0, 0, 0, 1, 1, 2, 2], [0, 0, 1, 0, 1, 0, 1], [1, 3, 5, 4, 4, 7, 8]
    once = known(np.array([[2, 5], [4, 4], [7, 8.0]]))
    found = person_ratings(item, person, values, 3)
    assert found.value == pytest.approx(once.value)
    assert list(found.item) == list(once.item)


def test_leaving_out_an_item_is_the_same_as_not_having_it() -> None:
    ratings = people(30, 12, 0.8, each=10)
    found = crossed_sums(known(ratings)).jackknife()[0]
    without = [
        icc2(known(np.delete(ratings, place, axis=0))).consistency_average for place in range(30)
    ]
    assert found == pytest.approx(np.array(without))


def test_a_resample_has_the_coefficient_of_its_items_with_copies_known_as_copies() -> None:
    """Henderson's method with the expectations of a written-out covariance matrix."""
    ratings = people(12, 6, 0.8, each=7)
    item, person = np.nonzero(np.isfinite(ratings))
    values = known(ratings).value
    counts = resample_counts(12, 40, 2)
    found = crossed_sums(known(ratings)).replicates(counts)[0]
    for drawn, icc in zip(counts, found, strict=True):
        copy = np.concatenate([np.repeat(place, drawn[i]) for place, i in enumerate(item)])
        copy = copy.astype(int)
        nth = np.concatenate([np.arange(drawn[i]) for i in item]).astype(int)
        y, own = values[copy], item[copy]
        label = np.unique(own * 100 + nth, return_inverse=True)[1]
        z_items = (label[:, None] == np.arange(label.max() + 1)).astype(float)
        z_people = (person[copy][:, None] == np.arange(6)).astype(float)
        z_people = z_people[:, z_people.any(axis=0)]
        n = len(y)
        projections = [z @ np.linalg.pinv(z) for z in (z_items, z_people)] + [np.eye(n)]
        centre = np.full((n, n), 1 / n)
        # Copies share the item and the rest; items are the same for each other where copies meet.
        same_item = (own[:, None] == own).astype(float)
        same_rating = (copy[:, None] == copy).astype(float)
        same_person = (person[copy][:, None] == person[copy]).astype(float)
        # Copies are items of their own where items are compared, as in any bootstrap of items.
        as_items = (label[:, None] == label).astype(float)
        expected = np.array(
            [
                [
                    np.trace(p @ (same_item if p is projections[1] else as_items))
                    - np.trace(centre @ same_item),
                    np.trace(p @ same_person) - np.trace(centre @ same_person),
                    np.trace(p @ (same_rating if p is projections[1] else np.eye(n)))
                    - np.trace(centre @ same_rating),
                ]
                for p in projections
            ]
        )
        forms = [y @ (p - centre) @ y for p in projections]
        if abs(np.linalg.det(expected)) < 1e-6 or np.isnan(icc):
            continue
        items, _, rest = np.linalg.solve(expected, forms)
        k = (label.max() + 1) / (1 / z_items.sum(axis=0)).sum()
        assert icc == pytest.approx(items / (items + rest / k))
    assert np.isfinite(found).mean() > 0.8


def test_clusters_are_drawn_and_left_out_with_all_of_their_items() -> None:
    ratings = people(40, 15, 0.8, each=20)
    clusters = np.random.default_rng(5).integers(0, 12, 40)
    sums = crossed_sums(known(ratings))
    together = sums.by_cluster(clusters)
    assert together.present.shape == (1, 12)
    assert together.estimate() == pytest.approx(sums.estimate())
    counts = resample_counts(12, 50, 1)
    of_items = counts[:, clusters]
    assert together.replicates(counts) == pytest.approx(sums.replicates(of_items))
    without = [
        icc2(known(ratings[clusters != cluster])).consistency_average for cluster in range(12)
    ]
    assert together.jackknife()[0] == pytest.approx(np.array(without))


def test_resamples_scatter_about_the_estimate_although_people_rated_few_items() -> None:
    found = replicates_of(crossed_sums(known(people(500, 500, 0.8, each=6))), 1_000, 1)
    assert found.resampled.mean() == pytest.approx(found.estimate, abs=0.006)
    assert found.interval().low < found.estimate < found.interval().high


def test_one_human_is_each_person_with_the_others_in_a_plain_loop() -> None:
    ratings = people(60, 25, 0.9, each=20)
    rs = []
    for person in range(25):
        others = np.delete(ratings, person, axis=1)
        shared = np.isfinite(ratings[:, person]) & np.isfinite(others).any(axis=1)
        means = np.nanmean(others[shared], axis=1)
        rs.append(np.corrcoef(ratings[shared, person], means)[0, 1])
    assert one_human(known(ratings)) == pytest.approx(np.mean(rs))


def test_a_person_with_few_items_or_one_answer_is_no_human_to_compare_with() -> None:
    ratings = people(60, 6, 0.5)
    expected = one_human(known(ratings))
    lazy = np.full((60, 2), np.nan)
    lazy[:9, 0] = np.arange(9.0)
    lazy[:, 1] = 3.0
    more = known(np.hstack((ratings, lazy)))
    assert one_human(more) == pytest.approx(expected, abs=0.02)
    assert one_human(more) != one_human(more, at_least=9)
    assert np.isnan(one_human(known(ratings[:9])))


def test_one_rating_is_lower_than_one_person_where_people_use_the_scale_differently() -> None:
    ratings = people(300, 20, scale_use=1.0)
    assert one_rating(ratings, 200) < one_human(known(ratings)) - 0.1
    alike = people(300, 20, scale_use=0.0)
    assert one_rating(alike, 200) == pytest.approx(one_human(known(alike)), abs=0.01)


def test_halves_of_people_are_those_of_a_plain_loop() -> None:
    ratings = people(40, 9, 0.8, each=25)
    rng = np.random.default_rng(0)
    rs = []
    for _ in range(1_500):
        order = rng.permutation(9)
        halves = ratings[:, order[:4]], ratings[:, order[4:]]
        both = np.isfinite(halves[0]).any(axis=1) & np.isfinite(halves[1]).any(axis=1)
        rs.append(np.corrcoef([np.nanmean(half[both], axis=1) for half in halves])[0, 1])
    found = person_halves(known(ratings), 1_500, seed=1)
    assert found.r == pytest.approx(np.mean(rs), abs=0.01)
    assert found.spearman_brown == pytest.approx(2 * found.r / (1 + found.r))


def test_halves_of_people_are_more_alike_than_halves_of_ratings() -> None:
    ratings = people(300, 12, scale_use=1.0)
    by_person = person_halves(known(ratings), 200).spearman_brown
    assert by_person == pytest.approx(12 / 13, abs=0.02)
    assert split_half(ratings, 200).spearman_brown < by_person - 0.03


def test_a_study_of_the_size_of_oasis_has_an_interval_in_seconds() -> None:
    ratings = people(900, 822, 0.6, each=225)
    begin = time.perf_counter()
    found = replicates_of(crossed_sums(known(ratings)), 10_000, 1)
    assert len(found.resampled) == CROSSED_RESAMPLES
    assert found.interval().low > 0.99
    assert time.perf_counter() - begin < 60
