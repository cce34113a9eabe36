"""The speed of a model on this machine, from its journal."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from statistics import median

from emoalign.elicitation.engines.asked import AskedModel
from emoalign.elicitation.engines.served import ServedModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask
from emoalign.errors import JournalError
from emoalign.study.fields import Readout
from emoalign.study.protocols import Protocol

FILES = 5
"""Files of a journal that are looked at, the newest first."""

TAIL = 2**20
"""Bytes at the end of each of them."""


_DISTRIBUTION = re.compile(r'\W*(?:json\s*)?\{\s*"[+-]?[0-9.]+"\s*:')
"""The beginning of a stated distribution: an object whose first key is a number."""


def time_needed(
    card: AskedModel, asks: Sequence[Ask], tokens: float, journal: Path, protocol: Protocol
) -> tuple[float, str | None]:
    """Minutes that requests of so many tokens take, and the source of that number.

    `limits`: the least that the rate limits of the card allow. `journal` and `tried`, for a model
    on this machine and one job after the other: each request takes as long as earlier ones, or as
    a few trial requests that are not kept. NaN and None if unknown. `journal` is the folder of the
    model's answers.
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

    This is judged by requests of the same protocol, or else by all requests to the model in the
    readout. NaN if it has not answered in a readout yet.
    """
    files = sorted(journal.glob("*/*/*.jsonl"), key=lambda path: path.stat().st_mtime, reverse=True)
    same = [path for path in files if path.name.rsplit(".", 2)[0] == protocol]
    seconds = 0.0
    for readout, number in requests.items():
        each = _seconds(card, same[:FILES], readout)
        if math.isnan(each):
            each = _seconds(card, files[:FILES], readout)
        seconds += number * each if number else 0.0
    return seconds / 60


def _seconds(card: AskedModel, files: Sequence[Path], readout: Readout) -> float:
    """Seconds that a request took, with others under way at the same time; NaN if not known."""
    if isinstance(card, ServedModel):
        return _mean_latency(files, readout) / card.at_once(readout)
    return _seconds_apart(files, readout)


def _seconds_apart(files: Sequence[Path], readout: Readout) -> float:
    """Seconds from the answers to a request to those to the next, in the median file; or NaN."""
    apart = []
    for path in files:
        arrived = {}
        for answer in _last_answers(path, readout):
            with suppress(ValueError):
                arrived[answer.request_id] = datetime.fromisoformat(answer.received)
        if len(arrived) > 1:
            span = (max(arrived.values()) - min(arrived.values())).total_seconds()
            apart.append(span / (len(arrived) - 1))
    return median(apart) if any(apart) else math.nan


def _mean_latency(files: Sequence[Path], readout: Readout) -> float:
    """Seconds from sending a request to its answers, on average; NaN without any."""
    seconds = {
        answer.request_id: answer.latency_s
        for path in files
        for answer in _last_answers(path, readout)
        if answer.latency_s > 0
    }
    return sum(seconds.values()) / len(seconds) if seconds else math.nan


def _last_answers(path: Path, readout: Readout) -> Iterator[Answer]:
    with path.open("rb") as file:
        start = max(path.stat().st_size - TAIL, 0)
        file.seek(start)
        lines = file.read().splitlines()
    for line in lines[1 if start else 0 :]:
        with suppress(ValueError, TypeError, JournalError):
            answer = Answer.from_line(line)
            if _readout(answer) == readout:
                yield answer


def _readout(answer: Answer) -> Readout:
    """The readout of an answer, as far as it tells: a withheld decision passes for exact, and a
    distribution of labels for sampled."""
    if answer.participant is not None:
        return "stated" if _DISTRIBUTION.match(answer.text) else "sampled"
    decided = answer.logprobs is None and answer.text.startswith(("{", "["))  # JSON, and no token
    return "decision" if decided else "exact"
