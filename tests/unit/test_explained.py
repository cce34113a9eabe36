"""What else explains agreement: planted covariates, and signals that only embeddings carry."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from emoalign.analyses.explained.analysis import ExplainedJob
from emoalign.analyses.explained.covariates import item_covariates, word_frequencies
from emoalign.analyses.explained.explain import explained_rows
from emoalign.analyses.explained.section import SECTION
from emoalign.planning.jobs import reported
from emoalign.planning.studies import LoadedStudy
from emoalign.report.section import Absent, Finding, Results, View
from emoalign.statistics.out_of_fold import nested_ridge
from emoalign.statistics.resampling import text_keys
from emoalign.statistics.seeds import seed_of
from emoalign.tables import (
    DISTRIBUTION_CONTRASTS,
    DISTRIBUTIONS,
    EXPLAINED,
    EXPLAINED_SCALES,
    ITEMS,
    STIMULI,
)
from tests.kit.words import NINE, study

N = 200
RNG = np.random.default_rng(1)
LETTERS = "abcdefghijklmnopqrstuvwxyz"
TEXTS = ["".join(RNG.choice(list(LETTERS), size)) for size in RNG.integers(3, 14, N)]
LENGTH = np.array([len(text) for text in TEXTS], dtype=float)
MEANING = RNG.normal(size=(N, 12))
"""What an embedding knows of a text, and its letters do not."""

KNOWN = MEANING[:, 0] + MEANING[:, 1]
NOISE = RNG.normal(size=(6, N))
HUMAN = 0.4 * LENGTH + KNOWN + NOISE[0]


def embedded(texts: Sequence[str]) -> np.ndarray:
    return MEANING[[TEXTS.index(text) for text in texts]]


def job(modality: str = "word", **told: Any) -> ExplainedJob:
    dataset = {"modality": modality, "scales": {"valence": {"min": 1, "max": 9}}, "frameworks": {}}
    content = {"datasets": {"words": dataset}, "languages": {"words": "en"}}
    return ExplainedJob.model_validate(content | {"seed": 3, "bootstrap_resamples": 300} | told)


def rows(
    folder: Path,
    *,
    embed: Any = embedded,
    human: np.ndarray = HUMAN,
    shown: dict[str, Any] | None = None,
    reverse: bool = False,
    told: ExplainedJob | None = None,
    **models: np.ndarray,
) -> tuple[pd.DataFrame, pd.Series]:
    """The rows of conditions by model, and those of scales by predictor, of a planted study."""
    ids = [f"i{number:03d}" for number in range(len(human))]
    base = {**dict.fromkeys(STIMULI.schema.names), "item_id": ids, "modality": "word"}
    base |= {"text": TEXTS[: len(human)], "shard": "0000"}
    stimuli = pd.DataFrame(base | (shown or {}))
    items = pd.concat(
        pd.DataFrame(
            {
                **dict.fromkeys(ITEMS.schema.names),
                "model": name,
                "protocol": "p",
                "dataset": "words",
                "scale": "valence",
                "readout": "sampled",
                "item_id": ids,
                "cluster": np.arange(len(human)),
                "mean": means,
                "human_mean": human,
            }
        )
        for name, means in (models or {"m": human}).items()
    )
    STIMULI.write(stimuli[::-1] if reverse else stimuli, folder / "words.parquet")
    cells, scales = explained_rows(
        items[::-1] if reverse else items, {"words": folder / "words.parquet"}, told or job(), embed
    )
    EXPLAINED.write(cells, folder / "explained.parquet")
    EXPLAINED_SCALES.write(scales, folder / "explained_scales.parquet")
    return cells.set_index("model"), scales.set_index("predictor")


# Covariates


def test_a_planted_covariate_is_found_and_a_model_that_goes_by_it_alone_has_nothing_left(
    tmp_path: Path,
) -> None:
    cells, scales = rows(tmp_path, short=LENGTH + NOISE[1], good=HUMAN + NOISE[2])
    alone = scales.loc["covariates"]
    assert alone["covariates"] == "frequency, length"
    assert alone["r"] == pytest.approx(np.corrcoef(LENGTH, HUMAN)[0, 1], abs=0.05)
    assert alone["r_low"] > 0.3
    assert alone["rmse"] < alone["rmse_constant"]
    short, good = cells.loc["short"], cells.loc["good"]
    assert short["r_low"] > 0.3
    assert short["partial_r_low"] < 0 < short["partial_r_high"]
    assert good["partial_r_low"] > 0.5
    assert cells["n_items"].tolist() == [N, N]


def test_covariates_of_the_card_count_and_items_without_one_are_left_out(tmp_path: Path) -> None:
    given = [[("concreteness", float(value))] for value in KNOWN]
    given[7] = None
    shown = {"covariates": given}
    cells, scales = rows(tmp_path, shown=shown, m=KNOWN + NOISE[1])
    assert scales.loc["covariates", "covariates"] == "concreteness, frequency, length"
    assert scales.loc["covariates", "n_items"] == N - 1
    assert cells.loc["m", ["n_items", "n_left_out", "n_predicted"]].tolist() == [N - 1, 1, N]
    assert cells.loc["m", "r_low"] > 0.3
    assert cells.loc["m", "partial_r_low"] < 0 < cells.loc["m", "partial_r_high"]


def test_a_covariate_of_the_card_takes_the_place_of_a_computed_one() -> None:
    stimuli = pd.DataFrame({"text": ["one", "three"], "covariates": [[("length", 9.0)], None]})
    found = item_covariates(stimuli, "word", "xx")
    assert found.names == ()
    stimuli = pd.DataFrame(
        {"text": ["a", "bb"], "covariates": [[("length", 9.0)], [("length", 5)]]}
    )
    assert item_covariates(stimuli, "sentence", "en").values.tolist() == [[9], [5]]


def test_sentences_have_a_number_of_words_and_no_frequency() -> None:
    stimuli = pd.DataFrame({"text": ["Oh no", "I am so glad"], "covariates": [None, None]})
    found = item_covariates(stimuli, "sentence", "en")
    assert found.names == ("length", "words")
    assert found.values.tolist() == [[5, 2], [12, 4]]


def test_frequencies_are_on_the_zipf_scale_and_every_language_has_a_number_or_a_reason() -> None:
    found, why = word_frequencies(["love", "Love", "ice cream", "lugubrious", "xqzvw"], "en-GB")
    assert why is None
    assert found is not None
    assert found[0] == found[1] > 5
    assert 3 < found[2] < found[0]
    assert found[4] == 0 < found[3] < 3
    assert word_frequencies(["amor"], "es-MX")[0] is not None
    for language in ("eu", "zh", "ja"):
        none, why = word_frequencies(["花"], language)
        assert none is None
        assert "frequency is left out: " in str(why)
        assert repr(language) in str(why)


def test_what_cannot_be_computed_is_a_reason(tmp_path: Path) -> None:
    picture = {"text": None, "image_path": [f"{text}.jpg" for text in TEXTS], "modality": "image"}
    cells, scales = rows(tmp_path, shown=picture, told=job("image"))
    assert scales["r"].isna().all()
    assert "have neither" not in cells["reason"].iloc[0]
    assert cells["reason"].iloc[0].startswith("the items are images, and")
    assert cells["ridge_reason"].iloc[0].startswith("the items are images, which have no embedding")
    assert cells["r"].notna().all()
    cells, scales = rows(tmp_path, embed=None)
    assert scales.loc["ridge", "reason"] == "the study names no embedding (embedding)"
    assert cells["partial_r"].notna().all()
    cells, scales = rows(tmp_path, human=HUMAN[:19])
    assert scales["reason"].str.startswith("only 19 items (or clusters) with human means").all()
    cells, _ = rows(tmp_path, m=np.where(np.arange(N) < 19, HUMAN, np.nan), n=np.full(N, 5.0))
    assert cells.loc["m", "ridge_reason"].startswith("only 19 items (or clusters) with ratings of")
    assert cells.loc["n", "ridge_reason"] == "the ratings of the model do not vary"
    assert cells.loc["n", "reason"] == "the means do not vary"
    cells, _ = rows(tmp_path, m=LENGTH)
    assert "leave nothing of one side's means" in cells.loc["m", "reason"]
    cells, scales = rows(tmp_path, told=job(languages={"words": "eu"}))
    assert scales.loc["covariates", "covariates"] == "length"
    assert "wordfreq has no list" in scales.loc["covariates", "reason"]


def test_what_nobody_rated_has_reasons_and_no_numbers(tmp_path: Path) -> None:
    cells, scales = rows(tmp_path, human=np.full(N, np.nan), m=HUMAN)
    assert scales["reason"].str.startswith("no item (or clusters) with human means").all()
    assert cells["reason"].iloc[0].startswith("no item with both means and all covariates")
    assert cells[["r", "partial_r", "ridge_r"]].isna().all(axis=None)
    assert isinstance(told(tmp_path, study()), Absent)


# Embeddings


def test_a_signal_that_only_embeddings_carry_is_recovered(tmp_path: Path) -> None:
    cells, scales = rows(
        tmp_path, short=LENGTH + NOISE[1], knows=KNOWN + 0.1 * NOISE[2], noise=NOISE[3]
    )
    ridge = scales.loc["ridge"]
    assert ridge["r"] > scales.loc["covariates", "r"]
    assert ridge["r_low"] > 0.5
    assert cells["ridge_r"].to_numpy() == pytest.approx(ridge["r"])
    assert cells.loc["short", "stacked_minus_ridge_low"] > 0
    assert cells.loc["short", "stacked_minus_model_low"] > 0
    for name in ("knows", "noise"):
        assert cells.loc[name, "stacked_minus_ridge_low"] < 0.02, name
        assert abs(cells.loc[name, "stacked_minus_ridge"]) < 0.03, name
    assert cells.loc["noise", "model_minus_ridge_high"] < 0
    for one, other, gain in (
        ("stacked", "ridge", "stacked_minus_ridge"),
        ("stacked", "model", "stacked_minus_model"),
        ("model", "ridge", "model_minus_ridge"),
    ):
        difference = cells[f"{one}_r"] - cells[f"{other}_r"]
        assert cells[gain].to_numpy() == pytest.approx(difference.to_numpy())


def test_a_model_that_is_the_ridge_adds_nothing(tmp_path: Path) -> None:
    seed = seed_of(3, "words", "folds")
    ridge = nested_ridge(MEANING, HUMAN[:, np.newaxis], text_keys(TEXTS), seed)
    cells, _ = rows(tmp_path, m=ridge.predicted[:, 0])
    same = cells.loc["m"]
    assert same["model_r"] == pytest.approx(same["ridge_r"])
    assert abs(same["stacked_minus_ridge"]) < 0.02
    assert not same["stacked_minus_ridge_low"] > 0


def test_items_of_a_cluster_are_never_learnt_from(tmp_path: Path) -> None:
    """An embedding that only tells three copies of a text apart from others predicts nothing."""
    of_three = np.arange(N) // 3
    rng = np.random.default_rng(9)
    marks, human = rng.normal(size=(N, 60)), rng.normal(size=N)[of_three]
    shown = {"cluster": [f"c{number}" for number in of_three]}

    def telling(texts: Sequence[str]) -> np.ndarray:
        return marks[of_three] + 0.01 * NOISE[0][:, np.newaxis]

    _, scales = rows(tmp_path, embed=telling, human=human, shown=shown)
    assert scales.loc["ridge", "n_texts"] == 67
    assert abs(scales.loc["ridge", "r"]) < 0.3
    _, scales = rows(tmp_path, embed=telling, human=human)
    assert scales.loc["ridge", "r"] > 0.6


def test_neither_the_order_of_rows_nor_other_models_matter(tmp_path: Path) -> None:
    models = {"a": HUMAN + NOISE[1], "b": KNOWN + NOISE[2]}
    cells, scales = rows(tmp_path, **models)
    other, of_scales = rows(tmp_path, reverse=True, **models)
    pd.testing.assert_frame_equal(cells, other)
    pd.testing.assert_frame_equal(scales, of_scales)
    alone, _ = rows(tmp_path, b=models["b"])
    pd.testing.assert_frame_equal(cells.loc[["b"]], alone)


# In words


def told(folder: Path, made: LoadedStudy, name: str | None = "Vectors") -> View | Absent | None:
    """The section on what `rows` wrote."""
    for table in (EXPLAINED, EXPLAINED_SCALES):
        path = folder / table.path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes((folder / path.name).read_bytes())
    for table in (DISTRIBUTIONS, DISTRIBUTION_CONTRASTS):
        table.write(pd.DataFrame(columns=table.schema.names), folder / table.path)
    asked = reported(made).model_copy(update={"embedding": name})
    return SECTION.view(Results(asked, folder))


def test_findings_tell_what_was_shown_and_no_more(tmp_path: Path) -> None:
    made = study(models=("short", "noise"))
    rows(tmp_path, short=LENGTH + NOISE[1], noise=NOISE[3])
    view = told(tmp_path, made)
    assert isinstance(view, View)
    [finding] = view.findings
    assert isinstance(finding, Finding)
    assert finding.about == {"dataset": "words", "scale": "valence"}
    first, held, ridge, *adds = finding
    assert first.startswith("Word length and frequency alone predict valence (")
    assert "with r = ." in first
    assert held.startswith(
        "With these covariates held constant, the correlations with human means are "
    )
    assert "), for Model noise (sampled answers)" in held
    assert ridge.startswith("A ridge regression on embeddings of the words (Vectors) predicts ")
    by_model = {line.split(" (")[0]: line for line in adds}
    short, noise = by_model["Model short"], by_model["Model noise"]
    assert " adds ." in short.split(";")[0]
    assert " to the r of the embedding (." in short
    assert " was not shown to add anything to the embedding (r = ." in noise.split(";")[0]
    assert "the embedding adds ." in noise.split(";")[1]
    assert len(view.methods) == 2


def test_what_predicts_nothing_is_not_said_to_predict(tmp_path: Path) -> None:
    rows(tmp_path, embed=None, human=NOISE[4], m=NOISE[4] + NOISE[5])
    view = told(tmp_path, study(), None)
    assert isinstance(view, View)
    [[first, held]] = view.findings
    assert first.startswith("It was not shown that word length and frequency alone predict ")
    assert held.startswith(
        "With these covariates held constant, the correlation with human means is ."
    )
    assert not view.values["named"]
    assert view.values["missing"] == []


def test_of_many_scales_of_which_nothing_was_shown_one_sentence_tells(tmp_path: Path) -> None:
    names = tuple("abcdef")
    rows(tmp_path, embed=None, human=NOISE[4], m=NOISE[4] + NOISE[5])
    for table in (EXPLAINED, EXPLAINED_SCALES):
        path = tmp_path / Path(table.path).name
        one = pd.read_parquet(path)
        table.write(pd.concat([one.assign(scale=name) for name in names]), path)
    view = told(tmp_path, study(scales=dict.fromkeys(names, NINE)), None)
    assert isinstance(view, View)
    first, *others = view.findings
    assert len(first) == 1
    assert first[0].startswith("It was not shown that word length and frequency alone predict any")
    assert " of 6 scales (" in first[0]
    assert len(others) == 6
    assert all("shown" not in finding[0] for finding in others)


def test_many_conditions_are_summed_up(tmp_path: Path) -> None:
    names = tuple("abcdef")
    models = {name: HUMAN + (1 + place) * NOISE[1] for place, name in enumerate(names)}
    rows(tmp_path, **models)
    view = told(tmp_path, study(models=names, scales={"valence": NINE}))
    assert isinstance(view, View)
    [finding] = view.findings
    held, _, model, embedding = finding[1:]
    assert "the correlations of 6 conditions with human means range from ." in held
    assert "none of them changes by more than ." in held
    assert "The model adds to the embedding in " in model
    assert "The embedding adds " in embedding


def test_pictures_without_covariates_have_no_section_but_a_reason(tmp_path: Path) -> None:
    picture = {"text": None, "image_path": [f"{text}.jpg" for text in TEXTS], "modality": "image"}
    rows(tmp_path, shown=picture, told=job("image"))
    view = told(tmp_path, study(), None)
    assert isinstance(view, Absent)
    assert "source: covariates" in view.why
