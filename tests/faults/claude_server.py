"""A server for Anthropic's Messages that refuses what the real one refuses, and counts answers."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import formatdate
from typing import Any

import orjson
from aiohttp import web

from tests.faults.server import Fault, FaultServer, Heard

Body = Mapping[str, Any]
Line = Mapping[str, Any]
"""A request of a batch: its custom_id and its params."""

KNOWN = frozenset(
    {"model", "messages", "max_tokens", "system", "stop_sequences", "thinking", "output_config"}
    | {"cache_control", "metadata", "service_tier", "stream", "tools", "tool_choice"}
)
SAMPLING = frozenset({"temperature", "top_p", "top_k"})
TYPES = {
    **{400: "invalid_request_error", 401: "authentication_error", 402: "billing_error"},
    **{403: "permission_error", 404: "not_found_error", 413: "request_too_large"},
    **{429: "rate_limit_error", 500: "api_error", 503: "api_error", 529: "overloaded_error"},
}


def error(status: int, message: str, **more: object) -> dict[str, Any]:
    """An error as Anthropic words it."""
    inner = {"type": TYPES[status], "message": message, **more}
    return {"type": "error", "error": inner, "request_id": "req_1"}


def complaints(version: str, body: Body) -> Iterator[str]:
    """Reasons why the real server refuses a body."""
    sampling = SAMPLING & body.keys()
    old = version == "2023-06-01"
    for name in sorted(body.keys() - KNOWN - (SAMPLING if old else set())):
        yield f"{name}: Extra inputs are not permitted"
    if {"temperature", "top_p"} <= sampling:
        yield "`temperature` and `top_p` cannot both be specified for this model."
    if not 0 <= body.get("temperature", 1) <= 1:
        yield "temperature: Input should be less than or equal to 1"
    most = body.get("max_tokens")
    if not isinstance(most, int) or most < 1:
        yield "max_tokens: Field required"
        return
    thinking = body.get("thinking", {})
    if thinking.get("type") == "enabled":
        if thinking["budget_tokens"] < 1024:
            yield "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
        if thinking["budget_tokens"] >= most:
            yield "`max_tokens` must be greater than `thinking.budget_tokens`"
    if not all(stop.strip() for stop in body.get("stop_sequences", ())):
        yield "stop_sequences: each stop sequence must contain non-whitespace"
    messages = body.get("messages")
    if not messages:
        yield "messages: at least one message is required"
        return
    for message in messages:
        if message["role"] not in ("user", "assistant"):
            yield f'messages: Unexpected role "{message["role"]}"'
        if not isinstance(message["content"], str):
            yield from _complaints_of_parts(message["content"])
    if messages[-1]["role"] == "assistant":
        yield "This model does not support assistant message prefill."


def _complaints_of_parts(parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for part in parts:
        if part["type"] not in ("text", "image"):
            yield f"messages.0.content.0: Input tag '{part['type']}' found"
        elif part["type"] == "image" and part["source"]["type"] != "base64":
            yield "messages.0.content.0.image.source: expected base64"


def message(text: str, **more: object) -> dict[str, Any]:
    """A reply."""
    usage = {"input_tokens": 10, "output_tokens": 2, "cache_read_input_tokens": 0}
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "faulty",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": usage | {"cache_creation_input_tokens": 0, "service_tier": "standard"},
        **more,
    }


def succeeded(line: Line, text: str = "7", **more: object) -> dict[str, Any]:
    """A line of results that answers a request of a batch."""
    reply = message(text, id=f"msg_{line['custom_id']}", **more)
    result = {"type": "succeeded", "message": reply}
    return {"custom_id": line["custom_id"], "result": result}


def errored(line: Line, status: int, said: str) -> dict[str, Any]:
    result = {"type": "errored", "error": error(status, said)}
    return {"custom_id": line["custom_id"], "result": result}


def not_run(line: Line, why: str) -> dict[str, Any]:
    return {"custom_id": line["custom_id"], "result": {"type": why}}


def all_succeeded(number: int, lines: Sequence[Line]) -> Sequence[Mapping[str, Any] | bytes]:
    return [succeeded(line) for line in reversed(lines)]


@dataclass
class ClaudeServer(FaultServer):
    """`end` says what a batch brings, by its number and lines; `on_poll` may stand in the way.

    `on_creation` may do so before a batch is made. Of so many creations the reply is lost after
    (`drop_creations`) or before (`drop_before`) the batch is made; so many replies to create, list,
    retrieve and results as `html` says are web pages. A batch ends after `polls_needed` looks.
    """

    end: Callable[[int, Sequence[Line]], Sequence[Mapping[str, Any] | bytes]] = all_succeeded
    on_poll: Callable[[int], web.Response | None] = lambda polls: None
    on_creation: Callable[[], web.Response | None] = lambda: None
    drop_creations: int = 0
    drop_before: int = 0
    cut_short: int = 0
    html: Counter[str] = field(default_factory=Counter)
    stuck: str = ""
    """The call of a batch, one of those, that is done and whose reply does not come."""
    waiting: int = 0
    clock_s: float = 0.0
    polls_needed: int = 2
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    results: dict[str, Sequence[Mapping[str, Any] | bytes]] = field(default_factory=dict)
    submitted: list[list[Line]] = field(default_factory=list)
    paid: Counter[str] = field(default_factory=Counter)
    """Answers that were made, by the custom_id without what tells its batch."""
    polls: int = 0
    looked: Counter[str] = field(default_factory=Counter)
    listed: int = 0

    def add_routes(self, app: web.Application) -> None:
        app.router.add_post("/v1/messages", self.answer)
        app.router.add_post("/v1/messages/batches", self.create)
        app.router.add_get("/v1/messages/batches", self.list)
        app.router.add_get("/v1/messages/batches/{id}", self.retrieve)
        app.router.add_get("/v1/messages/batches/{id}/results", self.fetch)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        wrong = self._unwelcome(request)
        body = await request.json()
        said = list(complaints(request.headers.get("anthropic-version", ""), body))
        if wrong is None and said:
            wrong = web.json_response(error(400, said[0]), status=400)
        return wrong if wrong is not None else await super().answer(request)

    def _unwelcome(self, request: web.Request) -> web.Response | None:
        if not request.headers.get("x-api-key"):
            return web.json_response(error(401, "x-api-key header is required"), status=401)
        if request.headers.get("anthropic-version") not in ("2023-06-01", "2026-10-21"):
            said = error(400, "anthropic-version: header is required")
            return web.json_response(said, status=400)
        return None

    async def _answer(
        self, request: web.Request, heard: Heard, fault: Fault | None
    ) -> web.StreamResponse:
        if fault is not None and fault.isdigit():
            self.met[fault] += 1
            said = error(int(fault), self.message)
            return web.json_response(said, status=int(fault), headers=self.retry_after)
        if fault == "error in 200":
            self.met[fault] += 1
            return web.json_response(error(529, self.message))
        return await super()._answer(request, heard, fault)

    def _compute(self, path: str, heard: Heard, fault: Fault | None) -> tuple[int, bytes]:
        number = len(self.computed) + 1
        self.computed[number] = (heard.prompt, heard.seed, 1)
        reply = message(self.reply(heard, 0), id=f"msg_{number}", **self.more(heard, number))
        usage = reply["usage"]
        self.tokens += usage["input_tokens"] + usage["output_tokens"]
        changed = self.change(heard, reply)
        return number, changed if isinstance(changed, bytes) else orjson.dumps(changed)

    # Batches

    @property
    def under_way(self) -> int:
        return sum(batch["processing_status"] != "ended" for batch in self.batches.values())

    async def _reply(self, to: str, response: web.Response) -> web.Response:
        if self.stuck == to:
            self.waiting += 1
            await self._closing.wait()
        if self.html[to]:
            self.html[to] -= 1
            response = web.Response(body=b"<!doctype html><p>Sign in", content_type="text/html")
        response.headers["Date"] = formatdate(time.time() + self.clock_s, usegmt=True)
        return response

    async def create(self, request: web.Request) -> web.StreamResponse:
        fault = self._unwelcome(request) or self.on_creation()
        if fault is not None:
            return fault
        asked = await request.json()
        assert asked.keys() == {"requests"}
        lines = asked["requests"]
        ids = [line["custom_id"] for line in lines]
        assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) for name in ids)
        assert len(set(ids)) == len(ids)
        assert request.transport is not None
        if self.drop_before:
            self.drop_before -= 1
            request.transport.close()
            return web.Response()
        version = request.headers["anthropic-version"]
        refused = {
            line["custom_id"]: said
            for line in lines
            if (said := next(complaints(version, line["params"]), None))
        }
        self.submitted.append(lines)
        number = len(self.submitted)
        results = [
            errored(line, 400, refused[line["custom_id"]])
            for line in lines
            if line["custom_id"] in refused
        ] + list(self.end(number, [line for line in lines if line["custom_id"] not in refused]))
        for line in results:
            if not isinstance(line, bytes) and line["result"]["type"] == "succeeded":
                self.paid[line["custom_id"].partition("-")[2]] += 1
        batch = self.made(f"msgbatch_{number}", len(lines))
        self.results[batch["id"]] = results
        if self.drop_creations:
            self.drop_creations -= 1
            request.transport.close()
        return await self._reply("create", web.json_response(batch))

    def made(self, name: str, size: int, age_s: float = 0.0) -> dict[str, Any]:
        """A new batch, of whomever."""
        made = datetime.fromtimestamp(time.time() + self.clock_s - age_s, UTC)
        counts = dict.fromkeys(("succeeded", "errored", "canceled", "expired"), 0)
        self.batches[name] = {
            "id": name,
            "type": "message_batch",
            "processing_status": "in_progress",
            "request_counts": {"processing": size, **counts},
            "created_at": made.isoformat().replace("+00:00", "Z"),
            "expires_at": made.isoformat(),
            "ended_at": None,
            "archived_at": None,
            "cancel_initiated_at": None,
            "results_url": None,
        }
        return self.batches[name]

    def _finish(self, batch: dict[str, Any]) -> None:
        results = self.results.get(batch["id"], ())
        ends = Counter(
            line["result"]["type"]
            for line in results
            if isinstance(line, Mapping) and isinstance(line.get("result"), Mapping)
        )
        counts = batch["request_counts"]
        rest = sum(counts.values()) - sum(ends.values())
        counts.update({"processing": 0, **ends})
        counts["errored"] += max(0, rest)
        # The key must go where the card says, whatever a reply names.
        url = f"https://elsewhere.example.org/{batch['id']}/results"
        batch.update(processing_status="ended", results_url=url, ended_at=batch["created_at"])

    async def list(self, request: web.Request) -> web.Response:
        every = reversed(self.batches.values())
        data = sorted(every, key=lambda batch: batch["created_at"], reverse=True)
        ids = [batch["id"] for batch in data]
        self.listed += 1
        start = ids.index(request.query["after_id"]) + 1 if "after_id" in request.query else 0
        end = start + int(request.query["limit"])
        page = data[start:end]
        reply = {"data": page, "has_more": end < len(data)}
        reply |= {"first_id": page[0]["id"], "last_id": page[-1]["id"]} if page else {}
        return await self._reply("list", web.json_response(reply))

    async def retrieve(self, request: web.Request) -> web.Response:
        self.polls += 1
        fault = self._unwelcome(request) or self.on_poll(self.polls)
        if fault is not None:
            return fault
        batch = self.batches.get(request.match_info["id"])
        if batch is None:
            return web.json_response(error(404, "Batch not found"), status=404)
        self.looked[batch["id"]] += 1
        if self.looked[batch["id"]] >= self.polls_needed and not batch["archived_at"]:
            self._finish(batch)
        return await self._reply("retrieve", web.json_response(batch))

    async def fetch(self, request: web.Request) -> web.Response:
        fault = self._unwelcome(request)
        if fault is not None:
            return fault
        batch = self.batches[request.match_info["id"]]
        if batch["results_url"] is None:
            return web.json_response(error(404, "Results not available"), status=404)
        lines = self.results.get(batch["id"], ())
        body = b"".join(
            line + b"\n" if isinstance(line, bytes) else orjson.dumps(line) + b"\n"
            for line in lines
        )
        if self.cut_short:
            self.cut_short -= 1
            body = body[: len(body) // 2]
        return await self._reply("results", web.Response(body=body))
