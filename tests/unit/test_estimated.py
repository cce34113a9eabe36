"""Estimated norms as a whole: what they must show, what changes nothing, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from emoalign.statistics.estimation.embedding_ridge import components
from emoalign.statistics.estimation.estimated import Estimated, Known, TooFewRated, estimated
from emoalign.statistics.estimation.flags import far, flags
from emoalign.statistics.estimation.held_out import (
    N_FOLDS,
    AllHeldOut,
    Learnt,
    Sources,
    held_out,
    other_intervals,
    rated_intervals,
)
from emoalign.statistics.estimation.intervals import Intervals, regions, terciles
from emoalign.statistics.resampling import Folds, Keys, dealt_folds, hashed_folds

Floats = np.ndarray
ENDS = (1.0, 9.0)


def made(n: int, n_rated: int, seed: int, *, embedded: bool = False) -> Known:
    """Items of which the first ones are rated by 20 people and all by four cells."""
    rng = np.random.default_rng(seed)
    felt = rng.normal(5, 1.2, n)
    shared = rng.normal(0, 0.4, n)
    means = (felt + shared)[:, np.newaxis] + rng.normal(0, [0.5, 0.8, 1.1, 1.4], (n, 4))
    sds = np.exp(rng.normal(0.2, 0.2, n))
    rated = np.arange(n) < n_rated
    human = np.where(rated, felt + rng.normal(0, sds / np.sqrt(20)), np.nan)
    vectors = rng.normal(size=(n, 8)) + np.outer(felt, rng.normal(0, 0.4, 8))
    return Known(
        human=human,
        human_sd=np.where(rated, sds, np.nan),
        human_n=np.where(rated, 20.0, np.nan),
        keys=rng.integers(2**60, size=n).astype(np.uint64),
        names=("a", "b", "c", "d"),
        means=means,
        sds=sds[:, np.newaxis] * np.exp(rng.normal(0, 0.3, (n, 4))),
        answered=np.ones((n, 4)),
        vectors=vectors if embedded else None,
        ends=ENDS,
    )


def rows(known: Known, order: np.ndarray) -> Known:
    """The same of some items, in an order."""
    names = ("human", "human_sd", "human_n", "keys", "means", "sds", "answered")
    vectors = None if known.vectors is None else known.vectors[order]
    return replace(known, **{name: getattr(known, name)[order] for name in names}, vectors=vectors)


def assert_same(first: Estimated, second: Estimated, order: np.ndarray) -> None:
    """Check that estimates of items are the same where they stand in another order."""
    for name in ("mean", "low", "high", "sd"):
        one, other = getattr(first, name)[order], getattr(second, name)
        np.testing.assert_allclose(other, one, rtol=0, atol=1e-11, err_msg=name)
    for name in ("fold", "region"):
        np.testing.assert_array_equal(getattr(second, name), getattr(first, name)[order])
    for name, flagged in first.flags.items():
        np.testing.assert_array_equal(second.flags[name], flagged[order], err_msg=name)


@pytest.mark.parametrize("embedded", [False, True])
def test_the_order_of_items_and_further_unrated_items_change_no_estimate(embedded: bool) -> None:
    known = made(200, 120, 1, embedded=embedded)
    known.means[5, 2] = known.means[150, 1] = np.nan
    everything = estimated(known, 0.9, 7)
    order = np.random.default_rng(2).permutation(200)
    shuffled = estimated(rows(known, order), 0.9, 7)
    assert_same(everything, shuffled, order)
    np.testing.assert_array_equal(shuffled.drawn, everything.drawn[order])
    fewer = np.flatnonzero(np.arange(200) < 150)
    without = estimated(rows(known, fewer), 0.9, 7)
    assert_same(everything, without, fewer)
    for one, other in zip(everything.qualities, without.qualities, strict=True):
        assert other.r.value == pytest.approx(one.r.value, nan_ok=True)
        assert other.n_rated == one.n_rated
        assert other.n_unrated <= one.n_unrated
    assert without.weights == pytest.approx(everything.weights)
    assert [p.r for p in without.curve] == pytest.approx([p.r for p in everything.curve])


@pytest.mark.parametrize("embedded", [False, True])
def test_the_order_of_cells_changes_no_estimate(embedded: bool) -> None:
    known = made(200, 120, 3, embedded=embedded)
    order = np.array([2, 0, 3, 1])
    turned = replace(
        known,
        names=tuple(known.names[place] for place in order),
        means=known.means[:, order],
        sds=known.sds[:, order],
        answered=known.answered[:, order],
    )
    first, second = estimated(known, 0.9, 1), estimated(turned, 0.9, 1)
    assert_same(first, second, np.arange(200))
    assert second.weights == pytest.approx(first.weights)


@pytest.mark.parametrize("embedded", [False, True])
def test_the_norm_of_an_item_has_no_part_in_its_own_estimate(embedded: bool) -> None:
    """Nor in the ends of the regions from which its interval comes."""
    known = made(170, 160, 20, embedded=embedded)
    first = estimated(known, 0.9, 1)
    changed = 0
    for item in range(0, 160, 40):
        other = replace(known, human=known.human.copy(), human_sd=known.human_sd.copy())
        other.human[item] = 9.0 if known.human[item] < 5 else 1.0
        other.human_sd[item] = 4.0
        second = estimated(other, 0.9, 1)
        for name in ("mean", "low", "high", "sd"):
            assert getattr(second, name)[item] == getattr(first, name)[item], name
        changed += (second.low != first.low).sum()
    assert changed > 500


@pytest.mark.parametrize("end", [0.3, 9.0])
def test_norms_at_an_end_of_the_scale_are_within_their_intervals(end: float) -> None:
    known = made(140, 120, 21)
    same = replace(
        known,
        human=np.where(np.isfinite(known.human), end, np.nan),
        ends=(min(end, 1), max(end, 1)),
    )
    found = estimated(same, 0.9, 1)
    assert (found.mean == end).all()
    assert (found.low == end).all()
    assert (found.high == end).all()
    assert not found.flags["cut"].any()


def test_items_are_far_by_features_that_rated_items_do_not_span() -> None:
    known = made(150, 100, 22)
    vectors = np.random.default_rng(22).normal(size=(150, 400))
    vectors[100:] *= 1.3
    embedded = replace(known, vectors=vectors)
    assert flags(embedded, np.full(150, 5.0))["far"][100:].all()
    # Their shadows on the components of the rated items are short.
    shadows = components(vectors, known.rated)
    assert not far(shadows, known.rated, known.keys)[100:].any()


def test_sds_that_are_known_within_few_clusters_estimate_none() -> None:
    known = made(300, 240, 23)
    keys = np.where(np.arange(300) < 120, np.uint64(1), known.keys).astype(np.uint64)
    sds = np.where(np.arange(300) < 120, known.human_sd, np.nan)
    found = estimated(replace(known, keys=keys, human_sd=sds), 0.9, 1)
    assert np.isnan(found.sd).all()
    assert found.sd_quality is None


def test_estimates_hold_what_they_promise() -> None:
    known = made(900, 400, 4, embedded=True)
    found = estimated(known, 0.9, 1)
    rated = np.isfinite(known.human)
    assert ((found.low <= found.mean) & (found.mean <= found.high)).all()
    assert found.low.min() >= 1
    assert found.high.max() <= 9
    assert set(found.fold[rated]) == set(range(N_FOLDS))
    assert (found.fold[~rated] == -1).all()
    assert [row.method for row in found.qualities if row.region == "all"] == [
        "stack",
        "models",
        "best",
        "average",
        "constant",
        "embedding",
    ]
    quality = {row.method: row for row in found.qualities if row.region == "all"}
    assert quality["stack"].coverage.value == pytest.approx(0.9, abs=0.04)
    assert quality["stack"].r.value > quality["models"].r.value > quality["average"].r.value
    assert quality["stack"].rmse.value < quality["best"].rmse.value
    assert quality["stack"].width < quality["best"].width < quality["constant"].width
    assert (quality["stack"].n_rated, quality["stack"].n_unrated) == (400, 500)
    assert 0.05 < quality["stack"].noise_share < 0.6
    assert list(found.weights) == ["a", "b", "c", "d", "embedding"]
    assert min(found.weights.values()) >= 0
    assert found.weights["a"] > found.weights["d"]
    assert found.sd_quality is not None
    assert found.sd_quality.r.value > 0.5
    assert np.corrcoef(found.sd[rated], known.human_sd[rated])[0, 1] == pytest.approx(
        found.sd_quality.r.value
    )
    assert np.isfinite(found.sd).all()
    assert (found.sd > 0).all()
    assert found.drawn.sum() == 100
    assert not found.drawn[rated].any()
    assert found.domain_auc == pytest.approx(0.5, abs=0.08)
    assert [point.n_rated for point in found.curve] == [50, 100, 200]
    assert not found.flags["imputed"].any()
    assert found.flags["far"].any()


def test_the_mean_of_an_item_that_nobody_rated_is_that_of_all_folds() -> None:
    known = made(150, 120, 5)
    found = estimated(known, 0.9, 1)
    rated = np.isfinite(known.human)
    folds = dealt_folds(known.keys[rated], N_FOLDS, 1, "estimates")
    np.testing.assert_array_equal(found.fold[rated], folds)
    learnt = Learnt(Sources(known.means[rated], None, ENDS), known.human[rated], known.keys, folds)
    others = held_out(learnt, Sources(known.means[~rated], None, ENDS), nested=False).of["stack"]
    assert found.mean[~rated] == pytest.approx(others.others.mean(axis=1))
    assert found.mean[rated] == pytest.approx(others.rated)


def test_cells_that_rated_too_few_items_are_named_and_left_out() -> None:
    known = made(200, 150, 6)
    known.means[:31, 1] = np.nan
    known.means[:30, 2] = np.nan
    found = estimated(known, 0.9, 1)
    assert found.dropped == ("b",)
    assert list(found.weights) == ["a", "c", "d"]
    np.testing.assert_array_equal(found.flags["imputed"], np.arange(200) < 30)
    assert np.isfinite(found.mean).all()


def test_items_are_flagged_where_a_cell_that_is_used_hardly_answered() -> None:
    known = made(200, 150, 7)
    known.answered[3, 0], known.answered[4, 0], known.answered[:, 1] = 0.49, 0.5, 0.1
    known.means[:80, 1] = np.nan
    found = estimated(known, 0.9, 1)
    assert np.flatnonzero(found.flags["few_answers"]).tolist() == [3]
    known.means[160, 0] = 99
    flags = estimated(known, 0.9, 1).flags
    assert flags["extreme_source"][160]
    assert flags["beyond_rated"][160]
    assert flags["cut"][160]


def test_a_stack_without_any_weight_has_no_correlation() -> None:
    """The means of ten folds would correlate negatively with what is left out of them."""
    known = made(150, 120, 12)
    found = estimated(replace(known, means=10 - known.means), 0.9, 1)
    assert set(found.weights.values()) == {0.0}
    quality = {row.method: row for row in found.qualities if row.region == "all"}
    assert set(quality) == {"stack", "best", "average", "constant"}
    for row in quality.values():
        assert np.isnan(row.r.value)
        assert row.rmse.value == pytest.approx(quality["constant"].rmse.value)
    assert np.isfinite(found.mean).all()


def test_the_embedding_alone_is_enough() -> None:
    known = made(300, 200, 8, embedded=True)
    nothing = np.empty((300, 0))
    known = replace(known, names=(), means=nothing, sds=nothing, answered=nothing)
    found = estimated(known, 0.9, 1)
    assert set(found.weights) == {"embedding"}
    quality = {row.method: row for row in found.qualities if row.region == "all"}
    assert set(quality) == {"stack", "embedding", "constant"}
    assert quality["stack"].r.value == pytest.approx(quality["embedding"].r.value, abs=0.01)
    assert not found.flags["imputed"].any()
    assert np.isfinite(found.mean).all()


def test_all_items_may_be_rated_and_sds_unknown() -> None:
    known = made(150, 150, 9)
    known = replace(known, human_sd=np.full(150, np.nan))
    found = estimated(known, 0.9, 1)
    assert np.isnan(found.sd).all()
    assert found.sd_quality is None
    assert np.isnan(found.domain_auc)
    assert not found.drawn.any()
    assert np.isnan(found.qualities[0].noise_share)
    assert np.isfinite(found.mean).all()


def test_one_embedding_that_is_missing_is_imputed() -> None:
    known = made(150, 130, 10, embedded=True)
    assert known.vectors is not None
    known.vectors[[2, 140]] = np.nan
    found = estimated(known, 0.9, 1)
    assert np.flatnonzero(found.flags["imputed"]).tolist() == [2, 140]
    assert np.isfinite(found.mean).all()


@pytest.mark.parametrize(
    ("n_rated", "cells", "clusters", "reason"),
    [
        (0, 4, None, "people rated 0 items on this scale; estimates need at least 100"),
        (99, 4, None, "people rated 99 items on this scale; estimates need at least 100"),
        (149, 30, None, "people rated 149 items .* at least 150, 5 for each of 30 cells"),
        (150, 4, 19, "belong to 19 clusters; estimates need at least 20"),
        (150, 0, None, "no model rated 80% of the items that people rated on this scale"),
    ],
)
def test_too_few_rated_items_are_refused_with_the_reason(
    n_rated: int, cells: int, clusters: int | None, reason: str
) -> None:
    known = made(200, n_rated, 11)
    columns = np.arange(cells) % 4
    known = replace(
        known,
        names=tuple(f"cell {place:02d}" for place in range(cells)),
        means=known.means[:, columns],
        sds=known.sds[:, columns],
        answered=known.answered[:, columns],
    )
    if clusters:
        known = replace(known, keys=np.arange(200, dtype=np.uint64) % np.uint64(clusters))
    with pytest.raises(TooFewRated, match=reason):
        estimated(known, 0.9, 1)


def measured(
    human: Floats, means: Floats, keys: Keys, vectors: Floats | None = None, seed: int = 1
) -> tuple[AllHeldOut, Learnt]:
    """Predictions of all items but the last 200 without their fold, and of these from all folds."""
    rated = np.arange(len(human)) < len(human) - 200
    features = None if vectors is None else components(vectors, rated)
    sources = Sources(means, features, (-99.0, 99.0))
    folds: Folds = dealt_folds(keys[rated], N_FOLDS, seed, "estimates")
    learnt = Learnt(sources.of(rated), human[rated], keys[rated], folds)
    return held_out(learnt, sources.of(~rated)), learnt


def held(intervals: Intervals, human: Floats) -> Floats:
    """Whether intervals hold norms."""
    inside: Floats = (intervals.low <= human) & (human <= intervals.high)
    return inside


def shared_errors(n: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Norms, and four models of unequal error with a shared part plus one that says nothing."""
    human = rng.normal(5, 1.3, n)
    shared = rng.normal(0, 0.7, n)
    means = (human + shared)[:, np.newaxis] + rng.normal(0, [0.7, 1.0, 1.4, 2.0], (n, 4))
    return human, np.column_stack((means, rng.normal(5, 1, n)))


def studies(n: int, number: int) -> dict[str, Floats]:
    """Simulated studies of n rated items: r of three methods, coverage of rated and of other items,
    and the weight of the useless model in SDs."""
    found: dict[str, list[float]] = {}
    for study in range(number):
        human, means = shared_errors(n + 200, np.random.default_rng([n, study]))
        out, learnt = measured(human, means, np.arange(n + 200, dtype=np.uint64), seed=study)
        stack = out.of["stack"]
        rated, others = (of(stack, learnt, 0.9) for of in (rated_intervals, other_intervals))
        numbers = {
            "rated": held(rated, human[:n]).mean(),
            "others": held(others, human[n:]).mean(),
            "useless": out.weights[:, -1].mean() / human.std(),
        }
        for method in ("stack", "best", "average"):
            numbers[method] = np.corrcoef(out.of[method].rated, human[:n])[0, 1]
        for name, value in numbers.items():
            found.setdefault(name, []).append(float(value))
    return {name: np.array(values) for name, values in found.items()}


def check_studies(found: dict[str, Floats]) -> None:
    """Acceptance 1: .88 to .92 of norms are held, and a useless model has hardly any weight."""
    assert 0.88 <= found["rated"].mean() <= 0.92
    assert 0.88 <= found["others"].mean() <= 0.92
    assert found["useless"].mean() < 0.05
    assert found["stack"].mean() > found["best"].mean() > found["average"].mean()


def test_intervals_of_few_studies_hold_nine_of_ten_norms() -> None:
    check_studies(studies(100, 25))


@pytest.mark.slow
@pytest.mark.parametrize("n", [100, 400])
def test_intervals_of_200_studies_hold_nine_of_ten_norms(n: int) -> None:
    check_studies(studies(n, 200))


def coverage_by_region(n: int, number: int) -> tuple[Floats, Floats]:
    """Coverage of other items in each region, with intervals of the region and of all residuals."""
    found: tuple[list[Floats], list[Floats]] = [], []
    for study in range(number):
        rng = np.random.default_rng([20, n, study])
        human = rng.uniform(1, 9, n + 200)
        spread = np.where(np.abs(human - 5) < 4 / 3, 0.5, 0.9)
        means = human[:, np.newaxis] + spread[:, np.newaxis] * rng.normal(0, 0.8, (n + 200, 3))
        out, learnt = measured(human, means, np.arange(n + 200, dtype=np.uint64), seed=study)
        stack = out.of["stack"]
        region = regions(stack.means, terciles(stack.rated))
        for by_region, values in zip((True, False), found, strict=True):
            inside = held(other_intervals(stack, learnt, 0.9, by_region=by_region), human[n:])
            values.append(np.array([inside[region == number].mean() for number in (1, 2, 3)]))
    return np.mean(found[0], axis=0), np.mean(found[1], axis=0)


def test_each_region_has_its_coverage_although_errors_differ() -> None:
    own, pooled = coverage_by_region(300, 20)
    assert ((own >= 0.87) & (own <= 0.93)).all(), own
    assert pooled[1] > 0.92, pooled
    assert pooled[[0, 2]].max() < 0.9, pooled


@pytest.mark.slow
def test_each_region_has_its_coverage_in_many_studies() -> None:
    own, pooled = coverage_by_region(300, 150)
    assert own == pytest.approx([0.9, 0.9, 0.9], abs=0.012)
    assert pooled[1] - pooled[[0, 2]].max() > 0.04


def test_near_duplicates_do_not_make_a_meaningless_embedding_look_good() -> None:
    """Three near-duplicates of each text: with random folds their twins would tell their norms."""
    rng = np.random.default_rng(21)
    texts = np.repeat(np.arange(200), 3)
    human = rng.normal(5, 1.2, 200)[texts] + rng.normal(0, 0.1, 600)
    vectors = rng.normal(size=(200, 120))[texts] + rng.normal(0, 0.05, (600, 120))
    nothing = np.empty((600, 0))
    keys = texts.astype(np.uint64), np.arange(600, dtype=np.uint64)
    grouped, alone = (
        measured(human, nothing, key, vectors)[0].of["embedding"].rated for key in keys
    )
    # What is left are the means that folds learnt, which hardly vary.
    assert grouped.std() < 0.2
    assert np.corrcoef(alone, human[:400])[0, 1] > 0.7


def test_a_nearest_neighbour_learns_nothing_from_another_cluster() -> None:
    """Acceptance 3, with the folds that estimates are dealt by."""
    rng = np.random.default_rng(22)
    texts = np.repeat(np.arange(400), 3)
    human = rng.normal(5, 1.2, 400)[texts] + rng.normal(0, 0.2, 1200)
    vectors = rng.normal(size=(400, 30))[texts] + rng.normal(0, 0.05, (1200, 30))

    def correlation(folds: Folds) -> float:
        predicted = np.empty(1200)
        for fold in range(N_FOLDS):
            held = folds == fold
            squares = np.square(vectors[held]).sum(axis=1)[:, np.newaxis]
            distance = np.square(vectors[~held]).sum(axis=1) - 2 * vectors[held] @ vectors[~held].T
            predicted[held] = human[~held][(distance + squares).argmin(axis=1)]
        return float(np.corrcoef(predicted, human)[0, 1])

    grouped = dealt_folds(texts.astype(np.uint64), N_FOLDS, 1, "estimates")
    assert abs(correlation(grouped)) < 0.1
    assert correlation(hashed_folds(np.arange(1200, dtype=np.uint64), N_FOLDS, 1)) > 0.9
