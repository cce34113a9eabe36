"""The target publication: a bundle by Snakemake, of a study whose ratings are recorded."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from tests.kit.project import Project, new_project
from tests.kit.published import HIDDEN, write_files

pytestmark = pytest.mark.slow

STUDY = "config/studies/shared.yaml"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The study in a project, of which nothing has been computed."""
    made = new_project(tmp_path_factory.mktemp("project"))
    write_files(made.folder, estimates=None)
    shutil.move(made.folder / "config/study.yaml", made.folder / STUDY)
    return made


def snakemake(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    return project.snakemake(*arguments, study="shared")


def bundle_of(project: Project) -> Path:
    return project.folder / "results/shared/publication"


def test_a_study_without_the_key_is_told_what_to_write_before_anything_runs(
    project: Project,
) -> None:
    study = project.read(STUDY)
    project.write(STUDY, {key: value for key, value in study.items() if key != "publication"})
    done = snakemake(project, "publication")
    project.write(STUDY, study)
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "The study shared publishes nothing: write `publication: {licence: CC-BY-4.0" in said
    assert "Traceback" not in said
    assert not (project.folder / "results/shared/items").exists()


def test_the_bundle_is_no_part_of_the_default_target(project: Project) -> None:
    done = snakemake(project, "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "write_publication" not in done.stdout + done.stderr


def test_a_bundle_is_written_once_and_again_after_a_change(project: Project) -> None:
    done = snakemake(project, "publication")
    assert done.returncode == 0, done.stdout + done.stderr
    bundle = bundle_of(project)
    checked = subprocess.run(
        ["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=bundle, capture_output=True
    )
    assert checked.returncode == 0, checked.stdout
    assert len(pd.read_parquet(bundle / "data/secret-ratings.parquet")) == 4 * len(HIDDEN)
    assert "| r [95% CI] |" in (bundle / "README.md").read_text(encoding="utf-8")
    before = {path: path.read_bytes() for path in bundle.rglob("*") if path.is_file()}
    assert not [path for path in before if path.name.startswith(".")]
    again = snakemake(project, "publication")
    assert "Nothing to be done" in again.stdout + again.stderr
    forced = snakemake(project, "publication", "--forcerun", "write_publication")
    assert forced.returncode == 0, forced.stdout + forced.stderr
    assert {path: path.read_bytes() for path in bundle.rglob("*") if path.is_file()} == before
    publication = project.read(STUDY)["publication"]
    project.edit(STUDY, publication={**publication, "version": "1.3.0"})
    changed = snakemake(project, "publication")
    assert changed.returncode == 0, changed.stdout + changed.stderr
    assert "write_report" not in changed.stdout + changed.stderr
    assert "version: 1.3.0" in (bundle / "CITATION.cff").read_text(encoding="utf-8")


def test_a_failure_leaves_no_half_bundle(project: Project) -> None:
    manifest = project.folder / "results/shared/manifest.json"
    manifest.write_text("{")
    done = snakemake(project, "publication")
    assert done.returncode != 0
    assert "incomplete manifest" in done.stdout + done.stderr
    left = list(bundle_of(project).parent.glob("*publication*"))
    assert not [path for folder in left for path in folder.rglob("*") if path.is_file()]
    manifest.unlink()
    again = snakemake(project, "publication")
    assert again.returncode == 0, again.stdout + again.stderr
    assert (bundle_of(project) / "SHA256SUMS").exists()
