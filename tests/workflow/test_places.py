"""The workflow run from elsewhere: as a module of another workflow, or with -s and -d."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.kit.jobs import jobs
from tests.kit.project import ROOT, SMALL, STUDY, new_project
from tests.kit.waiting import HANGS_S


def snakemake(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--nocolor", *arguments]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=HANGS_S
    )


def text(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout + done.stderr


# As a module


def module(folder: Path, body: str, **files: object) -> Path:
    """A workflow of somebody else that uses the clone's as a module."""
    folder.mkdir(exist_ok=True)
    (folder / "Snakefile").write_text(body.replace("SNAKEFILE", str(ROOT / "Snakefile")), "utf-8")
    for name, content in files.items():
        (folder / "config").mkdir(exist_ok=True)
        with (folder / f"config/{name}.yaml").open("w", encoding="utf-8") as stream:
            YAML(typ="safe").dump(content, stream)
    return folder


PLAIN = """
module emoalign:
    snakefile: "SNAKEFILE"

use rule * from emoalign
"""
PREFIXED = """
configfile: "config/theirs.yaml"

module emoalign:
    snakefile: "SNAKEFILE"
    config: config["ratings"]

use rule * from emoalign as emoalign_*

rule paper:
    default_target: True
    input: rules.emoalign_all.input, config["other"]
"""
STUDY_OF_ONE = STUDY | {
    "models": ["smollm2-135m"],
    "protocols": STUDY["protocols"][1:],
    "datasets": [{"dataset": "vader", "scales": ["valence"], "sample": 6}],
}


def test_as_a_module_it_runs_the_study_of_the_folder(tmp_path: Path) -> None:
    done = snakemake(module(tmp_path, PLAIN, config=STUDY_OF_ONE), "--dry-run", "-p")
    assert done.returncode == 0, text(done)
    assert {"prepare_stimuli", "write_report"} <= {rule for rule, _ in jobs(text(done))}


def test_as_a_module_without_a_study_it_says_what_to_type(tmp_path: Path) -> None:
    done = snakemake(module(tmp_path, PLAIN), "--dry-run")
    assert done.returncode == 1
    assert f"There is no config/config.yaml in {tmp_path}" in text(done)


@pytest.mark.slow
def test_as_a_module_with_a_prefix_and_a_configuration_it_runs_to_the_report(
    tmp_path: Path,
) -> None:
    theirs = {"ratings": STUDY_OF_ONE, "other": "theirs.txt"}
    folder = module(tmp_path, PREFIXED, theirs=theirs)
    (folder / "theirs.txt").write_text("", encoding="utf-8")
    done = snakemake(folder)
    assert done.returncode == 0, text(done)
    assert "localrules directive" not in text(done)
    assert "Once the items are prepared, 1 rating job follows" in text(done)
    for rule in ("emoalign_prepare_stimuli vader", "emoalign_rate smollm2-135m asked vader"):
        assert f"] {rule}" in text(done)
    assert (folder / "results/small/report.html").exists()
    assert "Done in " in text(done), "a module's hooks are not run"
    forced = ("--dry-run", "emoalign_ratings", "--forcerun", "emoalign_rate")
    assert "smollm2-135m: at most" in text(snakemake(folder, *forced)), "what it costs"
    again = snakemake(folder, "--dry-run")
    assert "Nothing to be done" in text(again), "Finished jobs are kept"


# From elsewhere


def told(done: subprocess.CompletedProcess[str]) -> str:
    """What a run said that found no study; it must be no traceback."""
    assert done.returncode == 1
    assert "Traceback" not in text(done)
    assert "Workflow defines configfile" not in text(done)
    return text(done)


def test_a_folder_without_a_study_is_told_with_what_to_type(tmp_path: Path) -> None:
    said = told(snakemake(tmp_path, "-s", str(ROOT / "Snakefile"), "-d", str(tmp_path / "new")))
    new = tmp_path / "new"
    assert f"There is no config/config.yaml in {new}, so this run has no study" in said
    assert f"for the study in {ROOT}: cd {ROOT}" in said
    assert f"for a new study: emoalign init {new}\n" in said
    assert "--configfile" in said


def test_from_a_folder_within_a_study_the_study_is_named(tmp_path: Path) -> None:
    project = tmp_path / "my study"
    project.mkdir()
    new_project(project)
    said = told(snakemake(project / "config", "--dry-run", "-s", "../Snakefile"))
    assert f"for the study in {project}: cd '{project}'\n" in said
    assert "for a new study: emoalign init my-study\n" in said, "this folder is not empty"


def test_a_study_elsewhere_is_run_with_its_own_cards(tmp_path: Path) -> None:
    """With -d, everything but the rules comes from the folder that it names."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    new_project(folder)
    (folder / "Snakefile").unlink()
    arguments = ["-s", str(ROOT / "Snakefile"), "-d", str(folder), "--dry-run", "-p", "stimuli"]
    done = snakemake(tmp_path, *arguments, "--configfile", str(folder / SMALL))
    assert done.returncode == 0, text(done)
    assert jobs(text(done)) == {("prepare_stimuli", "dataset=vader"), ("stimuli", "")}


def test_a_shipped_study_runs_in_the_clone_by_its_path_in_config() -> None:
    done = snakemake(
        ROOT, "--dry-run", "stimuli", "--configfile", "config/studies/first-api-study.yaml"
    )
    assert done.returncode == 0, text(done)
    assert "prepare_stimuli" in text(done)


def test_a_python_without_the_packages_is_told_with_what_to_install(tmp_path: Path) -> None:
    hidden = tmp_path / "sitecustomize.py"
    hidden.write_text(
        "import importlib.util as u\n"
        "found = u.find_spec\n"
        "u.find_spec = lambda name, *rest: None if name == 'pydantic' else found(name, *rest)\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--dry-run", "--nocolor"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert f"{sys.executable}, which runs Snakemake, has not all packages" in text(done)
    assert "pip install emoalign" in text(done)
