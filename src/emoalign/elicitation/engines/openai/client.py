"""The engine for every OpenAI-compatible interface, remote or on this machine."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from typing import Any

import orjson

import emoalign
from emoalign.addresses import shown
from emoalign.elicitation.engines.openai.choices import (
    has_choices,
    lacks_logprobs,
    read_answers,
    used_tokens,
    withheld_reply,
)
from emoalign.elicitation.engines.openai.connections import (
    CONNECTION_ERRORS,
    Connection,
    unreachable,
)
from emoalign.elicitation.engines.openai.limits import Gate
from emoalign.elicitation.engines.openai.openai_model import interface, request_body
from emoalign.elicitation.engines.openai.received import parsed
from emoalign.elicitation.engines.openai.replies import (
    Fault,
    backoff,
    beginning,
    failure_in,
    no_json,
    odd,
    refused,
    too_late,
)
from emoalign.elicitation.engines.openai.tokenizing import questions, token_ids
from emoalign.elicitation.engines.openai.waits import exhausted_for
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
NO_TOKENIZER = (
    "The exact readout needs POST /tokenize, of llama.cpp or vLLM, beside base_url or at the root "
    "of the server. Without it, say tokenizer: false in the model's card."
)
_ELSEWHERE = (200, 400, 404, 405, 415, 422, 501)
"""Statuses after which tokens are asked for in another way or place."""

Expected = Callable[[Mapping[str, Any]], bool]


def nothing() -> None:
    """Do nothing."""


class OpenAIEngine:
    """Asks one model through its HTTP interface.

    Faults are retried here, at the pace that the server allows.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key_env: str | None,
        card: ServedModel,
        key: str | None = None,
    ) -> None:
        self._model = model
        self._key = key or api_key(api_key_env)
        self._capabilities = card.capabilities
        self._limits = card.limits
        self._gate = Gate(card.limits)
        self._base_url = base_url
        self._tokenizer: int | None = None
        self._connection = Connection(
            base_url,
            {
                "Authorization": f"Bearer {self._key or 'none'}",
                "Content-Type": "application/json",
                "User-Agent": f"emoalign/{emoalign.__version__}",
            },
        )

    async def ask(self, ask: Ask, again: Callable[[], None] = nothing) -> list[Answer]:
        """The answers to a request; see Engine."""
        try:
            return await self._ask(ask, again)
        except EngineError as error:
            self._gate.stop(error)
            raise

    def settle(self, ask: Ask, answers: Sequence[Answer]) -> None:
        """Nothing to do; see Engine."""

    async def _ask(self, ask: Ask, again: Callable[[], None]) -> list[Answer]:
        request = ask.request
        body = request_body(self._model, self._capabilities, ask)
        path = interface(ask)
        answers_at_most = request.sampling.max_tokens * len(ask.participants)
        tokens = estimated_tokens(request.prompt) + answers_at_most
        seconds = 0.0
        try:
            reply, seconds = await self._post(path, body, tokens, has_choices, again)
        except Fault:
            reply = withheld_reply(len(ask.participants))
        try:
            answers = read_answers(ask, reply, seconds)
        except Fault as fault:
            raise self._explained(fault) from None
        if request.readout == "exact" and any(map(lacks_logprobs, answers)):
            raise EngineError(f"{self._where()} {NO_LOGPROBS}")
        return answers

    async def tokenize(self, text: str) -> Sequence[int]:
        """Token ids of `text`, from the server's own tokenizer (POST /tokenize)."""
        faults: list[Fault] = []
        for number, (place, body) in enumerate(questions(self._base_url, self._model, text)):
            if self._tokenizer not in (None, number):
                continue
            try:
                reply, _ = await self._post(place, body, 0, _is_object, elsewhere=_ELSEWHERE)
                ids = token_ids(reply)
                if ids is None:
                    raise odd(f"tells no tokens of {text!r} at {place}: {beginning(reply)}")
            except Fault as fault:
                faults.append(fault)
            else:
                self._tokenizer = number
                return ids
        raise self._explained(faults[0], NO_TOKENIZER)

    async def close(self) -> None:
        """Close the connections."""
        await self._connection.close()

    async def _post(
        self,
        path: str,
        body: Mapping[str, Any],
        tokens: float,
        expected: Expected,
        again: Callable[[], None] = nothing,
        elsewhere: Sequence[int] = (),
    ) -> tuple[dict[str, Any], float]:
        """The reply to a request and the seconds it took, after as many attempts as are allowed.

        `again` is called before another one where the last may have been charged. Raises a Fault
        when a content policy withholds the answer or its status says to ask `elsewhere`, and
        EngineError for all else.
        """
        for attempt in count(1):
            sent = await self._gate.enter(tokens)
            try:
                reply = await self._send(path, body, expected)
            except Fault as fault:
                if fault.kind == "withheld" or fault.status in elsewhere:
                    raise
                failed = fault
            else:
                self._gate.pacing.succeeded(tokens, used_tokens(reply) or tokens)
                return reply, time.monotonic() - sent
            finally:
                self._gate.leave()
            pause = self._pause_after(failed, attempt, sent)
            if failed.charged:
                again()
            await self._gate.rest(pause)
        raise AssertionError("counting does not end")

    async def _send(self, path: str, body: Mapping[str, Any], expected: Expected) -> dict[str, Any]:
        """Send a request once. Raises Fault."""
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                response = await self._connection.post(path, orjson.dumps(body))
        except TimeoutError:
            raise too_late(self._limits.timeout_s) from None
        except CONNECTION_ERRORS as error:
            raise unreachable(error, self._base_url) from None
        if not 200 <= response.status < 300:
            raise refused(response.status, response.headers, response.content)
        self._mind_the_limits(response.headers)
        try:
            reply = parsed(response.content)
        except ValueError:
            raise no_json(response.content) from None
        failure = failure_in(reply) if isinstance(reply, dict) else None
        if failure is not None:
            raise failure
        if not isinstance(reply, dict) or not expected(reply):
            raise odd(f"gave an answer of another shape: {beginning(reply)}")
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
        return f"the server of model {self._model!r} ({shown(self._base_url)})"


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


def _is_object(reply: Mapping[str, Any]) -> bool:
    return True
