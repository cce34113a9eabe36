"""Ctrl-C and SIGTERM in the middle of a job: one line says what is kept and how to go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.batch_server import BatchServer
from tests.faults.conftest import RATE, Desk
from tests.faults.server import FaultServer
from tests.kit.project import SMALL, new_project
from tests.kit.waiting import HANGS_S, until

WORDS = [f"word {number}" for number in range(40)]
GO_ON = "Run the same command again to go on from there."


@contextmanager
def script(folder: Path, body: str, repository: Path) -> Iterator[subprocess.Popen[str]]:
    """A script of the workflow in a process that Ctrl-C reaches, as in a terminal."""
    indented = body.replace("\n", "\n    ")
    staged = f"from emoalign.stage import stage\nwith stage({str(folder / 'job.log')!r}):\n    "
    with subprocess.Popen(
        ["env", "--default-signal=INT,TERM", sys.executable, "-c", staged + indented, str(folder)],
        env={**os.environ, "PYTHONPATH": str(repository / "src")},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process


def last_words(process: subprocess.Popen[str], by: signal.Signals) -> str:
    process.send_signal(by)
    assert process.stderr is not None
    said = process.stderr.read()
    assert process.wait() == 128 + by
    return said


@pytest.mark.parametrize(("by", "named"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")])
def test_a_rating_job_that_is_stopped_says_on_one_line_what_is_kept(
    by: signal.Signals, named: str, desk: Desk, repository: Path
) -> None:
    slow = replace(desk, words=WORDS, limits={"concurrency": 4})
    slow.lay_out()
    # Some answers have arrived and no more do: others are under way when the signal comes.
    desk.server.hold = lambda heard: len(desk.server.heard) > 12
    with script(desk.folder, RATE, repository) as process:
        until(lambda: len(slow.answers()) >= 24, process)
        said = last_words(process, by)
    kept = len(slow.answers())
    what = f"{kept} of 120 answers of faulty plain mine valence are kept."
    assert said == f"Stopped by {named}. {what} {GO_ON}\n"
    assert said.strip() in (desk.folder / "job.log").read_text()

    desk.server.hold = lambda heard: False
    until(lambda: desk.server.idle)
    before = len(desk.server.heard)
    assert (slow.rate()["rating"] == 7).all()
    assert len(desk.server.heard) - before == (120 - kept) // 3


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_so_does_one_that_waits_for_a_batch(
    by: signal.Signals, desk: Desk, repository: Path
) -> None:
    with BatchServer().running() as server:
        more = {"delivery": "batch", "batches": {"poll_s": 3600}}
        waiting = replace(desk, server=server, more=more)
        waiting.lay_out()
        with script(desk.folder, RATE, repository) as process:
            until(lambda: server.polls > 0, process)
            said = last_words(process, by)
    assert "batch batch-1: 4 requests submitted. It goes on without this job" in said
    *_, last = said.splitlines()
    assert "0 of 12 answers of faulty plain mine valence are kept." in last


@pytest.mark.parametrize("presses", [1, 3])
def test_so_does_any_other_script_however_often_ctrl_c_is_pressed(
    presses: int, tmp_path: Path, repository: Path
) -> None:
    begun = tmp_path / "begun"
    body = f"import pathlib, time\npathlib.Path({str(begun)!r}).touch()\ntime.sleep(1800)"
    with script(tmp_path, body, repository) as process:
        until(begun.exists, process)
        for _ in range(presses - 1):
            process.send_signal(signal.SIGINT)
        said = last_words(process, signal.SIGINT)
    assert said == f"Stopped by Ctrl-C. What is finished stays. {GO_ON}\n"


def test_a_library_that_makes_an_error_of_ctrl_c_is_not_believed(
    tmp_path: Path, repository: Path
) -> None:
    begun = tmp_path / "begun"
    counting = "select count(*) from range(3000000) a, range(1000000) b where a.range*b.range%7=3"
    body = f"import duckdb, pathlib\npathlib.Path({str(begun)!r}).touch()\n"
    body += f"duckdb.sql({counting!r}).fetchall()"
    with script(tmp_path, body, repository) as process:
        until(begun.exists, process)
        said = last_words(process, signal.SIGINT)
    assert said == f"Stopped by Ctrl-C. What is finished stays. {GO_ON}\n"


LOADING = """
import os, signal, threading
from emoalign.elicitation.engines.llamacpp import served
from emoalign.planning.loading import MODELS
from emoalign.study.library import Library
card = Library().card("models", "smollm2-135m", MODELS)
import xllamacpp
threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
with served(card): signal.pause()
"""


def test_a_model_that_is_being_loaded_does_not_keep_its_job_from_ending(
    tmp_path: Path, repository: Path
) -> None:
    with script(tmp_path, LOADING, repository) as process:
        try:
            process.wait(HANGS_S)
        finally:
            process.kill()
        assert process.stderr is not None
        said = process.stderr.read()
    assert said == f"Stopped by Ctrl-C. What is finished stays. {GO_ON}\n"
    assert process.returncode == 128 + signal.SIGINT


@pytest.mark.parametrize(
    ("happens", "last"),
    [
        (
            "signal.raise_signal(signal.SIGINT)",
            f"Stopped by Ctrl-C. What is finished stays. {GO_ON}",
        ),
        ("raise ValueError('odd')", "ValueError: odd"),
    ],
)
def test_ctrl_c_while_snakemake_plans_is_one_line_and_other_errors_are_shown(
    happens: str, last: str, repository: Path
) -> None:
    planning = "import logging, signal\nfrom emoalign.stage import end_quietly\n"
    planning += f"end_quietly(logging.getLogger())\n{happens}"
    done = subprocess.run(
        ["env", "--default-signal=INT", sys.executable, "-c", planning],
        env={**os.environ, "PYTHONPATH": str(repository / "src")},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    *before, said = done.stderr.splitlines()
    assert said == last
    assert bool(before) == ("odd" in happens)


def test_ctrl_c_in_snakemake_leaves_these_lines_and_no_errors(
    server: FaultServer, tmp_path: Path
) -> None:
    (tmp_path / "project").mkdir()
    project = new_project(tmp_path / "project")
    card = {"title": "Slow", "engine": "openai", "model": "slow", "api_key_env": None}
    more = {"base_url": server.address, "limits": {"concurrency": 4}, "capabilities": {}}
    project.write("config/models/slow.yaml", card | more)
    asked = {"name": "asked", "prompts": "instruction", "participants": 2}
    project.edit(SMALL, models=["slow"], protocols=[asked])
    server.hold = lambda heard: len(server.heard) > 3
    command = ["env", "--default-signal=INT", sys.executable, "-m", "snakemake", "--cores", "2"]
    output = tmp_path / "output"
    with (
        output.open("wb") as file,
        subprocess.Popen(
            [*command, "--nocolor", "ratings", "--configfile", SMALL],
            cwd=project.folder,
            env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
            stdout=file,
            stderr=file,
            start_new_session=True,  # Ctrl-C goes to all that a terminal has started, and not to us
        ) as process,
    ):
        until(lambda: server.at_once == 8, process)  # both jobs, each with all that it may ask
        os.killpg(process.pid, signal.SIGINT)
        process.wait()
    said = output.read_text()
    stopped = [line for line in said.splitlines() if line.startswith("Stopped by Ctrl-C. ")]
    assert len(stopped) == 2, said
    assert all("of 12 answers of slow asked vader valence are kept" in line for line in stopped)
    for noise in ("Traceback", "Error", "RuleException", "KeyboardInterrupt"):
        assert noise not in said
    # All jobs and Snakemake itself say that they end; then there is the name of the log.
    assert len(said.partition(stopped[0])[2].splitlines()) <= 5
    assert process.returncode != 0
    server.hold = lambda heard: False  # what it still works on for nobody
    until(lambda: server.idle)
