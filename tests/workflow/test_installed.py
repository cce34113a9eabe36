"""emoalign from a wheel: a study in a folder of one's own, as `emoalign init` makes it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from emoalign import __version__
from tests.kit.installation import Installation, build, install
from tests.kit.jobs import jobs
from tests.kit.project import FEW, ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


def tracked(*folders: str) -> set[str]:
    """The files of some folders of the project, without what running it leaves there."""
    return {
        str(path.relative_to(ROOT))
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_has_all_that_a_study_needs_and_nothing_else(wheel: Path) -> None:
    files = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    package = {name.removeprefix("src/") for name in tracked("src/emoalign")}
    project = tracked("workflow", "profiles", "docs")
    project |= {"Snakefile", "config/config.yaml", "requirements.lock"}
    assert files == package | {f"emoalign/project/{name}" for name in project}
    assert {
        "emoalign/catalogue/schemas/study.schema.json",
        "emoalign/report/assets/page.js",
    } < files


def small(study: Path) -> Path:
    """Make the study of a project a tiny one, and return its file."""
    file = study / "config/config.yaml"
    content = YAML(typ="safe").load(file)
    content["datasets"][0]["sample"] = 8
    content["protocols"] = content["protocols"][:1]
    content["protocols"][0]["participants"] = 2
    content |= {"statistics": FEW, "figures": []}
    YAML(typ="safe").dump(content, file)
    return file


def journal(project: Path) -> dict[str, bytes]:
    folder = project / "results/journal"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.jsonl")}


def run(installation: Installation, project: Path, *arguments: str) -> set[tuple[str, str]]:
    """Run the study; the jobs that ran."""
    done = installation.typed("snakemake", "--cores", "2", *arguments, folder=project)
    assert done.returncode == 0, done.stdout + done.stderr
    return jobs(done.stdout + done.stderr)


@pytest.mark.slow
def test_a_study_in_a_folder_of_ones_own_from_init_to_a_second_installation(
    wheel: Path, tmp_path: Path
) -> None:
    first = install(wheel, tmp_path / "first")
    project = tmp_path / "my-study"
    made = first.typed("emoalign", "init", "my-study", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    study = small(project)
    commit(project)

    ran = run(first, project)
    assert ("write_report", "") in ran
    assert (project / "results/my-study/report.html").stat().st_size > 100_000
    manifest = json.loads((project / "results/my-study/manifest.json").read_bytes())
    assert manifest["emoalign"] == __version__
    page = (project / "results/my-study/report.html").read_text(encoding="utf-8")
    assert f"emoalign {__version__}" in page
    assert manifest["git_commit"] is None, (
        "the commit of the user's own repository is no commit of ours"
    )

    # A model of one's own is added, and it alone is asked.
    shown = first.typed("emoalign", "show", "models", "smollm2-135m", "--path", folder=project)
    assert shown.returncode == 0, shown.stderr
    assert Path(shown.stdout.strip()).is_relative_to(first.site)
    shutil.copy(shown.stdout.strip(), project / "config/models/mine.yaml")
    content = YAML(typ="safe").load(study)
    YAML(typ="safe").dump(content | {"models": ["smollm2-135m", "mine"]}, study)
    ran = run(first, project)
    asked = {wildcards.split(",")[0] for rule, wildcards in ran if rule == "rate"}
    assert asked == {"model=mine"}
    assert ("prepare_stimuli", "dataset=vader") not in ran

    # Another installation of the same version, elsewhere and later: nothing is asked or computed.
    answers = journal(project)
    shutil.rmtree(first.folder)
    second = install(wheel, tmp_path / "elsewhere" / "second")
    assert run(second, project) == set()
    assert journal(project) == answers
    assert no_path_of(tmp_path / "first", project / "results")


def no_path_of(installation: Path, results: Path) -> bool:
    """Tell whether no result names a place of the installation that made it; logs may."""
    named = str(installation).encode()
    files = [path for path in results.rglob("*") if path.is_file() and path.suffix != ".log"]
    return not any(named in path.read_bytes() for path in files)


def commit(project: Path) -> None:
    """Make the project a git repository with a commit, as its user may."""
    who = {
        f"GIT_{role}_{what}": "x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "A study"]):
        subprocess.run(["git", *arguments], cwd=project, env=os.environ | who, check=True)
