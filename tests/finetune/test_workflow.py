"""A study with baselines, from the files of the dataset to what is predicted."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from emoalign.baselines.record import TrainingRecord
from emoalign.tables import PREDICTIONS
from tests import small_comments
from tests.small_comments import Comment
from tests.workflow.conftest import Project, new_project

from . import tiny_roberta

QUICK = {"batch_size": 16, "learning_rate": 0.01, "max_epochs": 2}


def write_yaml(path: Path, content: Any) -> None:
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(content, stream)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, comments: list[Comment]) -> Project:
    made = new_project(tmp_path_factory.mktemp("project"))
    config = made.folder / "config"
    card = small_comments.card(made.folder / "resources/comments", comments)
    write_yaml(config / "datasets/comments.yaml", card.model_dump(mode="json"))
    texts = [comment.text for comment in comments]
    roberta = tiny_roberta.pretrained(made.folder / "weights/roberta", texts)
    tiny_roberta.published(
        made.folder / "weights/published", texts, random.Random(1).sample(small_comments.LABELS, 3)
    )
    told = {"dataset": "comments", "scale": "emotions", "gpus": 0, "memory_gb": 1}
    trained = {"title": "Trained", "kind": "finetune", "weights": str(roberta), "seeds": [1, 2]}
    write_yaml(config / "baselines/trained.yaml", told | trained | {"training": QUICK})
    published = {"title": "Published", "kind": "checkpoint", "leakage": "It has seen some."}
    folder = str(made.folder / "weights/published")
    write_yaml(config / "baselines/published.yaml", told | published | {"weights": folder})
    study = {
        "study": "small",
        "title": "A small study",
        "seed": 1,
        "models": ["model-a"],
        "datasets": [{"dataset": "comments", "sample": 60}],
        "protocols": [{"name": "asked", "prompts": "labels-that-apply", "participants": 2}],
        "baselines": ["trained", "published"],
    }
    write_yaml(config / "studies/small.yaml", study)
    return made


def test_baselines_are_trained_and_applied_without_asking_any_model(project: Project) -> None:
    ran = {name for name, _ in project.run("baselines")}
    assert ran == {"prepare_stimuli", "train_baseline", "predict_baseline", "baselines"}
    results = project.folder / "results/small/baselines"
    for name, models in (
        ("trained", {"trained.seed-1", "trained.seed-2"}),
        ("published", {"published"}),
    ):
        rows = PREDICTIONS.read(results / name / "comments.parquet")
        assert set(rows["model"]) == models
        assert len(rows) == 60 * len(models)
        assert set(rows.loc[rows["distribution"].notna(), "split"]) == {"test"}
    record = TrainingRecord.read(results / "trained/seed-2.training.json")
    assert (record.seed, len(record.history)) == (2, 2)
    assert "Nothing to be done" in project.snakemake("baselines", "--dry-run").stdout + (
        project.snakemake("baselines", "--dry-run").stderr
    )


def test_what_is_trained_anew_follows_from_what_has_changed(project: Project) -> None:
    project.run("baselines")
    card = "config/baselines/trained.yaml"
    project.edit(card, title="Another title", checkpoint_steps=3)
    assert project.run("baselines", "--dry-run") == set()
    project.edit(card, seeds=[1, 2, 3])
    assert project.run("baselines", "--dry-run") == {
        ("train_baseline", "baseline=trained, seed=3"),
        ("predict_baseline", "baseline=trained, dataset=comments"),
        ("baselines", ""),
    }
    project.edit(card, seeds=[1, 2], training=QUICK | {"batch_size": 8})
    again = {("train_baseline", f"baseline=trained, seed={seed}") for seed in (1, 2)}
    assert again < project.run("baselines", "--dry-run")
    project.edit(card, training=QUICK)


def test_another_study_uses_the_same_training(project: Project) -> None:
    project.run("baselines")
    study = YAML(typ="safe").load(project.folder / "config/studies/small.yaml")
    other = study | {"study": "other", "datasets": [{"dataset": "comments", "sample": 40}]}
    write_yaml(project.folder / "config/studies/other.yaml", other)
    done = project.snakemake("baselines", study="other")
    assert done.returncode == 0, done.stderr
    logs = project.folder / "results/other/logs/train_baseline/trained"
    for seed in (1, 2):
        log = (logs / f"seed-{seed}.log").read_text(encoding="utf-8")
        assert "has ended before, and is used again" in log
    assert len(list((project.folder / "results/trainings").glob("*/weights"))) == 2
