"""The journal: what has arrived is on disk, is found again, and is not asked for twice."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoalign.elicitation.journal import Answer, JournalWriter, read_answers
from emoalign.errors import JournalError
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


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"not json",
        answer(1).to_line()[:40],
        b"{}",
        b'{"request_id": "joy"}',
        b"[1, 2]",
        b"7",
        b"null",
        b'"text"',
        b"\xff\xfe",
        answer(1).to_line().rstrip(b"}\n") + b',"unknown":1}',
    ],
)
def test_a_damaged_line_is_an_error_that_names_file_and_line(
    damaged: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "sheet.jsonl"
    file.write_bytes(answer(0).to_line() + damaged + b"\n" + answer(2).to_line())
    with pytest.raises(JournalError) as error:
        read(tmp_path)
    assert str(error.value).startswith(f"{file}, line 2: this is no answer")
    assert "restore it from a backup, or delete this line" in str(error.value)


def test_answers_that_do_not_fit_on_the_disk_leave_no_half_line_behind(
    tmp_path: Path, no_file_above: Callable[[int], AbstractContextManager[None]]
) -> None:
    file = tmp_path / "sheet.jsonl"
    with JournalWriter(file) as journal:
        journal.append([answer(0)])
        with no_file_above(4096), pytest.raises(OSError, match="File too large"):
            journal.append(answer(number, "7" * 300) for number in range(1, 40))
        journal.append([answer(40)])
    found = read(tmp_path)
    assert (found[0], found[-1]) == (answer(0), answer(40))
    assert all(one.text == "7" * 300 for one in found[1:-1])


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
