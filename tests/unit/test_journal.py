"""The journal: what has arrived is on disk, is found again, and is not asked for twice."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoalign.elicitation import journal_file
from emoalign.elicitation.budget import Account
from emoalign.elicitation.journal import VERSION, Answer, JournalWriter, read_answers
from emoalign.errors import EngineError, JournalError, LockError
from tests.kit.waiting import HANGS_S, until


def answer(participant: int | None, text: str = "7", request_id: str = "joy") -> Answer:
    return Answer(
        request_id=request_id,
        participant=participant,
        text=text,
        finish_reason="stop",
        model_reported="model/b1",
        prompt_tokens=12,
        completion_tokens=1,
        latency_s=0.25,
        received="2026-01-01T00:00:00+00:00",
    )


def write(file: Path, *answers: Answer) -> None:
    with JournalWriter(file) as journal:
        journal.append(answers)


def read(folder: Path, *request_ids: str) -> list[Answer]:
    return list(read_answers(folder, set(request_ids or ("joy",))).values())


# What is written is read


def test_what_is_appended_is_read_as_it_was(tmp_path: Path) -> None:
    probabilities = ((" 7", -0.5), ("7", -1.25))
    exact = replace(answer(None), logprobs=probabilities)
    refused = replace(answer(1), refused=True, finish_reason=None)
    write(tmp_path / "made" / "sheet.jsonl", answer(0), refused, exact)
    assert read(tmp_path / "made") == [answer(0), refused, exact]


@given(st.text(), st.one_of(st.none(), st.text()), st.floats(0, 1e6))
def test_no_text_is_changed_by_being_kept(
    text: str, finish_reason: str | None, seconds: float
) -> None:
    kept = replace(answer(0, text), finish_reason=finish_reason, latency_s=seconds)
    line = kept.to_line()
    assert line.count(b"\n") == 1
    assert Answer.from_line(line) == kept


def test_an_answer_is_on_disk_before_the_journal_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "sheet.jsonl"
    with JournalWriter(file) as journal:
        journal.append([answer(0)])
        assert file.read_bytes() == answer(0).to_line()
        assert read(tmp_path) == [answer(0)]


def test_a_second_job_appends_to_what_is_there(tmp_path: Path) -> None:
    write(tmp_path / "sheet.jsonl", answer(0))
    write(tmp_path / "sheet.jsonl", answer(1))
    assert read(tmp_path) == [answer(0), answer(1)]


def test_only_the_answers_to_what_is_asked_are_read(tmp_path: Path) -> None:
    write(tmp_path / "sheet.jsonl", answer(0), answer(0, request_id="woe"))
    assert read(tmp_path, "woe") == [answer(0, request_id="woe")]
    assert read(tmp_path, "awe") == []


def test_a_folder_that_is_not_there_holds_no_answers(tmp_path: Path) -> None:
    assert read(tmp_path / "nowhere") == []


def test_the_first_answer_counts(tmp_path: Path) -> None:
    write(tmp_path / "sheet.jsonl", answer(0, "7"), answer(0, "3"))
    assert read(tmp_path) == [answer(0, "7")]


def test_answers_in_other_files_of_the_folder_are_shared(tmp_path: Path) -> None:
    write(tmp_path / "instruction.0000.jsonl", answer(0, "7"))
    write(tmp_path / "instruction.0001.jsonl", answer(1, "8"))
    (tmp_path / "notes.txt").write_text("no journal")
    assert read(tmp_path) == [answer(0, "7"), answer(1, "8")]


# Torn and damaged files

TORN = [answer(1).to_line()[:1], answer(1).to_line()[:40], answer(1).to_line()[:-1], b"\xff\x00"]


@pytest.mark.parametrize("torn", TORN)
def test_a_torn_last_line_is_passed_over_by_readers(torn: bytes, tmp_path: Path) -> None:
    file = tmp_path / "sheet.jsonl"
    file.write_bytes(answer(0).to_line() + torn)
    assert read(tmp_path) == [answer(0)]
    assert file.read_bytes().endswith(torn)


@pytest.mark.parametrize("torn", TORN)
@pytest.mark.parametrize("whole", [0, 1, 3])
def test_a_torn_last_line_is_cut_by_the_next_writer(
    whole: int, torn: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "sheet.jsonl"
    before = [answer(number) for number in range(whole)]
    file.write_bytes(b"".join(one.to_line() for one in before) + torn)
    write(file, answer(9))
    assert read(tmp_path) == [*before, answer(9)]


@pytest.mark.parametrize("size", [65535, 65536, 65537, 200_000])
def test_a_long_torn_line_is_cut_as_a_whole(size: int, tmp_path: Path) -> None:
    file = tmp_path / "sheet.jsonl"
    file.write_bytes(answer(0).to_line() + b"x" * size)
    write(file, answer(1))
    assert read(tmp_path) == [answer(0), answer(1)]


DAMAGED_LINES = [
    b"",
    b"not json",
    answer(1).to_line()[:40],
    b"{}",
    b'{"request_id": "joy"}',
    b'{"version": "new"}',
    b"[1, 2]",
    b"7",
    b"null",
    b'"text"',
    b"\xff\xfe",
    b"\x00" * 300,
]


@pytest.mark.parametrize("damaged", DAMAGED_LINES)
def test_a_damaged_line_is_told_and_the_rest_is_used(
    damaged: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "sheet.jsonl"
    content = answer(0).to_line() + damaged + b"\n" + answer(2).to_line()
    file.write_bytes(content)
    assert read(tmp_path) == [answer(0), answer(2)]
    (said,) = caplog.messages
    assert re.match(rf"{file}: lines that are not answers: 1 \(line 2: .+\)\.", said, re.DOTALL)
    assert "stop this job and restore it" in said
    write(file, answer(3))
    assert file.read_bytes() == content + answer(3).to_line()


def test_a_file_of_which_much_is_damaged_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "sheet.jsonl"
    file.write_bytes(answer(0).to_line() + b"\n".join([*DAMAGED_LINES, b""]))
    with pytest.raises(JournalError, match=r"12 lines are not answers.*restore it from a backup"):
        read(tmp_path)


# Lines of other versions


def test_what_only_another_version_knows_of_an_answer_is_passed_over_and_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "sheet.jsonl"
    other = answer(1).to_line().rstrip(b"}\n") + b',"unknown":{"deep":[1]}}\n'
    file.write_bytes(other)
    assert read(tmp_path) == [answer(1)]
    write(file, answer(2))
    assert file.read_bytes() == other + answer(2).to_line()
    assert not caplog.messages


def test_lines_without_a_version_are_the_oldest(tmp_path: Path) -> None:
    line = orjson.loads(answer(0).to_line())
    assert line.pop("version") == VERSION
    (tmp_path / "sheet.jsonl").write_bytes(orjson.dumps(line) + b"\n")
    assert read(tmp_path) == [answer(0)]


def test_a_line_that_only_a_newer_version_can_read_asks_for_that_version(tmp_path: Path) -> None:
    file = tmp_path / "sheet.jsonl"
    newer = b'{"version":%d,"all":"new"}\n' % (VERSION + 1)
    file.write_bytes(answer(0).to_line() + newer)
    with pytest.raises(JournalError, match=r"line 2: a newer emoalign wrote it\. Update this one"):
        read(tmp_path)


# A disk without room


def test_answers_that_do_not_fit_on_the_disk_wait_and_leave_no_half_line_behind(
    tmp_path: Path,
    no_file_above: Callable[[int], AbstractContextManager[None]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    file = tmp_path / "sheet.jsonl"
    many = [answer(number, "7" * 300) for number in range(1, 40)]
    with JournalWriter(file) as journal:
        journal.append([answer(0)])
        with no_file_above(4096):
            journal.append(many)
            assert journal.full()
            assert file.read_bytes().endswith(b"}\n")
            kept = len(read(tmp_path))
        (said,) = caplog.messages
        assert re.match(
            rf"{file} cannot be written: File too large\. .*memory: {40 - kept}\.", said
        )
        journal.append([answer(40)])
        assert read(tmp_path) == [answer(0), *many, answer(40)]
        until(lambda: not journal.full())
    assert caplog.messages[1:] == [f"{file} can be written again: all answers are in it."]


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders for answers that have no room: of the user, and for temporary files."""
    folders = [tmp_path / "home", tmp_path / "temporary"]
    monkeypatch.setenv("HOME", str(folders[0]))
    monkeypatch.setattr(tempfile, "tempdir", str(folders[1]))
    return folders


def end_without_room(
    file: Path, limit: AbstractContextManager[None], error: type[BaseException] | None = None
) -> None:
    with limit, JournalWriter(file) as journal:
        journal.append([answer(number, "7" * 300) for number in range(8)])
        if error:
            raise error


@pytest.mark.parametrize("place", [0, 1])
def test_answers_that_never_find_room_go_elsewhere_and_can_be_brought_back(
    place: int,
    tmp_path: Path,
    elsewhere: list[Path],
    no_file_above: Callable[[int], AbstractContextManager[None]],
) -> None:
    file = tmp_path / "a journal" / "sheet.jsonl"
    elsewhere[place].mkdir()
    with pytest.raises(JournalError, match=r"File too large.*Answers that did not fit") as error:
        end_without_room(file, no_file_above(3000))
    assert len(read(file.parent)) < 8
    (saved,) = elsewhere[place].iterdir()
    assert f"that did not fit there: {8 - len(read(file.parent))}." in str(error.value)
    (command,) = re.findall(r"mv .*", str(error.value))
    subprocess.run(command, shell=True, check=True)
    assert not saved.exists()
    assert {one.participant for one in read(file.parent)} == set(range(8))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, EngineError])
def test_a_job_that_is_ended_meanwhile_says_where_its_answers_are(
    error: type[BaseException],
    tmp_path: Path,
    elsewhere: list[Path],
    no_file_above: Callable[[int], AbstractContextManager[None]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    elsewhere[0].mkdir()
    with pytest.raises(error):
        end_without_room(tmp_path / "sheet.jsonl", no_file_above(3000), error)
    assert "mv " in caplog.messages[-1]


def test_answers_that_find_room_nowhere_are_counted(
    tmp_path: Path,
    elsewhere: list[Path],
    no_file_above: Callable[[int], AbstractContextManager[None]],
) -> None:
    with pytest.raises(JournalError, match=r"lost: 8\..*tried: .*home, .*temporary"):
        end_without_room(tmp_path / "sheet.jsonl", no_file_above(100))


# The disk itself


def test_answers_are_on_the_disk_itself_within_seconds_and_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    monkeypatch.setattr(
        journal_file, "fdatasync", lambda file: sizes.append(os.fstat(file).st_size)
    )
    file = tmp_path / "sheet.jsonl"
    with JournalWriter(file) as journal:
        journal.append([answer(0)])
        until(lambda: sizes == [len(answer(0).to_line())])
        for number in range(1, 100):
            journal.append([answer(number)])
    assert sizes[-1] == file.stat().st_size
    assert len(sizes) < 20


def test_what_the_disk_did_not_take_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Network file systems say that a disk is full only when they are made to write."""
    calls: list[int] = []

    def sync(file: int) -> None:
        calls.append(file)
        if len(calls) in (2, 3):
            os.ftruncate(file, os.fstat(file).st_size - 50)  # what it had only in memory
            raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(journal_file, "fdatasync", sync)
    with JournalWriter(tmp_path / "sheet.jsonl") as journal:
        journal.append([answer(0)])
        until(lambda: len(calls) == 1)
        journal.append([answer(1)])
        until(journal.full)
        journal.append([answer(2)])
        until(lambda: not journal.full())
    assert read(tmp_path) == [answer(0), answer(1), answer(2)]
    assert "Disk quota exceeded. Answers waiting in memory: 1." in caplog.messages[0]


def test_a_file_system_that_cannot_lock_is_told_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(file: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    for attempt in (
        lambda: write(tmp_path / "sheet.jsonl", answer(0)),
        lambda: Account(tmp_path / "spent.json", 1.0).reserve(0.5),
    ):
        with pytest.raises(LockError, match=r"\.lock: .*No locks available.*ln -s") as error:
            attempt()
        assert f"Move {tmp_path} to a disk that can" in str(error.value)


# One writer


def test_a_second_writer_waits_for_the_first_and_says_for_whom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "sheet.jsonl"
    monkeypatch.setenv("SLURM_JOB_ID", "1234")
    with ThreadPoolExecutor(1) as pool:
        with JournalWriter(file) as journal:
            second = pool.submit(write, file, answer(1))
            until(lambda: bool(caplog.messages))
            with pytest.raises(TimeoutError):
                second.result(timeout=0.2)
            journal.append([answer(0)])
        second.result(timeout=HANGS_S)
    assert read(tmp_path) == [answer(0), answer(1)]
    (said,) = caplog.messages
    assert re.search(
        r"sheet\.jsonl is being written by SLURM job 1234 on \S+ \(since .* UTC\)", said
    )


def test_a_writer_that_has_ended_leaves_no_note_that_it_is_writing(tmp_path: Path) -> None:
    file = tmp_path / "sheet.jsonl"
    with JournalWriter(file) as journal:
        (note,) = tmp_path.glob("*.writer")
        assert f"process {os.getpid()}" in note.read_text()
        journal.append([answer(0)])
    assert not note.exists()


def test_files_of_other_protocols_have_other_writers(tmp_path: Path) -> None:
    with JournalWriter(tmp_path / "sheet.jsonl") as journal:
        write(tmp_path / "instruction.jsonl", answer(1))
        journal.append([answer(0)])
    assert read(tmp_path) == [answer(1), answer(0)]


WRITER = """
import sys
from pathlib import Path
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.journal import JournalWriter

with JournalWriter(Path(sys.argv[1])) as journal:
    first = int(sys.argv[2])
    for batch in range(first, 10**9, 20):
        journal.append(
            Answer("joy", one, "7" * 3000, "stop", "model", 1, 1, 0.1, "now")
            for one in range(batch, batch + 20)
        )
        print(batch + 20, flush=True)
"""


@contextmanager
def writer(file: Path, first: int, repository: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that appends without end and says after each append how far it is."""
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(file), str(first)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(repository / "src")},
    )
    with process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGKILL)


def acknowledged(process: subprocess.Popen[str], lines: int) -> int:
    """How many answers the process says are safe, after so many lines and whatever followed."""
    assert process.stdout is not None
    heard = [process.stdout.readline() for _ in range(lines)]
    process.send_signal(signal.SIGKILL)
    heard += process.stdout.read().splitlines()
    whole = [line for line in heard if line.strip()]
    return int(whole[-1])


def test_a_writer_in_another_process_is_waited_for_until_it_dies(
    tmp_path: Path, repository: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "sheet.jsonl"
    with ThreadPoolExecutor(1) as pool, writer(file, 0, repository) as process:
        assert process.stdout is not None
        process.stdout.readline()
        waiting = pool.submit(write, file, answer(10**9))
        until(lambda: f"written by process {process.pid} on" in caplog.text)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.2)
        process.send_signal(signal.SIGKILL)
        waiting.result(timeout=HANGS_S)
    assert read(tmp_path)[-1] == answer(10**9)


def test_kill_9_loses_no_answer_that_was_acknowledged(tmp_path: Path, repository: Path) -> None:
    file = tmp_path / "sheet.jsonl"
    safe = 0
    for lines in (1, 20, 57):
        with writer(file, safe, repository) as process:
            safe = acknowledged(process, lines)
        found = sorted(one.participant for one in read(tmp_path) if one.participant is not None)
        assert found[:safe] == list(range(safe))
        # The batch under way may be there in part; what follows it cannot be.
        assert len(found) <= safe + 20
        assert {one.text for one in read(tmp_path)} == {"7" * 3000}
    with JournalWriter(file) as journal:
        journal.append([answer(10**9)])
    assert (10**9) in {one.participant for one in read(tmp_path)}
