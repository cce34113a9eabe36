"""The engine for every HTTP interface, remote or on this machine."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from types import MappingProxyType
from typing import Any

import orjson

from emoalign.addresses import shown
from emoalign.elicitation.engines.api.additions import SecretValue, card_should_say
from emoalign.elicitation.engines.api.choices import (
    has_choices,
    has_probabilities,
    no_answers,
    read_answers,
    used_tokens,
    withheld_reply,
)
from emoalign.elicitation.engines.api.connections import (
    CONNECTION_ERRORS,
    Connection,
    unreachable,
)
from emoalign.elicitation.engines.api.credentials import Credentials
from emoalign.elicitation.engines.api.dialect import Dialect
from emoalign.elicitation.engines.api.limits import Gate
from emoalign.elicitation.engines.api.received import parsed
from emoalign.elicitation.engines.api.replies import (
    Fault,
    backoff,
    beginning,
    failure_in,
    no_json,
    odd,
    refused,
    too_late,
)
from emoalign.elicitation.engines.api.tokenizing import questions, token_ids
from emoalign.elicitation.engines.api.waits import exhausted_for, in_words
from emoalign.elicitation.engines.served import ServedModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask
from emoalign.elicitation.rejections import Rejected
from emoalign.errors import EngineError
from emoalign.prompts import estimated_tokens
from emoalign.wording import sentence

EMPTY_TRIES = 3
"""Times that a question is sent that brings a list of no answers, or no log-probabilities."""

LONGEST_REASON = 1000
"""Characters of a provider's reason not to accept a request that are kept."""
DEFAULTS_ON = (
    "is llama.cpp, which leaves tokens out by defaults of its own (top_k, min_p), so that answers "
    "would not come from the model's whole distribution. Set sampling_extras: true among the "
    "capabilities in the model's card: the defaults are switched off then. This answer is not kept."
)
_BUILD_OF_LLAMACPP = re.compile(r"b\d+-[0-9a-f]+")
NO_TOKENIZER = (
    "The exact readout needs POST /tokenize, of llama.cpp or vLLM, beside base_url or at the root "
    "of the server. Without it, set tokenizer: false in the model's card."
)
_ELSEWHERE = (200, 400, 404, 405, 415, 422, 501)
"""Statuses after which tokens are asked for in another way or place."""

Expected = Callable[[Mapping[str, Any]], bool]


def nothing() -> None:
    """Do nothing."""


class ApiEngine:
    """Asks one model through its HTTP interface.

    Faults are retried here, at the pace that the server allows.
    """

    def __init__(
        self,
        dialect: Dialect,
        base_url: str,
        model: str,
        api_key_env: str | None,
        card: ServedModel,
        key: str | None = None,
        headers: Mapping[str, str | SecretValue] = MappingProxyType({}),
    ) -> None:
        self._dialect = dialect
        self._model = model
        self._credentials = Credentials.of(api_key_env, headers, key)
        self._capabilities = card.capabilities
        self._limits = card.limits
        self._words = card.capabilities.content_filter_words
        self._gate = Gate(card.limits)
        self._base_url = base_url
        self._tokenizer: int | None = None
        self._connection = Connection(
            base_url,
            self._credentials.headers(dialect),
        )

    async def ask(self, ask: Ask, again: Callable[[], None] = nothing) -> list[Answer]:
        """The answers to a request; see Engine."""
        try:
            return await self._ask(ask, again)
        except Rejected:
            raise
        except EngineError as error:
            self.stop(error)
            raise

    def settle(self, ask: Ask, answers: Sequence[Answer]) -> None:
        """Nothing to do; see Engine."""

    def stop(self, error: EngineError) -> None:
        """Send nothing any more; see Engine."""
        self._gate.stop(error)

    async def _ask(self, ask: Ask, again: Callable[[], None]) -> list[Answer]:
        request = ask.request
        body = self._dialect.body(self._model, self._capabilities, ask)
        path = self._dialect.path(self._model, ask)
        expected = has_probabilities if request.readout == "exact" else has_choices
        answers_at_most = request.sampling.max_tokens * len(ask.participants)
        tokens = estimated_tokens(request.prompt) + answers_at_most
        seconds = 0.0
        try:
            reply, seconds = await self._post(path, body, tokens, expected, again)
        except Fault as fault:
            if fault.kind != "withheld":
                words = self._keyless(fault.words, LONGEST_REASON)
                raise Rejected(str(self._explained(fault)), words) from None
            reply = withheld_reply(len(ask.participants), fault)
        neutral = self._capabilities.sampling_extras or request.sampling.temperature is None
        if by_llamacpp(reply) and not neutral:
            raise EngineError(f"{self._where()} {DEFAULTS_ON}")
        return read_answers(ask, reply, seconds)

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
                    raise odd(f"returned no tokens of {text!r} at {place}: {beginning(reply)}")
            except Fault as fault:
                if fault.status not in _ELSEWHERE:
                    raise self._explained(fault) from None
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
        when the question is withheld or rejected, or its status says to ask `elsewhere`, and
        EngineError for all else.
        """
        for attempt in count(1):
            sent = await self._gate.enter(tokens)
            try:
                reply = await self._send(path, body, expected)
            except Fault as fault:
                if fault.kind in ("withheld", "rejected") or fault.status in elsewhere:
                    raise
                if fault.kind == "empty" and attempt >= min(EMPTY_TRIES, 1 + self._limits.retries):
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
            raise refused(response.status, response.headers, response.content, self._words)
        self._mind_the_limits(response.headers)
        try:
            reply = parsed(response.content)
        except ValueError:
            raise no_json(response.content) from None
        if isinstance(reply, dict):
            reply = self._dialect.reply(reply)
        failure = failure_in(reply, self._words) if isinstance(reply, dict) else None
        if failure is not None:
            raise failure
        if not isinstance(reply, dict) or not expected(reply):
            raise odd(f"sent a reply of an unexpected form: {beginning(reply)}")
        nothing_said = no_answers(reply, self._words, exact=expected is has_probabilities)
        if nothing_said is not None:
            raise nothing_said
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
                f"It asks to wait {in_words(fault.wait_s)}, longer than longest_wait_s in the "
                f"model's card ({longest:g} s). Run the command again after that time, or raise "
                "longest_wait_s.",
            )
        if attempt > self._limits.retries:
            tried = "once" if attempt == 1 else f"{attempt} times"
            raise self._explained(fault, f"{fault.remedy} This was tried {tried}.")
        now = time.monotonic()
        pause = max(backoff(attempt, longest, random.random()), fault.wait_s or 0)  # noqa: S311
        if fault.kind == "busy":
            self._gate.pacing.slow_down(sent, now)
        if fault.kind == "busy" or fault.wait_s:
            self._gate.pacing.pause(fault.wait_s or pause, now)
        return pause

    def _explained(self, fault: Fault, remedy: str | None = None) -> EngineError:
        said = self._keyless(fault.said)
        if remedy is None:
            known = card_should_say(fault.said) if fault.kind in ("permanent", "rejected") else None
            remedy = known or fault.remedy
        return EngineError(f"{self._where()} {sentence(said)} {remedy}".rstrip())

    def _keyless(self, said: object, most: int = 300) -> str:
        """The beginning of what a server said, which may repeat secrets, without them."""
        return self._credentials.hidden(str(said))[:most]

    def _where(self) -> str:
        return f"the server of model {self._model!r} ({shown(self._base_url)})"


def by_llamacpp(reply: Mapping[str, Any]) -> bool:
    """Tell whether a reply is one of llama.cpp's server, whatever is in between."""
    timings, build = reply.get("timings"), reply.get("system_fingerprint")
    if isinstance(timings, dict) and "predicted_n" in timings:
        return True
    return isinstance(build, str) and bool(_BUILD_OF_LLAMACPP.fullmatch(build))


def _is_object(reply: Mapping[str, Any]) -> bool:
    return True
