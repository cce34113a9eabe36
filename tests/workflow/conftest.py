"""A small real study in a copy of the project, run by Snakemake itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.kit.waiting import HANGS_S

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "workflow", "config", "src")

Job = tuple[str, str]
"""A rule and its wildcards, as Snakemake prints them."""


@dataclass(frozen=True)
class Project:
    """A copy of the project in which a study can be run."""

    folder: Path

    def edit(self, file: str, **changes: Any) -> None:
        """Change top-level keys of a YAML file."""
        path = self.folder / file
        content = YAML(typ="safe").load(path) | changes
        with path.open("w", encoding="utf-8") as stream:
            YAML(typ="safe").dump(content, stream)

    def snakemake(self, *arguments: str, study: str = "small") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "snakemake", "--cores", "2", "--nocolor", *arguments]
        command += ["--configfile", f"config/studies/{study}.yaml"]
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=HANGS_S,
        )

    def run(self, *arguments: str) -> set[Job]:
        """Run the study and return the jobs that ran; it must succeed."""
        done = self.snakemake(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return jobs(done.stdout + done.stderr)

    def planned(self) -> set[Job]:
        """The jobs that Snakemake would run now."""
        return self.run("--dry-run")

    def journal(self) -> dict[str, bytes]:
        """The journal files, by path."""
        folder = self.folder / "results" / "journal"
        return {str(path): path.read_bytes() for path in sorted(folder.rglob("*.jsonl"))}


def jobs(log: str) -> set[Job]:
    """The jobs in what Snakemake prints, without targets and the order they came in."""
    found = set()
    for block in re.split(r"\n(?=(?:local)?(?:rule|checkpoint) \w+:\n)", log)[1:]:
        head = re.match(r"(?:local)?(?:rule|checkpoint) (\w+):\n((?:    .*\n?)*)", block)
        assert head is not None
        wildcards = re.search(r"^    wildcards: (.*)$", head[2], re.MULTILINE)
        found.add((head[1], wildcards[1] if wildcards else ""))
    return {job for job in found if job[0] != "all"}


STUDY = {
    "study": "small",
    "title": "A small study",
    "seed": 1,
    "models": ["model-a", "model-b"],
    "datasets": [{"dataset": "vader", "scales": ["valence"], "sample": 12}],
    "protocols": [
        {
            "name": "sheet",
            "prompts": "rating-sheet",
            "readouts": ["sampled", "exact"],
            "participants": 4,
        },
        {"name": "asked", "prompts": "instruction", "readouts": ["exact"]},
    ],
    "shard_items": 6,
    "statistics": {"bootstrap_resamples": 200, "split_halves": 20, "simulations": 99},
}


def new_project(folder: Path) -> Project:
    """A copy of the project with the small study and three models that are the bundled one."""
    for part in PARTS:
        source, target = ROOT / part, folder / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    (folder / "config" / "studies").mkdir(exist_ok=True)
    card = (folder / "config/models/smollm2-135m.yaml").read_text(encoding="utf-8")
    for name in ("model-a", "model-b", "model-c"):
        path = folder / f"config/models/{name}.yaml"
        path.write_text(card.replace("SmolLM2-135M", name), encoding="utf-8")
        # The title carries the name; the weights must keep theirs.
        path.write_text(
            path.read_text(encoding="utf-8").replace(
                f"file: {name}-Instruct", "file: SmolLM2-135M-Instruct"
            ),
            encoding="utf-8",
        )
    with (folder / "config/studies/small.yaml").open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(STUDY, stream)
    return Project(folder)


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose small study has been run to its end. Tests do not change it."""
    project = new_project(tmp_path_factory.mktemp("finished"))
    project.run()
    return project


@pytest.fixture
def rerun(finished: Project, tmp_path: Path) -> Project:
    """A copy of the finished project that a test may change, times of files kept."""
    shutil.copytree(finished.folder, tmp_path / "project", symlinks=True)
    return Project(tmp_path / "project")
