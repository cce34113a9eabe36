"""Estimated norms of a study: what is learnt from, what is written, and what the report says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from scipy import stats

from emoalign.analyses.catalogue import FIGURES
from emoalign.analyses.estimates.figure import spread_out
from emoalign.analyses.estimates.in_words import EstimatedScale, told
from emoalign.analyses.estimates.section import SECTION
from emoalign.embeddings.embedding_cards import GgufEmbedding
from emoalign.figures.drawing import draw_figures
from emoalign.planning.analysed import analysed_study
from emoalign.planning.jobs import reported
from emoalign.planning.loading import load_study
from emoalign.planning.studies import LoadedStudy
from emoalign.report.section import Absent, Results, View
from emoalign.study.reading import read_yaml
from emoalign.tables import (
    CALIBRATED,
    ESTIMATES,
    ESTIMATION,
    ESTIMATION_CURVE,
    ESTIMATION_WEIGHTS,
    ITEMS,
    NORMS,
    STIMULI,
    Table,
)
from tests.kit.analysing import analyse
from tests.kit.kept import kept_results
from tests.kit.ratings import cell, label_norms, norms, stimuli
from tests.kit.words import study

ROOT = Path(__file__).parents[2]
HUMAN = ["human_mean", "human_sd", "human_n", "human_distribution"]


# The default study


def default(**keys: Any) -> LoadedStudy:
    content, _ = read_yaml(ROOT / "config/config.yaml")
    return load_study(
        {**content, "estimates": {}, "figures": ["estimates"], **keys}, ROOT / "config"
    )


def kept(folder: Path) -> Path:
    """The tables of the default study, as it was kept."""
    results = kept_results("default", folder, "items", "norms", "stimuli", "calibrated")
    path = results / "norms/vader.parquet"
    NORMS.write(pd.read_parquet(path).assign(raters=None), path)
    return results


@pytest.fixture(scope="module")
def vader(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = kept(tmp_path_factory.mktemp("vader"))
    analyse(analysed_study(default()), folder, ["estimates"])
    return folder


def table(folder: Path, of: Table, **where: str) -> pd.DataFrame:
    rows = of.read(folder / of.path)
    for name, value in where.items():
        rows = rows[rows[name] == value]
    return rows


def shown(folder: Path, loaded: LoadedStudy) -> str:
    """All sentences of the section, in one line."""
    view = SECTION.view(Results(reported(loaded), folder))
    assert isinstance(view, View)
    return " ".join(sentence for one in view.values["scales"] for sentence in one["told"])


def test_words_rated_by_the_bundled_model_have_intervals_that_are_too_wide(vader: Path) -> None:
    [stack] = table(vader, ESTIMATION, method="stack", region="all").to_dict("records")
    assert stack["r"] == pytest.approx(0.69, abs=0.01)
    assert stack["rmse"] == pytest.approx(1.20, abs=0.01)
    assert stack["coverage"] == pytest.approx(0.90, abs=0.015)
    assert stack["width"] == pytest.approx(4.2, abs=0.2)
    sentences = shown(vader, default())
    assert sentences.startswith("The intervals are too wide to use for single words: they are 4.0 ")
    assert "correlated r = .69, 95% CI [.62, .75] with human means" in sentences
    assert "90% is the aim, and 80% is guaranteed" in sentences
    assert "more ratings would buy little" in sentences


def test_numbers_of_the_page_follow_from_the_table_of_estimates(vader: Path) -> None:
    rows = ESTIMATES.read(vader / "estimates/vader.parquet").set_index("item_id")
    human = NORMS.read(vader / "norms/vader.parquet").set_index("item_id")["mean"]
    [stack] = table(vader, ESTIMATION, method="stack", region="all").to_dict("records")
    joined = rows.join(human.rename("human"))
    assert stack["r"] == pytest.approx(stats.pearsonr(joined["mean"], joined["human"]).statistic)
    inside = joined["human"].between(joined["low"], joined["high"])
    assert stack["coverage"] == pytest.approx(inside.mean())
    assert stack["width"] == pytest.approx((rows["high"] - rows["low"]).mean())
    assert rows["low"].min() >= 1
    assert rows["high"].max() <= 9
    assert rows["rated"].all()
    assert rows["fold"].between(0, 9).all()
    shares = np.stack(rows["distribution"].tolist())
    assert shares.sum(axis=1) == pytest.approx(1)
    # The pool knows of people's distributions more than that of all words does.
    given = np.stack(
        [
            np.bincount(np.rint(one).astype(int), minlength=10)[1:]
            for one in NORMS.read(vader / "norms/vader.parquet").set_index("item_id")["ratings"]
        ]
    )
    everywhere = given.sum(axis=0) / given.sum()
    assert (given * np.log(shares)).sum() > (given * np.log(np.maximum(everywhere, 1e-9))).sum()
    assert list(table(vader, ESTIMATION_CURVE)["n_rated"]) == [50, 100, 200]


def test_the_figure_has_something_to_see(vader: Path) -> None:
    draw_figures(FIGURES, reported(default()).drawing(), vader)
    picture = imread(vader / "figures/vader/estimates.png")
    assert picture.std() > 0.05


def test_neither_the_order_of_rows_nor_further_items_change_an_estimate(tmp_path: Path) -> None:
    """Sixty words lose their ratings; then thirty of them are not there at all."""
    found = {}
    read = {"items": ITEMS, "norms": NORMS, "stimuli": STIMULI, "calibrated": CALIBRATED}
    for name in ("all", "shuffled", "fewer"):
        folder = kept(tmp_path / name)
        paths = {kind: folder / f"{kind}/vader.parquet" for kind in read}
        tables = {kind: read[kind].read(path) for kind, path in paths.items()}
        ids = tables["stimuli"]["item_id"].tolist()
        unrated, gone = ids[::5], ids[::10] if name == "fewer" else []
        tables["norms"] = tables["norms"][~tables["norms"]["item_id"].isin(unrated)]
        none = tables["items"]["item_id"].isin(unrated)
        for column in HUMAN:
            tables["items"][column] = tables["items"][column].mask(none)
        tables["items"]["human_n"] = tables["items"]["human_n"].astype("Int32")
        for kind, rows in tables.items():
            rows = rows[~rows["item_id"].isin(gone)]
            if name == "shuffled":
                rows = rows.sample(frac=1, random_state=1)
            read[kind].write(rows, paths[kind])
        analyse(analysed_study(default()), folder, ["estimates"])
        found[name] = ESTIMATES.read(folder / "estimates/vader.parquet").set_index("item_id")
        quality = table(folder, ESTIMATION, method="stack", region="all").iloc[0]
        assert (quality["n_rated"], quality["n_unrated"]) == (240, 60 - len(gone))
    pd.testing.assert_frame_equal(found["all"], found["shuffled"])
    numbers = ["mean", "low", "high", "sd", "distribution", "rated", "fold", "region"]
    remaining = found["all"].loc[found["fewer"].index]
    pd.testing.assert_frame_equal(remaining[numbers], found["fewer"][numbers])
    others = found["all"][~found["all"]["rated"]]
    assert others["fold"].isna().all()
    assert others["to_rate"].all()  # a hundred would be drawn of more
    assert (others["inclusion"] == 1).all()
    assert found["all"].loc[found["all"]["rated"], ["stratum", "inclusion"]].isna().all(axis=None)


# Small studies of words


def made(
    folder: Path,
    loaded: LoadedStudy,
    rated: int = 150,
    missing: Sequence[int] = (),
    same: float | None = None,
) -> None:
    """Two hundred words, of which two models know a good part; people rated the first.

    With `same`, that is the mean of each.
    """
    every = norms(200, raters=12, seed=5)
    rng = np.random.default_rng(6)
    known = every.head(rated)
    rows = []
    for model, noise in (("good", 0.5), ("poor", 1.5)):
        means = every["mean"].to_numpy()[:, None] + rng.normal(0, noise, (200, 6))
        answers = np.clip(np.rint(means), 1, 9)
        if model == "poor":
            answers[list(missing)] = np.nan
        rows.append(cell(every, answers, model=model))
    items = pd.concat(rows, ignore_index=True)
    none = ~items["item_id"].isin(known["item_id"])
    if same is not None:
        known, items = known.assign(mean=same), items.assign(human_mean=same)
    items[["human_mean", "human_sd"]] = items[["human_mean", "human_sd"]].mask(none)
    items["human_n"] = items["human_n"].astype("Int32").mask(none)
    ITEMS.write(items, folder / "items/words.parquet")
    labels = label_norms([[["joy"]]] * 10) if loaded.labels("words") else known.head(0)
    NORMS.write(pd.concat([known, labels]), folder / "norms/words.parquet")
    texts = [f"word {number}" for number in range(200)]
    STIMULI.write(stimuli(every["item_id"].tolist(), texts), folder / "stimuli/words.parquet")
    analyse(analysed_study(loaded), folder, ["estimates"])


def words(**keys: Any) -> LoadedStudy:
    return study(models=("good", "poor"), **{"estimates": {}, **keys})


def test_words_that_nobody_rated_are_estimated_and_their_intervals_hold(tmp_path: Path) -> None:
    made(tmp_path, words())
    rows = ESTIMATES.read(tmp_path / "estimates/words.parquet")
    truth = norms(200, raters=12, seed=5)["mean"]
    others = ~rows["rated"]
    assert others.sum() == 50
    assert np.corrcoef(rows.loc[others, "mean"], truth[others])[0, 1] > 0.95
    assert truth[others].between(rows.loc[others, "low"], rows.loc[others, "high"]).mean() > 0.8
    weights = table(tmp_path, ESTIMATION_WEIGHTS).set_index("model")["weight"]
    assert weights["good"] > 3 * weights["poor"] >= 0
    sentences = shown(tmp_path, words())
    assert sentences.startswith("The intervals are narrow enough to use for single words")
    assert "50 words without human ratings were estimated from 150 with ratings." in sentences


def test_people_who_agree_on_one_number_leave_nothing_to_correlate(tmp_path: Path) -> None:
    loaded = words(figures=["estimates"])
    made(tmp_path, loaded, same=5.0)
    rows = ESTIMATES.read(tmp_path / "estimates/words.parquet")
    assert set(rows["mean"]) == {5.0}
    sentences = shown(tmp_path, loaded)
    assert sentences.startswith("The intervals are 0.0 points wide; the scale is 8 points long.")
    assert "so that nothing correlates; they missed human means by 0.00 points" in sentences
    assert "–" not in sentences
    draw_figures(FIGURES, reported(loaded).drawing(), tmp_path)
    assert imread(tmp_path / "figures/words/estimates.png").std() > 0.02


def test_a_coverage_that_needs_more_items_says_how_many(tmp_path: Path) -> None:
    loaded = words(estimates={"coverage": 0.995})
    made(tmp_path, loaded)
    sentences = shown(tmp_path, loaded)
    assert "they are 8.0 points wide (the scale is 8 points long)" in sentences
    # 199 / 200 of 200 residuals, and those are nine tenths of all.
    assert "as long as the scale unless 222 words that do not belong together" in sentences
    assert "buy little" not in sentences


def test_predictors_that_the_study_does_not_name_are_not_learnt_from(tmp_path: Path) -> None:
    made(tmp_path, words(estimates={"predictors": ["poor"]}))
    assert list(table(tmp_path, ESTIMATION_WEIGHTS)["model"]) == ["poor"]


def test_a_model_with_too_few_means_is_left_out_and_named(tmp_path: Path) -> None:
    made(tmp_path, words(), missing=range(0, 150, 3))
    weights = table(tmp_path, ESTIMATION_WEIGHTS).set_index("model")
    assert weights["reason"].dropna().to_dict() == {
        "poor": "it has a mean of fewer than 80% of the items that people rated"
    }
    assert weights["weight"].isna().to_dict() == {"good": False, "poor": True}


def test_a_few_missing_means_are_flagged(tmp_path: Path) -> None:
    made(tmp_path, words(), missing=[3, 170])
    rows = ESTIMATES.read(tmp_path / "estimates/words.parquet")
    imputed = [number for number, flags in enumerate(rows["flags"]) if "imputed" in flags]
    assert imputed == [3, 170]


def test_too_few_ratings_and_labels_have_a_reason_in_the_place_of_estimates(tmp_path: Path) -> None:
    loaded = words(labels=("emotions",))
    made(tmp_path, loaded, rated=80)
    reasons = table(tmp_path, ESTIMATION).set_index("scale")["reason"].to_dict()
    assert reasons["valence"].startswith("people rated 80 items on this scale")
    assert reasons["emotions"].startswith("answers are labels")
    assert ESTIMATES.read(tmp_path / "estimates/words.parquet").empty
    view = SECTION.view(Results(reported(loaded), tmp_path))
    assert isinstance(view, Absent)
    assert view.why.startswith("No norms were estimated: valence of Words: people rated 80 items")


CARD = GgufEmbedding.model_validate(
    {"title": "Vectors", "kind": "gguf", "weights": {"file": "none.gguf"}}
)


def test_an_embedding_that_knows_more_than_the_models_is_preferred(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = norms(200, raters=12, seed=5)["mean"].to_numpy()
    rng = np.random.default_rng(7)
    vectors = np.column_stack([truth, rng.normal(size=(200, 3))])

    def telling(card: GgufEmbedding, texts: Sequence[str], store: Path) -> np.ndarray:
        return vectors[[int(text.split()[1]) for text in texts]]

    monkeypatch.setattr("emoalign.analyses.estimates.known.embedded", telling)
    loaded = replace(words(), embedding=CARD)
    made(tmp_path, loaded)
    weights = table(tmp_path, ESTIMATION_WEIGHTS).set_index("model")
    assert weights["weight"].idxmax() == "embedding"
    assert weights.loc["embedding", ["protocol", "readout"]].isna().all()
    quality = table(tmp_path, ESTIMATION, region="all").set_index("method")["rmse"]
    assert quality["stack"] < quality["models"]
    assert "the models without the embedding r = " in shown(tmp_path, loaded)
    alone = replace(words(estimates={"predictors": ["embedding"]}), embedding=CARD)
    made(tmp_path / "alone", alone)
    assert list(table(tmp_path / "alone", ESTIMATION_WEIGHTS)["model"]) == ["embedding"]


# Verdicts


def scale(**changes: Any) -> EstimatedScale:
    """What is told of a scale with good estimates, but for what a test changes."""
    limits = {"coverage_low": 0.85, "coverage_high": 0.95, "r_low": 0.9, "r_high": 0.96}
    limits |= {"rmse_low": 0.4, "rmse_high": 0.6}
    stack = {"n_rated": 200, "n_unrated": 50, "n_clusters": 200, "r": 0.94, "rmse": 0.5}
    stack |= {"coverage": 0.9, "width": 1.5, "domain_auc": 0.55, **limits}
    constant = {"r": np.nan, "rmse": 1.6, "width": 5.0}
    point = {"n_rated": 100, "r": 0.93, "width": 1.6, "width_low": 1.4, "width_high": 1.8}
    return EstimatedScale(
        methods={"stack": stack | changes, "constant": constant},
        regions=[],
        weights=pd.DataFrame({"model": ["m"]}),
        curve=[point],
        things="words",
        length=8.0,
        coverage=0.9,
    )


@pytest.mark.parametrize(
    ("changes", "opening"),
    [
        ({}, "The intervals are narrow enough to use for single words: they are 1.5 points wide"),
        ({"width": 2.5}, "The intervals are narrow enough"),
        ({"width": 2.6}, "The intervals are too wide to use for single words: they are 2.6 points"),
        (
            {"coverage": 0.8, "coverage_high": 0.86},
            "The intervals contain fewer human means than they should (80% of 90%): do not use",
        ),
    ],
)
def test_the_verdict_is_about_coverage_first_and_then_about_width(
    changes: dict[str, float], opening: str
) -> None:
    assert next(told(scale(**changes))).startswith(opening)


def test_it_is_told_where_rated_words_differ_from_the_others() -> None:
    assert not [one for one in told(scale()) if "domain AUC" in one]
    (sentence,) = [one for one in told(scale(domain_auc=0.8)) if "domain AUC" in one]
    assert sentence.startswith("Rated words differ from the others (domain AUC .80, above .70)")
    assert "coverage need not hold" in sentence


def test_more_ratings_are_advised_only_where_they_made_intervals_narrower() -> None:
    (*_, little) = told(scale())
    assert little.endswith(
        "more ratings would buy little; other models or an embedding may do more."
    )
    (*_, more) = told(scale(width=1.3))
    assert more.endswith("more ratings should make the intervals narrower still.")


@pytest.mark.parametrize("width", [0.0, 2e-15, 0.04])
def test_nothing_is_advised_and_no_distance_told_where_intervals_have_no_width(
    width: float,
) -> None:
    sentences = list(told(scale(width=width)))
    assert "they are 0.0 points wide" in sentences[0]
    assert sentences[-1].endswith("intervals were 1.6 points wide and r was .93.")
    assert not [one for one in sentences if "narrower" in one or "0.0 points apart" in one]


def test_texts_above_narrow_thirds_do_not_cover_each_other() -> None:
    assert spread_out([2.0, 5.0, 8.0], 0.9) == [2.0, 5.0, 8.0]
    assert spread_out([4.9, 5.0, 5.2], 0.9) == pytest.approx([4.1, 5.0, 5.9])
    assert spread_out([4.9, 5.0], 0.9) == pytest.approx([4.1, 5.0])
