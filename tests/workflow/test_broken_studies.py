"""Broken studies through Snakemake itself: what is wrong is told in our words, and no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kit.project import Project, new_project
from tests.kit.waiting import HANGS_S


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return new_project(tmp_path_factory.mktemp("broken"))


def told(project: Project, *arguments: str) -> str:
    """What Snakemake says about a study that cannot be used."""
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", "--nocolor", *arguments],
        cwd=project.folder,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=HANGS_S,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "Traceback" not in said
    assert "Input should" not in said
    return said


def broken(project: Project, old: str, new: str) -> Path:
    """The default study with a change; returns its file."""
    file = project.folder / "config/config.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return file


def test_mistakes_of_file_options_and_cards_are_told_at_once_each_with_its_place(
    project: Project,
) -> None:
    file = project.folder / "config/config.yaml"
    before = file.read_text(encoding="utf-8")
    broken(project, "participants: 20", "participants: '20'")
    line = 1 + file.read_text(encoding="utf-8").partition("participants: '20'")[0].count("\n")
    card = project.folder / "config/models/mine.yaml"
    card.write_text("title: Mine\nengine: openai\nmodel: x\ncapabilities: chat\n")
    said = told(project, "--config", "models=[mine]", "seed=soon", "statistics={worst_items: 0}")
    file.write_text(before, encoding="utf-8")
    assert "4 problems in the configuration" in said
    assert f"config/config.yaml, line {line}: protocols, entry 1, participants: expected" in said
    assert "write 20 without quotation marks" in said
    assert '--config seed: expected a whole number, found "soon"' in said
    assert "--config statistics.worst_items: " in said
    assert "config/models/mine.yaml, line 4: capabilities: expected keys with values" in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("study: a\n\ttitle: b\n", "config.yaml, line 2: not valid YAML: there is a tab here"),
        ("", "config.yaml: the file is empty"),
        ("- study\n", "config.yaml: expected keys with values"),
    ],
)
def test_a_default_study_that_is_no_yaml_is_told_with_its_line(
    text: str, words: str, project: Project
) -> None:
    file = project.folder / "config/config.yaml"
    before = file.read_text(encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    said = told(project)
    file.write_text(before, encoding="utf-8")
    assert f"config/{words}" in said


def test_a_study_reads_no_and_yes_as_words_like_every_other_file(project: Project) -> None:
    study = project.folder / "config/studies/norway.yaml"
    small = (project.folder / "config/studies/small.yaml").read_text(encoding="utf-8")
    assert "study: small" in small
    study.write_text(small.replace("study: small", "study: no").replace("seed: 1", "seed: 1:09"))
    said = told(project, "--configfile", "config/studies/norway.yaml")
    assert "1 problem in the configuration" in said
    assert "norway.yaml, line " in said
    assert "seed: expected a whole number, found 1:09" in said
