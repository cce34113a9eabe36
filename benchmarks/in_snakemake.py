"""A folder with the project in it, where a benchmark runs Snakemake and measures all it starts."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
LINKED = ("Snakefile", "workflow", "src")

# Python imports a module of this name when it starts; each process adds a line to a file.
_COUNTING = """\
import os, sys
with open(os.environ["PYTHON_STARTS"], "a") as starts:
    starts.write("\\t".join(sys.orig_argv) + "\\n")
"""


@dataclass(frozen=True)
class Run:
    """What a run of Snakemake took: seconds, processor seconds, and the scripts it started."""

    seconds: float
    processor_s: float
    started: Counter[str]

    @property
    def processes(self) -> int:
        """How many Python processes there were, Snakemake's own among them."""
        return self.started.total()


def project(folder: Path) -> None:
    """Place the project in `folder`: its code as links, its configuration as a copy to add to."""
    for part in LINKED:
        (folder / part).symlink_to(ROOT / part)
    shutil.copytree(ROOT / "config", folder / "config")


def write(path: Path, content: object) -> None:
    """Write a YAML file and the folders it is in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as stream:
        YAML(typ="safe").dump(content, stream)


def snakemake(folder: Path, study: str, *arguments: str) -> Run:
    """Run Snakemake on two cores in `folder`; it must succeed."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--quiet", "all"]
    command += ["--configfile", study, "--", *arguments]
    with tempfile.TemporaryDirectory() as counting:
        Path(counting, "sitecustomize.py").write_text(_COUNTING, encoding="utf-8")
        starts = Path(counting, "starts")
        environment = {**os.environ, "PYTHONPATH": counting, "PYTHON_STARTS": str(starts)}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        clock = time.perf_counter()
        subprocess.run(command, cwd=folder, env=environment, check=True)
        seconds = time.perf_counter() - clock
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = Counter(map(_script, starts.read_text(encoding="utf-8").splitlines()))
    processor_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(seconds, processor_s, started)


def _script(line: str) -> str:
    """What a process runs: Snakemake's copies of our scripts are named like tmpx1y2.rate.py."""
    scripts = [word for word in line.split("\t") if word.endswith(".py")]
    return Path(scripts[-1]).name.partition(".")[2] if scripts else "snakemake"
