"""A small study in a copy of the project, run through the shipped profile on a real SLURM."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.server import FaultServer
from tests.kit.project import ROOT, SMALL, Project, new_project
from tests.kit.waiting import HANGS_S
from tests.slurm.one_node import OneNode, SlurmError, output

# A cluster's answer takes a while; this one has nothing else to do.
OFTEN = ("--slurm-init-seconds-before-status-checks", "2")
KEY = "sk-test-0123456789abcdef"
KEY_VARIABLE = "A_KEY_FOR_THIS_TEST"
PARTICIPANTS, WORDS = 2, 12
EXACT = [{"name": "asked", "prompts": "instruction", "readouts": ["exact"]}]


@pytest.fixture(scope="session")
def cluster() -> Iterator[OneNode]:
    """The cluster; without it the tests fail, they are not passed over."""
    try:
        with OneNode().running() as node:
            yield node
    except SlurmError as error:
        pytest.exit(f"There is no SLURM to test on: {error}", returncode=1)


@dataclass(frozen=True)
class SlurmJob:
    """A job as SLURM knows it."""

    number: int
    rule: str
    state: str
    account: str
    partition: str
    memory_mb: int
    gpus: int


@dataclass(frozen=True)
class Run:
    """A Snakemake under way, and what it has said so far."""

    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def log(self) -> str:
        return self.log_file.read_text(encoding="utf-8")

    @property
    def id(self) -> str:
        found = re.search(r"SLURM run ID: (\S+)", self.log)
        assert found is not None, self.log
        return found[1]

    @property
    def jobs(self) -> list[SlurmJob]:
        """The SLURM jobs of this run, in the order they were submitted."""
        return [job for name, job in slurm_jobs() if name == self.id]

    def submitted(self, rule: str) -> bool:
        """Whether there is a job of this rule yet."""
        return "SLURM run ID" in self.log and any(job.rule == rule for job in self.jobs)

    def finish(self) -> str:
        """Wait for the end, which must be a good one, and return all that was said."""
        assert self.process.wait(timeout=HANGS_S) == 0, self.log
        return self.log


@dataclass(frozen=True)
class ClusterProject(Project):
    """A copy of the project that is run through profiles/slurm."""

    def command(self, *arguments: str, study: str | None = "small") -> list[str]:
        chosen = ["--configfile", f"config/studies/{study}.yaml"] if study else []
        profile = ["--profile", "profiles/slurm", *OFTEN, "--nocolor"]
        return [sys.executable, "-m", "snakemake", *arguments, *profile, *chosen]

    @contextmanager
    def started(self, *arguments: str, study: str | None = "small") -> Iterator[Run]:
        """A Snakemake that is killed if it still runs when the block ends."""
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        logs = self.folder / "said"
        logs.mkdir(exist_ok=True)
        log_file = logs / f"{len(list(logs.iterdir()))}.log"
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                # Ctrl-C reaches it also where these tests run in the background, which ignores it.
                ["env", "--default-signal=INT", *self.command(*arguments, study=study)],
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
            )
        try:
            yield Run(process, log_file)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                process.wait()

    def through_the_profile(self, *arguments: str, study: str | None = "small") -> Run:
        """A run from beginning to end, which must be a good one."""
        with self.started(*arguments, study=study) as run:
            run.finish()
        return run

    def ask(self, address: str) -> None:
        """Have the small study ask the model of a server, one question after the other."""
        card = {
            "title": "Behind an API",
            "engine": "openai",
            "model": "faulty",
            "base_url": address,
            "api_key_env": KEY_VARIABLE,
            "capabilities": {"choices": 1, "seed_bits": 63},
            "limits": {"timeout_s": HANGS_S},
        }
        self.write("config/models/served.yaml", card)
        self.study(
            models=["served"],
            shard_items=None,
            protocols=[
                {
                    "name": "asked",
                    "prompts": "instruction",
                    "readouts": ["sampled"],
                    "participants": PARTICIPANTS,
                }
            ],
        )

    def study(self, **changes: Any) -> None:
        self.edit(SMALL, **changes)


def slurm_jobs() -> list[tuple[str, SlurmJob]]:
    """All jobs SLURM knows, with the name of their run."""
    jobs = []
    for line in output("scontrol", "show", "job", "--oneliner").splitlines():
        if not line.startswith("JobId="):
            continue
        fields = dict(part.split("=", 1) for part in line.split() if "=" in part)
        comment = fields["Comment"].removeprefix("rule_").split("_wildcards_")
        gpus = re.search(r"gres/gpu=(\d+)", fields["TRES"])
        jobs.append(
            (
                fields["JobName"],
                SlurmJob(
                    number=int(fields["JobId"]),
                    rule=comment[0],
                    state=fields["JobState"],
                    account=fields["Account"],
                    partition=fields["Partition"],
                    memory_mb=int(fields["MinMemoryNode"].removesuffix("M")),
                    gpus=int(gpus[1]) if gpus else 0,
                ),
            )
        )
    return sorted(jobs, key=lambda pair: pair[1].number)


@pytest.fixture
def project(cluster: OneNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ClusterProject:
    """A copy of the project with the small study, on the cluster."""
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    return copied(tmp_path / "project")


@pytest.fixture(scope="session", autouse=True)
def default_study(
    cluster: OneNode, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ClusterProject, Run]]:
    """The default study, under way in the background from the first test on.

    Its jobs keep the processors busy; those of other tests mostly wait for a server.
    """
    project = copied(tmp_path_factory.mktemp("default") / "project")
    with project.started(study=None) as run:
        yield project, run


def copied(folder: Path) -> ClusterProject:
    """A copy of the project, with the small study."""
    folder.mkdir()
    new_project(folder)
    shutil.copytree(ROOT / "profiles", folder / "profiles")
    return ClusterProject(folder)


def answering(server: FaultServer, requests: int) -> None:
    """Have a server answer so many requests and let the others wait until it answers more."""
    server.hold = lambda heard: server.heard.index(heard) >= requests


def scancel(job: int) -> None:
    """Cancel a job as its user does, past Snakemake."""
    subprocess.run(["scancel", str(job)], check=True)
