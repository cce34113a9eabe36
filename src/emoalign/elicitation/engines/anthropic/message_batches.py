"""Anthropic's Message Batches: requests are sent in one body, answers come as lines of a file.

A batch has no name or note of ours, so that a batch whose making was not confirmed can be told from
others only by the custom_ids of its answers, once it has ended: each begins with the batch's token.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import orjson

from emoalign.elicitation import untrusted
from emoalign.elicitation.engines.api.batch_calls import BatchCalls
from emoalign.elicitation.engines.api.batch_files import (
    BatchFile,
    custom_id,
    read_outcomes,
)
from emoalign.elicitation.engines.api.batch_interface import LOST, BatchError, Noted
from emoalign.elicitation.engines.api.batch_memory import Remembered
from emoalign.elicitation.engines.api.batch_states import BatchState
from emoalign.elicitation.engines.api.dialect import Outcome
from emoalign.elicitation.engines.api.replies import Fault, beginning, odd
from emoalign.elicitation.engines.api.waits import server_time
from emoalign.elicitation.rating import Ask

PATH = "/messages/batches"
TOKEN = 8
"""Letters of a batch's token in front of a custom_id, which has room for 64 in all."""

EARLIER_S = 60.0
"""Seconds by which two clocks of the provider may differ."""

A_DAY_S = 86400.0

_OURS = re.compile(rf"^[0-9a-f]{{{TOKEN}}}-(?=[0-9a-f]{{40}}-)")
"""A token in front of a name that custom_id() gave."""

_ID = re.compile(r"[\w-]{1,200}", re.ASCII)
_log = logging.getLogger(__name__)


class MessageBatches(BatchCalls):
    """Talks to the batch interface of one model's server. Raises BatchError."""

    def line(self, ask: Ask) -> bytes:
        """A request of a batch, with room for the batch's token."""
        card = self.card
        name = _prefix("0" * TOKEN) + custom_id(ask)
        body = card.dialect.body(card.model, card.capabilities, ask)
        line = {"custom_id": name, "params": body}
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)

    async def make(self, remembered: Remembered, file: BatchFile, noted: Noted) -> BatchState:
        """Make the batch, once: after a fault, look whether it was made before trying again."""
        _, headers = await self.got("batches", f"{PATH}?limit=1")
        clock_s = 0.0 if "date" in headers else A_DAY_S  # ours may be wrong
        remembered.since = server_time(headers).timestamp() - clock_s
        noted()
        opening = b'{"custom_id":"' + _prefix(remembered.token).encode()
        requests = b",".join(opening + line[len(opening) :] for line in file.lines)
        content = b'{"requests":[' + requests + b"]}"
        del requests  # it may be large

        async def once() -> BatchState:
            return self._state("batches", await self.posted("batches", PATH, content))

        return await self.made(remembered, once)

    async def find(self, remembered: Remembered) -> BatchState | None:
        """The batch that was made for `remembered`, once all those that it may be have ended."""
        waiting = await self._candidates(remembered)
        told = False
        while waiting:
            for batch in list(waiting):
                now = await self.retrieve(batch.id)
                if now.status == "completed":
                    waiting.remove(batch)
                    if await self._is_for(remembered, now):
                        return now
            if waiting:
                if not told:
                    _log.warning(
                        "Nothing was heard of whether a batch of %d requests was made. If it was, "
                        "it is one of these, which is seen when they end: %s. Until then the job "
                        "waits, because a second batch would be paid for as well.",
                        len(remembered.asked),
                        ", ".join(batch.id for batch in waiting),
                    )
                told = True
                await asyncio.sleep(self.card.batches.poll_s)
        return None

    async def retrieve(self, batch_id: str) -> BatchState:
        """A batch as it is now."""
        what = f"batch {batch_id}"
        reply, _ = await self.got(what, f"{PATH}/{batch_id}")
        return self._state(what, reply)

    async def outcomes(self, batch: BatchState) -> tuple[list[Outcome], list[str]]:
        """The lines of a batch that can be read, and where the others are and why they cannot."""
        if not batch.files:
            said = "keeps the answers of a batch for 29 days, and no longer has those of this one."
            raise self.error(f"batch {batch.id}", Fault("permanent", said, LOST))
        read, wrong = await self._results(batch)
        bare = [replace(outcome, custom_id=_OURS.sub("", outcome.custom_id)) for outcome in read]
        return bare, [f"batch {batch.id}, {why}" for why in wrong]

    async def _results(self, batch: BatchState) -> tuple[list[Outcome], list[str]]:
        """The lines of a batch by their whole custom_ids, and what is wrong with others.

        They are at an address of ours, not at the one a reply gives: the key goes where the card
        says.
        """
        path = f"{PATH}/{batch.id}/results"
        return read_outcomes(
            await self.got_lines(f"batch {batch.id}", path), self.card.dialect.outcome
        )

    async def _is_for(self, remembered: Remembered, batch: BatchState) -> bool:
        """Tell whether a batch that has ended was made for `remembered`."""
        if not batch.files:  # its answers, if it was, are lost
            return False
        ours = {_prefix(remembered.token) + name for name in remembered.asked}
        read, _ = await self._results(batch)
        return any(outcome.custom_id in ours for outcome in read)

    async def _candidates(self, remembered: Remembered) -> list[BatchState]:
        """The batches of the account that are as large, and not older than `remembered`."""
        found: list[BatchState] = []
        if remembered.since is None:  # its making had not begun
            return found
        after, earliest = "", remembered.since - EARLIER_S
        while True:
            reply, _ = await self.got("batches", f"{PATH}?limit=100{after}")
            data = reply.get("data")
            if not isinstance(data, list):
                raise self._odd("batches", reply)
            listed = [(self._state("batches", fields), _size(fields)) for fields in data]
            recent = [each for each in listed if not _before(earliest, each[0])]
            found += (batch for batch, size in recent if size in (0, len(remembered.asked)))
            if not recent or not reply.get("has_more"):
                return found
            after = f"&after_id={listed[-1][0].id}"

    def _state(self, what: str, fields: object) -> BatchState:
        """A batch, from the fields of a reply."""
        try:
            return read_state(fields)
        except ValueError:
            raise self._odd(what, fields) from None

    def _odd(self, what: str, reply: object) -> BatchError:
        return self.error(what, odd(f"sent a reply of an unexpected form: {beginning(reply)}"))


def _prefix(token: str) -> str:
    """The beginning of each custom_id in the batch with a token."""
    return f"{token[:TOKEN]}-"


def read_state(said: object) -> BatchState:
    """A batch from the provider's words on it. Raises ValueError when it has no id or status."""
    fields = said if isinstance(said, Mapping) else {}
    batch_id, status = fields.get("id"), fields.get("processing_status")
    if not isinstance(batch_id, str) or not _ID.fullmatch(batch_id) or not isinstance(status, str):
        raise ValueError("no id or processing_status")
    ended = status == "ended"
    return BatchState(
        batch_id,
        "completed" if ended else status,
        created=_seconds(fields.get("created_at")),
        files=(batch_id,) if ended and not fields.get("archived_at") else (),
        progress=_progress(fields),
    )


def _before(moment: float, batch: BatchState) -> bool:
    """Tell whether a batch is known to have been made before a moment."""
    return batch.created is not None and batch.created < moment


def _progress(fields: Mapping[str, Any]) -> str:
    size, counts = _size(fields), _counts(fields)
    if not size:
        return ""
    succeeded = counts.get("succeeded", 0)
    failed = size - succeeded - counts.get("processing", 0)
    return f", {succeeded} of {size} done, {failed} failed"


def _size(fields: Mapping[str, Any]) -> int:
    """The number of requests in a batch; 0 where it is not told."""
    return sum(_counts(fields).values())


def _counts(fields: Mapping[str, Any]) -> dict[str, int]:
    counts = fields.get("request_counts")
    each = counts.items() if isinstance(counts, Mapping) else ()
    return {name: number for name, told in each if (number := untrusted.count(told)) is not None}


def _seconds(moment: object) -> float | None:
    """Seconds since 1970 of a moment in RFC 3339; None for anything else."""
    try:
        return datetime.fromisoformat(str(moment)).timestamp()
    except (ValueError, OverflowError):
        return None
