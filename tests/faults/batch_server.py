"""A server with a batch interface that ends batches as told, and counts what it answered."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import orjson
from aiohttp import web

from tests.faults.server import FaultServer

Line = Mapping[str, Any]


def answered(line: Line, text: str = "7") -> dict[str, Any]:
    """The line of an output file that answers a request."""
    n = line["body"].get("n", 1)
    choices = [{"message": {"content": text}, "finish_reason": "stop"}] * n
    usage = {"prompt_tokens": 10, "completion_tokens": n}
    return responded(line, 200, {"model": "faulty", "choices": choices, "usage": usage})


def responded(line: Line, status: int, body: Mapping[str, Any]) -> dict[str, Any]:
    response = {"status_code": status, "request_id": "r", "body": body}
    return {"id": "x", "custom_id": line["custom_id"], "response": response, "error": None}


def expired(line: Line) -> dict[str, Any]:
    error = {"code": "batch_expired", "message": "It could not be executed in time."}
    return {"id": "x", "custom_id": line["custom_id"], "response": None, "error": error}


@dataclass
class Ending:
    """How a batch ends."""

    status: str = "completed"
    output: Sequence[Mapping[str, Any] | bytes] = ()
    errors: Sequence[Mapping[str, Any] | bytes] = ()
    reasons: Sequence[Mapping[str, Any]] = ()


def all_answered(number: int, lines: Sequence[Line]) -> Ending:
    return Ending(output=[answered(line) for line in reversed(lines)])


@dataclass
class BatchServer(FaultServer):
    """`end` says how a batch ends, by its number and lines; `on_poll` may stand in the way.

    `on_creation` may do so before a batch is made. So many replies to upload, create, list, content
    and retrieve as `html` says are web pages, after what they were asked was done; the next
    `cut_short` files are sent in half. Its clock is `clock_s` ahead of that of this machine, and in
    its replies where `tells_time`.
    """

    end: Callable[[int, Sequence[Line]], Ending] = all_answered
    on_poll: Callable[[int], web.Response | None] = lambda polls: None
    on_creation: Callable[[], web.Response | None] = lambda: None
    written: Callable[[bytes], bytes] = lambda content: content
    """A file of answers or errors as it is written."""
    drop_creations: int = 0
    cut_short: int = 0
    pages: int = 0
    html: Counter[str] = field(default_factory=Counter)
    clock_s: float = 0.0
    tells_time: bool = True
    most_under_way: int = 0
    has_batches: bool = True
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    submitted: list[list[Line]] = field(default_factory=list)
    paid: Counter[str] = field(default_factory=Counter)
    polls: int = 0

    def add_routes(self, app: web.Application) -> None:
        super().add_routes(app)
        if self.has_batches:
            app.router.add_post("/v1/files", self.upload)
            app.router.add_get("/v1/files/{id}/content", self.content)
            app.router.add_post("/v1/batches", self.create)
            app.router.add_get("/v1/batches", self.list)
            app.router.add_get("/v1/batches/{id}", self.retrieve)

    async def upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        assert form["purpose"] == "batch"
        part = form["file"]
        assert isinstance(part, web.FileField)
        file = {"id": self._store(part.file.read()), "object": "file", "created_at": self._now()}
        return self._reply("upload", web.json_response(file))

    async def content(self, request: web.Request) -> web.Response:
        body = self.files[request.match_info["id"]]
        if self.cut_short:
            self.cut_short -= 1
            body = body[: len(body) // 2]
        return self._reply("content", web.Response(body=body))

    @property
    def under_way(self) -> int:
        return sum(bool(batch["steps"]) for batch in self.batches.values())

    def _now(self) -> int | None:
        return int(time.time() + self.clock_s) if self.tells_time else None

    def _reply(self, to: str, response: web.Response) -> web.Response:
        if self.html[to]:
            self.html[to] -= 1
            response = web.Response(body=b"<!doctype html><p>Sign in", content_type="text/html")
        date = formatdate(time.time() + self.clock_s, usegmt=True)
        response.headers["Date"] = date if self.tells_time else ""
        return response

    async def create(self, request: web.Request) -> web.StreamResponse:
        fault = self.on_creation()
        if fault is not None:
            return fault
        asked = await request.json()
        lines = [orjson.loads(line) for line in self.files[asked["input_file_id"]].splitlines()]
        assert {line["url"] for line in lines} == {asked["endpoint"]}
        self.submitted.append(lines)
        number = len(self.submitted)
        ending = self.end(number, lines)
        for line in ending.output:
            if not isinstance(line, bytes):
                self.paid[line["custom_id"]] += 1
        batch = {
            **asked,
            "id": f"batch-{number}",
            "object": "batch",
            "status": "validating",
            "created_at": self._now(),
            "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
        }
        final = {
            "status": ending.status,
            "output_file_id": self._stored(ending.output),
            "error_file_id": self._stored(ending.errors),
            "errors": {"data": list(ending.reasons)},
        }
        steps = [{"status": "in_progress"}, {"status": "finalizing"}, final]
        self.batches[batch["id"]] = {"now": batch, "steps": steps}
        self.most_under_way = max(self.most_under_way, self.under_way)
        if self.drop_creations:
            self.drop_creations -= 1
            assert request.transport is not None
            request.transport.close()
        return self._reply("create", web.json_response(batch))

    async def list(self, request: web.Request) -> web.Response:
        data = [batch["now"] for batch in reversed(self.batches.values())]
        ids = [batch["id"] for batch in data]
        self.pages += 1
        start = ids.index(request.query["after"]) + 1 if "after" in request.query else 0
        end = start + int(request.query["limit"])
        page = {"object": "list", "data": data[start:end], "has_more": end < len(data)}
        return self._reply("list", web.json_response(page))

    async def retrieve(self, request: web.Request) -> web.Response:
        self.polls += 1
        fault = self.on_poll(self.polls)
        if fault is not None:
            return fault
        batch = self.batches[request.match_info["id"]]
        if batch["steps"]:
            batch["now"].update(batch["steps"].pop(0))
        return self._reply("retrieve", web.json_response(batch["now"]))

    def _stored(self, lines: Sequence[Mapping[str, Any] | bytes]) -> str | None:
        if not lines:
            return None
        as_bytes = (line if isinstance(line, bytes) else orjson.dumps(line) for line in lines)
        return self._store(self.written(b"\n".join(as_bytes)))

    def _store(self, content: bytes) -> str:
        self.files[f"file-{len(self.files)}"] = content
        return f"file-{len(self.files) - 1}"
