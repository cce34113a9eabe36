"""A preregistration through Snakemake: frozen before any answer, compared in the report."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from emoalign.tables import STIMULI
from tests.kit.jobs import PAGES
from tests.kit.project import SMALL, Project, new_project
from tests.kit.words import words_of

from .test_recorded import CARD, TABLE, recorded

FILES = ("config/preregistrations/small.json", "config/preregistrations/small.md")
COMPARED = ("compare_with_preregistration", "")


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A study of recorded ratings, preregistered before they were there, and finished. Tests do not
    change it."""
    project = new_project(tmp_path_factory.mktemp("preregistered"))
    project.write(
        CARD,
        {
            "title": "Twelve students",
            "engine": "recorded",
            "source": {"file": TABLE},
            "columns": {"item": "word", "participant": "person", "rating": "valence"},
            "scale": "valence",
        },
    )
    protocol = {"name": "asked", "prompts": "instruction", "participants": 4}
    project.edit(SMALL, models=["people"], protocols=[protocol])
    assert project.run("preregistration") == {
        ("prepare_stimuli", "dataset=vader"),
        ("preregistration", ""),
    }
    table = project.folder / TABLE
    table.parent.mkdir(parents=True)
    recorded(STIMULI.read(project.results / "stimuli/vader.parquet")).to_csv(table, index=False)
    assert COMPARED in project.run()
    return project


@pytest.fixture
def study(frozen: Project, tmp_path: Path) -> Project:
    """A copy of it that a test may change."""
    return frozen.copied(tmp_path / "project")


def contents(project: Project) -> list[bytes]:
    return [(project.folder / file).read_bytes() for file in FILES]


def keys(project: Project) -> pd.DataFrame:
    return pd.read_csv(project.results / "statistics/preregistration.csv", index_col="key")


def report(project: Project) -> str:
    return words_of((project.results / "report.html").read_text(encoding="utf-8"))


def test_the_report_says_that_the_study_is_as_preregistered(frozen: Project) -> None:
    page = report(frozen)
    assert "Is the study the one that was preregistered?" in page
    assert "The study was preregistered on 20" in page
    assert "its ratings are recorded, and no model is asked" in page
    assert "It does not differ from the preregistration." in page
    assert "These tests were preregistered as confirmatory: " in page
    assert not keys(frozen)["changed"].any()
    assert not frozen.planned()


def test_the_frozen_text_survives_changed_participants_and_the_report_names_the_key(
    study: Project,
) -> None:
    before = contents(study)
    study.edit(SMALL, protocols=[{"name": "asked", "prompts": "instruction", "participants": 3}])
    assert COMPARED in study.run()
    assert contents(study) == before
    assert list(keys(study).query("changed").index) == ["protocols.asked.participants"]
    page = report(study)
    assert "This key differs from the preregistration: protocols.asked.participants." in page

    told = study.snakemake("preregistration")
    assert "protocols.asked.participants: 4 → 3" in told.stdout + told.stderr
    assert contents(study) == before

    assert study.run("preregistration", "--config", "amend=true") == {("preregistration", "")}
    [_, text] = contents(study)
    assert text.startswith(before[1])
    assert study.run() == {COMPARED, ("write_report", "")}, "the report follows the file"
    page = report(study)
    assert "It was amended on 20" in page
    assert "It does not differ from what was stated." in page

    again = study.snakemake("preregistration", "--config", "amend=true")
    assert "nothing to amend" in again.stdout + again.stderr
    assert contents(study)[1] == text


def test_presentation_alone_runs_the_report_and_is_no_departure(study: Project) -> None:
    study.edit(SMALL, title="Another title", max_usd=3)
    assert study.planned() == PAGES
    told = study.snakemake("preregistration")
    assert "The study has not changed since." in told.stdout + told.stderr
    assert "The preregistration: config/preregistrations/small.md" in told.stdout + told.stderr


def test_a_damaged_file_is_told_and_left(study: Project) -> None:
    file = study.folder / FILES[0]
    file.write_bytes(file.read_bytes().replace(b'"asked"', b'"other"'))
    before = contents(study)
    failed = study.snakemake("preregistration")
    said = failed.stdout + failed.stderr
    assert failed.returncode == 1
    assert f"{FILES[0]}: damaged, or changed by hand" in said
    assert f"git restore '{FILES[0]}'" in said
    assert contents(study) == before


def test_amending_without_the_target_is_told(study: Project) -> None:
    study.edit(SMALL, title="Another title")
    told = study.snakemake("report", "--dry-run", "--config", "amend=true")
    assert "name the target preregistration" in told.stdout + told.stderr
    wrong = study.snakemake("preregistration", "--config", "amend=perhaps")
    assert wrong.returncode == 1
    assert "expected true or false, found 'perhaps'" in wrong.stdout + wrong.stderr
