"""Use of ratings instead of people's: published numbers through the tables, and planted people."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from emoalign.analyses.substitution.analysis import (
    EquivalenceJob,
    SubstitutionSettings,
    WorthJob,
)
from emoalign.analyses.substitution.margins import equivalence_rows
from emoalign.analyses.substitution.worth import worth_rows
from emoalign.planning.analysed import analysed_study
from emoalign.planning.studies import LoadedStudy
from emoalign.study.reading import validate
from emoalign.tables import (
    ALTERNATIVE_ANNOTATOR,
    ALTERNATIVE_ANNOTATOR_RATERS,
    EQUIVALENCE,
    ITEMS,
    NORMS,
    RATERS_WORTH,
)
from tests.kit.analysing import run
from tests.kit.datasets import prepared, table_card
from tests.kit.kept import kept_results
from tests.kit.ratings import cell, item_ids, label_norms, label_rows, norms, rating_rows
from tests.kit.stages import make
from tests.kit.words import SCALE, study

CROWD = {"epsilon": 0.1, "because": "crowd workers rated"}
TABLES = (RATERS_WORTH, ALTERNATIVE_ANNOTATOR, ALTERNATIVE_ANNOTATOR_RATERS, EQUIVALENCE)


def scale(low: float, high: float) -> dict[str, Any]:
    return {"valence": {"min": low, "max": high, "direction": "higher is more"}}


def made(
    folder: Path, asked: LoadedStudy, ratings: pd.DataFrame, norm_rows: pd.DataFrame
) -> list[pd.DataFrame]:
    """The tables of a study: worth, tests, raters and margins."""
    texts = [f"text {place}" for place in range(norm_rows["item_id"].nunique())]
    make(folder, asked, ratings, norm_rows, texts, ["substitution"])
    return [table.read(folder / table.path) for table in TABLES]


def identified(norm_rows: pd.DataFrame) -> pd.DataFrame:
    """The same norms, where the same people rated all items."""
    return norm_rows.assign(
        raters=[[f"r{n}" for n in range(len(row))] for row in norm_rows["ratings"]]
    )


def crowd(
    n: int, raters: int, noise: float, seed: int, spread: float = 1.5
) -> tuple[np.ndarray, pd.DataFrame]:
    """What is felt of items, and the norms of people who rate it with some noise."""
    felt = np.random.default_rng(seed).normal(5, spread, n)
    return felt, norms(n, raters, seed + 1, felt=felt, noise=noise)


def people_of(
    folder: Path, data: Path, low: float, high: float
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Published annotations as a table of one's own, through its reader: norms, and our ids."""
    people: Mapping[str, Mapping[str, float]] = json.loads(
        (data / "human_annotations.json").read_text()
    )
    items = sorted({item for one in people.values() for item in one})
    ids = dict(zip(items, item_ids(len(items)), strict=True))
    rows = [
        {"id": ids[item], "word": f"text {ids[item]}", "who": name, "v": value}
        for name, one in people.items()
        for item, value in one.items()
    ]
    table = folder / "people.csv"
    pd.DataFrame(rows).to_csv(table, index=False)
    card = table_card(
        table,
        {"rows": "ratings", "rater": "who", "scales": {"valence": {"ratings": ["v"]}}},
        scales=scale(low, high),
    )
    _, norm_rows = prepared(folder / "prepared", card)
    return norm_rows, ids


PUBLISHED = {
    ("cebab_stars", 0.1, 1, 5): {
        "gpt-4o": (0.9, 0.8986),
        "gemini_flash": (0.6, 0.8215),
        "mistral-v03": (0.5, 0.8291),
    },
    ("10k_prompts", 0.15, 1, 5): {"gpt-4o": (0.6923, 0.7590), "gpt-4o-mini": (0.9231, 0.7968)},
    ("lesion", 0.15, 0, 6): {"gemini_pro": (1.0, 0.8098), "gemini_flash": (0.1667, 0.7108)},
}


@pytest.mark.shared_data
@pytest.mark.parametrize("data", PUBLISHED, ids=lambda one: one[0])
def test_published_annotations_have_their_rates(
    shared: Path, tmp_path: Path, data: tuple[str, float, int, int]
) -> None:
    name, epsilon, low, high = data
    norm_rows, ids = people_of(tmp_path, shared / "alt_test" / name, low, high)
    said = json.loads((shared / "alt_test" / name / "llm_annotations.json").read_text())
    models = list(PUBLISHED[data])
    given = pd.concat(
        rating_rows(
            np.array([[said[model].get(item, np.nan)] for item in ids], dtype=float), model=model
        )
        for model in models
    )
    asked = study(
        models=models,
        scales=scale(low, high),
        substitution={"epsilon": epsilon, "because": "their authors chose it"},
    )
    worth, tests, raters, _ = made(tmp_path, asked, given, norm_rows)
    stated = tests[tests["stated"]].set_index("model")
    for model, (omega, advantage) in PUBLISHED[data].items():
        row = stated.loc[model]
        assert row["epsilon"] == epsilon
        assert row["winning_rate"] == pytest.approx(omega, abs=5e-5)
        assert row["advantage"] == pytest.approx(advantage, abs=5e-5)
        assert row["passed"] == (omega >= 0.5)
    assert set(tests["epsilon"]) == {0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3}
    assert worth.loc[worth["model"].notna(), "k"].notna().all()
    if name == "cebab_stars":
        own = raters[(raters["model"] == "gpt-4o") & (raters["n_items"] == 170)]
        w44 = own[np.isclose(own["model_wins"], 0.8294, atol=5e-5)]
        assert w44[["rater_wins", "t", "p"]].to_numpy()[0] == pytest.approx(
            [0.9, -0.7419, 0.2296], abs=5e-5
        )
        own = raters[(raters["model"] == "gpt-4o") & np.isclose(raters["model_wins"], 0.88)]
        assert any(np.isclose(own["t"], -2.7646, atol=5e-5) & np.isclose(own["rater_wins"], 0.885))


@pytest.mark.shared_data
def test_reviewers_are_worth_what_was_found_for_them(shared: Path, tmp_path: Path) -> None:
    """Ratings 1 to 4 of a review stand for a model, 5 to 20 for people."""
    text = (shared / "vader_icwsm2014/amazonReviewSnippets_anonDataRatings.txt").read_text("utf-8")
    ratings = np.array([ast.literal_eval(line.split("\t")[3]) for line in text.splitlines()], float)
    people = ratings[:, 4:]
    norm_rows = pd.DataFrame(
        {
            "item_id": item_ids(len(people)),
            "scale": "valence",
            "mean": people.mean(axis=1),
            "sd": people.std(axis=1, ddof=1),
            "n": 16,
            "ratings": people.tolist(),
            "labels": None,
            "raters": None,
        }
    )
    asked = study(scales=scale(-4, 4))
    worth, tests, raters, margins = made(tmp_path, asked, rating_rows(ratings[:, :4]), norm_rows)
    row = worth[worth["answers"].isna()].iloc[0]
    assert row["n_items"] == 3708
    assert row[["r", "reliability", "phi"]].tolist() == pytest.approx(
        [0.9653, 0.9868, 0.2145], abs=5e-5
    )
    assert row["k"] == pytest.approx(3.6384, abs=5e-5)
    assert row["k_error"] == pytest.approx(3.8492, abs=5e-4)
    assert row["k_low"] < 3.64 < row["k_high"]
    assert (row["k_drawn"], row["k_drawn_most"]) == (4, 8)
    # One review by one person, and the anonymous raters.
    one = worth[worth["answers"] == 1].iloc[0]
    assert one["k"] == pytest.approx(1, abs=0.15)
    assert raters.empty
    assert margins.empty
    assert set(tests["reason"]) == {"it is unknown which ratings were given by the same person"}


@pytest.fixture(scope="module")
def words_kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Items and norms of the default study."""
    folder = kept_results("default", tmp_path_factory.mktemp("kept"), "items", "norms")
    # They are older than what is known of raters.
    norm_rows = pd.read_parquet(folder / "norms/vader.parquet").assign(labels=None, raters=None)
    NORMS.write(norm_rows, folder / "norms/vader.parquet")
    return folder


def test_the_default_study_has_its_published_worth(
    words_kept: Path, default_study: LoadedStudy
) -> None:
    run(WorthJob.of(analysed_study(default_study)), "count_raters", words_kept)
    worth = RATERS_WORTH.read(words_kept / RATERS_WORTH.path)
    row = worth[(worth["protocol"] == "rating-sheet") & (worth["readout"] == "exact")].iloc[0]
    assert row[["r", "reliability", "phi", "k", "k_error"]].tolist() == pytest.approx(
        [0.6972, 0.9646, 0.3665, 0.3723, 0.7325], abs=5e-5
    )
    assert [row["k_low"], row["k_high"]] == pytest.approx([0.261, 0.541], abs=0.02)


@pytest.mark.parametrize(
    ("bias", "p_bias", "r", "p_r"), [(0.75, 0.0878, 0.1, 0.2138), (1.0, 5.461e-7, 0.15, 0.0029)]
)
def test_the_default_study_is_within_margins_as_published(
    words_kept: Path, bias: float, p_bias: float, r: float, p_r: float
) -> None:
    job = EquivalenceJob(scales={"vader": ("valence",)}, bias_within=bias, r_within=r)
    run(job, "compare_within_margins", words_kept)
    rows = EQUIVALENCE.read(words_kept / EQUIVALENCE.path)
    own = rows[(rows["protocol"] == "rating-sheet") & (rows["readout"] == "exact")]
    of_means = own[own["kind"] == "bias"].iloc[0]
    assert of_means[["estimate", "low", "high"]].tolist() == pytest.approx(
        [-0.6562, -0.7702, -0.5423], abs=5e-5
    )
    assert of_means["p"] == pytest.approx(p_bias, rel=1e-3)
    assert of_means["equivalent"] == (bias == 1)
    of_r = own[(own["kind"] == "r") & (own["other_readout"] == "sampled")].iloc[0]
    assert of_r[["estimate", "low", "high"]].tolist() == pytest.approx(
        [0.0821, 0.0471, 0.1205], abs=5e-5
    )
    assert of_r["p"] == pytest.approx(p_r, abs=5e-5)
    # Pairs differ in one thing alone: the model, the protocol or the readout.
    assert (rows["kind"] == "r").sum() == 4


def test_lexicon_raters_are_worth_what_was_found_for_them(words_kept: Path, tmp_path: Path) -> None:
    """Ratings 1 and 2 of the words of the default study stand for a model, 3 to 10 for people."""
    kept = NORMS.read(words_kept / "norms/vader.parquet")
    ratings = np.array(kept["ratings"].tolist())
    people = ratings[:, 2:]
    norm_rows = norms(len(people)).assign(
        mean=people.mean(axis=1), sd=people.std(axis=1, ddof=1), ratings=people.tolist()
    )
    worth, *_ = made(tmp_path, study(), rating_rows(ratings[:, :2]), norm_rows)
    row = worth[worth["answers"].isna()].iloc[0]
    assert row[["k", "k_error"]].tolist() == pytest.approx([2.5619, 2.9086], abs=5e-5)
    assert [row["k_low"], row["k_high"]] == pytest.approx([2.04, 3.32], abs=0.12)


def test_the_mean_of_k_people_is_worth_k_people(tmp_path: Path) -> None:
    """Participants who answer as people do: each is worth one person, and so on."""
    felt, norm_rows = crowd(1500, 12, 2.0, 1, spread=1.0)
    answers = felt[:, None] + np.random.default_rng(5).normal(0, 2.0, (1500, 10))
    answers = np.clip(np.rint(answers), 1, 9)
    worth, *_ = made(tmp_path, study(), rating_rows(answers), norm_rows)
    by_answers = worth.set_index(worth["answers"].fillna(10))
    assert by_answers["k"].to_dict() == pytest.approx({1: 1, 2: 2, 5: 5, 10: 10}, rel=0.15)
    everyone = by_answers.loc[10]
    assert everyone["k_low"] < 10 < everyone["k_high"]
    assert everyone["k_limit"] > 60
    assert everyone["k_drawn_most"] == 6
    assert np.isnan(everyone["k_drawn"])


@pytest.mark.parametrize("readout", ["exact", "stated"])
def test_means_of_distributions_are_taken_as_they_are(readout: str) -> None:
    """However many forms, sessions or statements are behind them: these are no single answers."""
    felt, norm_rows = crowd(200, 8, 1.0, 3)
    means = felt + np.random.default_rng(4).normal(0, 1.0, 200)
    rows = cell(norm_rows, np.full((200, 1), 5.0), readout=readout)
    rows = rows.assign(mean=means, sd=1.5, n_ok=4, mean_se=0.2)
    worth = worth_rows(rows, {"words": norm_rows}, WorthJob.of(analysed_study(study())))
    assert worth["answers"].isna().all()
    (row,) = worth.to_dict("records")
    assert row["r"] == pytest.approx(np.corrcoef(means, norm_rows["mean"])[0, 1], abs=1e-12)
    assert np.isnan(row["k_limit"])


def test_models_with_errors_of_their_own_are_worth_more_together(tmp_path: Path) -> None:
    felt, norm_rows = crowd(800, 10, 1.5, 2)
    rng = np.random.default_rng(3)
    given = pd.concat(
        rating_rows(np.clip(np.rint(felt + rng.normal(0, 1.5, 800)), 1, 9)[:, None], model=model)
        for model in ("m", "n", "o")
    )
    # An item that one of them lacks is not in the average; a model without answers is not either.
    given.loc[(given["model"] == "o") & (given["item_id"] == "item-003"), "rating"] = np.nan
    given.loc[given["rating"].isna(), "status"] = "refusal"
    silent = rating_rows(np.full((800, 1), np.nan), model="silent")
    worth, *_ = made(
        tmp_path, study(models=("m", "n", "o", "silent")), pd.concat([given, silent]), norm_rows
    )
    average = worth[worth["model"].isna()].iloc[0]
    alone = worth[worth["model"].isin(["m", "n", "o"])]
    assert (average["n_models"], average["n_items"]) == (3, 799)
    assert average["k"] == pytest.approx(3 * alone["k"].mean(), rel=0.2)
    assert set(alone["n_models"]) == {1}
    none = worth[worth["model"] == "silent"].iloc[0]
    assert none["reason"] == "no item has both a model rating and a human rating"


def test_a_perfect_model_is_worth_any_number_of_people(tmp_path: Path) -> None:
    _, norm_rows = crowd(300, 4, 2.5, 3)
    perfect = norm_rows.assign(mean=np.round(norm_rows["mean"]))["mean"].to_numpy()[:, None]
    worth, *_ = made(tmp_path, study(), rating_rows(np.clip(perfect, 1, 9)), norm_rows)
    row = worth.iloc[0]
    assert row["k"] == np.inf
    assert row["k_high"] == np.inf
    assert np.isnan(row["k_drawn"])


@pytest.mark.parametrize(
    ("norm_changes", "why"),
    [
        ({"ratings": None, "sd": np.nan}, "the reliability of the human means is unknown"),
        ({"ratings": None, "n": None}, "the reliability of the human means is unknown"),
        ({"ratings": None, "sd": 9.0, "n": 2}, "human means differ no more between items"),
    ],
    ids=["means alone", "no numbers of raters", "means that are noise"],
)
def test_what_norms_lack_is_a_reason(
    tmp_path: Path, norm_changes: dict[str, Any], why: str
) -> None:
    felt, norm_rows = crowd(60, 6, 1.0, 4)
    changed = norm_rows.assign(**norm_changes)
    worth, tests, _, _ = made(tmp_path, study(), rating_rows(np.rint(felt)[:, None]), changed)
    assert worth["k"].isna().all()
    assert worth["reason"].str.startswith(why).all()
    assert set(tests["reason"]) == {"single human ratings are unknown"}


@pytest.mark.parametrize("ratings", [[5, 5, 5], [4, 5, 6]], ids=["agreeing", "differing"])
def test_people_whose_means_are_all_the_same_give_no_number_of_raters(
    tmp_path: Path, ratings: list[float]
) -> None:
    people = norms(40, 3).assign(mean=5.0, sd=np.std(ratings, ddof=1), ratings=[ratings] * 40)
    answers = rating_rows(np.random.default_rng(1).integers(1, 9, 40)[:, None])
    worth, *_ = made(tmp_path, study(), answers, people)
    assert worth["k"].isna().all()
    assert set(worth["reason"]) == {
        "the model's means, or the human means, are the same for all items"
    }
    if len(set(ratings)) == 1:
        assert worth["k_error"].isna().all()


def test_means_with_sd_and_n_are_enough(tmp_path: Path) -> None:
    felt, norm_rows = crowd(400, 20, 1.5, 6)
    answers = rating_rows(
        np.clip(np.rint(felt + np.random.default_rng(1).normal(0, 1, 400)), 1, 9)[:, None]
    )
    single, *_ = made(tmp_path / "single", study(), answers, norm_rows)
    summary, *_ = made(tmp_path / "summary", study(), answers, norm_rows.assign(ratings=None))
    columns = ["k", "k_error", "reliability", "phi"]
    assert summary[columns].iloc[0].to_numpy(float) == pytest.approx(
        single[columns].iloc[0].to_numpy(float), rel=0.02
    )
    assert np.isnan(summary["k_drawn_most"].iloc[0])


def test_the_order_of_rows_and_other_models_change_nothing(tmp_path: Path) -> None:
    felt, norm_rows = crowd(80, 6, 1.0, 7)
    norm_rows = identified(norm_rows)
    rng = np.random.default_rng(2)
    rows = {
        model: rating_rows(
            np.clip(np.rint(felt[:, None] + rng.normal(0, 1, (80, 3))), 1, 9), model=model
        )
        for model in ("a", "b")
    }
    asked = study(models=("a", "b"), substitution=CROWD)
    both = made(tmp_path / "both", asked, pd.concat(rows.values()), norm_rows)
    turned = made(tmp_path / "turned", asked, pd.concat(rows.values())[::-1], norm_rows[::-1])
    for one, other in zip(both, turned, strict=True):
        pd.testing.assert_frame_equal(one, other)
    alone = made(tmp_path / "alone", study(models=("a",), substitution=CROWD), rows["a"], norm_rows)
    for one, other in zip(both, alone, strict=True):
        of_a = one[one["model"] == "a"].reset_index(drop=True)
        pd.testing.assert_frame_equal(of_a, other)


def test_one_answer_is_the_median_and_exact_probabilities_have_one_too(tmp_path: Path) -> None:
    """A model whose median is people's, though its mean is not."""
    felt, norm_rows = crowd(100, 6, 0.7, 8, spread=1.0)
    middle = np.clip(np.rint(felt), 1, 8)
    answers = np.stack([middle, middle, np.full(100, 9.0)], axis=1)
    sampled = rating_rows(answers)
    mean = rating_rows(np.rint(answers.mean(axis=1))[:, None], model="n")
    probabilities = np.zeros((100, 9))
    probabilities[np.arange(100), middle.astype(int) - 1] = 0.6
    probabilities[:, 8] += 0.3
    exact = rating_rows(np.full((100, 1), np.nan)).assign(
        readout="exact",
        probabilities=probabilities.tolist(),
        off_scale_mass=0.1,
        returned_mass=1.0,
        **dict.fromkeys(("status", "text", "participant")),
    )
    asked = study(models=("m", "n"), readouts=("sampled", "exact"), substitution=CROWD)
    _, tests, _, _ = made(tmp_path, asked, pd.concat([sampled, mean, exact]), identified(norm_rows))
    stated = tests[tests["stated"]].set_index(["model", "readout"])
    assert stated.loc[("m", "sampled"), "winning_rate"] == 1
    assert stated.loc[("m", "exact"), "winning_rate"] == 1
    assert stated.loc[("n", "sampled"), "winning_rate"] < 1


def test_without_an_epsilon_there_is_the_curve_and_no_verdict(tmp_path: Path) -> None:
    felt, norm_rows = crowd(60, 5, 1.0, 9)
    answers = rating_rows(np.clip(np.rint(felt), 1, 9)[:, None])
    _, tests, raters, margins = made(tmp_path, study(), answers, identified(norm_rows))
    assert len(tests) == 7
    assert not tests["stated"].any()
    assert tests["passed"].isna().all()
    assert tests["winning_rate"].is_monotonic_increasing
    assert raters["rater"].tolist() == [1, 2, 3, 4, 5]
    assert raters[["t", "p", "replaceable", "epsilon"]].isna().all(axis=None)
    assert raters["model_wins"].between(0, 1).all()
    assert margins.empty
    # An ε of its own has a point on the curve.
    own = {"epsilon": 0.12, "because": "they are students"}
    _, tests, raters, _ = made(
        tmp_path / "own", study(substitution=own), answers, identified(norm_rows)
    )
    assert tests.loc[tests["stated"], "epsilon"].tolist() == [0.12]
    assert raters["p"].notna().all()


def test_few_items_and_few_raters_are_told(tmp_path: Path) -> None:
    asked = study(substitution=CROWD)
    felt, norm_rows = crowd(25, 5, 1.0, 10)
    answers = rating_rows(np.clip(np.rint(felt), 1, 9)[:, None])
    _, tests, raters, _ = made(tmp_path / "items", asked, answers, identified(norm_rows))
    assert tests["reason"].tolist() == [
        "no rater shares 30 items with the model and other raters (at most 25)"
    ]
    assert tests["stated"].all()
    assert raters.empty
    felt, norm_rows = crowd(60, 2, 1.0, 11)
    answers = rating_rows(np.clip(np.rint(felt), 1, 9)[:, None])
    _, tests, _, _ = made(tmp_path / "raters", asked, answers, identified(norm_rows))
    stated = tests[tests["stated"]].iloc[0]
    assert stated["passed"] is None
    assert stated["reason"].startswith("only 2 of the raters rated 30 items or more")
    assert np.isfinite(stated["winning_rate"])
    _, tests, _, _ = made(
        tmp_path / "silent", asked, rating_rows(np.full((60, 1), np.nan)), identified(norm_rows)
    )
    assert tests["reason"].tolist() == [
        "no item has a usable answer of the model and two identified raters"
    ]


def test_a_person_who_rates_an_item_twice_is_one_rater(tmp_path: Path) -> None:
    """Their mean counts: a rater is never among the others that they are compared with."""
    felt, norm_rows = crowd(40, 4, 1.0, 12)
    once = identified(norm_rows)
    twice = once.assign(
        ratings=[[row[0] - 1, row[0] + 1, *row[1:]] for row in once["ratings"]],
        raters=[["r0", *row] for row in once["raters"]],
        n=5,
    )
    answers = rating_rows(np.clip(np.rint(felt), 1, 9)[:, None])
    asked = study(substitution=CROWD, scales={"valence": {"min": -1, "max": 11, "direction": "up"}})
    tables = [made(tmp_path / str(n), asked, answers, rows) for n, rows in enumerate((once, twice))]
    for place in (1, 2):
        pd.testing.assert_frame_equal(tables[0][place], tables[1][place])


def chosen(
    rng: np.random.Generator, topic: np.ndarray, raters: int, wrong: float
) -> list[list[list[str]]]:
    """Labels that people chose: the topic of the item, or by mistake another."""
    names = np.array(["joy", "anger", "fear"])
    said = np.where(
        rng.random((len(topic), raters)) < wrong,
        rng.integers(0, 3, (len(topic), raters)),
        topic[:, None],
    )
    return [[[name] for name in names[row]] for row in said]


@pytest.mark.parametrize("wrong", [0.1, 1.0])
def test_labels_are_tested_as_sets_and_one_by_one(tmp_path: Path, wrong: float) -> None:
    rng = np.random.default_rng(13)
    topic = rng.integers(0, 3, 90)
    people = chosen(rng, topic, 5, 0.3)
    norm_rows = label_norms(people).assign(raters=[[f"r{n}" for n in range(5)]] * 90)
    said = [row[0] for row in chosen(rng, topic, 1, wrong)]
    asked = study(scales=(), labels=("emotions",), substitution=CROWD)
    worth, tests, raters, _ = made(tmp_path, asked, label_rows(said), norm_rows)
    assert worth.empty
    stated = tests[tests["stated"]]
    assert stated["label"].fillna("all").tolist() == ["all", "joy", "anger", "fear"]
    assert (stated["passed"] == (wrong < 0.5)).all()
    assert len(raters) == 4 * 5


def test_biases_and_differences_of_r_are_tested_within_stated_margins_alone(tmp_path: Path) -> None:
    _, norm_rows = crowd(300, 8, 1.0, 14)
    rng = np.random.default_rng(4)
    high = np.clip(np.rint(norm_rows["mean"].to_numpy() + 0.9 + rng.normal(0, 0.5, 300)), 1, 9)
    near = np.clip(np.rint(norm_rows["mean"].to_numpy() + rng.normal(0, 0.5, 300)), 1, 9)
    given = pd.concat(
        [rating_rows(high[:, None], model="a"), rating_rows(near[:, None], model="b")]
    )
    margins = {"bias_within": 0.5, "r_within": 0.1, "margins_because": "less changes nothing"}
    asked = study(models=("a", "b"), substitution=margins)
    rows = made(tmp_path, asked, given, norm_rows)[3]
    assert rows["kind"].tolist() == ["bias", "bias", "r"]
    assert rows["equivalent"].tolist() == [False, True, True]
    bias = high.mean() - norm_rows["mean"].mean()
    assert rows["estimate"].iloc[0] == pytest.approx(bias, abs=1e-12)
    assert rows["other_model"].fillna("").tolist() == ["", "", "b"]
    only = study(models=("a", "b"), substitution={"bias_within": 1.2, "margins_because": "so"})
    rows = made(tmp_path / "bias", only, given, norm_rows)[3]
    assert rows["equivalent"].tolist() == [True, True]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"epsilon": 0.1}, "say why in because"),
        ({"because": "crowd workers rated"}, "there is no epsilon"),
        ({"epsilon": 0.1, "because": "  "}, "because"),
        ({"r_within": 0.1, "margins_because": "\n"}, "margins_because"),
        ({"r_within": 0.1}, "say why in margins_because"),
        ({"margins_because": "so"}, "there is no margin"),
        ({"epsilon": 1.0, "because": "x"}, "epsilon"),
        ({"bias_within": 0, "margins_because": "x"}, "bias_within"),
    ],
)
def test_what_is_stated_needs_a_reason(settings: dict[str, Any], told: str) -> None:
    found, problems = validate(SubstitutionSettings, settings, "study.yaml")
    assert found is None
    assert told in "\n".join(problems)


def test_a_model_that_loses_by_epsilon_seldom_passes(tmp_path: Path) -> None:
    """Twenty scales of people and of a model that is as noisy as they, at an ε of 0: replacing
    them saves nothing, and the model is no better."""
    n, raters = 100, 5
    rng, passed = np.random.default_rng(15), []
    scales = tuple(f"s{place:02d}" for place in range(20))
    norm_rows, answers = [], []
    for place, name in enumerate(scales):
        felt = rng.normal(5, 1.0, n)
        norm_rows.append(identified(norms(n, raters, 100 + place, name, felt=felt, noise=1.5)))
        said = np.clip(np.rint(felt + rng.normal(0, 1.5, n)), 1, 9)
        answers.append(rating_rows(said[:, None], scale=name))
    asked = study(scales=scales, substitution={"epsilon": 0, "because": "people cost nothing"})
    _, tests, raters_rows, _ = made(tmp_path, asked, pd.concat(answers), pd.concat(norm_rows))
    passed = tests[tests["stated"]]["passed"]
    assert passed.sum() <= 2
    assert raters_rows["replaceable"].mean() < 0.1


@pytest.mark.slow
def test_intervals_of_k_cover_what_is_true() -> None:
    """300 scales of 150 items: the model errs by 0.8, people by 1.2, and items differ by 1, so that
    k is 1.2²/0.8² = 2.25 for ranking, and 1.2² more for predicting."""
    rng, n = np.random.default_rng(16), 150
    scales = [f"s{place:03d}" for place in range(300)]
    norm_rows, cells = [], []
    for name in scales:
        felt = rng.normal(5, 1.0, n)
        people = felt[:, None] + rng.normal(0, 1.2, (n, 6))
        of_scale = norms(n, 6, scale=name).assign(
            mean=people.mean(axis=1), sd=people.std(axis=1, ddof=1), ratings=people.tolist()
        )
        norm_rows.append(of_scale)
        cells.append(cell(of_scale, (felt + rng.normal(0, 0.8, n))[:, None], scale=name))
    job = WorthJob(scales={"words": dict.fromkeys(scales, SCALE)}, seed=1, bootstrap_resamples=1000)
    worth = worth_rows(pd.concat(cells), {"words": pd.concat(norm_rows)}, job)
    assert len(worth) == 300
    for name, true in (("k", 2.25), ("k_error", 2.25 + 1.44)):
        covered = (worth[f"{name}_low"] <= true) & (worth[f"{name}_high"] >= true)
        assert 0.9 < covered.mean() < 0.99, covered.mean()


def test_the_bias_is_that_over_items_and_its_error_that_of_clusters() -> None:
    rng = np.random.default_rng(7)
    clusters = np.repeat(np.arange(40), rng.integers(1, 6, 40))
    difference = 0.3 + rng.normal(0, 0.5, 40)[clusters] + rng.normal(0, 0.5, len(clusters))
    human = rng.uniform(2, 8, len(clusters))
    items = pd.DataFrame(
        {
            **dict.fromkeys(ITEMS.schema.names),
            **{"model": "m", "protocol": "p", "dataset": "words", "scale": "valence"},
            **{"readout": "sampled", "item_id": [f"i{n:03d}" for n in range(len(human))]},
            **{"cluster": clusters, "mean": human + difference, "human_mean": human},
        }
    )
    row = equivalence_rows(
        items, EquivalenceJob(scales={"words": ("valence",)}, bias_within=0.5)
    ).iloc[0]
    peer = sm.OLS(difference, np.ones_like(difference)).fit(
        cov_type="cluster", cov_kwds={"groups": clusters}, use_t=True
    )
    assert row["estimate"] == pytest.approx(difference.mean())
    assert [row["low"], row["high"]] == pytest.approx(list(peer.conf_int(0.1)[0]))
    assert row["n_units"] == 40


def test_the_worth_of_probabilities_is_that_of_their_means_however_often_they_were_asked_for() -> (
    None
):
    """Forms and sessions ask for the probabilities of an item several times."""
    people = norms(80, seed=3)
    rng = np.random.default_rng(5)
    model = (people["mean"].to_numpy() + rng.normal(0, 1, len(people)))[:, None]
    once = cell(people, model).assign(readout="exact")
    thrice = once.assign(n_ok=3, sd=2.0)
    job = WorthJob(scales={"words": {"valence": SCALE}}, seed=1, bootstrap_resamples=200)
    tables = [worth_rows(items, {"words": people}, job) for items in (once, thrice)]
    pd.testing.assert_frame_equal(*tables)
    r = np.corrcoef(model[:, 0], people["mean"])[0, 1]
    assert tables[0]["r"].tolist() == pytest.approx([r])
