"""Disks and journals that fail under a job: what had arrived is kept, nothing is asked twice."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from PIL import Image

from emoalign.elicitation import journal
from emoalign.errors import JournalError
from emoalign.stage import stage
from emoalign.tables import RATINGS, atomic
from tests.faults.conftest import Desk, serials
from tests.faults.server import Heard
from tests.kit.waiting import HANGS_S, until

Limit = Callable[[int], AbstractContextManager[None]]

FULL = 16 * 1024
"""Bytes of a file for which there is room: some of the answers, and the stimuli."""


@pytest.fixture
def large(desk: Desk) -> Desk:
    """A desk whose journal becomes larger than there is room for."""
    return replace(desk, words=[f"word {number}" for number in range(100)])


def whole(desk: Desk) -> None:
    """Every answer is in the journal once; each request was answered once."""
    answers = desk.answers()
    assert len(answers) == len({answer.key for answer in answers}) == 300
    assert serials(answers) == desk.server.delivered
    assert len(desk.server.heard) == 100


def test_while_the_disk_is_full_nothing_is_asked_and_with_room_the_job_goes_on(
    large: Desk, no_file_above: Limit, caplog: pytest.LogCaptureFixture
) -> None:
    with ThreadPoolExecutor(1) as pool:
        with no_file_above(FULL):
            job = pool.submit(large.rate)
            until(lambda: "cannot be written: File too large" in caplog.text)
            # Both that are under way are awaited, also one that the server has not heard yet.
            time.sleep(0.5)
            until(lambda: large.server.at_once == 0)
            asked = len(large.server.heard)
            time.sleep(0.5)
            assert len(large.server.heard) == asked < 100
        assert len(job.result(HANGS_S)) == 300
    assert f"{large.journal} can be written again" in caplog.text
    whole(large)


def test_a_disk_that_stays_full_ends_the_job_and_its_answers_can_be_brought_back(
    large: Desk, no_file_above: Limit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "PATIENCE_S", 0.3)
    monkeypatch.setenv("HOME", str(large.folder))
    with no_file_above(FULL), pytest.raises(JournalError) as error:
        large.rate()
    said = str(error.value)
    unsaved = len(large.server.heard) * 3 - len(large.answers())
    assert said.startswith(f"{large.journal} could not be written")
    assert f"that did not fit there: {unsaved}. They were saved in {large.folder}/emoalign-" in said
    subprocess.run(re.findall(r"mv .*", said)[0], shell=True, check=True)
    large.rate()
    assert len(large.server.heard) == len(large.server.computed) == 100


def test_a_job_that_finds_room_nowhere_loses_only_what_was_under_way(
    large: Desk, no_file_above: Limit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "PATIENCE_S", 0.3)
    monkeypatch.setenv("HOME", str(large.folder / "nowhere"))
    monkeypatch.setattr(tempfile, "tempdir", str(large.folder / "nowhere"))
    with no_file_above(FULL), pytest.raises(JournalError, match=r"Answers lost"):
        large.rate()
    # The disk may have ended between two answers to one request: the rest of it is asked again.
    lines = Counter(answer.request_id for answer in large.answers())
    whole, heard = sum(many == 3 for many in lines.values()), len(large.server.heard)
    assert heard - whole <= 4
    large.rate()
    assert len(large.server.heard) == 100 + heard - whole


def test_a_disk_that_is_full_from_the_start_is_told_with_the_file_and_nothing_is_asked(
    desk: Desk, no_file_above: Limit, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.lay_out()
    with no_file_above(0), pytest.raises(SystemExit) as end, stage(desk.folder / "job.log"):
        desk.rate_laid_out()
    assert end.value.code == 1
    assert capsys.readouterr().err == (
        f"{desk.journal} could not be written: File too large. Allow larger files (ulimit -f "
        "unlimited), or use a disk that supports them, then run the same command again. Finished "
        "jobs are kept.\n"
    )
    assert desk.server.heard == []
    assert len(desk.rate()) == 12


def arrow(folder: Path) -> None:
    none = pa.RecordBatchReader.from_batches(RATINGS.schema, [])
    RATINGS.write_batches(none, folder / "a file")


def text(folder: Path) -> None:
    with atomic(folder / "a file") as partial:
        partial.write_text("text" * 10_000)


def picture(folder: Path) -> None:
    with atomic(folder / "a file") as partial:
        Image.new("RGB", (400, 400)).save(partial, format="BMP")


@pytest.mark.parametrize("write", [arrow, text, picture])
def test_whatever_finds_no_room_is_told_with_the_file_that_it_would_be(
    write: Callable[[Path], None],
    tmp_path: Path,
    no_file_above: Limit,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with no_file_above(0), pytest.raises(SystemExit), stage(tmp_path / "job.log"):
        write(tmp_path)
    assert f"{tmp_path / 'a file'} could not be written: File too large." in capsys.readouterr().err
    assert [file.name for file in tmp_path.iterdir()] == ["job.log"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device", "/data/file"),
            "/data/file could not be written: No space left on device. Free some space on this ",
        ),
        (
            duckdb.IOException('Could not write file "/data/spilled": No space left on device'),
            'not be written: Could not write file "/data/spilled": No space left on device. Free ',
        ),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "/data/file"), "ask for a larger quota, "),
        (OSError(errno.ENOENT, "No such file", "/data/file"), "No such file: '/data/file'"),
    ],
)
def test_a_library_that_finds_no_room_says_where_and_is_no_fault_of_the_program(
    error: Exception, told: str, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit), stage(tmp_path / "job.log"):
        raise error
    said = (tmp_path / "job.log").read_text(encoding="utf-8")
    assert told in said
    assert "Traceback" not in said


def deleted(file: Path) -> None:
    file.unlink()


def deleted_with_its_folders(file: Path) -> None:
    shutil.rmtree(file.parents[3])


def replaced(file: Path) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    copy = file.with_name("older copy")
    copy.write_bytes(b"".join(lines[: len(lines) // 2]))
    copy.replace(file)


def emptied(file: Path) -> None:
    os.truncate(file, 0)


@pytest.mark.parametrize("befall", [deleted, deleted_with_its_folders, replaced, emptied])
@pytest.mark.parametrize("at", [30, 100], ids=["in the middle", "at the end"])
def test_a_journal_that_something_befalls_while_it_is_written_is_whole_again(
    befall: Callable[[Path], None],
    at: int,
    large: Desk,
    caplog: pytest.LogCaptureFixture,
) -> None:
    large.journal.parent.mkdir(parents=True)
    before = b'{"of":"another version",' + other_answer().to_line()[1:]
    large.journal.write_bytes(before)

    def hold(heard: Heard) -> bool:
        if len(large.server.heard) == at and not happened:
            happened.append(heard)
            befall(large.journal)
        return False

    happened: list[Heard] = []
    large.server.hold = hold
    assert len(large.rate()) == 300
    word = {deleted: "deleted", replaced: "replaced", emptied: "cut short"}
    assert f"{large.journal} was {word.get(befall, 'deleted')} while this job" in caplog.text
    lines = large.journal.read_bytes().splitlines(keepends=True)
    assert (before in lines) == (befall is not emptied), "what is nowhere else is not in memory"
    answers = {answer.key for answer in large.answers()}
    assert len(answers - {other_answer().key}) == 300
    large.rate()
    assert len(large.server.heard) == 100


def other_answer() -> journal.Answer:
    """An answer to what nobody asks any more."""
    return journal.Answer("asked before", 0, "7", "stop", "faulty/1", 1, 1, 0.1, "then")
