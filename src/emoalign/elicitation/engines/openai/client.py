"""The engine for every OpenAI-compatible interface, remote or on this machine."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any
from urllib.parse import urljoin

import aiohttp
import httpx2
import openai
import orjson

import emoalign
from emoalign.elicitation.engines.openai.limits import Gate
from emoalign.elicitation.engines.openai.openai_model import interface, request_body
from emoalign.elicitation.engines.openai.replies import (
    Fault,
    backoff,
    error_reply,
    exhausted_for,
    has_choices,
    lacks_logprobs,
    odd,
    read_answers,
    refused,
    too_late,
    unreachable,
    used_tokens,
    withheld_reply,
)
from emoalign.elicitation.engines.served import ServedModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask
from emoalign.errors import EngineError
from emoalign.prompts import estimated_tokens

_KEPT = "What had arrived is kept in the journal: running again asks only for the rest."
NO_LOGPROBS = (
    "was asked for log-probabilities and returned none. If it cannot give them, say "
    "top_logprobs: 0 in the model's card; the exact readout is then refused from the start."
)
Expected = Callable[[Mapping[str, Any]], bool]


class OpenAIEngine:
    """Asks one model through its HTTP interface.

    Over the HTTP client of the `openai` package, without the layers above it: what they do per
    request (headers, options, typed responses, retries of their own) costs as much time as all the
    rest. docs/performance.md has the figures.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key_env: str | None,
        card: ServedModel,
    ) -> None:
        self._model = model
        self._key = api_key(api_key_env)
        self._capabilities = card.capabilities
        self._limits = card.limits
        self._gate = Gate(card.limits)
        self._root = urljoin(base_url, "/")
        self._client = openai.DefaultAioHttpClient(
            base_url=base_url,
            headers={
                "Authorization": f"Bearer {self._key or 'none'}",
                "Content-Type": "application/json",
                "User-Agent": f"emoalign/{emoalign.__version__}",
            },
            timeout=None,  # a whole answer has timeout_s, however it trickles in
        )

    async def ask(self, ask: Ask) -> list[Answer]:
        """The answers to a request; see Engine."""
        try:
            return await self._ask(ask)
        except EngineError as error:
            self._gate.stop(error)
            raise

    async def _ask(self, ask: Ask) -> list[Answer]:
        request = ask.request
        body = request_body(self._model, self._capabilities, ask)
        path = interface(ask)
        answers_at_most = request.sampling.max_tokens * len(ask.participants)
        tokens = estimated_tokens(request.prompt) + answers_at_most
        seconds = 0.0
        try:
            reply, seconds = await self._post(path, body, tokens, has_choices)
        except Fault:
            reply = withheld_reply(len(ask.participants))
        answers = read_answers(ask, reply, seconds)
        if request.readout == "exact" and any(map(lacks_logprobs, answers)):
            raise EngineError(f"{self._where()} {NO_LOGPROBS}")
        return answers

    async def tokenize(self, text: str) -> Sequence[int]:
        """Token ids of `text`, from the server's own tokenizer (POST /tokenize)."""
        body = {"content": text, "add_special": False}
        try:
            reply, _ = await self._post(f"{self._root}tokenize", body, 0, _has_tokens)
        except Fault as fault:
            raise self._explained(fault) from None
        return list(reply["tokens"])

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _post(
        self, path: str, body: Mapping[str, Any], tokens: float, expected: Expected
    ) -> tuple[dict[str, Any], float]:
        """The reply to a request and the seconds it took, after as many attempts as are allowed.

        Raises a Fault when a content policy withholds the answer, and EngineError for all else.
        """
        for attempt in count(1):
            sent = await self._gate.enter(tokens)
            try:
                reply = await self._send(path, body, expected)
            except Fault as fault:
                if fault.kind == "withheld":
                    raise
                failed = fault
            else:
                self._gate.pacing.succeeded(tokens, used_tokens(reply) or tokens)
                return reply, time.monotonic() - sent
            finally:
                self._gate.leave()
            await self._gate.rest(self._pause_after(failed, attempt, sent))
        raise AssertionError("counting does not end")

    async def _send(self, path: str, body: Mapping[str, Any], expected: Expected) -> dict[str, Any]:
        """Send a request once. Raises Fault."""
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                response = await self._client.post(path, content=orjson.dumps(body))
        except TimeoutError:
            raise too_late(self._limits.timeout_s) from None
        except (httpx2.HTTPError, aiohttp.ClientError) as error:
            raise unreachable(error) from None
        if not response.is_success:
            raise refused(response.status_code, response.headers, response.content)
        self._mind_the_limits(response.headers)
        try:
            reply = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            raise odd("answered with something other than JSON.") from None
        if isinstance(reply, dict) and reply.get("error"):
            raise error_reply(reply)
        if not isinstance(reply, dict) or not expected(reply):
            raise odd(f"gave an answer of another shape: {reply}")
        return reply

    def _mind_the_limits(self, headers: Mapping[str, str]) -> None:
        seconds = exhausted_for(headers)
        if seconds:
            # A limit that is back only tomorrow is told by the next reply, which is a refusal.
            self._gate.pacing.pause(min(seconds, self._limits.longest_wait_s), time.monotonic())

    def _pause_after(self, fault: Fault, attempt: int, sent: float) -> float:
        """Seconds to wait before asking again. Raises EngineError when that is of no use."""
        longest = self._limits.longest_wait_s
        if fault.kind == "permanent":
            raise self._explained(fault)
        if fault.wait_s is not None and fault.wait_s > longest:
            raise self._explained(
                fault,
                f"It asks to wait {fault.wait_s:.0f} s, longer than longest_wait_s in the model's "
                f"card ({longest:g} s). Run again then, or raise longest_wait_s. {_KEPT}",
            )
        if attempt > self._limits.retries:
            tried = "once" if attempt == 1 else f"{attempt} times"
            raise self._explained(fault, f"{fault.remedy} This was tried {tried}. {_KEPT}")
        now = time.monotonic()
        pause = max(backoff(attempt, longest, random.random()), fault.wait_s or 0)  # noqa: S311
        if fault.kind == "busy":
            self._gate.pacing.slow_down(sent, now)
        if fault.kind == "busy" or fault.wait_s:
            self._gate.pacing.pause(fault.wait_s or pause, now)
        return pause

    def _explained(self, fault: Fault, remedy: str | None = None) -> EngineError:
        said = self._keyless(fault.said)
        return EngineError(f"{self._where()} {said} {fault.remedy if remedy is None else remedy}")

    def _keyless(self, said: object) -> str:
        """The beginning of what a server said, which may repeat the key, without the key."""
        text = str(said)
        return (text.replace(self._key, "***") if self._key else text)[:300]

    def _where(self) -> str:
        return f"the server of model {self._model!r} ({self._client.base_url})"


def api_key(variable: str | None) -> str | None:
    """The key that an environment variable holds. Raises EngineError when it holds none."""
    if variable is None:
        return None
    key = os.environ.get(variable)
    if not key:
        raise EngineError(
            f"the environment variable {variable} is not set. It must hold the API key: "
            f"export {variable}=... in the shell that starts snakemake (and never in a file here)."
        )
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise EngineError(
            f"the environment variable {variable} holds spaces, line ends or letters that no key "
            "has: copy the key again."
        )
    return key


def _has_tokens(reply: Mapping[str, Any]) -> bool:
    return isinstance(reply.get("tokens"), list)
