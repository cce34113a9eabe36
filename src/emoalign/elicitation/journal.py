"""Answers as they came, and the journal that keeps each from the moment it arrives."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson
from filelock import FileLock, Timeout

from emoalign.errors import JournalError


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of one participant, or the next-token probabilities of an exact request.

    `refused` is the server's own word for a refusal; `logprobs` are natural logarithms of the
    probabilities of the likeliest next tokens; `received` is UTC, ISO 8601; `reply_id` is what the
    server calls the reply that brought it, with others of the same request or without.
    """

    request_id: str
    participant: int | None
    text: str
    finish_reason: str | None
    model_reported: str
    prompt_tokens: int
    completion_tokens: int
    latency_s: float
    received: str
    refused: bool = False
    logprobs: tuple[tuple[str, float], ...] | None = None
    reply_id: str | None = None

    @property
    def key(self) -> tuple[str, int | None]:
        """The request and the participant that it answers for."""
        return self.request_id, self.participant

    def to_line(self) -> bytes:
        """The answer as a line of JSON."""
        return orjson.dumps(self, option=orjson.OPT_APPEND_NEWLINE)

    @classmethod
    def from_line(cls, line: bytes) -> Answer:
        """The answer on a line of JSON. Raises ValueError or TypeError when it is none."""
        fields: dict[str, Any] = orjson.loads(line)
        if not isinstance(fields, dict):
            raise TypeError(f"expected an object, found {fields!r}")
        logprobs = fields.pop("logprobs", None)
        pairs = None if logprobs is None else tuple((token, value) for token, value in logprobs)
        return cls(**fields, logprobs=pairs)


Key = tuple[str, int | None]
_log = logging.getLogger(__name__)


def read_answers(
    folder: Path, wanted: Collection[str], reply_ids: set[str] | None = None
) -> dict[Key, Answer]:
    """The answers in a folder to the requests with the `wanted` ids; the first one counts.

    `reply_ids` is filled with the ids of all replies in the folder.

    A last line without an end is an answer that was being written when its job died, or is being
    written now: it is passed over. Raises JournalError for any other line that is no answer.
    """
    answers: dict[Key, Answer] = {}
    for path in sorted(folder.glob("*.jsonl")):
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    continue
                try:
                    answer = Answer.from_line(line)
                except (ValueError, TypeError) as error:
                    raise JournalError(
                        f"{path}, line {number}: this is no answer ({error}). The file was changed "
                        "by something else than emoalign: restore it from a backup, or delete this "
                        "line to have its answer asked for again."
                    ) from error
                if reply_ids is not None and answer.reply_id:
                    reply_ids.add(answer.reply_id)
                if answer.request_id in wanted:
                    answers.setdefault(answer.key, answer)
    return answers


class JournalWriter:
    """Appends answers to one file of a journal, alone: another job waits until it has ended."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = FileLock(f"{path}.lock", poll_interval=0.5)
        self._signature = Path(f"{path}.writer")
        self._file = -1

    def __enter__(self) -> JournalWriter:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            _log.warning(
                "%s is being written by %s, which asks the same questions. Waiting for it to end: "
                "its answers will be used, and only what it leaves open is asked.",
                self.path,
                self._writer(),
            )
            self._lock.acquire()
        self._signature.write_text(_this_process(), encoding="utf-8")
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        _cut_torn_line(self._file)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)
        self._signature.unlink(missing_ok=True)
        self._lock.release()

    def _writer(self) -> str:
        """The process that writes the file now, in words."""
        try:
            return self._signature.read_text(encoding="utf-8")
        except FileNotFoundError:
            return "another job"

    def append(self, answers: Iterable[Answer]) -> None:
        """Write answers; they survive the death of this process from the moment this returns."""
        waiting = memoryview(b"".join(answer.to_line() for answer in answers))
        try:
            while waiting:
                waiting = waiting[os.write(self._file, waiting) :]
        except OSError:
            _cut_torn_line(self._file)
            raise


def _this_process() -> str:
    """The process and machine, by which the user of another job can find this one, or end it."""
    slurm = os.environ.get("SLURM_JOB_ID")
    job = f"SLURM job {slurm}" if slurm else f"process {os.getpid()}"
    return f"{job} on {socket.gethostname()} (since {datetime.now(UTC):%Y-%m-%d %H:%M} UTC)"


def _cut_torn_line(file: int) -> None:
    """Remove a last line without an end, so that the next answer starts on a line of its own."""
    size = os.fstat(file).st_size
    keep = size
    while keep:
        start = max(keep - 65536, 0)
        end_of_line = os.pread(file, keep - start, start).rfind(b"\n")
        if end_of_line >= 0:
            keep = start + end_of_line + 1
            break
        keep = start
    if keep < size:
        os.ftruncate(file, keep)
