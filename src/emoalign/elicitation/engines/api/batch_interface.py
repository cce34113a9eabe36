"""The batch interface of a provider: make, find, look, fetch; made again after faults that pass."""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, TypeVar

import orjson

from emoalign.addresses import shown
from emoalign.elicitation.engines.api.api_model import ApiModel
from emoalign.elicitation.engines.api.batch_files import BatchFile
from emoalign.elicitation.engines.api.batch_memory import Remembered
from emoalign.elicitation.engines.api.batch_states import BatchState, takes_no_more
from emoalign.elicitation.engines.api.credentials import Credentials
from emoalign.elicitation.engines.api.dialect import Outcome
from emoalign.elicitation.engines.api.replies import (
    Fault,
    backoff,
    beginning,
    failure_in,
    odd,
)
from emoalign.elicitation.engines.api.waits import in_words
from emoalign.elicitation.rating import Ask
from emoalign.errors import EngineError
from emoalign.wording import sentence

AGAIN = "Submitted batches are remembered; the next run collects their answers."
LOST = (
    "If its answers are lost, delete the file that remembers the batch, "
    "results/journal/<model>/<dataset>/<scale>/<protocol>.<shard>.batches.json; its requests are "
    "then sent, and paid for, again."
)
_log = logging.getLogger(__name__)
_Found = TypeVar("_Found")
Noted = Callable[[], None]


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


class BatchInterface(ABC):
    """Calls the batch interface of one model's server. Raises BatchError."""

    def __init__(self, card: ApiModel) -> None:
        self.card = card
        self.credentials = Credentials.of(card.api_key_env, card.headers)
        self._told_wait = False

    @abstractmethod
    def line(self, ask: Ask) -> bytes:
        """A request of a batch, as a line of JSON; its body is that of a single request."""

    @abstractmethod
    async def make(self, remembered: Remembered, file: BatchFile, noted: Noted) -> BatchState:
        """Make a batch, once: after a fault, look whether it was made before trying again.

        `noted` is called when `remembered` has changed, before the batch is made.
        """

    @abstractmethod
    async def find(self, remembered: Remembered) -> BatchState | None:
        """The batch that was made for `remembered`, among those of the account, newest first."""

    @abstractmethod
    async def retrieve(self, batch_id: str) -> BatchState:
        """A batch as it is now."""

    @abstractmethod
    async def outcomes(self, batch: BatchState) -> tuple[list[Outcome], list[str]]:
        """The lines of a batch that can be read, and where the others are and why they cannot."""

    @abstractmethod
    async def close(self) -> None:
        """Close the connections."""

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

    async def made(
        self, remembered: Remembered, make: Callable[[], Awaitable[BatchState]]
    ) -> BatchState:
        """The batch that `make` makes, once: the guard that every `make` of a provider needs."""
        lost = False

        async def once() -> BatchState:
            nonlocal lost
            try:
                return await make()
            except BatchError as error:
                lost |= not error.not_made
                raise

        async def look() -> BatchState | None:
            try:
                return await self.find(remembered) if lost else None
            except BatchError as error:
                error.unsure = True
                raise

        return await self.persistently(once, look)

    def json_object(self, what: str, content: bytes) -> dict[str, Any]:
        """The JSON object of a reply that says that all is well."""
        try:
            reply = orjson.loads(content)
        except orjson.JSONDecodeError:
            said = f"answered with something other than JSON: {content[:200]!r}"
            raise self.error(what, odd(said)) from None
        if not isinstance(reply, dict):
            raise self.error(what, odd(f"sent a reply of an unexpected form: {beginning(reply)}"))
        failure = failure_in(reply)
        if failure is not None:
            raise self.error(what, failure)
        return reply

    def error(self, what: str, fault: Fault, status: int | None = None) -> BatchError:
        """A fault of a call as an error that says where it was, and what to do."""
        remedy = f"{fault.remedy} {AGAIN}" if fault.kind in ("passing", "busy") else fault.remedy
        if status == 404:
            remedy = self._not_found(what)
        elif status == 413:
            remedy = "Lower batches.max_bytes in the model's card."
        said = self.keyless(fault.said)
        return BatchError(f"{self.where()} ({what}) {sentence(said)} {remedy}", fault, status)

    def where(self) -> str:
        """The server, for messages."""
        return f"the server of model {self.card.model!r} ({shown(self.card.base_url)})"

    @property
    def server(self) -> str:
        """The server and the interface that batches are made at."""
        return f"{shown(self.card.base_url)} (engine: {self.card.engine})"

    def account_key(self, salt: str) -> str:
        """A number that tells whether the key or a header has changed, and nothing about it."""
        return self.credentials.trace(salt)

    def keyless(self, said: object) -> str:
        """The beginning of what a server said, which may repeat secrets, without them."""
        return self.credentials.hidden(str(said))[:300]

    def _not_found(self, what: str) -> str:
        if what in ("files", "batches"):
            return (
                "It seems to have no batch interface: check base_url in the model's card, or set "
                "delivery: single there."
            )
        return (
            "The batch was submitted with the key of another account or project, to another "
            "base_url or with another engine in the model's card, or has been deleted. Use that "
            f"key and that card again. {LOST}"
        )
