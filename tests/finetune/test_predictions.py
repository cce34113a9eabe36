"""Predictions: of what is held out only, in the order of the card, and never of what was seen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from emoalign.baselines.baseline_cards import BaselineData, PredictionJob
from emoalign.baselines.examples import divergence
from emoalign.baselines.predict import predict
from emoalign.baselines.train import train
from emoalign.errors import BaselineError
from emoalign.study.scales import HumanScale
from emoalign.tables import PREDICTIONS, STIMULI
from tests.kit import comments as small_comments
from tests.kit.comments import LABELS, Comment, data, training

from . import tiny_roberta


@pytest.fixture(scope="session")
def with_others(comments: list[Comment]) -> list[Comment]:
    """Besides: a test comment that a train comment repeats, and one in no split."""
    repeated = comments[0]
    return [
        *comments,
        Comment("test9998", f"{repeated.text} ...", "test", repeated.choices),
        Comment("nosplit1", "A lovely thing that is in no split", None, repeated.choices),
    ]


def stimuli(folder: Path, comments: Sequence[Comment]) -> Path:
    rows = pd.DataFrame(
        {
            "item_id": [comment.item_id for comment in comments],
            "modality": "sentence",
            "text": [comment.text for comment in comments],
            "image_path": None,
            "image_sha256": None,
            "strata": None,
            "split": [comment.split for comment in comments],
            "cluster": None,
            "covariates": None,
            "shard": "0000",
        }
    )
    STIMULI.write(rows, folder / "stimuli.parquet")
    return folder / "stimuli.parquet"


def job(known: BaselineData, **published: Any) -> PredictionJob:
    told = {"revision": None, "labels": {}, "output": "sigmoid", "seen": ("train", "dev")}
    return PredictionJob.model_validate(
        {
            "baseline": "mine",
            "data": known,
            "max_tokens": 32,
            "published": told | published if published else None,
        }
    )


def shares(rows: pd.DataFrame) -> np.ndarray:
    return np.array(rows["distribution"].dropna().tolist())


@pytest.mark.parametrize("evaluate", ["test_split", "held_out"])
def test_a_trained_baseline_predicts_what_it_has_not_learned_from(
    evaluate: str, tmp_path: Path, with_others: list[Comment], weights: Path
) -> None:
    known = data(tmp_path / "data", with_others, evaluate=evaluate)
    study = [c for c in with_others if c.item_id[-1] in "0178"]
    items = stimuli(tmp_path, study)
    records = []
    for seed in (1, 2):
        records.append(tmp_path / f"seed-{seed}.training.json")
        train(training(known, weights, seed=seed), records[-1], tmp_path / "trainings", items)
    predict(job(known), items, tmp_path / "out.parquet", records)
    rows = PREDICTIONS.read(tmp_path / "out.parquet")
    assert rows.groupby("model").size().to_dict() == dict.fromkeys(
        ("mine.seed-1", "mine.seed-2"), len(study)
    )
    assert set(rows["seed"]) == {1, 2}
    given = rows[rows["distribution"].notna()]
    assert given["reason"].isna().all()
    assert rows.loc[rows["distribution"].isna(), "reason"].notna().all()
    if evaluate == "test_split":
        assert set(given["split"]) == {"test"}
        assert not rows.loc[rows["split"] == "test", "in_training"].any()
        assert rows.loc[rows["split"] == "train", "in_training"].mean() > 0.9
        assert not rows.loc[rows["item_id"] == "nosplit1", "in_training"].any()
    else:
        assert len(given) == len(rows)
        assert not rows["in_training"].any()
    one = given[given["seed"] == 1].set_index("item_id")
    people = {
        c.item_id: [sum(label in chosen for chosen in c.choices) / 4 for label in LABELS]
        for c in study
    }
    human = np.array([people[item_id] for item_id in one.index])
    constant = np.full_like(human, human.mean(axis=0))
    assert divergence(human, shares(one), known.scale) < 0.5 * divergence(
        human, constant, known.scale
    )
    other = given[given["seed"] == 2]
    assert not np.array_equal(shares(one), shares(other))


def test_a_published_classifier_is_not_asked_about_what_it_has_seen(
    tmp_path: Path, with_others: list[Comment]
) -> None:
    known = data(tmp_path / "data", with_others)
    folder = tiny_roberta.published(
        tmp_path / "weights", [c.text for c in with_others], ["neutral", "fury", "joy", "other"]
    )
    told = job(known, weights=str(folder), labels={"fury": "anger"})
    predict(told, stimuli(tmp_path, with_others), tmp_path / "out.parquet")
    rows = PREDICTIONS.read(tmp_path / "out.parquet").set_index("item_id")
    assert set(rows["model"]) == {"mine"}
    assert rows["seed"].isna().all()
    assert set(rows.loc[rows["in_training"], "split"]) == {"train", "dev", "test"}
    leaked = rows.loc["test9998"]
    assert leaked["in_training"]
    assert leaked["distribution"] is None
    assert "another with its text" in leaked["reason"]
    assert "in no split" in rows.loc["nosplit1", "reason"]
    given = rows[rows["distribution"].notna()]
    assert len(given) == 24
    assert set(given["split"]) == {"test"}
    predict(
        told.model_copy(update={"data": data(tmp_path / "data", with_others, evaluate="held_out")}),
        stimuli(tmp_path, with_others),
        tmp_path / "held_out.parquet",
    )
    held_out = PREDICTIONS.read(tmp_path / "held_out.parquet").set_index("item_id")
    assert set(held_out.index[held_out["distribution"].notna()]) == {*given.index, "nosplit1"}


def test_shares_stand_in_the_order_of_the_card_whatever_the_order_of_the_classifier(
    tmp_path: Path, comments: list[Comment]
) -> None:
    """Checked against the pipeline of transformers."""
    from transformers import pipeline

    known = data(tmp_path / "data", comments)
    texts = [c.text for c in comments]
    folder = tiny_roberta.published(tmp_path / "weights", texts, ["Neutral", "joy", "anger"])
    predict(job(known, weights=str(folder)), stimuli(tmp_path, comments), tmp_path / "out.parquet")
    rows = PREDICTIONS.read(tmp_path / "out.parquet").dropna(subset="distribution")
    asked = pipeline("text-classification", model=str(folder), top_k=None, device="cpu")
    text = {c.item_id: c.text for c in comments}
    for item_id, found in zip(rows["item_id"], rows["distribution"], strict=True):
        expected = {one["label"].lower(): one["score"] for one in asked([text[item_id]])[0]}
        assert found == pytest.approx([expected[label] for label in LABELS], abs=1e-6)


def test_a_label_that_the_classifier_does_not_have_is_told(
    tmp_path: Path, comments: list[Comment]
) -> None:
    known = data(tmp_path / "data", comments)
    folder = tiny_roberta.published(tmp_path / "weights", ["a"], ["joy", "fury"])
    with pytest.raises(
        BaselineError, match="no label 'anger', 'neutral'; its labels are joy, fury"
    ):
        predict(
            job(known, weights=str(folder)), stimuli(tmp_path, comments), tmp_path / "out.parquet"
        )


def test_weights_that_are_gone_or_of_other_items_are_told(
    tmp_path: Path, comments: list[Comment], weights: Path
) -> None:
    known = data(tmp_path / "data", comments)
    record = tmp_path / "seed-1.training.json"
    train(training(known, weights, {"max_epochs": 1}), record, tmp_path / "trainings")
    items = stimuli(tmp_path, comments)
    fewer = data(tmp_path / "fewer", comments[1:])
    with pytest.raises(BaselineError, match="on other items than the study has now"):
        predict(job(fewer), items, tmp_path / "out.parquet", [record])
    (folder,) = (tmp_path / "trainings").glob("*/weights")
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(BaselineError, match="the weights of this training are gone"):
        predict(job(known), items, tmp_path / "out.parquet", [record])


def test_points_of_a_scale_are_predicted_as_one_distribution(
    tmp_path: Path, comments: list[Comment], weights: Path
) -> None:
    """Valence in the files of EmoBank, with the same words as the comments."""
    middle = {"lovely": 5, "awful": 1, "grey": 3}
    (tmp_path / "raw.csv").write_text(
        "id,text\n" + "".join(f'{c.item_id},"{c.text}"\n' for c in comments), encoding="utf-8"
    )
    (tmp_path / "emobank.csv").write_text(
        "id,split,V,A,D,text\n"
        + "".join(f'{c.item_id},{c.split},3,3,3,"{c.text}"\n' for c in comments),
        encoding="utf-8",
    )
    rows = []
    for comment in comments:
        at = middle[comment.text.split()[2]]
        rows += [f"{comment.item_id},{min(max(at + off, 1), 5)},2,3\n" for off in (0, 0, -1, 1)]
    ratings = tmp_path / "individual_reader_ratings.csv"
    ratings.write_text("id,V,A,D\n" + "".join(rows), encoding="utf-8")
    known = data(
        tmp_path / "unused",
        comments,
        source={
            "reader": "emobank",
            "ratings": {"file": str(ratings)},
            "texts": {"file": str(tmp_path / "raw.csv")},
            "splits": {"file": str(tmp_path / "emobank.csv")},
        },
        scale_name="valence",
        scale=HumanScale(min=1, max=5, direction="higher is more positive"),
    )
    record = tmp_path / "seed-1.training.json"
    train(training(known, weights), record, tmp_path / "trainings")
    predict(job(known), stimuli(tmp_path, comments), tmp_path / "out.parquet", [record])
    found = PREDICTIONS.read(tmp_path / "out.parquet").dropna(subset="distribution")
    assert len(found) == 24
    assert shares(found).shape == (24, 5)
    assert shares(found).sum(axis=1) == pytest.approx(np.ones(24), abs=1e-12)
    means = shares(found) @ np.arange(1, 6)
    words = [small_comments.WORDS[LABELS[int(item_id[-2:]) % 3]] for item_id in found["item_id"]]
    expected = [{"lovely": 4.75, "awful": 1.25, "grey": 3.0}[word] for word in words]
    assert np.corrcoef(means, expected)[0, 1] > 0.95
