"""Replies of an OpenAI interface: the answers in them, or the meaning of a failure.

After a failure one asks again, asks again more slowly, stops, or takes it for an answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

import orjson

from emoalign.addresses import shown
from emoalign.elicitation.engines.api.refusals import (
    as_text,
    block_reason,
    filtered,
    no_such_model,
    out_of_money,
    over_limit,
    refuses_content,
    text_of,
    wrong_key,
)
from emoalign.elicitation.engines.api.waits import (
    asked_wait,
    exhausted_for,
    no_wait,
    spent_for_today,
    wait_in,
)
from emoalign.elicitation.readings import failed

Kind = Literal["passing", "busy", "empty", "withheld", "rejected", "permanent"]
"""busy: too many requests; empty: no choices at all; withheld: a content policy, which is an answer
and no failure; rejected: not accepted, which may be due to the item."""

_REJECTED = (400, 403, 413, 422, 451)
_PASSING = (408, 409, 425)
_OVERLOADED = (503, 529)
"""Statuses of a server that has too much to do: to ask it less helps it, and who asks."""
_MADE_PERHAPS = (None, 200, 408, 502, 504, 524)
"""Statuses that may come after an answer was made: it was lost on its way, or took too long."""
FREE = MappingProxyType({"prompt_tokens": 0, "completion_tokens": 0})
"""The usage of a request that was refused before anything was made of it."""
FIRST_PAUSE_S = 0.5

_TOP_UP = (
    "The account has no money or credits left, or has reached its own spending limit: top it up or "
    "raise the limit with the provider, then run again."
)
_UNKNOWN = (
    "The server does not know this model or address: check model and base_url in its card. If the "
    "model was switched off: emoalign docs troubleshooting"
)
_REMEDIES = {
    400: "The server does not accept this request: check the prompt set and the model's card.",
    401: "The key is wrong or missing: check the environment variable named in the model's card.",
    402: _TOP_UP,
    407: "The proxy wants a name and a password: export HTTPS_PROXY=http://name:password@host:port.",
    403: "The key may not use this model: check the account's permissions.",
    404: _UNKNOWN,
    410: _UNKNOWN,
    413: "The request is too large for the server: lower image_longest_side in the model's card.",
    422: "The server does not accept this request: check the prompt set and the model's card.",
}
_NO_CHOICES = "Nothing in it says why."
_REDIRECTED = (
    "It was not followed and nothing was sent there: items go only where the model's card says. If "
    "that is the right address, write it as base_url into the card."
)
_TOMORROW = "The quota of the day is used up: run again tomorrow, or have the provider raise it."
_LATER = "The fault did not pass: try again later."
_LOGIN = (
    "The fault did not pass: is there a proxy or a login page in between, and is base_url right?"
)
_WAIT_OR_LOWER = (
    "The server is overloaded or not ready: try again later, or lower concurrency in the model's "
    "card."
)
_LOWER = "Lower requests_per_minute, tokens_per_minute or concurrency in the model's card."


class Fault(Exception):  # noqa: N818 (every other error here ends a job; this one need not)
    """A request without an answer: what happened, as the rest of a sentence about the server.

    `wait_s` is how many seconds the server asks to wait, None where it says nothing; `status` the
    HTTP status, None where nothing came; `words` are the server's own. It is `charged` for where an
    answer may have been made; `usage` are its tokens as a reply counts them, None where they are
    not known. `ending` is why the answers to a withheld question ended.
    """

    def __init__(
        self,
        kind: Kind,
        said: str,
        remedy: str,
        wait_s: float | None = None,
        status: int | None = None,
        words: str = "",
    ) -> None:
        super().__init__(said)
        self.status = status
        self.charged = status in _MADE_PERHAPS
        self.usage: object = FREE
        self.ending = "content_filter"
        self.kind = kind
        self.said = said
        self.remedy = remedy
        self.wait_s = wait_s
        self.words = words or said


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
    return Fault("passing", f"answered with something other than JSON{what}.", _LOGIN, status=200)


def odd(said: str) -> Fault:
    """A fault: something came that is no answer."""
    return Fault("passing", said, _LATER, status=200)


def refused(
    status: int, headers: Mapping[str, str], content: bytes, words: Sequence[str] = ()
) -> Fault:
    """The server answered with an error status; `words` say that content is refused."""
    if 300 <= status < 400:
        return _redirected(status, headers.get("location", ""))
    wait_s = asked_wait(headers)
    if wait_s is None and status == 429:
        wait_s = exhausted_for(headers) or None
    fields = _error_fields(content)
    message = fields.get("message") or content.decode(errors="replace")
    said = message if isinstance(message, str) else beginning(message)
    said = f"refused the request (HTTP {status}): {said}"
    fault = _fault(status, fields, text_of(content), said, wait_s, words)
    untold = no_wait(headers, fields)
    if untold is not None and fault.wait_s is None:
        fault.remedy += f" It asks to wait {untold!r}, which is not a valid waiting time."
    return fault


def _redirected(status: int, target: str) -> Fault:
    """A redirect, which is never followed: items go where the card says, and nowhere else."""
    to = f"to {shown(target)}" if target else "without an address"
    said = f"answered with a redirect (HTTP {status}) {to}."
    return Fault("permanent", said, _REDIRECTED, status=status)


def failure_in(reply: Mapping[str, Any], words: Sequence[str] = ()) -> Fault | None:
    """The fault in a reply with status 200 that has an error in place of some or all answers."""
    if reply.get("error"):
        fault = _failure(reply["error"], reply, words)
        fault.usage = reply.get("usage", FREE)
        return fault
    choices = reply.get("choices")
    if not isinstance(choices, list) or not choices or not all(map(choice_failed, choices)):
        return None
    fault = _failure(choices[0].get("error"), reply, words)
    fault.charged = True  # it broke off while it was made
    fault.usage = reply.get("usage")
    return fault


def choice_failed(choice: object) -> bool:
    """Tell whether a choice is no answer of the model but a fault on the way to one."""
    if not isinstance(choice, dict):
        return False
    reason = choice.get("finish_reason")
    broken_off = isinstance(reason, str) and failed(reason)
    return broken_off or bool(choice.get("error"))


def no_choices(reply: Mapping[str, Any], words: Sequence[str] = ()) -> Fault:
    """The server said 200 and gave a list of no answers."""
    said = as_text(reply)
    kind: Kind = "withheld" if filtered(said, words) else "empty"
    fault = Fault(kind, f"gave a list of no answers: {said}", _NO_CHOICES, status=200, words=said)
    fault.usage = reply.get("usage")
    reason = block_reason(said)
    if reason:
        fault.ending += f": {reason}"
    return fault


def _failure(error: object, reply: Mapping[str, Any], words: Sequence[str]) -> Fault:
    fields = error if isinstance(error, dict) else {"message": error}
    code = fields.get("code")
    number = str(code) if isinstance(code, int | str) else ""
    status = int(number) if re.fullmatch(r"[1-5]\d\d", number, re.ASCII) else 500
    text = as_text(error)
    return _fault(status, fields, text, f"gave no answer but: {beginning(reply)}", None, words)


def beginning(reply: object) -> str:
    """The beginning of a reply, for messages."""
    try:
        return repr(reply)[:300]
    except RecursionError:
        return "something nested too deeply"


def _error_fields(content: bytes) -> Mapping[str, Any]:
    try:
        body = orjson.loads(content)
        error = (body[0] if isinstance(body, list) else body)["error"]
    except (orjson.JSONDecodeError, TypeError, KeyError, IndexError):
        return {}
    return error if isinstance(error, dict) else {"message": error}


def _fault(
    status: int,
    fields: Mapping[str, Any],
    text: str,
    said: str,
    wait_s: float | None,
    words: Sequence[str],
) -> Fault:
    """The fault in an error: its `fields`, and all of it as `text`."""
    waits = [wait for wait in (wait_s, wait_in(fields)) if wait is not None]
    wait_s = max(waits, default=None)
    message = fields.get("message")
    own = message if message and isinstance(message, str) else text
    if status in (403, 429) and spent_for_today(fields):
        return Fault("permanent", said, _TOMORROW, wait_s, status, own)
    kind, remedy = _kind(status, text, words)
    return Fault(kind, said, remedy, wait_s, status, own)


def _kind(status: int, said: str, words: Sequence[str]) -> tuple[Kind, str]:
    """The meaning of an error of which this is the text, and what to do."""
    if refuses_content(status, said, words):  # first: it may repeat the item, whatever that says
        return "withheld", ""
    if out_of_money(said):
        return "permanent", _TOP_UP
    if status == 400 and wrong_key(said):
        return "permanent", _REMEDIES[401]
    if status in (400, 403, 422) and no_such_model(said):
        return "permanent", _UNKNOWN
    if status == 429 or (status == 403 and over_limit(said)):
        return "busy", _LOWER
    if status in _OVERLOADED:
        return "busy", _WAIT_OR_LOWER
    if status in _PASSING or status >= 500:
        return "passing", _LATER
    return "rejected" if status in _REJECTED else "permanent", _REMEDIES.get(status, "")


def backoff(attempt: int, longest_s: float, draw: float) -> float:
    """Seconds to wait after so many attempts; `draw` is uniform in [0, 1].

    Exponential with full jitter: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """
    return draw * min(longest_s, FIRST_PAUSE_S * 2.0 ** min(attempt - 1, 60))
