"""The verdict on the first screen: planted models, each with what may be claimed of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from emoalign.analyses.substitution.analysis import WorthJob
from emoalign.analyses.substitution.worth import worth_rows
from emoalign.planning.analysed import analysed_study
from emoalign.planning.jobs import reported
from emoalign.planning.studies import LoadedStudy
from emoalign.report.first_screen.claims import People
from emoalign.report.first_screen.headline import of_correlations, of_distances
from emoalign.report.first_screen.verdict import Verdicts, verdicts
from emoalign.report.grid import in_order
from emoalign.statistics.pairs import FloatArray
from emoalign.tables import (
    ALIGNMENT,
    ALTERNATIVE_ANNOTATOR,
    DISTRIBUTION_CONTRASTS,
    DISTRIBUTIONS,
    ENTROPY,
    EXPLAINED,
    ITEMS,
    RATERS_WORTH,
    RECITATION,
    Table,
)
from tests.kit.ratings import item_ids, label_norms, rating_rows
from tests.kit.stages import make
from tests.kit.words import study

RATERS, ANSWERS = 12, 20

Rows = dict[str, pd.DataFrame]


@dataclass(frozen=True)
class Truth:
    """What people feel about each item, and how far they disagree about it, shape (items,)."""

    felt: FloatArray
    sd: FloatArray

    @classmethod
    def of(cls, n: int = 80) -> Truth:
        rng = np.random.default_rng(5)
        return cls(rng.uniform(2.5, 7.5, n), rng.uniform(0.3, 1.7, n))

    def said(self, n: int, seed: int) -> FloatArray:
        """So many ratings of each item on nine points, shape (items, n)."""
        rng = np.random.default_rng(seed)
        noise = rng.normal(size=(len(self.felt), n)) * self.sd[:, None]
        return np.clip(np.rint(self.felt[:, None] + noise), 1, 9)


def people(truth: Truth, raters: int = RATERS) -> pd.DataFrame:
    ratings = truth.said(raters, seed=3)
    return pd.DataFrame(
        {
            "item_id": item_ids(len(ratings)),
            "scale": "valence",
            "mean": ratings.mean(axis=1),
            "sd": ratings.std(axis=1, ddof=1) if raters > 1 else np.nan,
            "n": raters,
            "ratings": ratings.tolist(),
            "labels": None,
            "raters": None,
        }
    )


def noise(truth: Truth) -> FloatArray:
    return np.random.default_rng(8).normal(size=len(truth.felt))


RANKING = "Ranking words by valence"
PREDICTING = "Predicting people's mean ratings"
LEVEL = "Level and scaling of mean ratings"
ONE = "Ranking words by one answer instead of one person's rating"
DISAGREEING = "Telling on which words people disagree"
CHOOSING = "Reproducing which labels people choose"


def tables_of(folder: Path, asked: LoadedStudy, rows: pd.DataFrame, norms: pd.DataFrame) -> Rows:
    """The tables of statistics that a verdict rests on."""
    make(folder, asked, rows, norms, analyses=("alignment", "distributions"))
    read = (ALIGNMENT, DISTRIBUTIONS, ENTROPY, DISTRIBUTION_CONTRASTS)
    found = {table.path: table.read(folder / table.path) for table in read}
    items = ITEMS.read(folder / "items/words.parquet")
    found[RATERS_WORTH.path] = worth_rows(
        items, {"words": norms}, WorthJob.of(analysed_study(asked))
    )
    return found


def judged(tables: Rows, asked: LoadedStudy, model: str | None = None) -> Verdicts:
    """The verdict of a study by its tables, on all of its models or on one."""
    job = reported(asked)

    def rows(table: Table) -> pd.DataFrame:
        empty = pd.DataFrame(columns=table.schema.names)
        return in_order(tables.get(table.path, empty), job)

    headlines = of_correlations(rows(ALIGNMENT), job), of_distances(rows(DISTRIBUTIONS), job)
    of_model = [one[one["model"].eq(model)] if model else one for one in headlines]
    return verdicts(*(one[one["chosen"]] for one in of_model), rows, job)


def told(verdict: Verdicts) -> dict[str, str]:
    """The uses of the one condition, each with its answer and the reason for it."""
    [one] = verdict.told
    clauses = {clause.asked: f"{clause.answer}. {clause.why}" for clause in one.clauses}
    return clauses | {f"caution {n}": caveat.sentence for n, caveat in enumerate(one.caveats)}


@dataclass(frozen=True)
class Planted:
    """A model as it was made, and for each use how the verdict on it begins."""

    change: Callable[[Truth], Truth]
    expected: dict[str, str]
    answers: int = ANSWERS


PLANTED = {
    "perfect": Planted(
        lambda truth: truth,
        {
            RANKING: "yes. The ratings rank the words at least as well as the mean of ",
            PREDICTING: "yes. The recalibrated ratings predict the mean rating of very many "
            "people at least as well as",
            LEVEL: "like people's. The bias is below 0.40 points, 5% of the scale (bias = ",
            ONE: "cannot be told. It is open whether single answers of the model rank the words",
            DISAGREEING: "yes. The model's answers vary more where people's do (ρ = .",
        },
    ),
    "biased": Planted(
        lambda truth: replace(truth, felt=truth.felt - 0.7),
        {
            RANKING: "yes. ",
            PREDICTING: "yes, once recalibrated. ",
            LEVEL: "recalibrate first. On average, the ratings are too low (bias = −0.",
            ONE: "cannot be told. ",
            DISAGREEING: "yes. ",
        },
    ),
    "compressed": Planted(
        lambda truth: replace(truth, felt=5 + (truth.felt - 5) / 2),
        {
            RANKING: "yes. ",
            PREDICTING: "yes, once recalibrated. ",
            LEVEL: "recalibrate first. Differences between words are too small: a difference of 1 "
            "point between two words in the model's ratings corresponds to ",
            ONE: "no. Single answers of the model rank the words less well than one person's",
            DISAGREEING: "yes. ",
        },
    ),
    "noisy": Planted(
        lambda truth: replace(truth, felt=truth.felt + 2.5 * noise(truth)),
        {
            RANKING: "no. The ratings rank the words less well than one person's ratings would",
            PREDICTING: "no. The recalibrated ratings predict the mean rating of very many",
            LEVEL: "recalibrate first. Differences between words are too large: a difference of",
            ONE: "no. ",
            DISAGREEING: "yes. ",
        },
    ),
    "ignorant": Planted(
        lambda truth: Truth(5 + noise(truth), truth.sd[::-1]),
        {
            RANKING: "no. No agreement with people's ratings was shown (r = ",
            PREDICTING: "no. For the same reason.",
            DISAGREEING: "no. It was not shown that the model's answers vary more where people's",
        },
    ),
    "blind-to-disagreement": Planted(
        lambda truth: replace(truth, sd=np.full_like(truth.sd, 0.7)),
        {
            RANKING: "yes. ",
            PREDICTING: "yes. ",
            LEVEL: "like people's. ",
            ONE: "yes. ",
            DISAGREEING: "no. It was not shown that the model's answers vary more where people's",
        },
    ),
    "too-certain": Planted(
        lambda truth: replace(truth, sd=truth.sd / 4),
        {
            RANKING: "yes. ",
            PREDICTING: "yes. ",
            LEVEL: "like people's. ",
            ONE: "yes. Single answers of the model rank the words at least as well as the mean of",
            DISAGREEING: "in part. The model's answers vary more where people's do (ρ = .",
        },
    ),
    "never-differing": Planted(
        lambda truth: Truth(np.rint(truth.felt), 0 * truth.sd),
        {
            RANKING: "yes. ",
            PREDICTING: "yes. ",
            LEVEL: "like people's. ",
            ONE: "yes. ",
            DISAGREEING: "no. The model's answers about one of the words never differ.",
        },
    ),
    "opposite": Planted(
        lambda truth: replace(truth, felt=10 - truth.felt),
        {
            RANKING: "no. No agreement with people's ratings was shown (r = −.9",
            PREDICTING: "no. For the same reason.",
            DISAGREEING: "yes. ",
        },
    ),
    "one-rating-for-all": Planted(
        lambda truth: Truth(np.full_like(truth.felt, 5), 0 * truth.sd),
        {RANKING: "cannot be told. The model's means, or the human means, are the same for all"},
    ),
    "copying": Planted(
        lambda truth: Truth(people(truth)["mean"].to_numpy(), np.full_like(truth.sd, 0.5)),
        {
            RANKING: "cannot be told. The ratings are closer to these people's means than "
            "independent ratings could be, as if they had been made from them (k = ∞, 95% CI [∞, ∞",
            PREDICTING: "cannot be told. For the same reason.",
            LEVEL: "like people's. ",
            ONE: "yes. ",
            DISAGREEING: "no. ",
        },
    ),
    "one-answer": Planted(
        lambda truth: truth,
        {
            RANKING: "cannot be told. It is open whether the ratings rank the words as well as one",
            PREDICTING: "cannot be told. It is open whether the recalibrated ratings predict the",
            LEVEL: "recalibrate first. Differences between words are too large: ",
            DISAGREEING: "cannot be told. The model answered once about each of the words.",
        },
        answers=1,
    ),
}
TRUTH = Truth.of()
ASKED = study(models={name: name.capitalize() for name in PLANTED}, protocols=["p"])


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Rows:
    """The tables of a study of all planted models."""
    answers = [
        rating_rows(one.change(TRUTH).said(one.answers, seed=4), model=name)
        for name, one in PLANTED.items()
    ]
    return tables_of(tmp_path_factory.mktemp("planted"), ASKED, pd.concat(answers), people(TRUTH))


@pytest.mark.parametrize("name", PLANTED)
def test_of_a_planted_model_no_more_is_claimed_than_is_true(name: str, tables: Rows) -> None:
    found, expected = told(judged(tables, ASKED, name)), PLANTED[name].expected
    assert list(found) == list(expected)
    wrong = {asked: said for asked, said in found.items() if not said.startswith(expected[asked])}
    assert not wrong


NOT_ENOUGH = "cannot be told. No item has both a usable answer and enough single human ratings."


@pytest.mark.parametrize(
    ("n", "known", "expected"),
    [
        (
            12,
            {},
            {RANKING: "cannot be told. Only 12 of the words can be compared, but 30 are needed (r"},
        ),
        (
            80,
            {"sd": np.nan, "ratings": None},
            {
                RANKING: "cannot be told. How many people they are worth is unknown: the relia",
                PREDICTING: "cannot be told. For the same reason.",
                LEVEL: "like people's. ",
                DISAGREEING: NOT_ENOUGH,
            },
        ),
        (
            80,
            {"ratings": None},
            {
                RANKING: "yes. ",
                PREDICTING: "yes. ",
                LEVEL: "like people's. ",
                ONE: "cannot be told. ",
                DISAGREEING: NOT_ENOUGH,
            },
        ),
    ],
    ids=["few words", "means alone", "means, SDs and numbers of raters"],
)
def test_where_little_is_known_of_people_it_says_what_cannot_be_told(
    n: int, known: dict[str, object], expected: dict[str, str], tmp_path: Path
) -> None:
    truth, asked = Truth.of(n), study()
    rows, norms = rating_rows(truth.said(ANSWERS, seed=4)), people(truth).assign(**known)
    found = told(judged(tables_of(tmp_path, asked, rows, norms), asked))
    assert list(found) == list(expected)
    wrong = {use: said for use, said in found.items() if not said.startswith(expected[use])}
    assert not wrong


@pytest.mark.parametrize(
    ("k", "answer", "sentence"),
    [
        ((6.2, 4.1, 9.3), "yes", "at least as well as the mean of 4 people would (k = 6, 95% CI"),
        ((6.2, 3.9, 9.3), "yes", "the mean of 3 people would (k = 6.2, 95% CI [3.9, 9.3])."),
        ((2.6, 1.04, 3.3), "yes", "one person's ratings would (k = 2.6, 95% CI [1.0, 3.3])."),
        ((2.6, 0.97, 3.3), "cannot be told", "as well as one person's ratings would (k = 2.60, 95"),
        ((0.9, 0.7, 0.996), "no", "(k = 0.900, 95% CI [0.700, 0.996])."),
        (
            (0.9, 0.7, 1.0),
            "cannot be told",
            "It is open whether the ratings rank the words as well",
        ),
        ((math.inf, 12.4, math.inf), "yes", "the mean of 12 people would (k = ∞, 95% CI [12, ∞])."),
        ((math.inf, math.inf, math.inf), "cannot be told", "as if they had been made from them"),
        ((6.2, math.nan, math.nan), "cannot be told", "has no interval (k = 6)."),
    ],
)
def test_a_claim_rests_on_the_lower_end_of_the_interval(
    k: tuple[float, float, float], answer: str, sentence: str
) -> None:
    found = People(*k).claim("The ratings rank the words")
    assert found[0] == answer
    assert sentence in found[1]


def edited(tables: Rows, table: Table, model: str, **columns: object) -> Rows:
    """The tables, one with other values in the rows of a model."""
    rows = tables[table.path].copy()
    for name, value in columns.items():
        rows.loc[rows["model"] == model, name] = value
    return tables | {table.path: rows}


def test_what_the_average_rating_predicts_as_well_is_no_merit_of_the_model(tables: Rows) -> None:
    noisy_people = edited(tables, RATERS_WORTH, "perfect", phi=9.0)
    found = told(judged(noisy_people, ASKED, "perfect"))[PREDICTING]
    assert found.startswith(
        "no. It was not shown that the recalibrated ratings predict them better"
    )
    assert found.endswith("; the average: 9).")


def one_row(table: Table, model: str, **columns: object) -> pd.DataFrame:
    """A table with a row about the ratings of a model."""
    cell = {"model": model, "protocol": "p", "dataset": "words", "scale": "valence"}
    empty: dict[str, object] = dict.fromkeys(table.schema.names)
    named = {name: value for name, value in cell.items() if name in empty}
    readout = {"readout": "sampled"} if "readout" in empty else {}
    return pd.DataFrame([empty | named | readout | columns])


def completions(model: str, p: float) -> pd.DataFrame:
    """What a model wrote under a protocol that asks for published means."""
    hits = {"hits": 91, "hits_by_chance": 31.35, "n_completions": 80, "tolerance": 0.05}
    return one_row(RECITATION, model, **hits, p=p).assign(protocol="recite")


def cautions(tables: Rows, model: str = "perfect") -> list[str]:
    [one] = judged(tables, ASKED, model).told
    return [caveat.sentence for caveat in one.caveats]


def test_agreement_of_a_model_that_recites_may_be_memory(tables: Rows) -> None:
    alone = {RECITATION.path: completions("perfect", 0.02)}
    assert cautions(tables | alone) == [
        "The agreement may be memory. Asked for 80 published means, the model gave 91 of them to "
        "within 0.05 points; 31.4 would be expected by chance (Holm-adjusted p = .020)."
    ]
    others = [completions(name, 0.9) for name in ("biased", "noisy")]
    among = {RECITATION.path: pd.concat([completions("perfect", 0.02), *others])}
    assert not cautions(tables | among), "p = .060, adjusted over three tests"
    assert not cautions(tables | {RECITATION.path: completions("perfect", math.nan)})
    shown = {RECITATION.path: completions("ignorant", 0.001)}
    assert not cautions(tables | shown, "ignorant"), "it has no agreement that could be memory"


@pytest.mark.parametrize(
    ("apart", "partial", "sentences"),
    [
        ((0.2, 0.1, 0.3), (0.5, 0.4, 0.6), []),
        (
            (0.02, -0.03, 0.06),
            (0.5, 0.4, 0.6),
            [
                "A ridge regression on embeddings, which has learnt from people's ratings, was "
                "not shown to agree less closely with people than the model does "
                "(r = .60; the model: .62; difference −.02, 95% CI [−.06, .03])."
            ],
        ),
        (
            (-0.1, -0.15, -0.05),
            (0.5, 0.4, 0.6),
            [
                "A ridge regression on embeddings, which has learnt from people's ratings, agrees "
                "more closely with people than the model does (r = .60; the model: .62; "
                "difference .10, 95% CI [.05, .15])."
            ],
        ),
        (
            (math.nan, math.nan, math.nan),
            (0.02, -0.1, 0.1),
            [
                "With word length and frequency held constant, no agreement with people was shown "
                "(partial r = .02, 95% CI [−.10, .10])."
            ],
        ),
    ],
    ids=["better", "as good", "worse", "length and frequency"],
)
def test_it_is_said_where_something_simpler_explains_the_agreement(
    tables: Rows,
    apart: tuple[float, float, float],
    partial: tuple[float, float, float],
    sentences: list[str],
) -> None:
    ends = ("", "_low", "_high")
    columns: dict[str, object] = {"covariates": "frequency, length"}
    columns |= {"model_r": 0.62, "ridge_r": 0.6}
    columns |= {f"model_minus_ridge{end}": value for end, value in zip(ends, apart, strict=True)}
    columns |= {f"partial_r{end}": value for end, value in zip(ends, partial, strict=True)}
    explained = {EXPLAINED.path: one_row(EXPLAINED, "perfect", **columns)}
    assert cautions(tables | explained) == sentences


@pytest.mark.parametrize(
    ("columns", "begins"),
    [
        (
            {"stated": True, "winning_rate": 0.75, "passed": True},
            "yes. The model passed the alternative annotator test: it may replace 9 of 12 raters "
            "(ω = .75; ε = .125, as the study states).",
        ),
        (
            {"stated": True, "winning_rate": 0.0, "passed": False},
            "no. The model did not pass the alternative annotator test: it may replace none of the",
        ),
        (
            {"stated": True, "winning_rate": math.nan, "reason": "nobody knows who rated"},
            "cannot be told. Nobody knows who rated.",
        ),
        ({"stated": False, "winning_rate": 0.75}, None),
    ],
    ids=["passed", "not passed", "no test", "no ε of the study"],
)
def test_single_raters_are_replaced_only_by_a_test_that_the_study_asked_for(
    tables: Rows, columns: dict[str, object], begins: str | None
) -> None:
    row = one_row(ALTERNATIVE_ANNOTATOR, "perfect", epsilon=0.125, n_raters=12, **columns)
    found = told(judged(tables | {ALTERNATIVE_ANNOTATOR.path: row}, ASKED, "perfect"))
    said = found.get("Taking the place of one of the raters")
    assert said is None if begins is None else str(said).startswith(begins)


LABELS = ("joy", "anger", "fear")


def shares(n: int, sure: float) -> FloatArray:
    """The probabilities of labels, (items, labels): the less `sure`, the more alike."""
    drawn = np.random.default_rng(2).normal(size=(n, len(LABELS)))
    heights = np.exp(sure * drawn)
    return np.asarray(heights / heights.sum(axis=1, keepdims=True))


def chosen(of: FloatArray, n: int, seed: int) -> list[list[list[str]]]:
    """The label that each of so many people or answers gives about each item."""
    rng = np.random.default_rng(seed)
    return [[[str(rng.choice(LABELS, p=one))] for _ in range(n)] for one in of]


def label_answers(of: FloatArray, n: int) -> pd.DataFrame:
    rows = rating_rows(np.full((len(of), n), np.nan), scale="emotions")
    every = [labels for item in chosen(of, n, seed=7) for labels in item]
    return rows.assign(labels=every, status="ok")


@pytest.mark.parametrize(
    ("model", "answers", "expected"),
    [
        (
            shares(60, sure=2),
            20,
            {CHOOSING: "yes. The choices are as close to people's as a perfect model's (JSD = "},
        ),
        (
            shares(60, sure=0.7),
            20,
            {CHOOSING: "in part. The choices are closer to people's than the average of people is"},
        ),
        (
            shares(60, sure=0),
            20,
            {CHOOSING: "no. It was not shown that the choices are closer to people's than the"},
        ),
        (
            shares(60, sure=2),
            1,
            {
                CHOOSING: "",
                DISAGREEING: "cannot be told. The model answered once about each of the words.",
            },
        ),
        (
            shares(12, sure=2),
            20,
            {CHOOSING: "cannot be told. Only 12 of the words can be compared, but 30 are needed."},
        ),
    ],
    ids=["perfect", "timid", "average", "one answer", "few words"],
)
def test_choices_of_labels_are_compared_with_the_average_and_a_perfect_model(
    model: FloatArray, answers: int, expected: dict[str, str], tmp_path: Path
) -> None:
    asked = study(scales=(), labels=("emotions",), protocols={"p": {"participants": answers}})
    norms = label_norms(chosen(shares(len(model), sure=2), 15, seed=6))
    found = told(judged(tables_of(tmp_path, asked, label_answers(model, answers), norms), asked))
    assert [use for use in expected if not found[use].startswith(expected[use])] == []


def test_of_many_models_only_the_best_of_each_scale_is_judged(tables: Rows) -> None:
    found = judged(tables, ASKED)
    [one] = found.told
    alignment = tables[ALIGNMENT.path].set_index("model")
    assert one.about["model"] == alignment["pearson_r"].idxmax()
    assert found.chosen == (
        "Of each scale, this is the verdict on the model with the highest r; choosing the best of "
        "several flatters it."
    )
    assert not judged(tables, ASKED, "perfect").chosen


def over_scales(tables: Rows, scales: Sequence[str]) -> tuple[Rows, LoadedStudy]:
    """A study of the perfect model on scales of which each is like the one there was, but for
    the number of people it is worth."""
    made: dict[str, list[pd.DataFrame]] = {}
    for place, scale in enumerate(scales):
        low = 0.5 + place
        worth = {"k": low + 1, "k_low": low, "k_high": low + 2}
        for path, rows in tables.items():
            own = rows[rows["a" if "a" in rows else "model"] == "perfect"].assign(scale=scale)
            if path == RATERS_WORTH.path:
                own.loc[own["answers"].isna(), list(worth)] = list(worth.values())
            made.setdefault(path, []).append(own)
    asked = study(models=["perfect"], protocols=["p"], scales=scales)
    return {path: pd.concat(rows) for path, rows in made.items()}, asked


def test_of_several_scales_each_use_is_told_with_the_scales_it_is_allowed_on(tables: Rows) -> None:
    found = judged(*over_scales(tables, ["valence", "arousal", "anger", "joy"]))
    assert not found.told
    assert not found.chosen
    by_use = {one.asked: one.answers for one in found.counted}
    assert by_use["Ranking items"] == (
        "yes on 3 of 4 scales (arousal, k = 2.5 [1.5, 3.5]; anger, k = 3.5 [2.5, 4.5]; joy, "
        "k = 4.5 [3.5, 5.5]); cannot be told on 1 (valence, k = 1.5 [0.5, 2.5])"
    )
    assert by_use["Telling on which items people disagree"].startswith(
        "yes on all 4 scales (valenc"
    )
    assert found.of_people


def test_of_many_scales_each_use_is_told_with_their_number(tables: Rows) -> None:
    found = judged(*over_scales(tables, [f"scale-{n}" for n in range(12)]))
    by_use = {one.asked: one.answers for one in found.counted}
    assert by_use["Ranking items"] == "yes on 11 of 12 scales; cannot be told on 1"
    assert by_use["Level and scaling of mean ratings"] == "like people's on all 12 scales"


def test_scales_on_which_a_use_was_not_assessed_are_counted(tables: Rows) -> None:
    made, asked = over_scales(tables, ["valence", "arousal", "anger", "joy"])
    alignment = made[ALIGNMENT.path].assign(
        pearson_low=lambda rows: rows["pearson_low"].where(rows["scale"] != "joy", -0.1)
    )
    found = judged(made | {ALIGNMENT.path: alignment}, asked)
    by_use = {one.asked: one.answers for one in found.counted}
    assert "; no on 1 (joy, r = " in by_use["Predicting people's mean ratings"]
    assert by_use["Level and scaling of mean ratings"].startswith("like people's on 3 of 4 scales")
    assert by_use["Level and scaling of mean ratings"].endswith("; not assessed on 1")


def test_up_to_three_conditions_are_told_use_by_use(tables: Rows) -> None:
    found = judged(*over_scales(tables, ["valence", "arousal", "anger"]))
    assert [one.about["scale"] for one in found.told] == ["valence", "arousal", "anger"]
    assert found.told[0].of == "Words, valence: Model perfect (sampled answers)"
    assert not found.counted
