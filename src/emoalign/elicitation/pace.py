"""The pace of a model on this machine, as its journal tells it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

from emoalign.elicitation.engines.asked import AskedModel
from emoalign.elicitation.engines.served import ServedModel
from emoalign.elicitation.journal import Answer
from emoalign.errors import JournalError
from emoalign.study.fields import Readout

FILES = 20
"""Files of a journal that are looked at, the newest first."""

TAIL = 2**16
"""Bytes at the end of each of them."""


def minutes_as_before(
    card: AskedModel, journal: Path, protocol: str, requests: Mapping[Readout, int]
) -> float:
    """Minutes that so many requests take one job after the other, if each takes as long as before.

    `journal` is that of the model. What was asked under the same protocol counts, or else all that
    was asked of the model in the readout. NaN where it has not answered in a readout yet, or where
    answers come in batches of the engine's own.
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
        at_once = card.exact_at_once if readout == "exact" else card.limits.concurrency
        seconds += number * latency / at_once if number else 0.0
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
