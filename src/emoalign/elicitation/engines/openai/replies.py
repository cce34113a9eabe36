"""Replies of an OpenAI interface: the answers in them, or the meaning of a failure.

After a failure one asks again, asks again more slowly, stops, or takes it for an answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import orjson

from emoalign.elicitation.engines.openai.refusals import (
    as_text,
    filtered,
    out_of_money,
    refuses_content,
    text_of,
)

Kind = Literal["passing", "busy", "empty", "withheld", "rejected", "permanent"]
"""busy: too many requests; empty: no choices at all; withheld: a content policy, which is an answer
and no failure; rejected: not accepted, which may be due to the item."""

_REJECTED = (400, 403, 413, 422, 451)
_PASSING = (408, 409, 425)
_MADE_PERHAPS = (None, 200, 408, 502, 504, 524)
"""Statuses that may come after an answer was made: it was lost on its way, or took too long."""
FIRST_PAUSE_S = 0.5

_TOP_UP = (
    "The account has no money or credits left, or has reached its own spending limit: top it up or "
    "raise the limit with the provider, then run again. What had arrived is kept."
)
_REMEDIES = {
    400: "The server does not accept this request: check the prompt set and the model's card.",
    401: "The key is wrong or missing: check the environment variable named in the model's card.",
    402: _TOP_UP,
    403: "The key may not use this model: check the account's permissions.",
    404: "The server does not know this model or address: check model and base_url in its card.",
    422: "The server does not accept this request: check the prompt set and the model's card.",
}
_NO_CHOICES = "Nothing in it says why."
_LATER = "The fault did not pass: try again later."
_LOWER = "Lower requests_per_minute, tokens_per_minute or concurrency in the model's card."
_THERE = "Is it running, and is base_url right?"


class Fault(Exception):  # noqa: N818 (every other error here ends a job; this one need not)
    """A request without an answer: what happened, as the rest of a sentence about the server.

    `wait_s` is how many seconds the server asks to wait, None where it says nothing; `status` the
    HTTP status, None where nothing came; `words` are the server's own. It is `charged` for where an
    answer may have been made.
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
        self.kind = kind
        self.said = said
        self.remedy = remedy
        self.wait_s = wait_s
        self.words = words or said


def too_late(timeout_s: float) -> Fault:
    """No answer came in time."""
    remedy = "If its answers take that long, raise timeout_s in the model's card."
    return Fault("passing", f"gave no answer within {timeout_s:g} s.", remedy)


def unreachable(error: BaseException) -> Fault:
    """The connection was not made, or broke."""
    cause = error.__cause__ or error
    said = str(cause) or type(cause).__name__
    return Fault("passing", f"could not be reached: {said.rstrip('.')}.", _THERE)


def odd(said: str) -> Fault:
    """A fault: something came that is no answer."""
    return Fault("passing", said, _LATER, status=200)


def refused(
    status: int, headers: Mapping[str, str], content: bytes, words: Sequence[str] = ()
) -> Fault:
    """The server answered with an error status; `words` say that content is refused."""
    wait_s = asked_wait(headers, datetime.now(UTC))
    if wait_s is None and status == 429:
        wait_s = exhausted_for(headers) or None
    fields = _error_fields(content)
    own = fields.get("message") or content.decode(errors="replace")
    kind, remedy = _kind(status, text_of(content), words)
    said = f"refused the request (HTTP {status}): {own}"
    return Fault(kind, said, remedy, wait_s, status, str(own))


def error_reply(reply: Mapping[str, Any], words: Sequence[str] = ()) -> Fault:
    """The server said 200 and wrote an error."""
    error = reply["error"]
    fields = error if isinstance(error, dict) else {"message": error}
    code = str(fields.get("code"))
    status = int(code) if len(code) == 3 and code.isdecimal() else 500
    kind, remedy = _kind(status, as_text(error), words)
    message = fields.get("message")
    own = message if message and isinstance(message, str) else as_text(error)
    return Fault(kind, f"gave no answer but: {as_text(reply)}", remedy, None, status, own)


def no_choices(reply: Mapping[str, Any], words: Sequence[str] = ()) -> Fault:
    """The server said 200 and gave a list of no answers."""
    said = as_text(reply)
    kind: Kind = "withheld" if filtered(said, words) else "empty"
    return Fault(kind, f"gave a list of no answers: {said}", _NO_CHOICES, status=200, words=said)


def _error_fields(content: bytes) -> Mapping[str, Any]:
    try:
        error = orjson.loads(content)["error"]
    except (orjson.JSONDecodeError, TypeError, KeyError, IndexError):
        return {}
    return error if isinstance(error, dict) else {"message": error}


def _kind(status: int, said: str, words: Sequence[str]) -> tuple[Kind, str]:
    """The meaning of an error of which this is the text, and what to do."""
    if out_of_money(said):
        return "permanent", _TOP_UP
    if refuses_content(status, said, words):
        return "withheld", ""
    if status == 429:
        return "busy", _LOWER
    if status in _PASSING or status >= 500:
        return "passing", _LATER
    return "rejected" if status in _REJECTED else "permanent", _REMEDIES.get(status, "")


def backoff(attempt: int, longest_s: float, draw: float) -> float:
    """Seconds to wait after so many attempts; `draw` is uniform in [0, 1].

    Exponential with full jitter: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/
    """
    return draw * min(longest_s, FIRST_PAUSE_S * 2.0 ** min(attempt - 1, 60))


def asked_wait(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds a server asks to wait (retry-after-ms; Retry-After, RFC 9110, 10.2.3), if it does."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())


def exhausted_for(headers: Mapping[str, str]) -> float:
    """Seconds until a limit of which nothing is left is there again; 0 while there is something.

    https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
    """
    return max(
        duration(headers.get(f"x-ratelimit-reset-{what}", ""))
        if headers.get(f"x-ratelimit-remaining-{what}") == "0"
        else 0.0
        for what in ("requests", "tokens")
    )


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "": 1.0}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d|$)")


def duration(text: str) -> float:
    """Seconds in a length of time such as 6m0s, 20ms or 12.5 (seconds); 0 for anything else."""
    parts = _DURATION.findall(text)
    if "".join(number + unit for number, unit in parts) != text:
        return 0.0
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def _number(text: str | None) -> float | None:
    return float(text) if text is not None and re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else None
