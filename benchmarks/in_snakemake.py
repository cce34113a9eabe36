"""A folder with the project in it, where a benchmark runs Snakemake and measures all it starts."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
LINKED = ("Snakefile", "workflow", "src")

# Python imports sitecustomize when it starts; each process adds a line to a file when it ends.
_COUNTING = """\
import atexit, os, sys, time

def _tell():
    with open(os.environ["PYTHON_PROCESSES"], "a") as processes:
        processes.write("\\t".join([str(time.process_time()), *sys.orig_argv]) + "\\n")

atexit.register(_tell)
"""


@dataclass(frozen=True)
class Run:
    """What a run of Snakemake took: seconds, processor seconds, and those of each Python process.

    `processes` are in the order they ended, by what they ran: a script, or Snakemake itself.
    """

    seconds: float
    processor_s: float
    processes: list[tuple[str, float]]

    def by_script(self) -> dict[str, list[float]]:
        """Processor seconds of the processes of each script."""
        scripts: dict[str, list[float]] = {}
        for script, processor_s in sorted(self.processes):
            scripts.setdefault(script, []).append(processor_s)
        return scripts


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


def snakemake(folder: Path, study: str, *targets: str, options: Sequence[str] = ()) -> Run:
    """Run Snakemake on two cores in `folder`; it must succeed."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--quiet", "all"]
    command += ["--configfile", study, *options, "--", *targets]
    with tempfile.TemporaryDirectory() as counting:
        Path(counting, "sitecustomize.py").write_text(_COUNTING, encoding="utf-8")
        ended = Path(counting, "ended")
        environment = {**os.environ, "PYTHONPATH": counting, "PYTHON_PROCESSES": str(ended)}
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        clock = time.perf_counter()
        subprocess.run(command, cwd=folder, env=environment, check=True)
        seconds = time.perf_counter() - clock
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processes = list(map(_process, ended.read_text(encoding="utf-8").splitlines()))
    processor_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(seconds, processor_s, processes)


def _process(line: str) -> tuple[str, float]:
    """What a process ran, and its seconds; Snakemake runs copies of scripts, as tmpx1y2.rate.py."""
    processor_s, *command = line.split("\t")
    scripts = [Path(word).name for word in command if word.endswith(".py")]
    return scripts[-1].partition(".")[2] if scripts else "snakemake", float(processor_s)
