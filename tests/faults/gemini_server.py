"""A server with Gemini's interface, which refuses what Google's refuses; batches end as told."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

from tests.faults.batch_server import BatchServer, Ending, Line
from tests.faults.server import Fault, Heard

KNOWN = {
    "": {
        *("contents", "systemInstruction", "safetySettings", "generationConfig", "tools"),
        *("toolConfig", "cachedContent", "serviceTier", "store", "model"),
    },
    "generationConfig": {
        *("temperature", "topP", "topK", "candidateCount", "maxOutputTokens", "stopSequences"),
        *("seed", "responseLogprobs", "logprobs", "presencePenalty", "frequencyPenalty"),
        *("responseMimeType", "responseSchema", "responseJsonSchema", "thinkingConfig"),
        *("responseModalities", "mediaResolution", "speechConfig", "imageConfig"),
    },
    "thinkingConfig": {"thinkingBudget", "thinkingLevel", "includeThoughts"},
    "content": {"role", "parts"},
    "part": {"text", "inlineData", "thought", "thoughtSignature"},
}
LEVELS = ("MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH")
GRANULE = 256 * 2**10
"""Bytes of which every part of an upload but the last is a multiple."""


def in_one_way(said: Any) -> Any:
    """JSON with names written like this: maxTokens. Google takes max_tokens as well."""
    if isinstance(said, list):
        return list(map(in_one_way, said))
    if not isinstance(said, dict):
        return said
    capital = re.compile("_(.)")
    return {
        capital.sub(lambda found: found[1].upper(), name): in_one_way(value)
        for name, value in said.items()
    }


def refusal(model: str, body: Mapping[str, Any]) -> str | None:
    """What Google says of a request that it does not take; None for one that it takes."""
    return next(_refusals(model, in_one_way(body)), None)


def _refusals(model: str, body: Mapping[str, Any]) -> Iterator[str]:
    config = body.get("generationConfig", {})
    thinking = config.get("thinkingConfig", {})
    turns = body.get("contents", [])
    parts = [part for turn in turns for part in turn.get("parts", [])]
    for what, there in (
        *(("", body), ("generationConfig", config), ("thinkingConfig", thinking)),
        *(("content", turn) for turn in [*turns, body.get("systemInstruction", {})]),
        *(("part", part) for part in parts),
    ):
        for name in there:
            if name not in KNOWN[what]:
                yield f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
    if not turns or not all(turn.get("parts") for turn in turns):
        yield "* GenerateContentRequest.contents: contents is not specified"
    if any(turn.get("role") not in ("user", "model") for turn in turns):
        yield "Please use a valid role: user, model."
    if any(not part.get("text") and "inlineData" not in part for part in parts):
        yield "Unable to submit request because it must have a text parameter."
    if not 1 <= config.get("candidateCount", 1) <= 8:
        yield "Only 1 to 8 candidates can be generated: candidateCount."
    if not 0 <= config.get("temperature", 1) <= 2:
        yield "The temperature must be in the range [0.0, 2.0]."
    if not 0 < config.get("topP", 1) <= 1:
        yield "topP must be in the range (0.0, 1.0]."
    if not -(2**31) <= config.get("seed", 0) < 2**31:
        yield "Invalid value at 'generation_config.seed' (TYPE_INT32)"
    if len(config.get("stopSequences", ())) > 5:
        yield "The stop_sequences parameter must have at most 5 sequences."
    if "logprobs" in config and not config.get("responseLogprobs"):
        yield "logprobs can only be set if response_logprobs is true."
    if config.get("responseLogprobs") and "2.0" not in model:
        yield f"Logprobs is not enabled for models/{model}"
    if {"thinkingBudget", "thinkingLevel"} <= thinking.keys():
        yield "You can only set only one of thinking budget and thinking level."
    if thinking.get("thinkingLevel", "LOW") not in LEVELS:
        yield "Invalid value at 'generation_config.thinking_config.thinking_level'"
    if "thinkingLevel" in thinking and "2." in model:
        yield "Thinking level is not supported for this model."
    if thinking.get("thinkingLevel") == "MINIMAL" and ("3.7" in model or "3.8" in model):
        yield "Thinking level MINIMAL is not supported for this model."
    if thinking.get("thinkingBudget") == 0 and "pro" in model:
        yield "Budget 0 is invalid. This model only works in thinking mode."
    if any(newer in model for newer in ("3.6", "3.7", "3.8")):
        if {"presencePenalty", "frequencyPenalty"} & config.keys():
            yield "Penalty is not enabled for this model"
        if turns and turns[-1].get("role") == "model":
            yield "The last turn must not have the role model."


def not_taken(why: str, code: int = 400) -> web.Response:
    said = {"code": code, "message": why, "status": "INVALID_ARGUMENT"}
    return web.json_response({"error": said}, status=code)


def reply_to(body: Mapping[str, Any], text: str = "7", **counts: int) -> dict[str, Any]:
    """A reply to a request, in which every candidate has a token, and thoughts before it if any."""
    n = body["generationConfig"].get("candidateCount", 1)
    thoughts = counts.get("thoughtsTokenCount", 0)
    return {
        "candidates": [
            {
                "content": {"role": "model", "parts": [{"text": text}]},
                "finishReason": "STOP",
                "index": index,
            }
            for index in range(n)
        ],
        "usageMetadata": {
            "promptTokenCount": 10,
            "candidatesTokenCount": n,
            "totalTokenCount": 10 + n + thoughts,
            **counts,
        },
        "modelVersion": "faulty",
        "responseId": "reply",
    }


def answered(line: Line, text: str = "7") -> dict[str, Any]:
    """The line of a file of answers that answers a request."""
    reply = reply_to(line["request"], text)
    return {"key": line["key"], "response": {**reply, "responseId": f"reply to {line['key']}"}}


def failed(line: Line, code: int, message: str) -> dict[str, Any]:
    """The line for a request that failed, with one of Google's codes."""
    return {"key": line["key"], "error": {"code": code, "message": message}}


def all_answered(number: int, lines: Sequence[Line]) -> Ending:
    return Ending("JOB_STATE_SUCCEEDED", [answered(line) for line in reversed(lines)])


@dataclass
class GeminiServer(BatchServer):
    """`key` is the only one that it takes; a batch counts as paid for as soon as it is made.

    `uploads_at` is where it says that files are to be sent. It stands still at the step called
    `still_at`: start, part, create, created, poll, download.
    """

    end: Any = all_answered
    key: str = ""
    uploads_at: str = "https://upload.example"
    still_at: str = ""
    at: list[str] = field(default_factory=list)
    bodies: list[Mapping[str, Any]] = field(default_factory=list)
    uploads: dict[str, bytearray] = field(default_factory=dict)
    uploaded: dict[str, bytes] = field(default_factory=dict)
    parts: Counter[str] = field(default_factory=Counter)
    page: int = 2

    @property
    def root(self) -> str:
        """The address that cards give."""
        return self.address.removesuffix("/v1") + "/v1beta"

    def add_routes(self, app: web.Application) -> None:
        app.router.add_post("/v1beta/models/{model}:generateContent", self.answer)
        app.router.add_post("/v1beta/models/{model}:batchGenerateContent", self.create)
        app.router.add_post("/upload/v1beta/files", self.upload)
        app.router.add_get("/v1beta/batches", self.list)
        app.router.add_get("/v1beta/batches/{id}", self.retrieve)
        app.router.add_get("/v1beta/files/{id}:download", self.content)

    def _wrong_key(self, request: web.Request) -> web.Response | None:
        if not self.key or request.headers.get("x-goog-api-key") == self.key:
            return None
        said = {
            "code": 400,
            "message": "API key not valid. Please pass a valid API key.",
            "status": "INVALID_ARGUMENT",
            "details": [{"reason": "API_KEY_INVALID", "domain": "googleapis.com"}],
        }
        return web.json_response({"error": said}, status=400)

    async def _stand(self, step: str) -> None:
        self.at.append(step)
        while self.still_at == step:
            await asyncio.sleep(0.005)

    # Single requests

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.bodies.append(body)
        if (wrong := self._wrong_key(request)) is not None:
            return wrong
        why = refusal(request.match_info["model"], body)
        return not_taken(why) if why else await super().answer(request)

    def _hear(self, body: Mapping[str, Any], headers: Mapping[str, str]) -> Heard:
        config = body["generationConfig"]
        text = " ".join(part.get("text", "picture") for part in body["contents"][-1]["parts"])
        openai = {"prompt": text, "n": config.get("candidateCount", 1)}
        more = {"seed": config.get("seed", 0), "contents": body["contents"]}
        return super()._hear({**openai, **more}, headers)

    def _compute(self, path: str, heard: Heard, fault: Fault | None) -> tuple[int, bytes]:
        n = max(1, heard.n // 2) if fault == "fewer" else heard.n
        number = len(self.computed) + 1
        self.computed[number] = (heard.prompt, heard.seed, n)
        reply = reply_to({"generationConfig": {"candidateCount": n}})
        reply |= {"modelVersion": f"faulty/{number}", "responseId": f"reply-{number}"}
        for choice, candidate in enumerate(reply["candidates"]):
            candidate["content"]["parts"][0]["text"] = self.reply(heard, choice)
            if fault == "filtered answer":
                candidate |= {"content": {}, "finishReason": "SAFETY"}
        self.tokens += reply["usageMetadata"]["totalTokenCount"]
        changed = self.change(heard, reply)
        return number, changed if isinstance(changed, bytes) else json.dumps(changed).encode()

    # Batches

    async def upload(self, request: web.Request) -> web.StreamResponse:
        if (wrong := self._wrong_key(request)) is not None:
            return wrong
        command = request.headers["X-Goog-Upload-Command"]
        if command == "start":
            await self._stand("start")
            assert request.headers["X-Goog-Upload-Protocol"] == "resumable"
            assert {"displayName", "display_name"} & (await request.json())["file"].keys()
            name = f"upload-{len(self.uploads)}"
            self.uploads[name] = bytearray()
            self.parts[name] = -int(request.headers["X-Goog-Upload-Header-Content-Length"])
            there = f"{self.uploads_at}/upload/v1beta/files?upload_id={name}"
            return web.Response(headers={"X-Goog-Upload-URL": there})
        await self._stand("part")
        name = request.query["upload_id"]
        received = self.uploads[name]
        if int(request.headers["X-Goog-Upload-Offset"]) != len(received):
            return not_taken("Invalid request.  X-Goog-Upload-Offset is not what was received.")
        content = await request.read()
        received += content
        if "finalize" not in command:
            assert not len(content) % GRANULE
            return web.Response(headers={"X-Goog-Upload-Status": "active"})
        assert len(received) == -self.parts[name]
        self.uploaded[f"files/{name}"] = bytes(received)
        file = {"name": f"files/{name}", "state": "ACTIVE", "sizeBytes": str(len(received))}
        ended = web.json_response({"file": file}, headers={"X-Goog-Upload-Status": "final"})
        return self._reply("upload", ended)

    async def create(self, request: web.Request) -> web.StreamResponse:
        await self._stand("create")
        wrong = self._wrong_key(request) or self.on_creation()
        if wrong is not None:
            return wrong
        asked = (await request.json())["batch"]
        assert asked["displayName"]
        content = self.uploaded[asked["inputConfig"]["fileName"]]
        lines = [orjson.loads(line) for line in content.splitlines()]
        for line in lines:
            assert line.keys() == {"key", "request"}
            assert refusal(request.match_info["model"], line["request"]) is None
        self.submitted.append(lines)
        number = len(self.submitted)
        ending = self.end(number, lines)
        for line in ending.output:
            if not isinstance(line, bytes) and "response" in line:
                self.paid[line["key"]] += 1
        batch = {
            "name": f"batches/batch-{number}",
            "metadata": {
                "displayName": asked["displayName"],
                "state": "BATCH_STATE_PENDING",
                "createTime": "2026-11-29T08:00:00.123456789Z",
                "batchStats": {"requestCount": str(len(lines))},
            },
        }
        final: dict[str, Any] = {"done": True, "metadata": {"state": ending.status}}
        if ending.output:
            file = {"responsesFile": f"files/{self._stored(ending.output)}"}
            final["metadata"]["output"] = final["response"] = file
        if ending.reasons:
            final["error"] = ending.reasons[0]
        self.batches[f"batch-{number}"] = {"now": batch, "steps": [{}, final]}
        self.most_under_way = max(self.most_under_way, self.under_way)
        await self._stand("created")
        if self.drop_creations:
            self.drop_creations -= 1
            assert request.transport is not None
            request.transport.close()
        return self._reply("create", web.json_response(batch))

    async def list(self, request: web.Request) -> web.Response:
        """Batches in no order, a few at a time; none at all for those who say no number."""
        self.pages += 1
        batches = [batch["now"] for batch in self.batches.values()]
        size = min(int(request.query.get("pageSize", 0)), self.page)
        start = int(request.query.get("pageToken", "0"))
        page: dict[str, Any] = {}
        if batches[start : start + size]:
            page["operations"] = batches[start : start + size]
        if size and start + size < len(batches):
            page["nextPageToken"] = str(start + size)
        return self._reply("list", web.json_response(page))

    async def retrieve(self, request: web.Request) -> web.Response:
        await self._stand("poll")
        self.polls += 1
        fault = self._wrong_key(request) or self.on_poll(self.polls)
        if fault is not None:
            return fault
        batch = self.batches.get(request.match_info["id"])
        if batch is None:
            return not_taken("Requested entity was not found.", 404)
        if batch["steps"]:
            step = batch["steps"].pop(0)
            batch["now"]["metadata"].update(step.pop("metadata", {"state": "BATCH_STATE_RUNNING"}))
            batch["now"].update(step)
        return self._reply("retrieve", web.json_response(batch["now"]))

    async def content(self, request: web.Request) -> web.Response:
        await self._stand("download")
        assert request.query["alt"] == "media"
        if request.match_info["id"] not in self.files:
            return not_taken("Only generated files can be downloaded.")
        return await super().content(request)

    def _now(self) -> int:
        return int(time.time())
