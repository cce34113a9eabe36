"""The pace of a model on this machine, as its journal tells it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from emoalign.elicitation.engines.asked import AskedModel
from emoalign.elicitation.engines.served import ServedModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask
from emoalign.errors import JournalError
from emoalign.study.fields import Readout
from emoalign.study.protocols import Protocol

FILES = 20
"""Files of a journal that are looked at, the newest first."""

TAIL = 2**16
"""Bytes at the end of each of them."""


def time_needed(
    card: AskedModel, asks: Sequence[Ask], tokens: float, journal: Path, protocol: Protocol
) -> tuple[float, str | None]:
    """Minutes that requests of so many tokens take, and how that is known.

    At the rate limits of the card, at least (`limits`); on this machine, one job after the other,
    if each takes as long as before (`journal`), or as long as a few that are tried (`tried`) and
    not kept. NaN and None where none of this is known. `journal` is that of the model.
    """
    limited = card.minutes(len(asks), tokens)
    if not math.isnan(limited):
        return limited, "limits"
    if card.destination is not None:
        return math.nan, None
    if not asks:
        return 0.0, None
    requests = Counter(ask.request.readout for ask in asks)
    before = minutes_as_before(card, journal, protocol.name, requests)
    if not math.isnan(before):
        return before, "journal"
    tried = card.tried_minutes(asks)
    return tried, None if math.isnan(tried) else "tried"


def minutes_as_before(
    card: AskedModel, journal: Path, protocol: str, requests: Mapping[Readout, int]
) -> float:
    """Minutes that so many requests take one job after the other, if each takes as long as before.

    What was asked under the same protocol counts, or else all that was asked of the model in the
    readout. NaN where it has not answered in a readout yet, or where requests are not sent one by
    one.
    """
    if not isinstance(card, ServedModel):
        return math.nan
    files = sorted(journal.glob("*/*/*.jsonl"), key=lambda path: path.stat().st_mtime, reverse=True)
    same = [path for path in files if path.name.rsplit(".", 2)[0] == protocol]
    seconds = 0.0
    for readout, number in requests.items():
        latency = _mean_latency(same[:FILES], readout)
        if math.isnan(latency):
            latency = _mean_latency(files[:FILES], readout)
        seconds += number * latency / card.at_once(readout) if number else 0.0
    return seconds / 60


def _mean_latency(files: list[Path], readout: Readout) -> float:
    """Seconds from sending a request to its answers, on average; NaN without any."""
    seconds = {
        answer.request_id: answer.latency_s
        for path in files
        for answer in _last_answers(path)
        if (answer.participant is None) == (readout == "exact") and answer.latency_s > 0
    }
    return sum(seconds.values()) / len(seconds) if seconds else math.nan


def _last_answers(path: Path) -> Iterator[Answer]:
    with path.open("rb") as file:
        start = max(path.stat().st_size - TAIL, 0)
        file.seek(start)
        lines = file.read().splitlines()
    for line in lines[1 if start else 0 :]:
        try:
            yield Answer.from_line(line)
        except (ValueError, TypeError, JournalError):
            continue
