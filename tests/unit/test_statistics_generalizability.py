"""Generalizability, against replications drawn by brute force and the formulas of the books."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from emoalign.statistics.components import variance_components, variances_without
from emoalign.statistics.generalizability import (
    FACETS,
    ITEM_GROUPS,
    Design,
    generalizability,
    in_order,
    jackknife_interval,
    sharing,
)

PLANTED = {
    "item": 3.0,
    "form": 0.2,
    "participant": 0.1,
    "item x form": 0.3,
    "residual": 1.2,
}
SOURCES = [name for name in PLANTED if name != "residual"]


def answers(
    rng: np.random.Generator, items: np.ndarray, n_forms: int, n: int, lists: int = 1
) -> np.ndarray:
    """Answers to items, shape (items, forms, n); each of n sweeps under a form is dealt into lists
    whose items share a participant."""
    n_items = len(items)
    dealt = np.stack(
        [rng.permutation(np.arange(n_items) % lists) for _ in range(n_forms * n)], axis=1
    )
    person = rng.normal(0, PLANTED["participant"] ** 0.5, (lists, n_forms * n))
    moods = np.take_along_axis(person, dealt, axis=0).reshape(n_items, n_forms, n)
    given: np.ndarray = (
        items[:, None, None]
        + rng.normal(0, PLANTED["form"] ** 0.5, (n_forms, 1))
        + rng.normal(0, PLANTED["item x form"] ** 0.5, (n_items, n_forms, 1))
        + moods
        + rng.normal(0, PLANTED["residual"] ** 0.5, (n_items, n_forms, n))
    )
    return given


def true_items(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.normal(0, PLANTED["item"] ** 0.5, n)


def sources_of(n_items: int, n_forms: int, n: int) -> dict[str, np.ndarray]:
    item, form, answer = np.indices((n_items, n_forms, n)).reshape(3, -1)
    participant, both = form * n + answer, item * n_forms + form
    return {"item": item, "form": form, "participant": participant, "item x form": both}


def estimated(y: np.ndarray) -> np.ndarray:
    flat = y.ravel()
    found = variance_components(sources_of(*y.shape), np.ones(flat.size), flat, flat**2)
    return in_order({name: one.variance for name, one in found.items()})


@pytest.mark.parametrize(
    ("forms", "each", "expected"), [(1, 20, 0.893), (2, 10, 0.935), (4, 5, 0.957)]
)
def test_twenty_answers_over_four_forms_beat_twenty_under_one(
    forms: int, each: int, expected: float
) -> None:
    g, phi = generalizability(in_order(PLANTED), Design(forms, 1, each))
    assert g == pytest.approx(expected, abs=0.0005)
    by_hand = 3 / (3 + 0.3 / forms + 1.2 / 20 + 0.2 / forms + 0.1 / 20)
    assert phi == pytest.approx(by_hand)


def test_components_of_planted_answers_are_found() -> None:
    """300 items under 4 forms with 5 participants each."""
    rng = np.random.default_rng(1)
    found = np.array([estimated(answers(rng, true_items(rng, 300), 4, 5)) for _ in range(40)])
    error = found.std(axis=0) / np.sqrt(len(found))
    for name, planted in PLANTED.items():
        place = FACETS.index(name)
        assert found[:, place].mean() == pytest.approx(planted, abs=4 * error[place])
    assert np.isnan(found[:, FACETS.index("wave")]).all()


@pytest.mark.slow
def test_components_are_right_over_many_studies() -> None:
    rng = np.random.default_rng(2)
    found = np.array([estimated(answers(rng, true_items(rng, 300), 4, 5)) for _ in range(600)])
    means = dict(zip(FACETS, found.mean(axis=0), strict=True))
    limits = {
        "item": 0.03,
        "form": 0.02,
        "participant": 0.01,
        "item x form": 0.01,
        "residual": 0.01,
    }
    for name, limit in limits.items():
        assert means[name] == pytest.approx(PLANTED[name], abs=limit)


@pytest.mark.parametrize(("forms", "each", "expected"), [(1, 20, 0.892), (4, 5, 0.957)])
def test_g_is_the_correlation_of_two_replications(forms: int, each: int, expected: float) -> None:
    """Both with forms, participants and answers of their own, about the same items."""
    rng = np.random.default_rng(3)
    correlations = []
    for _ in range(60):
        items = true_items(rng, 600)
        first, second = (answers(rng, items, forms, each).mean(axis=(1, 2)) for _ in range(2))
        correlations.append(stats.pearsonr(first, second).statistic)
    assert np.mean(correlations) == pytest.approx(expected, abs=0.003)
    g, _ = generalizability(in_order(PLANTED), Design(forms, 1, each))
    assert np.mean(correlations) == pytest.approx(float(g), abs=0.003)


def test_participants_who_rate_lists_are_error_of_the_order_of_items() -> None:
    """With a large effect of participants: two replications of 4 answers in lists of 30 items."""
    rng = np.random.default_rng(4)
    planted = {"item": 3.0, "participant": 4.0, "residual": 1.2}
    lists, n_items, n = 10, 300, 4
    correlations, shares = [], []
    for _ in range(150):
        items = true_items(rng, n_items)
        means = []
        for _ in range(2):
            place = np.stack(
                [rng.permutation(np.arange(n_items) % lists) for _ in range(n)], axis=1
            )
            person = rng.normal(0, 2, (lists, n))
            noise = rng.normal(0, 1.2**0.5, (n_items, n))
            means.append((items[:, None] + np.take_along_axis(person, place, 0) + noise).mean(1))
            shares.append(sharing((place + lists * np.arange(n)).ravel(), n_items))
        correlations.append(stats.pearsonr(*means).statistic)
    assert shares == pytest.approx([29 / 299] * 300)
    g, phi = generalizability(in_order(planted), Design(1, 1, n), shares[0])
    assert np.mean(correlations) == pytest.approx(float(g), abs=0.01)
    together, same = generalizability(in_order(planted), Design(1, 1, n))
    assert together == pytest.approx(3 / 3.3)
    assert phi == pytest.approx(same)


def test_participants_who_rate_all_items_share_them_all() -> None:
    assert sharing(np.tile(np.arange(3), 8), 8) == 1
    assert np.isnan(sharing(np.full(4, -1), 4))
    assert np.isnan(sharing(np.zeros(1, dtype=int), 1))


def test_waves_are_a_facet_like_forms() -> None:
    planted = in_order({"item": 2.0, "wave": 0.5, "item x wave": 0.4, "residual": 1.0})
    g, phi = generalizability(planted, Design(1, 2, 5))
    assert g == pytest.approx(2 / (2 + 0.2 + 0.1))
    assert phi == pytest.approx(2 / (2 + 0.2 + 0.1 + 0.25))


def test_a_component_below_zero_counts_as_none() -> None:
    below = in_order({**PLANTED, "item x form": -0.2})
    none = in_order({**PLANTED, "item x form": 0.0})
    assert generalizability(below, Design(1, 1, 20)) == generalizability(none, Design(1, 1, 20))


def test_nothing_is_told_without_items_and_a_rest() -> None:
    for missing in ("item", "residual"):
        known = {name: value for name, value in PLANTED.items() if name != missing}
        assert np.isnan(generalizability(in_order(known), Design(1, 1, 20))).all()
    nothing = dict.fromkeys(PLANTED, 0.0)
    assert np.isnan(generalizability(in_order(nothing), Design(1, 1, 20))).all()


def covered(rng: np.random.Generator, design: Design) -> bool:
    """Whether the interval of one study of 300 items covers the planted g."""
    y = answers(rng, true_items(rng, 300), 4, 5)
    flat, sources = y.ravel(), sources_of(*y.shape)
    blocks = rng.permutation(np.arange(300) % ITEM_GROUPS)[sources["item"]]
    left_out = variances_without(sources, np.ones(flat.size), flat, flat**2, blocks)
    ordered = np.array(
        [in_order(dict(zip((*SOURCES, "residual"), row, strict=True))) for row in left_out]
    )
    found, _ = generalizability(estimated(y), design)
    interval = jackknife_interval(float(found), generalizability(ordered, design)[0])
    truth, _ = generalizability(in_order(PLANTED), design)
    return bool(interval.low < truth < interval.high)


@pytest.mark.slow
def test_intervals_cover_the_planted_g() -> None:
    rng = np.random.default_rng(5)
    for design in (Design(1, 1, 20), Design(4, 1, 5)):
        share = np.mean([covered(rng, design) for _ in range(300)])
        assert 0.91 <= share <= 0.985


def test_an_interval_is_that_of_the_log_odds() -> None:
    left_out = np.linspace(0.88, 0.92, 12)
    odds = np.log(left_out / (1 - left_out))
    error = np.sqrt(11 / 12 * ((odds - odds.mean()) ** 2).sum())
    low, high = np.log(0.9 / 0.1) + stats.t.ppf([0.025, 0.975], 11) * error
    found = jackknife_interval(0.9, left_out)
    assert (found.low, found.high) == pytest.approx(
        (1 / (1 + np.exp(-low)), 1 / (1 + np.exp(-high)))
    )


@pytest.mark.parametrize(
    ("estimate", "left_out"),
    [(1.0, [1.0] * 12), (0.9, [0.9] * 9), (0.9, [0.9] * 11 + [np.nan]), (np.nan, [0.9] * 12)],
    ids=["no error", "few groups", "a group without", "unknown"],
)
def test_there_is_no_interval_where_nothing_varies_or_is_known(
    estimate: float, left_out: list[float]
) -> None:
    assert np.isnan(jackknife_interval(estimate, left_out).low)


# Forms with unequal numbers of answers


def of_unequal(rng: np.random.Generator, each: tuple[int, ...], n_items: int) -> np.ndarray:
    """Components of a study with so many answers to each item under each form."""
    most, n_forms = max(each), len(each)
    sources = sources_of(n_items, n_forms, most)
    answer = np.indices((n_items, n_forms, most))[2].ravel()
    kept = answer < np.array(each)[sources["form"]]
    y = answers(rng, true_items(rng, n_items), n_forms, most).ravel()[kept]
    some = {name: np.unique(of[kept], return_inverse=True)[1] for name, of in sources.items()}
    found = variance_components(some, np.ones(y.size), y, y**2, cells=some["item x form"])
    return in_order({name: one.variance for name, one in found.items()})


UNEQUAL = [(21, 7, 7), (1, 20, 20)]


@pytest.mark.parametrize("each", UNEQUAL)
def test_components_do_not_depend_on_how_many_answers_a_form_has(each: tuple[int, ...]) -> None:
    rng = np.random.default_rng(6)
    found = np.array([of_unequal(rng, each, 60) for _ in range(40)])
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    for name, planted in PLANTED.items():
        place = FACETS.index(name)
        assert found[:, place].mean() == pytest.approx(planted, abs=3.5 * error[place])


@pytest.mark.slow
@pytest.mark.parametrize("each", UNEQUAL)
def test_components_of_unequal_forms_are_right_over_many_studies(each: tuple[int, ...]) -> None:
    """200 small studies; those of people and chance vary little, too, with one answer in a form."""
    rng = np.random.default_rng(7)
    found = np.array([of_unequal(rng, each, 100) for _ in range(200)])
    for name in ("item x form", "participant", "residual"):
        of_source = found[:, FACETS.index(name)]
        assert of_source.mean() == pytest.approx(PLANTED[name], abs=0.03)
        assert of_source.std() < 0.1
