"""Waits that a server asks for, in its headers or in the body of a refusal, in seconds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

_UNITS = {
    **{"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 0.001},
    **{"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "": 1.0},
}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h|d|$)")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_RFC_3339 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}.*")
_SECONDS_SINCE_1970 = 1e9
_MILLISECONDS_SINCE_1970 = 1e11
"""A number from here on is no length of time but a moment."""


LONGEST_S = 366 * 86400.0
"""Seconds of a year: a longer waiting time is not taken seriously."""


def in_words(seconds: float) -> str:
    """A wait in words: 90 s, 3 days."""
    return f"{seconds:.0f} s" if seconds < 3 * 86400 else f"{seconds / 86400:.0f} days"


def server_time(headers: Mapping[str, str]) -> datetime:
    """The time by the server's own clock, if it is given: the clock here may be wrong."""
    return _http_date(headers.get("date", "")) or datetime.now(UTC)


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds a server asks to wait (retry-after-ms; Retry-After, RFC 9110, 10.2.3), if it does."""
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None and milliseconds / 1000 <= LONGEST_S:
        return milliseconds / 1000
    return seconds_until(headers.get("retry-after", ""), server_time(headers))


def no_wait(headers: Mapping[str, str], error: Mapping[str, Any]) -> str | None:
    """The waiting time that a server asks for, in its words, if it cannot be read as a time."""
    said = [headers.get("retry-after-ms"), headers.get("retry-after"), *_delays(error)]
    if asked_wait(headers) is not None or wait_in(error) is not None:
        return None
    return next((text[:40] for text in said if text), None)


def wait_in(error: Mapping[str, Any]) -> float | None:
    """Seconds that an error of Google's asks to wait.

    https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto: RetryInfo.
    """
    waits = map(duration, _delays(error))
    return max((wait for wait in waits if wait is not None), default=None)


def _delays(error: Mapping[str, Any]) -> list[str]:
    told = (detail["retryDelay"] for detail in _details(error, "retryDelay"))
    return [delay for delay in told if isinstance(delay, str)]


def spent_for_today(error: Mapping[str, Any]) -> bool:
    """Tell whether an error of Google's names a quota per day: QuotaFailure in the same file."""
    violated = [detail["violations"] for detail in _details(error, "violations")]
    quotas = [quota for quotas in violated if isinstance(quotas, list) for quota in quotas]
    named = (quota.get("quotaId") for quota in quotas if isinstance(quota, dict))
    return any("perday" in name.lower() for name in named if isinstance(name, str))


def _details(error: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    details = error.get("details")
    found = details if isinstance(details, list) else []
    return [detail for detail in found if isinstance(detail, dict) and key in detail]


def exhausted_for(headers: Mapping[str, str]) -> float:
    """Seconds until a limit of which nothing is left is there again; 0 while there is something.

    For each limit there are two headers, …remaining… and …reset…:
    https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
    https://docs.anthropic.com/en/api/rate-limits#response-headers
    https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
    """
    resets = [
        headers.get(name.replace("remaining", "reset"), "")
        for name, left in ((name.lower(), left) for name, left in headers.items())
        if "remaining" in name and "ratelimit" in name and _number(left) == 0
    ]
    if not resets:  # as after nearly every answer: nothing else is looked at
        return 0.0
    now = server_time(headers)
    return max(seconds_until(reset, now) or 0.0 for reset in resets)


def seconds_until(text: str, now: datetime) -> float | None:
    """Seconds until a time in any of the usual notations; None for anything else.

    A length of time (6m0s, 12.5), seconds or milliseconds since 1970, or a date (RFC 3339, HTTP),
    at most a year away.
    """
    number = _number(text)
    if number is not None and number >= _SECONDS_SINCE_1970:
        since = number / 1000 if number >= _MILLISECONDS_SINCE_1970 else number
        return _sane(max(0.0, since - now.timestamp()))
    length = duration(text)
    if length is not None:
        return length
    moment = _rfc_3339(text) or _http_date(text)
    return None if moment is None else _sane(max(0.0, (moment - now).total_seconds()))


def duration(text: str) -> float | None:
    """Seconds in a length of time such as 6m0s, 20ms or 12.5 (seconds); None for anything else."""
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return _sane(sum(float(number) * _UNITS[unit] for number, unit in parts))


def _sane(seconds: float) -> float | None:
    return seconds if seconds <= LONGEST_S else None


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _rfc_3339(text: str) -> datetime | None:
    if not _RFC_3339.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
