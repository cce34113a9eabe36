"""Parts of estimates: quality, SDs, flags, pooled distributions, items to rate, learning curve."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score

from emoalign.statistics.correlation import concordance, errors, pearson
from emoalign.statistics.estimation.curve import learning_curve
from emoalign.statistics.estimation.flags import (
    beyond_rated,
    domain_auc,
    extreme_source,
    far,
    logistic_scores,
)
from emoalign.statistics.estimation.held_out import Sources
from emoalign.statistics.estimation.intervals import Intervals
from emoalign.statistics.estimation.pooling import pooled, weights_by_likelihood
from emoalign.statistics.estimation.quality import Judged, concordance_sums, qualities
from emoalign.statistics.estimation.spread import Means, spreads
from emoalign.statistics.estimation.to_rate import TO_RATE, to_rate
from emoalign.statistics.out_of_fold import PENALTIES
from emoalign.statistics.replicates import pearson_replicates

Floats = np.ndarray
NOBODY = np.zeros(0, dtype=np.int64)


def judged(human: Floats, clusters: Floats | None = None, noise: float = np.nan) -> Judged:
    """Items in three regions, each a cluster of its own if nothing else is said."""
    n = len(human)
    own = np.arange(n) if clusters is None else clusters
    return Judged(human, np.full(n, noise), own, np.arange(n) % 3 + 1, np.array([1, 1, 3]))


def test_quality_is_that_of_the_items_of_each_region() -> None:
    rng = np.random.default_rng(1)
    human = rng.normal(5, 1, 90)
    predicted = human + rng.normal(0.2, 0.5, 90)
    intervals = Intervals(predicted - 0.8, predicted + 0.6, np.zeros(90, dtype=bool))
    of = judged(human, noise=0.05)
    found = {
        row.region: row for row in qualities({"stack": predicted}, {"stack": intervals}, of, 1)
    }
    assert list(found) == ["all", "1", "2", "3"]
    assert [row.n_unrated for row in found.values()] == [3, 2, 0, 1]
    for region, row in found.items():
        own = (of.region == int(region)) if region != "all" else np.ones(90, dtype=bool)
        x, y = predicted[own], human[own]
        assert (row.n_rated, row.n_clusters) == (own.sum(), own.sum())
        assert row.r.value == pytest.approx(pearson(x, y).r)
        assert row.rmse.value == pytest.approx(errors(x, y).rmse)
        assert row.mae.value == pytest.approx(errors(x, y).mae)
        assert row.ccc.value == pytest.approx(concordance(x, y))
        assert row.coverage.value == pytest.approx(np.mean((x - 0.8 <= y) & (y <= x + 0.6)))
        assert row.width == pytest.approx(1.4)
        assert row.noise_share == pytest.approx(0.05 / np.mean((x - y) ** 2))
        for limits in (row.r, row.rmse, row.mae, row.ccc, row.coverage):
            assert limits.low < limits.value < limits.high


def test_intervals_of_quality_are_bca_over_clusters() -> None:
    rng = np.random.default_rng(2)
    clusters = np.repeat(np.arange(30), 3)
    human = rng.normal(5, 1, 30)[clusters] + rng.normal(0, 0.1, 90)
    predicted = human + rng.normal(0, 1, 30)[clusters]
    row = qualities({"stack": predicted}, {}, judged(human, clusters), 3)[0]
    (cell,) = pearson_replicates(predicted, human, 2_000, 3, clusters)
    assert (row.r.low, row.r.high) == pytest.approx((cell.interval().low, cell.interval().high))
    alone = qualities({"stack": predicted}, {}, judged(human), 3)[0]
    assert row.r.high - row.r.low > 1.3 * (alone.r.high - alone.r.low)
    assert np.isnan(row.coverage.value)
    assert np.isnan(row.width)
    assert row.n_clusters == 30


def test_a_constant_has_errors_and_coverage_but_no_correlation() -> None:
    human = np.random.default_rng(3).normal(5, 1, 60)
    predicted = np.where(np.arange(60) % 2, 5.01, 4.99)
    everywhere = Intervals(predicted - 2, predicted + 2, np.zeros(60, dtype=bool))
    row = qualities({"constant": predicted}, {"constant": everywhere}, judged(human), 1)[0]
    assert np.isnan([row.r.value, row.ccc.value]).all()
    assert row.rmse.value == pytest.approx(human.std(), abs=0.05)
    assert row.coverage.value == np.mean(np.abs(human - predicted) <= 2)


def test_concordance_of_many_cells_is_that_of_each() -> None:
    rng = np.random.default_rng(4)
    human = rng.normal(300, 1, 40)
    model = human + rng.normal(0.5, 1, (3, 40))
    model[1, :7] = np.nan
    model[2] = 300
    expected = [concordance(cell, human) for cell in model]
    assert concordance_sums(model, human).estimate() == pytest.approx(expected, abs=1e-9)


def people_sds(n: int, seed: int) -> tuple[Floats, Means, tuple[Floats, Floats], Floats]:
    """SDs that are smaller near the ends of the scale, and those of a good and a useless cell."""
    rng = np.random.default_rng(seed)
    mean = rng.uniform(1, 9, n + 20)
    log_sd = 0.5 - 0.05 * (mean - 5) ** 2 + rng.normal(0, 0.1, n + 20)
    logs = log_sd + rng.normal(0, 0.2, n + 20), rng.normal(0, 0.5, n + 20)
    cells = np.exp(np.column_stack(logs))
    folds = np.arange(n) % 10
    nested = np.repeat(mean[:n, np.newaxis], 10, axis=1)
    sds = np.exp(log_sd)
    return sds, Means(mean[:n], nested, mean[n:]), (cells[:n], cells[n:]), folds


def test_sds_are_those_of_ridges_on_their_logarithms() -> None:
    sds, means, cells, folds = people_sds(200, 5)
    rated, others = spreads(sds[:200], means, cells, folds, (1.0, 9.0))
    assert pearson(rated, sds[:200]).r > 0.9
    assert pearson(others, sds[200:]).r > 0.9

    def features(mean: Floats, of_cells: Floats) -> Floats:
        x = np.column_stack((mean, (mean - 5) ** 2, np.log(of_cells)))
        return x / np.sqrt(4)

    def by_hand(learnt: Floats, y: Floats, within: Floats, asked: Floats) -> Floats:
        tried = []
        for penalty in PENALTIES:
            squares = 0.0
            for fold in np.unique(within):
                ridge = fit(learnt[within != fold], y[within != fold], penalty)
                squares += np.square(ridge(learnt[within == fold]) - y[within == fold]).sum()
            tried.append(squares)
        return fit(learnt, y, PENALTIES[int(np.argmin(tried))])(asked)

    def fit(x: Floats, y: Floats, penalty: float):  # type: ignore[no-untyped-def]
        scale = x.std(axis=0) * 2
        ridge = Ridge(penalty, solver="cholesky").fit(x / scale, y)
        return lambda asked: ridge.predict(asked / scale)

    x, y = features(means.rated, cells[0]), np.log(sds[:200])
    held = folds == 4
    expected = by_hand(x[~held], y[~held], folds[~held], x[held])
    assert rated[held] == pytest.approx(np.exp(expected), abs=1e-8)
    expected = by_hand(x, y, folds, features(means.others, cells[1]))
    assert others == pytest.approx(np.exp(expected), abs=1e-8)


def test_sds_of_zero_and_missing_ones_are_no_hindrance() -> None:
    sds, means, cells, folds = people_sds(150, 6)
    sds[:4], cells[0][5, 0], cells[1][2, 1] = [0, np.nan, 0, np.nan], 0, np.nan
    rated, others = spreads(sds[:150], means, cells, folds, (1.0, 9.0))
    assert (rated > 0).all()
    assert (others > 0).all()
    assert np.isfinite([*rated, *others]).all()


def test_items_are_flagged_beyond_what_people_and_cells_rated() -> None:
    human = np.array([2.0, 7.0, np.nan, np.nan])
    assert beyond_rated(np.array([2, 6, 1.9, 7.1]), human).tolist() == [False, False, True, True]
    cells = np.array([[2.0, 3.0], [7.0, np.nan], [5.0, 3.1], [7.0, 3.0], [np.nan, 3.0]])
    rated = np.array([True, True, False, False, False])
    assert extreme_source(cells, rated).tolist() == [False, False, True, False, False]


def test_far_items_are_those_with_distant_neighbours_of_other_clusters() -> None:
    rng = np.random.default_rng(7)
    features = rng.normal(size=(300, 6))
    features[290:] += 3
    rated = np.arange(300) < 250
    keys = rng.permutation(np.repeat(np.arange(100), 3)).astype(np.uint64)
    distance = cdist(features, features[rated])
    distance[keys[:, np.newaxis] == keys[rated]] = np.inf
    nearest = np.sort(distance, axis=1)[:, :5].mean(axis=1)
    expected = nearest > np.quantile(nearest[rated], 0.95)
    found = far(features, rated, keys)
    np.testing.assert_array_equal(found, expected)
    assert found[290:].all()
    assert found[rated].mean() == pytest.approx(0.05, abs=0.005)


def test_odds_are_those_of_logistic_regression_with_a_ridge() -> None:
    rng = np.random.default_rng(8)
    x = rng.normal(3, 2, (200, 5))
    labelled = rng.random(200) < 1 / (1 + np.exp(-(x[:, 0] - 3)))
    standard = (x - x.mean(axis=0)) / x.std(axis=0)
    model = LogisticRegression(C=1.0, tol=1e-12, max_iter=10_000).fit(standard, labelled)
    expected = model.decision_function(standard[:9])
    assert logistic_scores(x, labelled, x[:9]) == pytest.approx(expected, abs=1e-6)


def test_items_that_a_feature_tells_apart_have_a_finite_area_of_one() -> None:
    features = np.arange(60.0)[:, np.newaxis]
    rated, keys = np.arange(60) < 30, np.arange(60, dtype=np.uint64)
    assert domain_auc(features, None, rated, keys, 1) == 1
    assert np.isnan(domain_auc(features, None, np.ones(60, dtype=bool), keys, 1))


def test_the_domain_of_unrated_items_is_told_by_cells_and_embedding() -> None:
    rng = np.random.default_rng(9)
    rated, keys = np.arange(600) < 300, np.arange(600, dtype=np.uint64)
    cells, features = rng.normal(size=(600, 2)), rng.normal(size=(600, 3))
    cells[5, 0] = np.nan
    assert domain_auc(cells, features, rated, keys, 1) == pytest.approx(0.5, abs=0.07)
    features[:, 0] += rated
    told = domain_auc(cells, features, rated, keys, 1)
    assert told == pytest.approx(roc_auc_score(rated, features[:, 0]), abs=0.03)
    # The area between normal distributions one SD apart.
    assert told == pytest.approx(stats.norm.cdf(np.sqrt(0.5)), abs=0.05)


def test_rated_items_are_not_told_by_how_few_of_them_have_many_features() -> None:
    rng = np.random.default_rng(10)
    rated, keys = np.arange(220) < 100, np.arange(220, dtype=np.uint64)
    cells = np.zeros((220, 1))
    areas = [domain_auc(cells, rng.normal(size=(220, 400)), rated, keys, seed) for seed in range(8)]
    # Components of the rated items alone give .2 or .3.
    assert np.mean(areas) == pytest.approx(0.5, abs=0.05)


def made_pool(n: int, raters: int, seed: int) -> tuple[Floats, Floats]:
    """Distributions of three cells, (3, n, 5), and counts of raters drawn from a mixture of two."""
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet(np.ones(5), (3, n))
    truth = 0.7 * shares[0] + 0.3 * shares[2]
    return shares, rng.multinomial(raters, truth).astype(float)


def test_weights_of_a_pool_are_those_with_the_greatest_likelihood() -> None:
    shares, counts = made_pool(300, 8, 10)
    found = weights_by_likelihood(shares, counts)

    def minus(logits: Floats) -> float:
        weights = np.exp(np.append(logits, 0))
        mixed = np.einsum("c,cik->ik", weights / weights.sum(), shares)
        return -float((counts * np.log(mixed)).sum())

    best = minimize(minus, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-9})
    expected = np.exp(np.append(best.x, 0))
    assert found == pytest.approx(expected / expected.sum(), abs=1e-4)
    assert found == pytest.approx([0.7, 0, 0.3], abs=0.06)


def test_a_pool_of_a_rated_item_does_not_know_its_ratings() -> None:
    shares, counts = made_pool(120, 8, 11)
    counts[100:] = np.nan
    keys = np.repeat(np.arange(60), 2).astype(np.uint64)
    found = pooled(shares, counts, keys, 1)
    assert found.shares.sum(axis=1) == pytest.approx(np.ones(120))
    expected = np.einsum("c,cik->ik", found.weights, shares)
    assert found.shares[100:] == pytest.approx(expected[100:], abs=1e-5)
    other = counts.copy()
    other[[6, 7]] = other[[6, 7], ::-1]
    changed = pooled(shares, other, keys, 1).shares
    assert changed[[6, 7]] == pytest.approx(found.shares[[6, 7]], abs=1e-12)
    assert np.abs(changed - found.shares).max() > 1e-4


def test_an_item_without_a_cells_distribution_is_pooled_from_the_others() -> None:
    shares, counts = made_pool(60, 8, 12)
    shares[0, 3], shares[:, 4] = np.nan, np.nan
    keys = np.arange(60, dtype=np.uint64)
    found = pooled(shares, counts, keys, 1).shares
    weights = found[3] @ np.linalg.pinv(shares[1:, 3])
    assert weights.sum() == pytest.approx(1, abs=1e-4)
    assert np.isnan(found[4]).all()
    assert np.isfinite(np.delete(found, 4, axis=0)).all()


def test_a_rating_that_every_cell_ruled_out_breaks_nothing() -> None:
    shares = np.zeros((2, 40, 3))
    shares[:, :, 0] = 1
    counts = np.tile([0.0, 0.0, 2.0], (40, 1))
    found = pooled(shares, counts, np.arange(40, dtype=np.uint64), 1)
    assert np.isfinite(found.shares).all()
    assert found.weights == pytest.approx([0.5, 0.5])


@pytest.mark.parametrize("n", [0, 40, 100, 101, 250, 4000])
def test_items_to_rate_are_drawn_with_their_probabilities(n: int) -> None:
    rated = np.arange(n + 50) < 50
    means = np.random.default_rng(n).normal(5, 1, n + 50)
    keys = np.arange(n + 50, dtype=np.uint64)
    found = to_rate(means, rated, keys, 1)
    assert found.drawn.sum() == min(n, TO_RATE)
    assert not found.drawn[rated].any()
    assert np.isnan(found.inclusion[rated]).all()
    assert not found.stratum[rated].any()
    for stratum in set(found.stratum[50:]):
        own = found.stratum == stratum
        assert found.inclusion[own] == pytest.approx(found.drawn[own].mean())
    lowest = [means[found.stratum == stratum] for stratum in (1, 2, 3)] if n else []
    assert all(one.max() < other.min() for one, other in pairwise(lowest))


def test_each_item_is_drawn_as_often_as_its_probability_says() -> None:
    means = np.random.default_rng(1).normal(5, 1, 400)
    rated, keys = np.zeros(400, dtype=bool), np.repeat(np.arange(200), 2).astype(np.uint64)
    drawn = np.mean([to_rate(means, rated, keys, seed).drawn for seed in range(300)], axis=0)
    assert drawn.mean() == pytest.approx(0.25)
    # Of 400 shares of 300 draws, none is as far as chance would not bring it.
    assert np.abs(drawn - 0.25).max() < 4.5 * np.sqrt(0.25 * 0.75 / 300)
    order = np.random.default_rng(2).permutation(200)
    rows = np.column_stack((2 * order, 2 * order + 1)).ravel()
    again = to_rate(means[rows], rated, keys[rows], 1).drawn
    np.testing.assert_array_equal(again, to_rate(means, rated, keys, 1).drawn[rows])


@pytest.mark.parametrize("embedded", [False, True])
def test_more_rated_items_make_better_estimates(embedded: bool) -> None:
    rng = np.random.default_rng(13)
    human = rng.normal(5, 1.2, 320)
    means = human[:, np.newaxis] + rng.normal(0, 1, (320, 12))
    features = rng.normal(size=(320, 5)) + human[:, np.newaxis] if embedded else None
    keys = np.arange(320, dtype=np.uint64)
    points = learning_curve(Sources(means, features, (-9, 19)), human, keys, 0.9, 1)
    assert [(point.n_rated, point.draws) for point in points] == [(50, 20), (100, 20), (200, 20)]
    assert points[0].r < points[1].r < points[2].r < 1
    assert points[0].width > points[1].width > points[2].width
    for point in points:
        assert 0.86 < point.coverage < 0.95
        assert point.r_low < point.r < point.r_high
        assert point.width_low < point.width < point.width_high


def test_there_is_no_curve_without_items_to_judge_by() -> None:
    human = np.random.default_rng(14).normal(5, 1, 99)
    keys = np.arange(99, dtype=np.uint64)
    assert learning_curve(Sources(human[:, np.newaxis], None, (1, 9)), human, keys, 0.9, 1) == ()
