"""Calls of a batch interface: made again after faults that pass, their errors explained."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Any, Protocol, TypeVar

import openai
import orjson

from emoalign.addresses import shown
from emoalign.elicitation.engines.openai.batch_states import BatchState, read_state, takes_no_more
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
from emoalign.elicitation.engines.openai.waits import in_words
from emoalign.errors import EngineError
from emoalign.wording import sentence

AGAIN = "Submitted batches are remembered; the next run collects their answers."
_log = logging.getLogger(__name__)
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


class BatchCalls:
    """Calls the batch interface of one model's server. Raises BatchError."""

    def __init__(self, card: OpenAIModel) -> None:
        self.card = card
        self._told_wait = False
        self._credentials = Credentials.of(card.api_key_env, card.headers)
        self.client = openai.AsyncOpenAI(
            api_key=self._credentials.key or "none",
            base_url=card.base_url,
            default_headers=self._credentials.own,
            timeout=card.limits.timeout_s,
            http_client=package_client(card.base_url),
            max_retries=0,  # a reply with status 200 may be a fault too
        )

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()

    async def persistently(
        self,
        call: Callable[[], Awaitable[_Found]],
        look: Callable[[], Awaitable[_Found | None]] | None = None,
    ) -> _Found:
        """The result of a call, which is made again after faults that pass.

        Before that, `look` sees whether there is a result all the same.
        """
        limits = self.card.limits
        for attempt in count(1):
            try:
                return await call()
            except BatchError as error:
                if not error.passing or attempt > limits.retries:
                    raise
                asked = error.fault.wait_s or 0.0
            longest = limits.longest_wait_s
            if asked > longest and not self._told_wait:
                self._told_wait = True
                _log.warning(
                    "%s asks to wait %s, longer than longest_wait_s in the model's card (%g s). "
                    "It will be asked again after longest_wait_s. To wait as long as it asks, "
                    "raise longest_wait_s.",
                    self.where(),
                    in_words(asked),
                    longest,
                )
            await asyncio.sleep(max(backoff(attempt, longest, 1.0), min(asked, longest)))
            found = await look() if look else None
            if found is not None:
                return found
        raise AssertionError("counting does not end")

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

    def json_object(self, what: str, response: _Response) -> dict[str, Any]:
        """The JSON object of a reply that says that all is well."""
        try:
            reply = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            said = f"answered with something other than JSON: {response.content[:200]!r}"
            raise self.error(what, odd(said)) from None
        if not isinstance(reply, dict):
            raise self.error(what, odd(f"sent a reply of an unexpected form: {beginning(reply)}"))
        failure = failure_in(reply)
        if failure is not None:
            raise self.error(what, failure)
        return reply

    def state(self, what: str, fields: Mapping[str, Any]) -> BatchState:
        """A batch, from the fields of a reply."""
        try:
            return read_state(fields)
        except ValueError:
            raise self.error(
                what, odd(f"sent a reply of an unexpected form: {beginning(fields)}")
            ) from None

    def error(self, what: str, fault: Fault, status: int | None = None) -> BatchError:
        """A fault of a call as an error that says where it was, and what to do."""
        remedy = f"{fault.remedy} {AGAIN}" if fault.kind in ("passing", "busy") else fault.remedy
        if status == 404:
            remedy = self._not_found(what)
        said = self.keyless(fault.said)
        return BatchError(f"{self.where()} ({what}) {sentence(said)} {remedy}", fault, status)

    def where(self) -> str:
        """The server, for messages."""
        return f"the server of model {self.card.model!r} ({shown(self.card.base_url)})"

    def keyless(self, said: object) -> str:
        """The beginning of what a server said, which may repeat secrets, without them."""
        return self._credentials.hidden(str(said))[:300]

    def _not_found(self, what: str) -> str:
        if what in ("files", "batches"):
            return (
                "It seems to have no batch interface: check base_url in the model's card, or set "
                "delivery: single there."
            )
        return (
            "The batch was submitted with the key of another account or project, or has been "
            "deleted. Use that key again. If its answers are lost, delete the file that "
            "remembers the batch, "
            "results/journal/<model>/<dataset>/<scale>/<protocol>.<shard>.batches.json; its "
            "requests are then sent, and paid for, again."
        )
