"""A study that asks the bundled model in free text and for structured answers, to the report."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from emoalign.tables import RATINGS
from tests.kit.project import FEW, SMALL, Project, new_project

pytestmark = pytest.mark.slow

STUDY: dict[str, Any] = {
    "study": "small",
    "title": "Structured answers",
    "seed": 1,
    "models": ["model-a"],
    "datasets": [{"dataset": "vader", "scales": ["valence"], "sample": 8}],
    "protocols": [
        {"name": "free", "prompts": "words", "participants": 6},
        {"name": "forced", "prompts": "words-structured", "participants": 6},
        {"name": "jointly", "prompts": "both", "participants": 6},
    ],
    "statistics": FEW,
    "figures": [],
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = new_project(tmp_path_factory.mktemp("structured"))
    project.write(SMALL, STUDY)
    shipped = project.read("config/prompts/words-structured.yaml")
    joint = {
        "template": "{% for one in scales %}{{ one.key }}: {{ one.instruction }} {% endfor %}"
        "Word: {{ item.text }}. Answer with a JSON object.",
        "answer": {"kind": "structured_joint", "max_tokens": 64},
        "scales": {"valence": shipped["scales"]["valence"] | {"key": "V"}},
    }
    project.write("config/prompts/both.yaml", shipped | joint)
    project.run()
    return project


def ratings(project: Project, protocol: str) -> pd.DataFrame:
    files = sorted((project.results / "ratings/model-a" / protocol).rglob("*.parquet"))
    return pd.concat([RATINGS.read(file) for file in files])


@pytest.mark.parametrize(("protocol", "key"), [("forced", "valence"), ("jointly", "V")])
def test_every_answer_that_is_not_cut_is_a_rating(
    project: Project, protocol: str, key: str
) -> None:
    given = ratings(project, protocol)
    assert len(given) == 8 * 6
    assert set(given["status"]) <= {"ok", "truncated"}
    rated = given[given["status"] == "ok"]
    assert len(rated) > len(given) / 2
    for text, rating in zip(rated["text"], rated["rating"], strict=True):
        assert json.loads(text) == {key: rating}
    free = ratings(project, "free")
    assert (free["status"] == "ok").mean() < (given["status"] == "ok").mean()


def test_the_report_says_what_was_forced(project: Project) -> None:
    page = html.unescape((project.results / "report.html").read_text(encoding="utf-8"))
    assert "Under forced and jointly, answers were structured: tokens by which an answer" in page
    assert "Answers under forced and jointly were forced into a form and those under free" in page
    assert "; a JSON schema forces its form." in page


def test_the_answers_are_found_again_and_the_plan_names_what_is_forced(
    project: Project, tmp_path: Path
) -> None:
    kept = project.copied(tmp_path / "again")
    for protocol in ("free", "forced", "jointly"):
        for file in (kept.results / "ratings/model-a" / protocol).rglob("*.parquet"):
            file.unlink()
    before = kept.journal()
    done = kept.snakemake("plan")
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout + done.stderr
    assert "forced: a JSON schema forces the form of answers (answer.kind: structured)." in said
    assert "all 144 answers are in the journal" in said
    kept.run()
    assert kept.journal() == before
