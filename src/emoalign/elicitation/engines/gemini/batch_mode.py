"""Gemini's batch mode: requests are uploaded as a file, and answers fetched from another.

Google also takes requests without a file. It is not used: replies to those have come in another
order, and without the keys that tell which request each one answers, so that they were lost
(github.com/googleapis/python-genai/issues/1886 and 1909).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit, urlunsplit

import orjson

from emoalign.elicitation.engines.api.batch_calls import BatchCalls
from emoalign.elicitation.engines.api.batch_files import (
    BatchFile,
    custom_id,
    read_outcomes,
)
from emoalign.elicitation.engines.api.batch_interface import BatchError, Noted
from emoalign.elicitation.engines.api.batch_memory import Remembered
from emoalign.elicitation.engines.api.batch_states import BatchState
from emoalign.elicitation.engines.api.dialect import Outcome
from emoalign.elicitation.engines.api.replies import beginning, odd
from emoalign.elicitation.engines.gemini.generate_content import (
    EXHAUSTED,
    http_status,
    model_path,
)
from emoalign.elicitation.rating import Ask

CHUNK = 8 * 2**20
"""Bytes that are uploaded at a time, a multiple of 256 KiB."""

PAGE = 100
"""Batches listed at a time. Without a number, the list has been empty
(github.com/googleapis/python-genai/issues/1250)."""

_ENDS = {
    "SUCCEEDED": "completed",
    "PARTIALLY_SUCCEEDED": "completed",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
    "EXPIRED": "expired",
}
_NAME = re.compile(r"(batches|files)/\w[\w.-]*", re.ASCII)


class BatchMode(BatchCalls):
    """Talks to Gemini's batch mode, about one model. Raises BatchError."""

    named: ClassVar[str] = "key"

    def line(self, ask: Ask) -> bytes:
        """A request as a line of a batch."""
        card = self.card
        body = card.dialect.body(card.model, card.capabilities, ask)
        return orjson.dumps(
            {"key": custom_id(ask), "request": body}, option=orjson.OPT_APPEND_NEWLINE
        )

    async def make(self, remembered: Remembered, file: BatchFile, noted: Noted) -> BatchState:
        """Upload the requests, unless that was done, and make the batch."""
        if file.uploaded is None:
            file.uploaded = await self.upload(_title(remembered), b"".join(file.lines)), None
        name, _ = file.uploaded
        batch = {"displayName": _title(remembered), "inputConfig": {"fileName": name}}
        path = f"{model_path(self.card.model)}:batchGenerateContent"

        async def once() -> BatchState:
            reply = await self.posted("batches", path, orjson.dumps({"batch": batch}))
            return self._state("batches", reply)

        return await self.made(remembered, once)

    async def upload(self, title: str, content: bytes) -> str:
        """The name of a new file of requests."""
        address = urlsplit(self.card.base_url.rstrip("/"))
        before, _, version = address.path.rpartition("/")
        start = urlunsplit(address._replace(path=f"{before}/upload/{version}/files"))
        told = orjson.dumps({"file": {"displayName": title, "mimeType": "application/jsonl"}})
        about = {
            "X-Goog-Upload-Protocol": "resumable",
            "X-Goog-Upload-Command": "start",
            "X-Goog-Upload-Header-Content-Length": str(len(content)),
            "X-Goog-Upload-Header-Content-Type": "application/jsonl",
        }

        async def once() -> str:
            response = await self.sent("files", start, told, about)
            to = urlsplit(response.headers.get("x-goog-upload-url", ""))
            if not to.path:
                raise self.error("files", odd("gave no address for the file of requests."))
            # Requests go nowhere but to the server of the card.
            there = urlunsplit(to._replace(scheme=address.scheme, netloc=address.netloc))
            for offset in range(0, len(content), CHUNK):
                last = offset + CHUNK >= len(content)
                part = {
                    "X-Goog-Upload-Command": "upload, finalize" if last else "upload",
                    "X-Goog-Upload-Offset": str(offset),
                }
                response = await self.sent("files", there, content[offset : offset + CHUNK], part)
            reply = self.json_object("files", response.content)
            return self._name("files", reply.get("file"))

        return await self.persistently(once)

    async def retrieve(self, batch_id: str) -> BatchState:
        """A batch as it is now."""
        what = f"batch {batch_id}"
        reply, _ = await self.got(what, f"/{batch_id}")
        return self._state(what, reply)

    async def find(self, remembered: Remembered) -> BatchState | None:
        """The batch that was made for `remembered`, among those of the account."""
        after = ""
        while True:
            query = f"?pageSize={PAGE}" + (f"&pageToken={quote(after, safe='')}" if after else "")
            reply, _ = await self.got("batches", f"/batches{query}")
            listed = reply.get("operations", [])
            if not isinstance(listed, list):
                raise self._unexpected("batches", reply)
            for each in listed:
                if _metadata(each).get("displayName") == _title(remembered):
                    return self._state("batches", each)
            following = reply.get("nextPageToken")
            if not isinstance(following, str) or following in ("", after):
                return None
            after = following

    async def outcomes(self, batch: BatchState) -> tuple[list[Outcome], list[str]]:
        """The lines of a batch that can be read, and where the others are and why they cannot."""
        if batch.status == "completed" and not batch.files:
            ended = odd("says that the batch has ended, and names no answers.")
            raise self.error(f"batch {batch.id}", ended)
        read: list[Outcome] = []
        damaged: list[str] = []
        for file in batch.files:
            bare = await self.got_lines(f"file {file}", f"/{file}:download?alt=media")
            outcomes, wrong = read_outcomes(bare, self.card.dialect.outcome)
            read += outcomes
            damaged += (f"{file}, {why}" for why in wrong)
        return read, damaged

    def json_object(self, what: str, content: bytes) -> dict[str, Any]:
        """The JSON object of a reply that says that all is well.

        That a batch has failed is not a fault of the call.
        """
        try:
            reply = orjson.loads(content)
        except orjson.JSONDecodeError:
            reply = None
        if isinstance(reply, dict) and "metadata" in reply:
            return reply
        return super().json_object(what, content)

    def _state(self, what: str, operation: Mapping[str, Any]) -> BatchState:
        """A batch, from the operation that it is."""
        name, told = self._name(what, operation), _metadata(operation)
        state, error = told.get("state"), _mapping(operation.get("error"))
        if not isinstance(state, str):
            raise self._unexpected(what, operation)
        word = state.rpartition("STATE_")[2]
        places = (_mapping(told.get("output")), _mapping(operation.get("response")))
        files = [each["responsesFile"] for each in places if each.get("responsesFile")]
        if not all(isinstance(file, str) and _NAME.fullmatch(file) for file in files):
            raise self._unexpected(what, operation)
        status, code = _ENDS.get(word, word.lower()), error.get("code")
        said = str(error.get("message") or "")
        ours = http_status(code) in (400, 401, 403, 404)
        if status == "failed" and code != EXHAUSTED and not ours:
            status = "cancelled"  # by the server: what is missing is asked again
        return BatchState(
            name,
            status,
            files=tuple(dict.fromkeys(files)),
            progress=_progress(_mapping(told.get("batchStats"))) + (f": {said}" if said else ""),
            reasons=((_reason_code(code), None, said),) if said else (),
        )

    def _name(self, what: str, fields: Any) -> str:
        """The name of a batch or a file."""
        name = _mapping(fields).get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise self._unexpected(what, fields)
        return name

    def _unexpected(self, what: str, reply: object) -> BatchError:
        return self.error(what, odd(f"sent a reply of an unexpected form: {beginning(reply)}"))


def _reason_code(code: object) -> str:
    """The code of a reason why a batch failed."""
    return "token_limit_exceeded" if code == EXHAUSTED else str(code)


def _progress(stats: Mapping[str, Any]) -> str:
    total = stats.get("requestCount")
    done, failed = (stats.get(f"{name}RequestCount", 0) for name in ("successful", "failed"))
    return f", {done} of {total} done, {failed} failed" if total else ""


def _title(remembered: Remembered) -> str:
    """The name by which a batch is found again."""
    return f"emoalign-{remembered.token}"


def _metadata(operation: Any) -> Mapping[str, Any]:
    return _mapping(_mapping(operation).get("metadata"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
