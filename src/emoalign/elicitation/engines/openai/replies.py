"""Replies of an OpenAI interface: the answers in them, or the meaning of a failure.

After a failure one asks again, asks again more slowly, stops, or takes it for an answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from typing import Any, Literal

import orjson

from emoalign.addresses import shown
from emoalign.elicitation.engines.openai.waits import (
    asked_wait,
    exhausted_for,
    spent_for_today,
    wait_in,
)
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask

Kind = Literal["passing", "busy", "withheld", "permanent"]
"""busy: too many requests; withheld: a content policy, which is an answer and no failure."""

_WITHHELD = ("content_filter", "content_policy_violation", "invalid_prompt")
_NO_MONEY = ("insufficient_quota", "billing_hard_limit_reached")
_FAILED = ("error", "abort")
"""finish_reason where the server broke off (OpenRouter, Mistral; vLLM, SGLang)."""
_PASSING = (408, 409, 425)
FIRST_PAUSE_S = 0.5

_TOP_UP = (
    "The account has no money or credits left, or has reached its own spending limit: top it up or "
    "raise the limit with the provider, then run again. What had arrived is kept."
)
_REMEDIES = {
    400: "The server does not accept this request: check the prompt set and the model's card.",
    401: "The key is wrong or missing: check the environment variable named in the model's card.",
    402: _TOP_UP,
    407: "The proxy wants a name and a password: export HTTPS_PROXY=http://name:password@host:port.",
    403: "The key may not use this model: check the account's permissions.",
    404: "The server does not know this model or address: check model and base_url in its card.",
    422: "The server does not accept this request: check the prompt set and the model's card.",
}
_REDIRECTED = (
    "It was not followed and nothing was sent there: items go only where the model's card says. If "
    "that is the right address, write it as base_url into the card."
)
_TOMORROW = (
    "The quota of the day is used up: run again when it is there again, or have it raised by the "
    "provider. What had arrived is kept."
)
_LATER = "The fault did not pass: try again later."
_LOGIN = (
    "The fault did not pass: is there a proxy or a login page in between, and is base_url right?"
)
_LOWER = "Lower requests_per_minute, tokens_per_minute or concurrency in the model's card."


class Fault(Exception):  # noqa: N818 (every other error here ends a job; this one need not)
    """A request without an answer: what happened, as the rest of a sentence about the server.

    `wait_s` is how many seconds the server asks to wait, None where it says nothing.
    """

    def __init__(self, kind: Kind, said: str, remedy: str, wait_s: float | None = None) -> None:
        super().__init__(said)
        self.kind = kind
        self.said = said
        self.remedy = remedy
        self.wait_s = wait_s


def too_late(timeout_s: float) -> Fault:
    """No answer came in time."""
    remedy = "If its answers take that long, raise timeout_s in the model's card."
    return Fault("passing", f"gave no answer within {timeout_s:g} s.", remedy)


def no_json(content: bytes) -> Fault:
    """The server said 200 and sent something that is no JSON."""
    start = content[:1000].lstrip().lower()
    what = ""
    if not start:
        what = " (nothing at all)"
    elif start.startswith((b"<!doctype", b"<html", b"<?xml")):
        what = " (a web page)"
    return Fault("passing", f"answered with something else than JSON{what}.", _LOGIN)


def odd(said: str) -> Fault:
    """A fault: something came that is no answer."""
    return Fault("passing", said, _LATER)


def refused(status: int, headers: Mapping[str, str], content: bytes) -> Fault:
    """The server answered with an error status."""
    if 300 <= status < 400:
        return _redirected(status, headers.get("location", ""))
    wait_s = asked_wait(headers)
    if wait_s is None and status == 429:
        wait_s = exhausted_for(headers) or None
    fields = _error_fields(content)
    said = fields.get("message") or content.decode(errors="replace")
    return _fault(status, fields, f"refused the request (HTTP {status}): {said}", wait_s)


def _redirected(status: int, target: str) -> Fault:
    """A redirect, which is never followed: items go where the card says, and nowhere else."""
    to = f"to {shown(target)}" if target else "without an address"
    said = f"answered with a redirect (HTTP {status}) {to}."
    return Fault("permanent", said, _REDIRECTED)


def failure_in(reply: Mapping[str, Any]) -> Fault | None:
    """The fault that a reply with status 200 tells of, in place of an answer or of every answer."""
    if reply.get("error"):
        return _failure(reply["error"], reply)
    choices = reply.get("choices")
    if not isinstance(choices, list) or not choices or not all(map(choice_failed, choices)):
        return None
    return _failure(choices[0].get("error"), reply)


def choice_failed(choice: object) -> bool:
    """Tell whether a choice is no answer of the model but a fault on the way to one."""
    if not isinstance(choice, dict):
        return False
    return bool(choice.get("error")) or choice.get("finish_reason") in _FAILED


def _failure(error: object, reply: Mapping[str, Any]) -> Fault:
    fields = error if isinstance(error, dict) else {}
    code = str(fields.get("code"))
    status = int(code) if len(code) == 3 and code.isdecimal() else 500
    return _fault(status, fields, f"gave no answer but: {reply}", None)


def _error_fields(content: bytes) -> Mapping[str, Any]:
    try:
        body = orjson.loads(content)
        error = (body[0] if isinstance(body, list) else body)["error"]
    except (orjson.JSONDecodeError, TypeError, KeyError, IndexError):
        return {}
    return error if isinstance(error, dict) else {"message": error}


def _fault(status: int, fields: Mapping[str, Any], said: str, wait_s: float | None) -> Fault:
    waits = [wait for wait in (wait_s, wait_in(fields)) if wait is not None]
    wait_s = max(waits, default=None)
    if status == 429 and spent_for_today(fields):
        return Fault("permanent", said, _TOMORROW)
    names = {str(fields.get(name)) for name in ("code", "type")}
    kind = _kind(status, names)
    remedy = _TOP_UP if names & {*_NO_MONEY} else _remedy(kind, status)
    return Fault(kind, said, remedy, wait_s)


def _kind(status: int, names: AbstractSet[str]) -> Kind:
    if names & {*_NO_MONEY}:
        return "permanent"
    if status == 400 and names & {*_WITHHELD}:
        return "withheld"
    if status == 429:
        return "busy"
    return "passing" if status in _PASSING or status >= 500 else "permanent"


def _remedy(kind: Kind, status: int) -> str:
    if kind == "permanent":
        return _REMEDIES.get(status, "")
    return _LOWER if kind == "busy" else _LATER


def backoff(attempt: int, longest_s: float, draw: float) -> float:
    """Seconds to wait after so many attempts; `draw` is uniform in [0, 1].

    Exponential with full jitter: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """
    return draw * min(longest_s, FIRST_PAUSE_S * 2.0 ** min(attempt - 1, 60))


def has_choices(reply: Mapping[str, Any]) -> bool:
    """Tell whether a reply is a list of answers, in the format of chats or of completions."""
    choices, usage = reply.get("choices"), reply.get("usage") or {}
    return isinstance(choices, list) and isinstance(usage, dict) and all(map(_is_choice, choices))


def _is_choice(choice: object) -> bool:
    if not isinstance(choice, dict):
        return False
    if choice_failed(choice):
        return True
    message = choice.get("message")
    text = (message.get("content") or "") if isinstance(message, dict) else choice.get("text")
    return isinstance(text, str)


def used_tokens(reply: Mapping[str, Any]) -> int:
    """Tokens of the prompt and all answers, as the server counted them; 0 if it did not."""
    usage = reply.get("usage") or {}
    return int(usage.get("prompt_tokens") or 0) + int(usage.get("completion_tokens") or 0)


def lacks_logprobs(answer: Answer) -> bool:
    """Tell whether probabilities are missing although the answer was not withheld."""
    withheld = answer.refused or answer.finish_reason == "content_filter"
    return answer.logprobs is None and not withheld


def read_answers(ask: Ask, reply: Mapping[str, Any], seconds: float) -> list[Answer]:
    """One answer per choice, in order of the participants; one that is missing is left out."""
    request = ask.request
    return read_choices(
        request.request_id, ask.participants, request.readout == "exact", reply, seconds
    )


def read_choices(
    request_id: str,
    participants: Sequence[int | None],
    exact: bool,
    reply: Mapping[str, Any],
    seconds: float,
) -> list[Answer]:
    """The answers in a reply to a request of which only this is known; see read_answers."""
    usage = reply.get("usage") or {}
    model = "/".join(filter(None, (reply.get("model"), reply.get("system_fingerprint"))))
    received = datetime.now(UTC).isoformat(timespec="seconds")
    answers: list[Answer] = []
    for participant, choice in zip(participants, reply.get("choices", ()), strict=False):
        if choice_failed(choice):
            continue
        first = not answers
        message = choice.get("message") or {}
        text = choice.get("text") if not message else message.get("content")
        answers.append(
            Answer(
                request_id=request_id,
                participant=participant,
                text=text or message.get("refusal") or "",
                finish_reason=choice.get("finish_reason"),
                model_reported=model,
                prompt_tokens=usage.get("prompt_tokens", 0) if first else 0,
                completion_tokens=usage.get("completion_tokens", 0) if first else 0,
                latency_s=round(seconds, 4),
                received=received,
                refused=bool(message.get("refusal")),
                logprobs=_logprobs(choice) if exact else None,
            )
        )
    return answers


def _logprobs(choice: Mapping[str, Any]) -> tuple[tuple[str, float], ...] | None:
    """Tokens and log-probabilities of the first position, likeliest first."""
    logprobs = choice.get("logprobs") or {}
    if logprobs.get("content"):
        top = logprobs["content"][0]["top_logprobs"]
        return tuple((token["token"], round(token["logprob"], 6)) for token in top)
    if logprobs.get("top_logprobs"):
        return tuple(
            (token, round(value, 6)) for token, value in logprobs["top_logprobs"][0].items()
        )
    return None


def withheld_reply(choices: int) -> dict[str, Any]:
    """The reply to a question that a content policy does not let through."""
    return {"choices": [{"text": "", "finish_reason": "content_filter"}] * choices}
