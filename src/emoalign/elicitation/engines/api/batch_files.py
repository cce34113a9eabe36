"""Batches as files: the requests that are sent, and the lines that come back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from emoalign.elicitation.engines.api.api_model import BatchSettings
from emoalign.elicitation.engines.api.batch_memory import Asked
from emoalign.elicitation.engines.api.dialect import Outcome
from emoalign.elicitation.engines.api.received import parsed
from emoalign.elicitation.rating import Ask


@dataclass
class BatchFile:
    """The requests of one batch, as JSON lines, and the most they can cost.

    `uploaded` is the id of the file at the provider, and when it was made by the provider's clock.
    """

    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    usd: float = 0.0
    asked: dict[str, Asked] = field(default_factory=dict)
    uploaded: tuple[str, float | None] | None = None

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


def batch_files(
    settings: BatchSettings,
    asks: Iterable[Ask],
    as_line: Callable[[Ask], bytes],
    most_usd: Callable[[Ask], float],
    left_usd: Callable[[], float],
) -> Iterator[BatchFile]:
    """The requests in files that keep within the limits of a batch and what is `left_usd`.

    A request that by itself exceeds what is left makes a file of its own.
    """
    file, left = BatchFile(), left_usd()
    for ask in asks:
        line, usd = as_line(ask), most_usd(ask)
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


def in_place_of_lines(bare: Sequence[bytes], named: str = "custom_id") -> bool:
    """Tell whether something else was sent in place of a file: a page, or a single object that is
    no line of answers, each with its name as `named`, such as an error."""
    if next(filter(None, bare), b"").startswith(b"<"):
        return True
    try:
        whole = orjson.loads(b"\n".join(bare))
    except orjson.JSONDecodeError:
        return False
    return not isinstance(whole, dict) or named not in whole


def read_outcomes(
    lines: Iterable[bytes], as_outcome: Callable[[Any], Outcome]
) -> tuple[list[Outcome], list[str]]:
    """The lines of a file of answers or errors, and what is wrong with those that are neither.

    `as_outcome` reads what a line holds, or raises ValueError.
    """
    outcomes: list[Outcome] = []
    damaged: list[str] = []
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            outcomes.append(as_outcome(parsed(line)))
        except ValueError as error:
            damaged.append(f"line {number}: {error}")
    return outcomes, damaged
