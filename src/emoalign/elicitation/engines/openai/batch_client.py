"""The batch interface of a provider: upload, make, find, look, fetch; its errors, explained."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import openai
from openai.types import Batch

from emoalign.elicitation.engines.openai.batch_files import Remembered
from emoalign.elicitation.engines.openai.credentials import Credentials
from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.elicitation.engines.openai.replies import backoff, refused
from emoalign.errors import EngineError

AGAIN = "Batches that were submitted are remembered: running again takes them up."
_TRANSIENT = (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError)


class BatchError(EngineError):
    """The batch interface could not be used; `passing` when it may be later."""

    def __init__(self, message: str, passing: bool) -> None:
        super().__init__(message)
        self.passing = passing


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
            max_retries=card.limits.retries,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def upload(self, name: str, content: bytes) -> str:
        """The id of a new file of requests."""
        async with self._explaining("files"):
            return (await self._client.files.create(file=(name, content), purpose="batch")).id

    async def content(self, file_id: str) -> bytes:
        """The content of a file."""
        async with self._explaining(f"file {file_id}"):
            return (await self._client.files.content(file_id)).content

    async def retrieve(self, batch_id: str) -> Batch:
        """A batch as it is now."""
        async with self._explaining(f"batch {batch_id}"):
            return await self._client.batches.retrieve(batch_id)

    async def create(self, remembered: Remembered, file_id: str, address: str) -> Batch:
        """Make a batch, once: after a fault, look whether it was made before trying again."""
        parameters: dict[str, Any] = {
            "input_file_id": file_id,
            "endpoint": address,
            "completion_window": self._card.batches.completion_window,
            "metadata": {"emoalign": remembered.token},
        }
        client = self._client.with_options(max_retries=0)
        limits = self._card.limits
        for attempt in count(1):
            async with self._explaining("batches"):
                try:
                    return await client.batches.create(**parameters)
                except _TRANSIENT:
                    if attempt > limits.retries:
                        raise
            await asyncio.sleep(backoff(attempt, limits.longest_wait_s, 1.0))
            made = await self.find(remembered)
            if made is not None:
                return made
        raise AssertionError("counting does not end")

    async def find(self, remembered: Remembered) -> Batch | None:
        """The batch that was made for `remembered`, among the newest of the account."""
        async with self._explaining("batches"):
            async for batch in self._client.batches.list(limit=100):
                if (batch.metadata or {}).get("emoalign") == remembered.token:
                    return batch
                if batch.created_at and batch.created_at < remembered.started - 86400:
                    return None
        return None

    def where(self) -> str:
        """The server, for messages."""
        return f"the server of model {self._card.model!r} ({self._card.base_url})"

    def keyless(self, said: object) -> str:
        """The beginning of what a server said, which may repeat secrets, without them."""
        return self._credentials.hidden(str(said))[:300]

    @asynccontextmanager
    async def _explaining(self, what: str) -> AsyncIterator[None]:
        """Turn errors of the client into those of an engine, with what to do."""
        try:
            yield
        except openai.APIStatusError as error:
            fault = refused(error.status_code, error.response.headers, error.response.content)
            remedy = f"{fault.remedy} {AGAIN}" if fault.kind != "permanent" else fault.remedy
            if error.status_code == 404:
                remedy = self._not_found(what)
            said = self.keyless(fault.said)
            raise BatchError(
                f"{self.where()} ({what}) {said} {remedy}", isinstance(error, _TRANSIENT)
            ) from None
        except openai.APIConnectionError as error:
            cause = self.keyless(error.__cause__ or error).rstrip(".")
            raise BatchError(
                f"{self.where()} ({what}) could not be reached: {cause}. {AGAIN}", True
            ) from None

    def _not_found(self, what: str) -> str:
        if what in ("files", "batches"):
            return (
                "It seems to have no batch interface: check base_url in the model's card, or say "
                "delivery: single there."
            )
        return (
            "It was made with the key of another account or project, or has been deleted. Use that "
            "key again, or give its answers up by deleting the file that remembers it: "
            "docs/batches.md."
        )
