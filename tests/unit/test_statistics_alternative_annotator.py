"""The alternative annotator test, against the values its authors' data have, and by simulation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from emoalign.statistics.alternative_annotator import (
    Compared,
    alternative_annotator,
    compare,
    equality,
    overlap,
    squared_nearness,
)

Padded = tuple[np.ndarray, np.ndarray]


def padded(people: dict[str, dict[str, float]], items: list[str], names: list[str]) -> Padded:
    """Ratings and the numbers of raters, each item's raters first in its row."""
    rows = [
        [(number, people[name][item]) for number, name in enumerate(names) if item in people[name]]
        for item in items
    ]
    most = max(map(len, rows))
    ratings, raters = np.full((len(items), most), np.nan), np.full((len(items), most), -1)
    for place, row in enumerate(rows):
        for column, (number, value) in enumerate(row):
            ratings[place, column], raters[place, column] = value, number
    return ratings, raters


def of_data(folder: Path, model: str) -> tuple[Compared, list[str]]:
    """A model against the people of one of the published sets."""
    people = json.loads((folder / "human_annotations.json").read_text())
    said = json.loads((folder / "llm_annotations.json").read_text())[model]
    items, names = sorted({item for one in people.values() for item in one}), sorted(people)
    ratings, raters = padded(people, items, names)
    answers = np.array([said.get(item, np.nan) for item in items], dtype=float)
    return compare(answers, ratings, raters, squared_nearness), names


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("data", "epsilon", "model", "omega", "advantage"),
    [
        ("cebab_stars", 0.1, "gpt-4o", 0.9, 0.8986),
        ("cebab_stars", 0.1, "gemini_flash", 0.6, 0.8215),
        ("cebab_stars", 0.1, "mistral-v03", 0.5, 0.8291),
        ("10k_prompts", 0.15, "gpt-4o", 0.6923, 0.7590),
        ("10k_prompts", 0.15, "gpt-4o-mini", 0.9231, 0.7968),
        ("lesion", 0.15, "gemini_pro", 1.0, 0.8098),
        ("lesion", 0.15, "gemini_flash", 0.1667, 0.7108),
    ],
)
def test_published_data_have_their_winning_rate_and_advantage(
    shared: Path, data: str, epsilon: float, model: str, omega: float, advantage: float
) -> None:
    compared, _ = of_data(shared / "alt_test" / data, model)
    found = alternative_annotator(compared, epsilon)
    assert found.winning_rate == pytest.approx(omega, abs=5e-5)
    assert found.advantage == pytest.approx(advantage, abs=5e-5)
    assert found.passed == (omega >= 0.5)


@pytest.mark.shared_data
def test_rows_of_raters_are_those_of_the_published_data(shared: Path) -> None:
    compared, names = of_data(shared / "alt_test/cebab_stars", "gpt-4o")
    rows = {names[row.rater]: row for row in alternative_annotator(compared, 0.1).raters}
    w44, w152 = rows["w44"], rows["w152"]
    assert w44.n_items == 170
    assert [w44.model_wins, w44.rater_wins, w44.t, w44.p] == pytest.approx(
        [0.8294, 0.9, -0.7419, 0.2296], abs=5e-5
    )
    assert w152.n_items == 200
    assert [w152.model_wins, w152.rater_wins, w152.t] == pytest.approx(
        [0.88, 0.885, -2.7646], abs=5e-5
    )


def crowd(rng: np.random.Generator, n_items: int, n_raters: int, noise: float = 1.0) -> Padded:
    """Ratings on nine points of items that all raters rated, with what each item is."""
    felt = rng.normal(5, 1.5, (n_items, 1))
    return np.clip(np.rint(felt + rng.normal(0, noise, (n_items, n_raters))), 1, 9), felt[:, 0]


def everyone(ratings: np.ndarray) -> np.ndarray:
    return np.broadcast_to(np.arange(ratings.shape[1]), ratings.shape)


def test_a_comparison_is_what_its_definition_says() -> None:
    """Item by item, with the root mean square distance written out."""
    rng = np.random.default_rng(1)
    ratings, _ = crowd(rng, 40, 4)
    raters = np.tile(np.arange(4), (40, 1))
    ratings[::3, 3], raters[::3, 3] = np.nan, -1
    model = rng.integers(1, 10, 40).astype(float)
    model[5] = np.nan
    compared = compare(model, ratings, raters, squared_nearness)
    told = sorted(
        zip(compared.rater, compared.model_wins, compared.rater_wins, strict=True),
        key=lambda row: row[0],
    )
    expected = []
    for rater in range(4):
        for item in range(40):
            if raters[item, rater] < 0 or np.isnan(model[item]):
                continue
            others = [ratings[item, k] for k in range(4) if k != rater and raters[item, k] >= 0]
            near = [
                -round(float(np.sqrt(np.mean([(x - h) ** 2 for h in others]))), 9)
                for x in (model[item], ratings[item, rater])
            ]
            expected.append((rater, near[0] >= near[1], near[1] >= near[0]))
    assert told == expected


def test_sets_and_labels_are_compared_by_what_they_share() -> None:
    sets = np.array([[[1, 0, 0], [1, 0, 0], [1, 1, 0]]], dtype=float)
    raters = np.array([[0, 1, 2]])
    exactly = compare(np.array([[1.0, 0, 0]]), sets, raters, overlap)
    # Against {a} and {a, b}: the model 1 and .5; the rater who chose {a, b}: .5 and .5.
    assert dict(zip(exactly.rater, exactly.rater_wins, strict=True)) == {0: True, 1: True, 2: False}
    assert exactly.model_wins.all()
    nothing = compare(np.zeros((1, 3)), np.zeros((1, 2, 3)), np.array([[0, 1]]), overlap)
    assert nothing.model_wins.all()
    assert nothing.rater_wins.all()
    one = compare(np.array([1.0]), np.array([[1.0, 1, 2]]), raters, equality)
    assert dict(zip(one.rater, one.rater_wins, strict=True)) == {0: True, 1: True, 2: False}


def test_a_rater_who_never_differs_from_the_model_in_winning_has_no_t() -> None:
    compared = Compared(np.zeros(40, np.int64), np.ones(40, bool), np.ones(40, bool))
    (row,) = alternative_annotator(compared, 0.1).raters
    assert (row.p, row.replaceable) == (0.0, True)
    assert np.isnan(row.t)
    assert not alternative_annotator(compared, 0.0).raters[0].replaceable


def test_too_few_items_and_single_raters_are_left_out() -> None:
    rng = np.random.default_rng(2)
    ratings, felt = crowd(rng, 29, 5)
    few = alternative_annotator(compare(felt, ratings, everyone(ratings), squared_nearness), 0.1)
    assert few.raters == ()
    assert np.isnan(few.winning_rate)
    assert not few.passed
    alone = compare(felt, ratings[:, :1], everyone(ratings[:, :1]), squared_nearness)
    assert len(alone.rater) == 0
    assert alternative_annotator(alone, 0.1).raters == ()


def test_less_is_passed_where_less_is_saved() -> None:
    """ω falls as ε falls: the cost of a rater is what a model must make up for."""
    rng = np.random.default_rng(3)
    ratings, felt = crowd(rng, 200, 8)
    model = np.rint(felt + rng.normal(0, 1.2, 200))
    compared = compare(model, ratings, everyone(ratings), squared_nearness)
    rates = [
        alternative_annotator(compared, epsilon).winning_rate for epsilon in (0.0, 0.1, 0.2, 0.3)
    ]
    assert rates == sorted(rates)
    assert rates[0] < rates[-1]


def test_p_values_are_those_of_scipy() -> None:
    rng = np.random.default_rng(4)
    ratings, felt = crowd(rng, 100, 5)
    compared = compare(felt, ratings, everyone(ratings), squared_nearness)
    for row in alternative_annotator(compared, 0.15).raters:
        own = compared.rater == row.rater
        d = compared.rater_wins[own].astype(float) - compared.model_wins[own]
        test = stats.ttest_1samp(d, 0.15, alternative="less")
        assert [row.t, row.p] == pytest.approx([test.statistic, test.pvalue], rel=1e-12)


def test_a_model_at_the_bound_seldom_passes() -> None:
    """Where the model loses by ε on average, a rater is replaceable in at most one of twenty."""
    rng, rejected, epsilon = np.random.default_rng(5), [], 0.2
    for _ in range(1000):
        lost = rng.random(100) < (1 + epsilon) / 2
        compared = Compared(np.zeros(100, np.int64), ~lost, lost)
        rejected.append(alternative_annotator(compared, epsilon).raters[0].replaceable)
    assert np.mean(rejected) == pytest.approx(0.05, abs=0.015)
