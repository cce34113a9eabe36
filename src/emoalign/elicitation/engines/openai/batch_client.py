"""The batch interface of a provider: upload, make, find, look, fetch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any

import openai
import orjson

from emoalign.elicitation.engines.openai.batch_calls import BatchCalls, BatchError
from emoalign.elicitation.engines.openai.batch_memory import Remembered
from emoalign.elicitation.engines.openai.batch_states import BatchState, read_state, seconds
from emoalign.elicitation.engines.openai.received import lines
from emoalign.elicitation.engines.openai.replies import beginning, odd

A_DAY_S = 86400.0


class BatchClient(BatchCalls):
    """Talks to the batch interface of one model's server. Raises BatchError."""

    async def upload(self, name: str, content: bytes) -> tuple[str, float | None]:
        """The id of a new file of requests, and when it was made by the provider's clock."""

        async def once() -> tuple[str, float | None]:
            create = self.client.files.with_raw_response.create
            response = await self.sent("files", create(file=(name, content), purpose="batch"))
            reply = self.json_object("files", response)
            if not isinstance(reply.get("id"), str):
                raise self.error(
                    "files", odd(f"sent a reply of an unexpected form: {beginning(reply)}")
                )
            times = (seconds(reply.get("created_at")), _date(response.headers))
            return reply["id"], min((time for time in times if time is not None), default=None)

        return await self.persistently(once)

    async def content(self, file_id: str) -> list[bytes]:
        """The lines of a file."""
        what = f"file {file_id}"

        async def once() -> list[bytes]:
            read = self.client.files.with_raw_response.content
            content = (await self.sent(what, read(file_id))).content
            bare = lines(content)
            first = next(filter(None, bare), b"")
            if first.startswith(b"<") or _is_one_object(b"\n".join(bare)):
                raise self.error(what, odd(f"sent this instead of a file: {content[:200]!r}"))
            return bare

        return await self.persistently(once)

    async def retrieve(self, batch_id: str) -> BatchState:
        """A batch as it is now."""
        what = f"batch {batch_id}"

        async def once() -> BatchState:
            retrieve = self.client.batches.with_raw_response.retrieve
            reply = self.json_object(what, await self.sent(what, retrieve(batch_id)))
            return self.state(what, reply)

        return await self.persistently(once)

    async def create(self, remembered: Remembered, file_id: str, address: str) -> BatchState:
        """Make a batch, once: after a fault, look whether it was made before trying again."""
        parameters: dict[str, Any] = {
            "input_file_id": file_id,
            "endpoint": address,
            "completion_window": self.card.batches.completion_window,
            "metadata": {"emoalign": remembered.token},
        }

        async def once() -> BatchState:
            create = self.client.batches.with_raw_response.create
            response = await self.sent("batches", create(**parameters))
            return self.state("batches", self.json_object("batches", response))

        async def look() -> BatchState | None:
            try:
                return await self.find(remembered)
            except BatchError as error:
                error.unsure = True
                raise

        return await self.persistently(once, look)

    async def find(self, remembered: Remembered) -> BatchState | None:
        """The batch that was made for `remembered`, among those of the account, newest first."""
        after: str | openai.Omit = openai.omit
        while True:
            listed, last = await self._page(after)
            for batch in listed:
                if batch.token == remembered.token:
                    return batch
            if last is None or last == after or _all_older(listed, remembered.since):
                return None
            after = last

    async def _page(self, after: str | openai.Omit) -> tuple[list[BatchState], str | None]:
        """A hundred batches of the account, and the id of the last if there are more."""

        async def once() -> tuple[list[BatchState], str | None]:
            call = self.client.batches.with_raw_response.list
            response = await self.sent("batches", call(limit=100, after=after))
            reply = self.json_object("batches", response)
            data = reply.get("data")
            if not isinstance(data, list):
                raise self.error(
                    "batches", odd(f"sent a reply of an unexpected form: {beginning(reply)}")
                )
            listed = []
            for fields in data:
                with suppress(ValueError):  # of another kind
                    listed.append(read_state(fields))
            return listed, listed[-1].id if listed and reply.get("has_more") else None

        return await self.persistently(once)


def _is_one_object(content: bytes) -> bool:
    """Tell whether a file is a single object that is no line of answers: an error, say."""
    try:
        whole = orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    return not isinstance(whole, dict) or "custom_id" not in whole


def _all_older(listed: Sequence[BatchState], since: float | None) -> bool:
    """Tell whether batches are so old, newest first, that one made at `since` cannot follow."""
    first, last = listed[0].created, listed[-1].created
    if since is None or first is None or last is None or first < last:
        return False
    return first < since - A_DAY_S


def _date(headers: Mapping[str, str]) -> float | None:
    """The provider's time, in seconds since 1970."""
    try:
        return parsedate_to_datetime(headers.get("date", "")).timestamp()
    except (ValueError, OverflowError):
        return None
