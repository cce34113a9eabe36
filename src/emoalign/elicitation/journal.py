"""Answers as they came, and the journal that keeps each from the moment it arrives."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from emoalign.disks import writing
from emoalign.elicitation import untrusted
from emoalign.elicitation.journal_file import JournalFile, rescued
from emoalign.errors import JournalError
from emoalign.locks import alone

VERSION = 1
"""Version of the lines, raised when an older emoalign would misread them; the oldest have none."""

DAMAGED = 10
"""Unreadable lines that a file may have before it is taken for another kind of file."""

PATIENCE_S = 600.0
"""Seconds that answers wait for room on the disk, before the job ends."""


Pairs = Sequence[tuple[str, float]]
"""Tokens and the natural logarithms of their probabilities, at one position of a reply."""


@dataclass(frozen=True, slots=True)
class Next:
    """A token that was drawn, with its log-probability, and the likeliest tokens after it."""

    drawn: str
    logprob: float
    logprobs: Pairs


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of one participant, or the next-token probabilities of an exact request.

    Numbers of tokens are those of the whole request, on its first answer, and 0 on the others; None
    where the server does not say. `refused` is the server's own word for a refusal; `logprobs` are
    natural logarithms of the probabilities of the likeliest next tokens; `received` is UTC, ISO
    8601. `later` are the tokens of a longer exact answer, each with what could have followed it.
    `thinking` is what the model thought before it answered, where it is shown, and
    `thinking_tokens` are the tokens that took, which are among `completion_tokens`. Of the prompt,
    `cached_tokens` were read from a cache of the provider, `written_tokens` written to it.
    `reply_id` is what the server calls the reply that brought it, with others of the same request
    or without. `usd` is the price of the whole request as the server itself reports it
    (usage.cost), noted as tokens are.
    """

    request_id: str
    participant: int | None
    text: str
    finish_reason: str | None
    model_reported: str
    prompt_tokens: int | None
    completion_tokens: int | None
    latency_s: float
    received: str
    refused: bool = False
    logprobs: tuple[tuple[str, float], ...] | None = None
    thinking: str | None = None
    thinking_tokens: int | None = None
    reply_id: str | None = None
    cached_tokens: int | None = None
    written_tokens: int | None = None
    usd: float | None = None
    later: tuple[Next, ...] = ()

    @property
    def key(self) -> tuple[str, int | None]:
        """The request and the participant that it answers for."""
        return self.request_id, self.participant

    def to_line(self) -> bytes:
        """The answer as a line of JSON."""
        return _OPENING + orjson.dumps(self, option=orjson.OPT_APPEND_NEWLINE)[1:]

    @classmethod
    def from_line(cls, line: bytes) -> Answer:
        """The answer on a line of JSON, without fields that this version does not know.

        Values that older versions kept but that cannot be written are replaced. Raises ValueError
        or TypeError if the line is no answer, JournalError if it is of a version that this emoalign
        cannot read.
        """
        said: dict[str, Any] = orjson.loads(line)
        if not isinstance(said, dict):
            raise TypeError(f"expected an object, found {said!r}")
        if said.pop("version", 0) > VERSION:
            raise JournalError("a newer emoalign wrote it. Update this one: nothing is lost")
        logprobs = said.pop("logprobs", None)
        pairs = None if logprobs is None else _pairs(logprobs)
        later = tuple(map(_next, said.pop("later", ())))
        for unknown in said.keys() - _FIELDS:
            del said[unknown]
        return cls(**_checked(said), logprobs=pairs, later=later)


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of an answer, each of its type. Raises TypeError where one cannot be mended."""
    if not isinstance(fields.get("request_id"), str):
        raise TypeError("it has no request_id")
    participant = fields.get("participant")
    if participant is not None and type(participant) is not int:
        raise TypeError(f"participant is {participant!r}")
    for field in _COUNTS:
        if field in fields:
            fields[field] = untrusted.count(fields[field])
    for field in ("text", "model_reported"):
        if not isinstance(fields.get(field), str):
            fields[field] = untrusted.name(fields.get(field)) or ""
    fields["finish_reason"] = untrusted.name(fields.get("finish_reason"))
    if "usd" in fields:
        fields["usd"] = untrusted.finite(fields["usd"])
    if "reply_id" in fields:
        fields["reply_id"] = untrusted.name(fields["reply_id"])
    fields["latency_s"] = untrusted.finite(fields.get("latency_s")) or 0.0
    fields["refused"] = bool(fields.get("refused"))
    return fields


def _next(said: Any) -> Next:
    """A token and what could have followed it. Raises TypeError where it is none."""
    logprob = untrusted.finite(said.get("logprob")) if isinstance(said, dict) else None
    if logprob is None:
        raise TypeError(f"later has {said!r}")
    return Next(str(said.get("drawn")), logprob, _pairs(said.get("logprobs") or ()))


def _pairs(logprobs: Iterable[Any]) -> tuple[tuple[str, float], ...]:
    """Tokens and their log-probabilities, without those that have none."""
    numbers = ((str(token), untrusted.finite(value)) for token, value in logprobs)
    return tuple((token, number) for token, number in numbers if number is not None)


_COUNTS = (
    *("prompt_tokens", "completion_tokens", "thinking_tokens"),
    *("cached_tokens", "written_tokens"),
)
_FIELDS = {field.name for field in fields(Answer)}
_OPENING = b'{"version":%d,' % VERSION
Key = tuple[str, int | None]
_log = logging.getLogger(__name__)


def read_answers(
    folder: Path, wanted: Collection[str], reply_ids: set[str] | None = None
) -> dict[Key, Answer]:
    """The answers in a folder to the requests with the `wanted` ids; the first one counts.

    `reply_ids` is filled with the ids of all replies in the folder. Raises JournalError as
    `_kept_answers` does.
    """
    answers: dict[Key, Answer] = {}
    for _, _, answer in _kept_answers(folder):
        if reply_ids is not None and answer.reply_id:
            reply_ids.add(answer.reply_id)
        if answer.request_id in wanted:
            answers.setdefault(answer.key, answer)
    return answers


class JournalIndex:
    """Where the answers in a folder are, for those who learn one by one what they look for.

    The first answer counts. `reply_ids` are those of all replies in the folder. Raises JournalError
    as `_kept_answers` does.
    """

    def __init__(self, folder: Path) -> None:
        self.reply_ids: set[str] = set()
        self._places: dict[Key, tuple[Path, int]] = {}
        for path, offset, answer in _kept_answers(folder):
            if answer.reply_id:
                self.reply_ids.add(answer.reply_id)
            self._places.setdefault(answer.key, (path, offset))

    def find(self, key: Key) -> Answer | None:
        """The answer of a participant to a request; None where there is none."""
        if key not in self._places:
            return None
        path, offset = self._places[key]
        with path.open("rb") as file:
            file.seek(offset)
            return Answer.from_line(file.readline())


def _kept_answers(folder: Path) -> Iterator[tuple[Path, int, Answer]]:
    """All answers in a folder, each with the file it is in and the byte its line begins at.

    A last line without an end is an answer that was being written when its job died, or is being
    written now: it is passed over. So are a few other lines that are no answers, with a warning.
    Raises JournalError for a file with many of them, or with lines that only a newer emoalign can
    read.
    """
    for path in sorted(folder.glob("*.jsonl")):
        damaged: list[str] = []
        offset = 0
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                start, offset = offset, offset + len(line)
                if not line.endswith(b"\n"):
                    continue
                try:
                    answer = Answer.from_line(line)
                except JournalError as error:
                    raise JournalError(f"{path}, line {number}: {error}.") from None
                except (ValueError, TypeError) as error:
                    damaged.append(f"line {number}: {error}")
                    continue
                yield path, start, answer
        _tell_damage(path, damaged)


def _tell_damage(path: Path, damaged: Sequence[str]) -> None:
    if len(damaged) > DAMAGED:
        raise JournalError(
            f"{path}: {len(damaged)} lines are not answers ({damaged[0]}; …). Another program has "
            "changed the file, whose answers were paid for: restore it from a backup. If there is "
            "none, move the damaged lines to a file elsewhere; the other lines are used, and "
            "missing answers are asked for again."
        )
    if damaged:
        _log.warning(
            "%s: lines that are not answers: %d (%s). They are left in the file, the other lines "
            "are used, and missing answers are asked for again. If you have a backup of the file, "
            "stop this job and restore it.",
            path,
            len(damaged),
            "; ".join(damaged),
        )


class JournalWriter:
    """Appends answers to one file of a journal, alone: another job waits until it has ended.

    `held` are the answers in memory, from which a file that was emptied meanwhile is written anew.
    """

    def __init__(self, path: Path, held: Callable[[], Iterable[Answer]] = tuple) -> None:
        self.path = path
        self._held = held
        self._signature = Path(f"{path}.writer")
        self._open = ExitStack()

    def __enter__(self) -> JournalWriter:
        with writing(self.path), ExitStack() as opening:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            opening.enter_context(alone(self.path, 0.5, self._tell_who_writes))
            self._signature.write_text(_this_process(), encoding="utf-8")
            opening.callback(self._signature.unlink, missing_ok=True)
            self._file = JournalFile(self.path, lambda: map(Answer.to_line, self._held()))
            self._open = opening.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._open:
            left = self._file.close()
            if not left:
                return
            lost = JournalError(
                f"{self.path} could not be written ({self._file.failure}). "
                f"{rescued(self.path, left)}"
            )
            if value is None or isinstance(value, JournalError):
                raise lost from value
            _log.error("%s", lost)

    def _tell_who_writes(self) -> None:
        _log.warning(
            "%s is being written by %s, which asks the same questions. Waiting for it to end; then "
            "only the questions that it has left unanswered are asked.",
            self.path,
            self._writer(),
        )

    def _writer(self) -> str:
        """The process that writes the file now, in words."""
        try:
            return self._signature.read_text(encoding="utf-8")
        except FileNotFoundError:
            return "another job"

    def append(self, answers: Iterable[Answer]) -> None:
        """Write answers; they survive the death of this process from the moment this returns.

        While the disk is full they wait in memory: see `full`.
        """
        self._file.append([answer.to_line() for answer in answers])

    def sync(self) -> None:
        """Have the disk itself keep what was appended, as far as there is room."""
        self._file.sync()

    def full(self) -> bool:
        """Tell whether answers wait for room on the disk; nothing should be asked meanwhile.

        Raises JournalError when they have waited too long.
        """
        since = self._file.stuck_since
        if since is None:
            return False
        if time.monotonic() - since > PATIENCE_S:
            raise JournalError(
                f"{self.path} could not be written for {PATIENCE_S / 60:g} minutes "
                f"({self._file.failure}). Make room on this disk, then run again: only what is not "
                "in the journal is asked for."
            )
        return True


def _this_process() -> str:
    """The process and machine, by which the user of another job can find this one, or end it."""
    slurm = os.environ.get("SLURM_JOB_ID")
    job = f"SLURM job {slurm}" if slurm else f"process {os.getpid()}"
    return f"{job} on {socket.gethostname()} (since {datetime.now(UTC):%Y-%m-%d %H:%M} UTC)"
