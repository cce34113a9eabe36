"""OpenAI's batch interface: requests are uploaded as a file, answers fetched from others."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import openai
import orjson

from emoalign.elicitation.engines.api.api_model import ApiModel
from emoalign.elicitation.engines.api.batch_files import (
    BatchFile,
    custom_id,
    in_place_of_lines,
    read_outcomes,
)
from emoalign.elicitation.engines.api.batch_interface import BatchInterface, Noted
from emoalign.elicitation.engines.api.batch_memory import Remembered
from emoalign.elicitation.engines.api.batch_states import BatchState, read_state, seconds
from emoalign.elicitation.engines.api.connections import package_client, unreachable
from emoalign.elicitation.engines.api.dialect import Outcome
from emoalign.elicitation.engines.api.received import lines
from emoalign.elicitation.engines.api.replies import beginning, odd, refused
from emoalign.elicitation.rating import Ask

A_DAY_S = 86400.0


class _Response(Protocol):
    @property
    def content(self) -> bytes: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


class BatchClient(BatchInterface):
    """Talks to the batch interface of one model's server. Raises BatchError."""

    def __init__(self, card: ApiModel) -> None:
        super().__init__(card)
        self.client = openai.AsyncOpenAI(
            api_key=self.credentials.key or "none",
            base_url=card.base_url,
            default_headers=self.credentials.own,
            timeout=card.limits.timeout_s,
            http_client=package_client(card.base_url),
            max_retries=0,  # a reply with status 200 may be a fault too
        )

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()

    def line(self, ask: Ask) -> bytes:
        """A request as a line of a batch."""
        card = self.card
        line = {
            "custom_id": custom_id(ask),
            "method": "POST",
            "url": f"/v1{card.dialect.path(card.model, ask)}",
            "body": card.dialect.body(card.model, card.capabilities, ask),
        }
        return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)

    async def make(self, remembered: Remembered, file: BatchFile, noted: Noted) -> BatchState:
        """Upload the requests, unless that was done, and make the batch."""
        if file.uploaded is None:
            name = f"emoalign-{remembered.token}.jsonl"
            file.uploaded = await self.upload(name, b"".join(file.lines))
        file_id, remembered.since = file.uploaded
        noted()
        return await self.create(remembered, file_id, orjson.loads(file.lines[0])["url"])

    async def outcomes(self, batch: BatchState) -> tuple[list[Outcome], list[str]]:
        """The lines of a batch that can be read, and where the others are and why they cannot."""
        outcomes: list[Outcome] = []
        damaged: list[str] = []
        for file_id in batch.files:
            read, wrong = read_outcomes(await self.content(file_id), self.card.dialect.outcome)
            outcomes += read
            damaged += (f"file {file_id}, {why}" for why in wrong)
        return outcomes, damaged

    async def sent(self, what: str, call: Awaitable[_Response]) -> _Response:
        """The response to a call; errors of the client become those of an engine."""
        try:
            return await call
        except openai.APIStatusError as error:
            fault = refused(error.status_code, error.response.headers, error.response.content)
            raise self.error(what, fault, error.status_code) from None
        except openai.APIConnectionError as error:
            lost = unreachable(error.__cause__ or error, self.card.base_url)
            raise self.error(what, lost) from None

    def state(self, what: str, fields: Mapping[str, Any]) -> BatchState:
        """A batch, from the fields of a reply."""
        try:
            return read_state(fields)
        except ValueError:
            raise self.error(
                what, odd(f"sent a reply of an unexpected form: {beginning(fields)}")
            ) from None

    async def upload(self, name: str, content: bytes) -> tuple[str, float | None]:
        """The id of a new file of requests, and when it was made by the provider's clock."""

        async def once() -> tuple[str, float | None]:
            create = self.client.files.with_raw_response.create
            response = await self.sent("files", create(file=(name, content), purpose="batch"))
            reply = self.json_object("files", response.content)
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
            if in_place_of_lines(bare):
                raise self.error(what, odd(f"sent this instead of a file: {content[:200]!r}"))
            return bare

        return await self.persistently(once)

    async def retrieve(self, batch_id: str) -> BatchState:
        """A batch as it is now."""
        what = f"batch {batch_id}"

        async def once() -> BatchState:
            retrieve = self.client.batches.with_raw_response.retrieve
            reply = self.json_object(what, (await self.sent(what, retrieve(batch_id))).content)
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
            return self.state("batches", self.json_object("batches", response.content))

        return await self.made(remembered, once)

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
            reply = self.json_object("batches", response.content)
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
