"""A server for chat and completions that fails as told, and counts every answer it computed."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from aiohttp import web

Fault = Literal[
    "429",
    "500",
    "503",
    "529",
    "hang",
    "drop",
    "truncate",
    "garbage",
    "noise",
    "error in 200",
    "error in a choice",
    "finished by an error",
    "empty",
    "filtered prompt",
    "filtered answer",
    "refusal",
    "fewer",
    "slow",
]
NOT_COMPUTED: Sequence[Fault] = (
    *("429", "500", "503", "error in 200", "error in a choice", "finished by an error"),
)
NOT_DELIVERED: Sequence[Fault] = ("hang", "drop", "truncate", "garbage", "noise", "empty")
PASSING = (*NOT_COMPUTED, *NOT_DELIVERED)


@dataclass(frozen=True)
class Heard:
    """A request as the server heard it; `attempt` counts equal ones, from 1."""

    prompt: str
    seed: int
    n: int
    attempt: int
    at: float
    headers: Mapping[str, str]
    body: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def key(self) -> tuple[str, int]:
        return self.prompt, self.seed


Plan = Callable[[Heard], Fault | None]
Reply = Callable[[Heard, int], str]
"""What the server says to a request in its choice of that number."""
Change = Callable[[Heard, dict[str, Any]], Any]
"""A reply as it is sent, in place of the usual one; bytes are sent as they are."""


def storm(seed: int, share: float, faults: Sequence[Fault]) -> Plan:
    """So large a share of all requests meets one of the faults, the same in every run."""

    def plan(heard: Heard) -> Fault | None:
        draw = random.Random(f"{seed}:{heard.prompt}:{heard.seed}:{heard.attempt}")
        return draw.choice(list(faults)) if draw.random() < share else None

    return plan


@dataclass
class FaultServer:
    """What it does and what it has done. A computed reply has a number of its own.

    That number is in `system_fingerprint`, so that an answer in a journal tells its reply.
    """

    plan: Plan = lambda heard: None
    reply: Reply = lambda heard, choice: "7"
    change: Change = lambda heard, reply: reply
    tokenizers: Mapping[str, Callable[[dict[str, Any]], Any]] = field(default_factory=dict)
    """What is said at further paths, by the path, to a body: its tokens, or a status."""
    retry_after: Mapping[str, str] = field(default_factory=lambda: {"Retry-After-Ms": "5"})
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "Not now."
    refusal: object = None
    """The body of a 429, if not that of OpenAI."""
    code: str | None = None
    slow_s: float = 0.05
    said: Callable[[Heard], tuple[int, object] | None] = lambda heard: None
    """A status and body in place of what it would say."""
    more: Callable[[Heard, int], Mapping[str, object]] = lambda heard, number: {}
    """Further fields of the reply of that number."""
    hold: Callable[[Heard], bool] = lambda heard: False
    """Whether a request is not worked on yet; asked again until it is."""
    heard: list[Heard] = field(default_factory=list)
    met: Counter[Fault | None] = field(default_factory=Counter)
    computed: dict[int, tuple[str, int, int]] = field(default_factory=dict)
    delivered: set[int] = field(default_factory=set)
    tokenized: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    tokens: int = 0
    at_once: int = 0
    most_at_once: int = 0
    hanging: int = 0
    host: str = "127.0.0.1"
    address: str = ""

    def __post_init__(self) -> None:
        self._attempts: Counter[tuple[str, int]] = Counter()
        self._closing = asyncio.Event()
        self._connections: Callable[[], Sequence[object]] = lambda: ()

    @property
    def idle(self) -> bool:
        """Whether nobody is connected and nothing is worked on, but for what hangs."""
        return len(self._connections()) == self.at_once == self.hanging

    def paid_again(self) -> Counter[tuple[str, int]]:
        """How often more than once the answers to a request were computed, by prompt and seed."""
        times = Counter((prompt, seed) for prompt, seed, _ in self.computed.values())
        return Counter({key: count - 1 for key, count in times.items() if count > 1})

    async def answer(self, request: web.Request) -> web.StreamResponse:
        heard = self._hear(await request.json(), request.headers)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            while self.hold(heard):
                await asyncio.sleep(0.005)
            return await self._answer(request, heard, self.plan(heard))
        finally:
            self.at_once -= 1

    def _hear(self, body: Mapping[str, Any], headers: Mapping[str, str]) -> Heard:
        prompt = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
        if not isinstance(prompt, str):
            prompt = " ".join(str(part.get("text", part)) for part in prompt)
        key = prompt, body.get("seed", 0)
        self._attempts[key] += 1
        told = {name.lower(): value for name, value in headers.items()}
        heard = Heard(*key, body.get("n", 1), self._attempts[key], time.monotonic(), told, body)
        self.heard.append(heard)
        return heard

    async def _answer(
        self, request: web.Request, heard: Heard, fault: Fault | None
    ) -> web.StreamResponse:
        self.met[fault] += 1
        if (said := self.said(heard)) is not None:
            return web.json_response(said[1], status=said[0])
        failed = {"error": {"message": self.message, "code": self.code}}
        if fault == "429":
            body = self.refusal or failed
            return web.json_response(body, status=429, headers=self.retry_after)
        if fault == "error in 200":
            return web.json_response(failed)
        if fault in ("error in a choice", "finished by an error"):
            choice = {"message": {"role": "assistant", "content": "7"}, "finish_reason": "error"}
            error = {"error": {"message": self.message, "code": self.code or 502}}
            more = error if fault == "error in a choice" else {}
            return web.json_response({"model": "faulty", "choices": [choice | more] * heard.n})
        if fault == "filtered prompt":
            failed["error"]["code"] = "content_filter"
            return web.json_response(failed, status=400)
        if fault is not None and fault.isdigit():
            return web.json_response(failed, status=int(fault))
        number, content = self._compute(request.path, heard, fault)
        return await self._deliver(request, fault, number, content)

    def _compute(self, path: str, heard: Heard, fault: Fault | None) -> tuple[int, bytes]:
        n = max(1, heard.n // 2) if fault == "fewer" else heard.n
        number = len(self.computed) + 1
        self.computed[number] = (heard.prompt, heard.seed, n)
        usage = {"prompt_tokens": max(1, len(heard.prompt) // 4), "completion_tokens": n}
        self.tokens += sum(usage.values())
        form = _chat_choice if path.endswith("chat/completions") else _completion_choice
        reply = {
            "model": "faulty",
            "system_fingerprint": str(number),
            "choices": [form(fault, self.reply(heard, choice)) for choice in range(n)],
            "usage": usage,
            **self.more(heard, number),
        }
        changed = self.change(heard, reply)
        return number, changed if isinstance(changed, bytes) else json.dumps(changed).encode()

    async def _deliver(
        self, request: web.Request, fault: Fault | None, number: int, content: bytes
    ) -> web.StreamResponse:
        if fault == "hang":
            self.hanging += 1
            await self._closing.wait()
        if fault == "slow":
            await asyncio.sleep(self.slow_s)
        if fault == "empty":
            return web.Response(content_type="application/json")
        if fault == "garbage":
            return web.Response(body=b"<html>502</html>", content_type="text/html")
        if fault == "truncate":
            return web.Response(body=content[: len(content) // 2], content_type="application/json")
        if fault in ("drop", "noise"):
            assert request.transport is not None
            head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content)
            request.transport.write(
                head + content[: len(content) // 2]
                if fault == "drop"
                else b"\x00\x01 noise\r\n\r\n"
            )
            request.transport.close()
            return web.Response()
        self.delivered.add(number)
        return web.Response(body=content, content_type="application/json", headers=self.headers)

    def add_routes(self, app: web.Application) -> None:
        app.router.add_post("/v1/chat/completions", self.answer)
        app.router.add_post("/v1/completions", self.answer)
        app.router.add_post("/{below:.+}/v1/chat/completions", self.answer)
        app.router.add_post("/tokenize", self._tokenize)
        app.router.add_post("/{below:.+}/tokenize", self._tokenize)

    async def _tokenize(self, request: web.Request) -> web.Response:
        say = self.tokenizers.get(request.path)
        body = await request.json()
        self.tokenized.append((request.path, body))
        said = 404 if say is None else say(body)
        return web.Response(status=said) if isinstance(said, int) else web.json_response(said)

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Serve on a free port of this machine, in a thread."""
        loop = asyncio.new_event_loop()
        started, stop = threading.Event(), asyncio.Event()

        async def serve() -> None:
            app = web.Application()
            self.add_routes(app)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
            await runner.setup()
            assert runner.server is not None
            self._connections = lambda: runner.server.connections
            await web.TCPSite(runner, self.host, 0).start()
            self.address = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
            started.set()
            await stop.wait()
            self._closing.set()
            await runner.cleanup()

        thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
        thread.start()
        started.wait()
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
            loop.close()


def _chat_choice(fault: Fault | None, text: str) -> dict[str, Any]:
    if fault == "filtered answer":
        return {"message": {"content": None}, "finish_reason": "content_filter"}
    if fault == "refusal":
        return {"message": {"content": None, "refusal": "I would not."}, "finish_reason": "stop"}
    return {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}


def _completion_choice(fault: Fault | None, text: str) -> dict[str, Any]:
    filtered = fault == "filtered answer"
    return {"text": text, "finish_reason": "content_filter" if filtered else "stop"}
