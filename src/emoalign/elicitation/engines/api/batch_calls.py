"""Batch interfaces that are spoken to over a connection of our own, not by a provider's package."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from emoalign.elicitation.engines.api.api_model import ApiModel
from emoalign.elicitation.engines.api.batch_files import in_place_of_lines
from emoalign.elicitation.engines.api.batch_interface import BatchInterface
from emoalign.elicitation.engines.api.connections import (
    CONNECTION_ERRORS,
    Connection,
    Response,
    unreachable,
)
from emoalign.elicitation.engines.api.received import lines
from emoalign.elicitation.engines.api.replies import Fault, odd, refused, too_late

SLOWEST = 100_000
"""Bytes per second, at least, in which a batch is sent."""

LARGEST_FILE = 4 * 2**30
"""Bytes of a file of answers: a hundred thousand of a model that thinks at length."""


class BatchCalls(BatchInterface):
    """Calls below the address of a model's server. Raises BatchError."""

    named: ClassVar[str] = "custom_id"
    """The key of the name of each line of a file of answers."""

    def __init__(self, card: ApiModel) -> None:
        super().__init__(card)
        self.connection = Connection(card.base_url, self.credentials.headers(card.dialect))

    async def close(self) -> None:
        """Close the connections."""
        await self.connection.close()

    async def posted(self, what: str, path: str, content: bytes) -> dict[str, Any]:
        """The JSON object that answers a body. It is sent once; `what` names it in messages."""
        return self.json_object(what, (await self.sent(what, path, content)).content)

    async def sent(
        self,
        what: str,
        path: str,
        content: bytes,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Response:
        """The response to a body, sent once with headers of its own."""
        seconds = self.card.limits.timeout_s + len(content) / SLOWEST
        return await self._response(what, path, content, seconds, headers)

    async def got(self, what: str, path: str) -> tuple[dict[str, Any], Mapping[str, str]]:
        """The JSON object at a path, and the headers it came with; got again after faults."""

        async def once() -> tuple[dict[str, Any], Mapping[str, str]]:
            response = await self._response(what, path, None, self.card.limits.timeout_s)
            return self.json_object(what, response.content), response.headers

        return await self.persistently(once)

    async def got_lines(self, what: str, path: str) -> list[bytes]:
        """The lines of the file at a path; got again after faults."""

        async def once() -> list[bytes]:
            content = (await self._response(what, path, None, None)).content
            bare = lines(content)
            if in_place_of_lines(bare, self.named):
                raise self.error(what, odd(f"sent this instead of a file: {content[:200]!r}"))
            return bare

        return await self.persistently(once)

    async def _response(
        self,
        what: str,
        path: str,
        content: bytes | None,
        within_s: float | None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Response:
        """The response to a call, within so many seconds, or as long as some of it arrives."""
        timeout_s = self.card.limits.timeout_s
        try:
            async with asyncio.timeout(within_s):
                if content is not None:
                    response = await self.connection.post(path, content, headers)
                elif within_s is not None:
                    response = await self.connection.get(path)
                else:
                    response = await self.connection.get(path, LARGEST_FILE, timeout_s)
        except TimeoutError:
            raise self.error(what, too_late(within_s or timeout_s)) from None
        except CONNECTION_ERRORS as error:
            raise self.error(what, unreachable(error, self.card.base_url)) from None
        except Fault as fault:
            raise self.error(what, fault) from None
        if not 200 <= response.status < 300:
            refusal = refused(response.status, response.headers, response.content)
            raise self.error(what, refusal, response.status)
        return response
