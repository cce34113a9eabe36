"""What goes wrong on a cluster, and what becomes of the answers: none is asked for twice."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.server import FaultServer
from tests.kit.waiting import HANGS_S, until
from tests.slurm.conftest import (
    EXACT,
    KEY,
    PARTICIPANTS,
    WORDS,
    ClusterProject,
    Run,
    answering,
    scancel,
)
from tests.slurm.one_node import OneNode

pytestmark = pytest.mark.slurm

EVERY = 2 * PARTICIPANTS * WORDS


def rating(run: Run, server: FaultServer) -> None:
    """Wait until a job of the run has had two answers from the server, and waits for the third."""
    until(lambda: len(server.heard) > 2 and run.submitted("rate"), run.process)


def test_a_job_that_needs_more_memory_is_started_again_with_more(project: ClusterProject) -> None:
    project.study(models=["model-a"], shard_items=None, protocols=EXACT)
    run = project.through_the_profile("ratings", "--set-resources", "rate:mem_mb=600 * attempt**2")

    first, second = run.jobs
    # SLURM calls it OUT_OF_MEMORY only where it has control groups.
    assert (first.state in ("FAILED", "OUT_OF_MEMORY"), first.memory_mb) == (True, 600)
    assert (second.state, second.memory_mb) == ("COMPLETED", 2400)
    (log,) = (project.folder / ".snakemake/slurm_logs").rglob(f"{first.number}.log")
    assert "exceeded memory limit" in log.read_text("utf-8")


def test_a_job_cancelled_by_somebody_else_is_noticed_and_started_again(
    project: ClusterProject,
) -> None:
    with FaultServer().running() as server:
        answering(server, 2)
        project.ask(server.address)
        with project.started("ratings") as run:
            rating(run, server)
            scancel(run.jobs[0].number)
            answering(server, EVERY)
            log = run.finish()

    first, second = run.jobs
    assert (first.state, second.state) == ("CANCELLED", "COMPLETED")
    assert f"SLURM-job '{first.number}' failed, SLURM status is: 'CANCELLED'" in log
    assert second.memory_mb == 2 * first.memory_mb
    # Of the questions under way, the one the server had not answered yet was asked again.
    assert server.paid_again().total() <= 1
    assert len(server.heard) <= PARTICIPANTS * WORDS + 1


def test_after_kill_9_of_snakemake_its_job_goes_on_and_a_rerun_asks_nothing_twice(
    project: ClusterProject,
) -> None:
    log_file = project.folder / "results/small/logs/rate/served/asked/vader/valence/0000.log"
    with FaultServer().running() as server:
        answering(server, 2)
        project.ask(server.address)
        with project.started("ratings") as killed:
            rating(killed, server)
            killed.process.send_signal(signal.SIGKILL)
            killed.process.wait()
        (left_over,) = killed.jobs
        assert left_over.state == "RUNNING"

        with project.started("ratings") as refused:
            assert refused.process.wait(timeout=HANGS_S) != 0
        assert "Directory cannot be locked" in refused.log
        project.through_the_profile("--unlock")
        with project.started("ratings") as run:
            waits = f"is being written by SLURM job {left_over.number} on"
            until(lambda: waits in said(log_file), run.process)
            answering(server, EVERY)
            run.finish()

    assert {job.state for job in [*killed.jobs, *run.jobs]} == {"COMPLETED"}
    assert len(server.heard) == PARTICIPANTS * WORDS
    assert not server.paid_again()
    answers = f"all {PARTICIPANTS * WORDS} answers are already in the journal: nothing to ask"
    assert answers in said(log_file)


def test_ctrl_c_cancels_the_jobs(project: ClusterProject) -> None:
    with FaultServer().running() as server:
        answering(server, 2)
        project.ask(server.address)
        with project.started("ratings") as run:
            rating(run, server)
            run.process.send_signal(signal.SIGINT)
            assert run.process.wait(timeout=HANGS_S) != 0
        until(lambda: [job.state for job in run.jobs] == ["CANCELLED"])


def test_a_key_reaches_the_jobs_and_no_file_of_the_user(
    project: ClusterProject, cluster: OneNode
) -> None:
    with FaultServer().running() as server:
        project.ask(server.address)
        # With --verbose, jobs log their whole environment.
        project.through_the_profile("ratings", "--verbose", "--slurm-keep-successful-logs")

    assert {heard.headers["authorization"] for heard in server.heard} == {f"Bearer {KEY}"}
    (log,) = (project.folder / ".snakemake/slurm_logs").rglob("*.log")
    assert "'A_KEY_FOR_THIS_TEST': '<A_KEY_FOR_THIS_TEST>'" in log.read_text("utf-8")
    assert not holding(KEY, project.folder)
    # SLURM itself keeps the environment of a job where only its administrators can read.
    assert all(cluster.state in file.parents for file in holding(KEY, cluster.folder))


def said(log_file: Path) -> str:
    """What is in a log, which Snakemake deletes before a job begins it anew."""
    try:
        return log_file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def holding(text: str, folder: Path) -> list[Path]:
    """The files in a folder that a text stands in."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    found = []
    for path in files:
        with suppress(FileNotFoundError):  # SLURM removes files of its own meanwhile
            if text.encode() in path.read_bytes():
                found.append(path)
    return found
