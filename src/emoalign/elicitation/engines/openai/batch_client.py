"""The batch interface of a provider: upload, make, find, look, fetch; its errors, explained."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any, Protocol, TypeVar

import openai
import orjson

from emoalign.addresses import shown
from emoalign.elicitation.engines.openai.batch_memory import Remembered
from emoalign.elicitation.engines.openai.batch_states import (
    BatchState,
    read_state,
    seconds,
    takes_no_more,
)
from emoalign.elicitation.engines.openai.connections import package_client, unreachable
from emoalign.elicitation.engines.openai.credentials import Credentials
from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.elicitation.engines.openai.replies import (
    Fault,
    backoff,
    beginning,
    failure_in,
    odd,
    refused,
)
from emoalign.errors import EngineError

AGAIN = "Batches that were submitted are remembered: running again takes them up."
A_DAY_S = 86400.0
_Found = TypeVar("_Found")


class _Response(Protocol):
    @property
    def content(self) -> bytes: ...

    @property
    def headers(self) -> Mapping[str, str]: ...


class BatchError(EngineError):
    """The batch interface could not be used; `passing` when it may be later.

    `status` is that of the provider's reply, None without one; `unsure` tells that what was asked
    for may have been made all the same.
    """

    def __init__(self, message: str, fault: Fault, status: int | None = None) -> None:
        super().__init__(message)
        self.fault = fault
        self.status = status
        self.unsure = False

    @property
    def passing(self) -> bool:
        """Tell whether it may be gone when one asks again."""
        return self.fault.kind in ("passing", "busy")

    @property
    def not_made(self) -> bool:
        """Tell whether what the provider was asked to make is certain not to be there."""
        refused = self.status is not None and 400 <= self.status < 500 and self.status != 408
        return not self.unsure and (refused or not self.passing)

    @property
    def full(self) -> bool:
        """Tell whether there may be room once other batches have ended."""
        if not self.not_made or self.status is None:
            return False
        return self.passing or takes_no_more(self.fault.said)


class BatchClient:
    """Talks to the batch interface of one model's server. Raises BatchError."""

    def __init__(self, card: OpenAIModel) -> None:
        self._card = card
        self._credentials = Credentials.of(card.api_key_env, card.headers)
        self._client = openai.AsyncOpenAI(
            api_key=self._credentials.key or "none",
            base_url=card.base_url,
            default_headers=self._credentials.own,
            timeout=card.limits.timeout_s,
            http_client=package_client(card.base_url),
            max_retries=0,  # a reply with status 200 may be a fault too
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def upload(self, name: str, content: bytes) -> tuple[str, float | None]:
        """The id of a new file of requests, and when it was made by the provider's clock."""

        async def once() -> tuple[str, float | None]:
            create = self._client.files.with_raw_response.create
            response = await self._sent("files", create(file=(name, content), purpose="batch"))
            reply = self._object("files", response)
            if not isinstance(reply.get("id"), str):
                raise self._error(
                    "files", odd(f"gave an answer of another shape: {beginning(reply)}")
                )
            times = (seconds(reply.get("created_at")), _date(response.headers))
            return reply["id"], min((time for time in times if time is not None), default=None)

        return await self._persistently(once)

    async def content(self, file_id: str) -> bytes:
        """The content of a file of lines."""
        what = f"file {file_id}"

        async def once() -> bytes:
            read = self._client.files.with_raw_response.content
            content = (await self._sent(what, read(file_id))).content
            if content.lstrip().startswith(b"<") or _is_one_object(content):
                raise self._error(what, odd(f"gave no file but this: {content[:200]!r}"))
            return content

        return await self._persistently(once)

    async def retrieve(self, batch_id: str) -> BatchState:
        """A batch as it is now."""
        what = f"batch {batch_id}"

        async def once() -> BatchState:
            retrieve = self._client.batches.with_raw_response.retrieve
            return self._state(what, self._object(what, await self._sent(what, retrieve(batch_id))))

        return await self._persistently(once)

    async def create(self, remembered: Remembered, file_id: str, address: str) -> BatchState:
        """Make a batch, once: after a fault, look whether it was made before trying again."""
        parameters: dict[str, Any] = {
            "input_file_id": file_id,
            "endpoint": address,
            "completion_window": self._card.batches.completion_window,
            "metadata": {"emoalign": remembered.token},
        }

        async def once() -> BatchState:
            create = self._client.batches.with_raw_response.create
            response = await self._sent("batches", create(**parameters))
            return self._state("batches", self._object("batches", response))

        async def look() -> BatchState | None:
            try:
                return await self.find(remembered)
            except BatchError as error:
                error.unsure = True
                raise

        return await self._persistently(once, look)

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
            call = self._client.batches.with_raw_response.list
            response = await self._sent("batches", call(limit=100, after=after))
            reply = self._object("batches", response)
            data = reply.get("data")
            if not isinstance(data, list):
                raise self._error(
                    "batches", odd(f"gave an answer of another shape: {beginning(reply)}")
                )
            listed = []
            for fields in data:
                with suppress(ValueError):  # of another kind
                    listed.append(read_state(fields))
            return listed, listed[-1].id if listed and reply.get("has_more") else None

        return await self._persistently(once)

    async def _persistently(
        self,
        call: Callable[[], Awaitable[_Found]],
        look: Callable[[], Awaitable[_Found | None]] | None = None,
    ) -> _Found:
        """The result of a call, which is made again after faults that pass.

        Before that, `look` sees whether there is a result all the same.
        """
        limits = self._card.limits
        for attempt in count(1):
            try:
                return await call()
            except BatchError as error:
                if not error.passing or attempt > limits.retries:
                    raise
                asked = error.fault.wait_s or 0.0
            longest = limits.longest_wait_s
            await asyncio.sleep(max(backoff(attempt, longest, 1.0), min(asked, longest)))
            found = await look() if look else None
            if found is not None:
                return found
        raise AssertionError("counting does not end")

    async def _sent(self, what: str, call: Awaitable[_Response]) -> _Response:
        """The response to a call; errors of the client become those of an engine."""
        try:
            return await call
        except openai.APIStatusError as error:
            fault = refused(error.status_code, error.response.headers, error.response.content)
            raise self._error(what, fault, error.status_code) from None
        except openai.APIConnectionError as error:
            lost = unreachable(error.__cause__ or error, self._card.base_url)
            raise self._error(what, lost) from None

    def _object(self, what: str, response: _Response) -> dict[str, Any]:
        """The JSON object of a reply that says that all is well."""
        try:
            reply = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            said = f"answered with something other than JSON: {response.content[:200]!r}"
            raise self._error(what, odd(said)) from None
        if not isinstance(reply, dict):
            raise self._error(what, odd(f"gave an answer of another shape: {beginning(reply)}"))
        failure = failure_in(reply)
        if failure is not None:
            raise self._error(what, failure)
        return reply

    def _state(self, what: str, fields: Mapping[str, Any]) -> BatchState:
        try:
            return read_state(fields)
        except ValueError:
            raise self._error(
                what, odd(f"gave an answer of another shape: {beginning(fields)}")
            ) from None

    def _error(self, what: str, fault: Fault, status: int | None = None) -> BatchError:
        remedy = f"{fault.remedy} {AGAIN}" if fault.kind in ("passing", "busy") else fault.remedy
        if status == 404:
            remedy = self._not_found(what)
        said = self.keyless(fault.said)
        return BatchError(f"{self.where()} ({what}) {said} {remedy}", fault, status)

    def where(self) -> str:
        """The server, for messages."""
        return f"the server of model {self._card.model!r} ({shown(self._card.base_url)})"

    def keyless(self, said: object) -> str:
        """The beginning of what a server said, which may repeat secrets, without them."""
        return self._credentials.hidden(str(said))[:300]

    def _not_found(self, what: str) -> str:
        if what in ("files", "batches"):
            return (
                "It seems to have no batch interface: check base_url in the model's card, or say "
                "delivery: single there."
            )
        return (
            "It was made with the key of another account or project, or has been deleted. Use that "
            "key again. If its answers are lost, delete the file that remembers it, "
            "results/journal/<model>/<dataset>/<scale>/<protocol>.<shard>.batches.json: the "
            "requests are then sent, and paid for, anew."
        )


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
