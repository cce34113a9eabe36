"""Replies of an OpenAI interface: the answers in them, or the meaning of a failure.

After a failure one asks again, asks again more slowly, stops, or takes it for an answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import orjson

Kind = Literal["passing", "busy", "withheld", "permanent"]
"""busy: too many requests; withheld: a content policy, which is an answer and no failure."""

_WITHHELD = ("content_filter", "content_policy_violation", "invalid_prompt")
_NO_MONEY = ("insufficient_quota", "billing_hard_limit_reached")
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
_LATER = "The fault did not pass: try again later."
_LOWER = "Lower requests_per_minute, tokens_per_minute or concurrency in the model's card."
_THERE = "Is it running, and is base_url right?"


class Fault(Exception):  # noqa: N818 (every other error here ends a job; this one need not)
    """A request without an answer: what happened, as the rest of a sentence about the server.

    `wait_s` is how many seconds the server asks to wait, None where it says nothing; `status` the
    HTTP status, None where nothing came. It is `charged` for where an answer may have been made.
    """

    def __init__(
        self,
        kind: Kind,
        said: str,
        remedy: str,
        wait_s: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(said)
        self.status = status
        self.charged = status in _MADE_PERHAPS
        self.kind = kind
        self.said = said
        self.remedy = remedy
        self.wait_s = wait_s


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


def refused(status: int, headers: Mapping[str, str], content: bytes) -> Fault:
    """The server answered with an error status."""
    wait_s = asked_wait(headers, datetime.now(UTC))
    if wait_s is None and status == 429:
        wait_s = exhausted_for(headers) or None
    fields = _error_fields(content)
    said = fields.get("message") or content.decode(errors="replace")
    return _fault(status, fields, f"refused the request (HTTP {status}): {said}", wait_s)


def error_reply(reply: Mapping[str, Any]) -> Fault:
    """The server said 200 and wrote an error."""
    error = reply["error"]
    fields = error if isinstance(error, dict) else {}
    status = fields.get("code")
    return _fault(
        status if isinstance(status, int) else 500, fields, f"gave no answer but: {reply}", None
    )


def _error_fields(content: bytes) -> Mapping[str, Any]:
    try:
        error = orjson.loads(content)["error"]
    except (orjson.JSONDecodeError, TypeError, KeyError, IndexError):
        return {}
    return error if isinstance(error, dict) else {"message": error}


def _fault(status: int, fields: Mapping[str, Any], said: str, wait_s: float | None) -> Fault:
    names = {str(fields.get(name)) for name in ("code", "type")}
    kind = _kind(status, names)
    remedy = _TOP_UP if names & {*_NO_MONEY} else _remedy(kind, status)
    return Fault(kind, said, remedy, wait_s, status)


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
