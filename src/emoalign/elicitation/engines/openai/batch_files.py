"""Batches as files: the requests that are sent, and what is remembered of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from openai.types import Batch

from emoalign.elicitation.engines.openai.openai_model import OpenAIModel, interface, request_body
from emoalign.elicitation.engines.openai.replies import (
    failure_in,
    has_choices,
    odd,
    refused,
    withheld_reply,
)
from emoalign.elicitation.rating import Ask
from emoalign.errors import JournalError
from emoalign.tables import atomic

Asked = tuple[str, tuple[int | None, ...]]
"""What a line of a batch asks: the id of the request, and for which participants."""


@dataclass
class BatchFile:
    """The requests of one batch, as JSON lines, and the most they can cost."""

    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    usd: float = 0.0
    asked: dict[str, Asked] = field(default_factory=dict)

    def add(self, ask: Ask, line: bytes, usd: float) -> None:
        """Put a request into the file."""
        self.lines.append(line)
        self.size += len(line)
        self.usd += usd
        self.asked[custom_id(ask)] = (ask.request.request_id, ask.participants)


def custom_id(ask: Ask) -> str:
    """The name of a request inside a batch, at most 64 characters: equal asks, equal names."""
    first = ask.participants[0]
    who = "exact" if first is None else f"{first}-{len(ask.participants)}"
    return f"{ask.request.request_id[:40]}-{who}"


def request_line(card: OpenAIModel, ask: Ask) -> bytes:
    """A request as a line of a batch; its body is that of a single request."""
    line = {
        "custom_id": custom_id(ask),
        "method": "POST",
        "url": endpoint(ask),
        "body": request_body(card.model, card.capabilities, ask),
    }
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def endpoint(ask: Ask) -> str:
    """The path below the server that a batch sends its requests to."""
    return f"/v1{interface(ask)}"


def batch_files(
    card: OpenAIModel,
    asks: Iterable[Ask],
    most_usd: Callable[[Ask], float],
    left_usd: Callable[[], float],
) -> Iterator[BatchFile]:
    """The requests in files that keep within the limits of a batch and what is `left_usd`.

    A request that by itself exceeds what is left makes a file of its own.
    """
    settings = card.batches
    file, left = BatchFile(), left_usd()
    for ask in asks:
        line, usd = request_line(card, ask), most_usd(ask)
        full = (
            len(file.lines) >= settings.max_requests
            or file.size + len(line) > settings.max_bytes
            or file.usd + usd > left
        )
        if file.lines and full:
            yield file
            file, left = BatchFile(), left_usd()
        file.add(ask, line, usd)
    if file.lines:
        yield file


@dataclass
class Remembered:
    """A batch under way, or about to be: `token` finds it where its id was not written any more.

    `usd` is set aside for it in the `account` file.
    """

    token: str
    started: float
    asked: Mapping[str, Asked]
    batch_id: str | None = None
    usd: float = 0.0
    account: str | None = None


class Memory:
    """The batches that are not collected yet, in a file that is never half written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.batches: list[Remembered] = []
        if path.exists():
            self.batches = list(map(_remembered, self._read()))

    def _read(self) -> list[dict[str, Any]]:
        try:
            return list(orjson.loads(self.path.read_bytes())["batches"])
        except (orjson.JSONDecodeError, TypeError, KeyError) as error:
            raise JournalError(
                f"{self.path}: this is no list of batches ({error}). The file was changed by "
                "something else than emoalign: restore it from a backup. Without it, batches under "
                "way are not known, and their requests are sent, and paid for, again."
            ) from error

    def add(self, batch: Remembered) -> None:
        """Remember a batch."""
        self.batches.append(batch)
        self.write()

    def remove(self, batch: Remembered) -> None:
        """Forget a batch: nothing is expected of it any more."""
        self.batches.remove(batch)
        self.write()

    def write(self) -> None:
        """Bring the file up to date."""
        if not self.batches:
            self.path.unlink(missing_ok=True)
            return
        with atomic(self.path) as partial:
            partial.write_bytes(orjson.dumps({"batches": self.batches}))


def _remembered(fields: dict[str, Any]) -> Remembered:
    asked = {
        name: (request_id, tuple(participants))
        for name, (request_id, participants) in fields.pop("asked").items()
    }
    return Remembered(**fields, asked=asked)


@dataclass(frozen=True)
class Outcome:
    """A line that came back; without a status, the provider did not run the request."""

    custom_id: str
    status: int | None
    body: Mapping[str, Any]


def read_outcomes(content: bytes) -> Iterator[Outcome]:
    """The lines of a file of answers or of errors. Raises ValueError for any other content."""
    for line in content.splitlines():
        if not line.strip():
            continue
        fields = orjson.loads(line)
        if not isinstance(fields, dict) or not isinstance(fields.get("custom_id"), str):
            raise ValueError(f"a line without custom_id: {line[:200]!r}")
        response: dict[str, Any] = fields.get("response") or {}
        error: Any = fields.get("error")
        body = response.get("body")
        if not isinstance(body, dict):
            wrapped = isinstance(error, dict) and "error" in error
            body = dict(error) if wrapped else {"error": error or body or "no reason given"}
        yield Outcome(fields["custom_id"], response.get("status_code"), body)


def reply_in(outcome: Outcome, choices: int) -> dict[str, Any]:
    """The reply in a line. Raises Fault when it holds no answer."""
    body = dict(outcome.body)
    if outcome.status is None:
        error = body.get("error")
        said = error.get("message") if isinstance(error, dict) else error
        raise odd(f"did not run the request: {said}")
    if outcome.status >= 400:
        fault = refused(outcome.status, {}, orjson.dumps(body))
        if fault.kind == "withheld":
            return withheld_reply(choices)
        raise fault
    failure = failure_in(body)
    if failure is not None:
        raise failure
    if not has_choices(body):
        raise odd(f"gave an answer of another shape: {body}")
    return body


def why_failed(batch: Batch) -> tuple[str, str]:
    """The reasons why a batch was not accepted, line by line, and what to do."""
    errors = (batch.errors.data if batch.errors else None) or []
    said = [
        (f"line {error.line}: " if error.line is not None else "") + str(error.message)
        for error in errors
    ]
    more = f" (and {len(said) - 5} more)" if len(said) > 5 else ""
    if any(error.code == "token_limit_exceeded" for error in errors):
        remedy = "Lower batches.max_requests in the model's card and say at_once: 1 there."
    else:
        remedy = "Nothing of it was run or charged: check the prompt set and the model's card."
    return f"{' '.join(said[:5]) or 'no reason given.'}{more}", remedy
