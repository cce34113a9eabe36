"""A study with baselines, from the files of the dataset to what is predicted."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from emoalign.baselines.train import TrainingRecord
from emoalign.tables import DISTRIBUTION_CONTRASTS, DISTRIBUTIONS, PREDICTIONS
from tests.kit import comments as small_comments
from tests.kit.comments import Comment
from tests.kit.project import FEW, SMALL, Project, new_project

from . import tiny_roberta

# Several threads wait for each other on a busy machine longer than they compute.
ONE_THREAD = ("--set-threads", "train_baseline=1", "predict_baseline=1")
QUICK = {"batch_size": 8, "learning_rate": 0.01, "max_epochs": 4}


def recorded(file: Path, comments: list[Comment]) -> dict[str, Any]:
    """A model that chose labels at random, as somebody has recorded it."""
    draw = random.Random(7)
    rows = [
        [comment.item_id, f'["{draw.choice(small_comments.LABELS)}"]']
        for comment in comments
        for _ in range(4)
    ]
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([["item", "answer"], *rows])
    return {
        "title": "Guesses",
        "engine": "recorded",
        "source": {"file": str(file)},
        "columns": {"item": "item", "answer": "answer"},
        "scale": "emotions",
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, comments: list[Comment]) -> Project:
    made = new_project(tmp_path_factory.mktemp("project"))
    card = small_comments.card(made.folder / "resources/comments", comments)
    made.write("config/datasets/comments.yaml", card.model_dump(mode="json"))
    texts = [comment.text for comment in comments]
    roberta = tiny_roberta.pretrained(made.folder / "weights/roberta", texts)
    tiny_roberta.published(
        made.folder / "weights/published", texts, random.Random(1).sample(small_comments.LABELS, 3)
    )
    told = {"dataset": "comments", "scale": "emotions", "gpus": 0, "memory_gb": 1}
    trained = {"title": "Trained", "kind": "finetune", "weights": str(roberta), "seeds": [1, 2]}
    made.write("config/baselines/trained.yaml", told | trained | {"training": QUICK})
    published = {"title": "Published", "kind": "checkpoint", "leakage": "It has seen some."}
    folder = str(made.folder / "weights/published")
    made.write("config/baselines/published.yaml", told | published | {"weights": folder})
    made.write("config/models/guesses.yaml", recorded(made.folder / "guesses.csv", comments))
    study = {
        "study": "small",
        "title": "A small study",
        "seed": 1,
        "models": ["guesses"],
        "datasets": [{"dataset": "comments", "sample": 90}],
        "protocols": [{"name": "asked", "prompts": "labels-that-apply", "participants": 4}],
        "baselines": ["trained", "published"],
        "statistics": FEW,
        "figures": [],
    }
    made.write(SMALL, study)
    return made


def test_baselines_are_trained_and_applied_without_asking_any_model(project: Project) -> None:
    ran = {name for name, _ in project.run("baselines", *ONE_THREAD)}
    assert ran == {
        "prepare_stimuli",
        "train_baseline",
        "predict_baseline",
        "describe_baselines",
        "baselines",
    }
    results = project.results / "baselines"
    for name, models in (
        ("trained", {"trained.seed-1", "trained.seed-2"}),
        ("published", {"published"}),
    ):
        rows = PREDICTIONS.read(results / name / "comments.parquet")
        assert set(rows["model"]) == models
        assert len(rows) == 90 * len(models)
        assert set(rows.loc[rows["distribution"].notna(), "split"]) == {"test"}
    record = TrainingRecord.read(results / "trained/seed-2.training.json")
    assert (record.seed, len(record.history)) == (2, 4)
    assert "Nothing to be done" in project.snakemake("baselines", "--dry-run").stdout + (
        project.snakemake("baselines", "--dry-run").stderr
    )


def test_what_is_trained_anew_follows_from_what_has_changed(project: Project) -> None:
    project.run("baselines", *ONE_THREAD)
    card = "config/baselines/trained.yaml"
    project.edit(card, title="Another title", checkpoint_steps=3)
    assert project.run("baselines", "--dry-run") == set()
    project.edit(card, seeds=[1, 2, 3])
    assert project.run("baselines", "--dry-run") == {
        ("train_baseline", "baseline=trained, seed=3"),
        ("predict_baseline", "baseline=trained, dataset=comments"),
        ("describe_baselines", ""),
        ("baselines", ""),
    }
    project.edit(card, seeds=[1, 2], training=QUICK | {"batch_size": 16})
    again = {("train_baseline", f"baseline=trained, seed={seed}") for seed in (1, 2)}
    assert again < project.run("baselines", "--dry-run")
    project.edit(card, training=QUICK)


def test_another_study_uses_the_same_training(project: Project) -> None:
    project.run("baselines", *ONE_THREAD)
    study = YAML(typ="safe").load(project.folder / SMALL)
    other = study | {"study": "other", "datasets": [{"dataset": "comments", "sample": 40}]}
    project.write("config/studies/other.yaml", other)
    done = project.snakemake("baselines", *ONE_THREAD, study="other")
    assert done.returncode == 0, done.stderr
    logs = project.folder / "results/other/logs/train_baseline/trained"
    for seed in (1, 2):
        log = (logs / f"seed-{seed}.log").read_text(encoding="utf-8")
        assert "has ended before, and is used again" in log
    assert len(list((project.folder / "results/trainings").glob("*/weights"))) == 2


def test_baselines_stand_beside_the_models_wherever_distributions_are_compared(
    project: Project,
) -> None:
    project.run(*ONE_THREAD)
    results = project.results
    table = DISTRIBUTIONS.read(results / "statistics/distributions.parquet")
    jsd = table[(table["metric"] == "jsd") & (table["stratum"] == "all")].set_index("model")
    assert set(jsd.index) == {"guesses", "trained.seed-1", "trained.seed-2", "published"}
    assert set(jsd["n_items"]) == {jsd.loc["guesses", "n_items"], jsd.loc["published", "n_items"]}
    for seed in (1, 2):
        assert jsd.loc[f"trained.seed-{seed}", "value"] < jsd.loc["guesses", "value"]
    contrasts = DISTRIBUTION_CONTRASTS.read(results / "statistics/distribution_contrasts.parquet")
    beside = contrasts[(contrasts["kind"] == "baseline") & (contrasts["metric"] == "jsd")]
    found = beside.set_index("b")
    assert set(found["a"]) == {"guesses"}
    assert set(found.index) == {"trained.seed-1", "trained.seed-2", "published"}
    assert (found["n_items"] == jsd.loc[found.index, "n_items"]).all()
    assert found.loc["trained.seed-1", "difference_low"] > 0
    page = (results / "report.html").read_text(encoding="utf-8")
    assert "What did the fine-tuned baselines learn from?" in page
    assert project.planned() == set()
