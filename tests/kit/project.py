"""A copy of the project with a small study, in which Snakemake itself runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from ruamel.yaml import YAML

from tests.kit.jobs import Job, jobs
from tests.kit.waiting import HANGS_S

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "workflow", "config", "src")
SMALL = "config/studies/small.yaml"

FEW = {"bootstrap_resamples": 200, "split_halves": 20, "simulations": 99}
"""Settings of statistics whose numbers nobody looks at."""

STUDY: dict[str, Any] = {
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
    "statistics": FEW,
    "figures": [],
}


@dataclass(frozen=True)
class Project:
    """A copy of the project in which a study can be run."""

    folder: Path

    @property
    def results(self) -> Path:
        """The results of the small study."""
        return self.folder / "results" / "small"

    def copied(self, folder: Path) -> Self:
        """A copy of it, times of files kept."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return type(self)(folder)

    def write(self, file: str, content: object) -> None:
        """Write a YAML file."""
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as stream:
            YAML(typ="safe").dump(content, stream)

    def edit(self, file: str, **changes: Any) -> None:
        """Change top-level keys of a YAML file, or of the project's own copy of a shipped one."""
        self.write(file, self.read(file) | changes)

    def read(self, file: str) -> Any:
        """The content of a YAML file of the project, or of the one that ships."""
        own = self.folder / file
        shipped = self.folder / "src/emoalign/catalogue" / Path(file).relative_to("config")
        return YAML(typ="safe").load(own if own.exists() else shipped)

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
        done = self.snakemake(*arguments, "--printshellcmds")  # all that Snakemake says
        assert done.returncode == 0, done.stdout + done.stderr
        return jobs(done.stdout + done.stderr)

    def planned(self, *targets: str) -> set[Job]:
        """The jobs that Snakemake would run now."""
        return self.run("--dry-run", *targets)

    def journal(self) -> dict[str, bytes]:
        """The journal files, by path."""
        folder = self.folder / "results" / "journal"
        files = sorted(folder.rglob("*.jsonl"))
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def new_project(folder: Path) -> Project:
    """A copy of the project with the small study and three models that are the bundled one."""
    for part in PARTS:
        source, target = ROOT / part, folder / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    project = Project(folder)
    card = project.read("config/models/smollm2-135m.yaml")
    for name in ("model-a", "model-b", "model-c"):
        title = card["title"].replace("SmolLM2-135M", name)
        project.write(f"config/models/{name}.yaml", card | {"title": title})
    project.write(SMALL, STUDY)
    return project
