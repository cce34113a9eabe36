"""Sessions with a model that vLLM loads: turn by turn, from words to trials."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from emoalign.tables import RATINGS, TRIALS
from tests.kit.project import FEW, SMALL, Project, new_project

STUDY = {
    "study": "small",
    "title": "Sessions on a GPU",
    "seed": 1,
    "models": ["rater"],
    "datasets": [{"dataset": "vader", "scales": ["valence"], "sample": 10}],
    "protocols": [
        {
            "name": "session",
            "prompts": "words-session",
            "readouts": ["sampled", "exact"],
            "participants": 3,
            "session": {"items": 5},
        }
    ],
    "statistics": FEW,
    "figures": [],
}
RATE = ("rate_together_session_vader", "model=rater, protocol=session, dataset=vader")
CELL = "rater/session/vader/valence"


@pytest.fixture(scope="module")
def project(rater_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the project with a tiny model in a folder of its own."""
    project = new_project(tmp_path_factory.mktemp("sessions"))
    shutil.copytree(rater_folder, project.folder / "resources/models/rater")
    card = {
        "title": "A tiny rater",
        "engine": "vllm",
        "model": "resources/models/rater",
        "context_tokens": 1024,
    }
    project.write("config/models/rater.yaml", card)
    project.write(SMALL, STUDY)
    return project


def test_sessions_go_on_turn_by_turn_and_are_found_again(project: Project) -> None:
    assert RATE in project.run("ratings")
    rows = RATINGS.read(project.results / f"ratings/{CELL}/sessions.parquet")
    assert rows["readout"].value_counts().to_dict() == {"sampled": 30, "exact": 30}
    assert sorted(rows["session"].unique()) == list(range(6))
    trials = TRIALS.read(project.results / f"trials/{CELL}.parquet")
    assert trials["kind"].value_counts().to_dict() == {"item": 30, "practice": 18}
    assert not project.planned("ratings")

    before = project.journal()
    (project.results / f"ratings/{CELL}/sessions.parquet").unlink()
    assert RATE in project.run("ratings")
    assert project.journal() == before, "the model was not asked again"
