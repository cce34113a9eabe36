"""A study with baselines where the packages that they need are missing."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.kit import comments
from tests.kit.project import SMALL, STUDY, Project, new_project

pytestmark = pytest.mark.skipif(
    find_spec("torch") is not None, reason="the packages of the extra finetune are installed"
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = new_project(tmp_path)
    card = comments.card(tmp_path / "resources/comments", comments.made())
    study = STUDY | {
        "models": ["model-a"],
        "datasets": [{"dataset": "comments", "sample": 4}],
        "protocols": [{"name": "asked", "prompts": "labels-that-apply", "participants": 2}],
        "baselines": ["roberta-goemotions"],
    }
    made.write("config/datasets/comments.yaml", card.model_dump(mode="json"))
    made.write(SMALL, study)
    made.edit("config/baselines/roberta-goemotions.yaml", dataset="comments")
    return made


def test_a_missing_package_is_told_before_any_model_is_asked(project: Project) -> None:
    done = project.snakemake("baselines")
    told = done.stdout + done.stderr
    assert done.returncode != 0
    assert "a baseline of the study needs torch and transformers and safetensors" in told
    assert "pip install 'torch>=" in told
    assert "Traceback" not in told
    assert not (project.folder / "results/journal").exists()
    assert not (project.results / "stimuli").exists()
    assert project.snakemake("plan").returncode == 0, "what failed leaves no lock"


def test_what_needs_no_baseline_runs_without_the_package(project: Project) -> None:
    project.run("ratings")
    assert ("train_baseline", "baseline=roberta-goemotions, seed=1") in project.run(
        "baselines", "--dry-run"
    )
