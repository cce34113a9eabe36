"""A job that is told to end ends, and leaves no process behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.kit.waiting import HANGS_S, until

from .conftest import REPOSITORY

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(rater_folder: Path) -> Iterator[Start]:
    """Start asking in a process of its own; a model on several GPUs has one more for each."""
    started: list[subprocess.Popen[str]] = []

    def run(gpus: int) -> subprocess.Popen[str]:
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY / "src")}
        command = [sys.executable, "-m", "tests.vllm.asking", str(rater_folder), str(gpus)]
        job = subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True
        )
        started.append(job)
        return job

    yield run
    for job in started:
        job.kill()
        job.wait()
        assert job.stdout is not None
        job.stdout.close()


def wait_for(job: subprocess.Popen[str], word: str) -> None:
    assert job.stdout is not None
    for line in job.stdout:
        if line.startswith(word):
            return
    raise AssertionError(f"the job ended before it said {word!r}")


def descendants(job: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(job.pid).children(recursive=True)


def gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=HANGS_S)
    return not alive


def test_a_job_told_to_end_while_it_asks_leaves_nothing_behind(start: Start) -> None:
    job = start(2)
    wait_for(job, "asking")
    others = descendants(job)
    assert len(others) >= 2
    job.send_signal(signal.SIGTERM)
    assert job.wait(timeout=HANGS_S) == 128 + signal.SIGTERM
    assert gone(others)


def test_a_job_told_to_end_while_it_loads_leaves_nothing_behind(start: Start) -> None:
    job = start(2)
    wait_for(job, "loading")
    until(lambda: bool(descendants(job)), job)
    others = descendants(job)
    job.send_signal(signal.SIGTERM)
    assert job.wait(timeout=HANGS_S) == 128 + signal.SIGTERM
    assert gone(others)


def test_a_job_that_is_killed_leaves_nothing_behind(start: Start) -> None:
    job = start(2)
    wait_for(job, "asking")
    others = descendants(job)
    assert others
    job.kill()
    job.wait()
    assert gone(others)
