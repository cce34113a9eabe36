"""Limits on a simulated clock: how evenly and how fully they are used, and what slows down."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoalign.elicitation.engines.api.limits import Pacing
from emoalign.elicitation.engines.api.replies import backoff, failure_in, refused
from emoalign.elicitation.engines.api.waits import asked_wait, exhausted_for, seconds_until
from emoalign.elicitation.engines.served import Limits

LATE_S = 0.003  # how late a timer of a busy machine rings
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def simulated(
    pacing: Pacing,
    seconds: float,
    latency_s: Callable[[int], float],
    estimated: float = 0,
    used: float = 0,
) -> list[float]:
    """When requests are sent, by as many tasks as may be, to a server that always answers."""
    now, sent, under_way = 0.0, [], []
    while now < seconds:
        while under_way and under_way[0] <= now:
            heapq.heappop(under_way)
            pacing.end()
            pacing.succeeded(estimated, used)
        wait = pacing.wait(now)
        if not wait:
            pacing.start(estimated, now)
            heapq.heappush(under_way, now + latency_s(len(sent)))
            sent.append(now)
        else:
            ends = under_way[0] if under_way else math.inf
            now = min(now + wait + LATE_S, max(ends, now))
    return sent


def most_in_a_minute(sent: list[float]) -> int:
    last = most = 0
    for first, start in enumerate(sent):
        while last < len(sent) and sent[last] < start + 60:
            last += 1
        most = max(most, last - first)
    return most


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *[(status, "passing") for status in (408, 409, 425, 500, 502, 504, 524)],
        *[(status, "busy") for status in (429, 503, 529)],
        *[(status, "permanent") for status in (401, 402, 404, 410)],
        *[(status, "rejected") for status in (400, 403, 413, 422, 451)],
    ],
)
def test_timeouts_conflicts_and_faults_of_the_server_pass_and_other_refusals_stay(
    status: int, kind: str
) -> None:
    assert refused(status, {}, b'{"error": {"message": "Not now."}}').kind == kind


@pytest.mark.parametrize("per_minute", [7, 50, 99, 500, 3500, 30_000])
def test_a_rate_is_held_in_every_minute_and_used(per_minute: int) -> None:
    pacing = Pacing(Limits(concurrency=64, requests_per_minute=per_minute))
    sent = simulated(pacing, 300, lambda number: 0.1 if number % 10 else 0.01)
    assert most_in_a_minute(sent) <= 1.02 * per_minute
    assert len(sent) >= 0.95 * per_minute * 5


@given(st.integers(1, 2000), st.lists(st.floats(0, 3), min_size=1, max_size=20))
def test_a_rate_is_held_whatever_the_answers_take(per_minute: int, latencies: list[float]) -> None:
    pacing = Pacing(Limits(concurrency=8, requests_per_minute=per_minute))
    sent = simulated(pacing, 90, lambda number: 0.001 + latencies[number % len(latencies)])
    assert most_in_a_minute(sent) <= 1.02 * per_minute


def test_a_minutes_allowance_is_never_sent_at_once() -> None:
    sent = simulated(Pacing(Limits(concurrency=64, requests_per_minute=600)), 10, lambda _: 0.01)
    assert max(sum(start <= one < start + 1 for one in sent) for start in range(10)) <= 16


@pytest.mark.parametrize(("estimated", "used"), [(100, 100), (200, 40), (40, 200)])
def test_tokens_are_counted_as_the_server_counts_them(estimated: float, used: float) -> None:
    pacing = Pacing(Limits(concurrency=16, tokens_per_minute=30_000))
    sent = simulated(pacing, 300, lambda _: 0.5, estimated, used)
    late = [one for one in sent if one >= 60]
    assert 0.95 * 30_000 * 4 <= used * len(late) <= 1.02 * 30_000 * 4
    # The requests under way when an estimate turns out too low have been sent already.
    held = 1.02 if estimated >= used else 1.03
    assert used * most_in_a_minute(late) <= held * 30_000


def test_the_stricter_of_two_limits_counts() -> None:
    both = Limits(concurrency=16, requests_per_minute=600, tokens_per_minute=6000)
    sent = simulated(Pacing(both), 120, lambda _: 0.1, 100, 100)
    assert 0.95 * 120 <= len(sent) <= 1.02 * 120


def test_too_many_requests_halve_what_is_under_way_once_for_all_that_were_sent_before() -> None:
    pacing = Pacing(Limits(concurrency=16))
    for _ in range(5):
        pacing.slow_down(sent=1.0, now=2.0)
    assert pacing.allowed == 8
    pacing.slow_down(sent=2.5, now=3.0)
    assert pacing.allowed == 4


def test_it_never_falls_below_one_and_grows_back_one_by_one_up_to_the_limit() -> None:
    pacing = Pacing(Limits(concurrency=4))
    for moment in range(9):
        pacing.slow_down(sent=moment, now=moment + 0.5)
    grown = []
    for _ in range(12):
        grown.append(pacing.allowed)
        pacing.succeeded(0, 0)
    assert grown == [1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4]


def test_nobody_sends_while_the_server_asks_to_wait() -> None:
    pacing = Pacing(Limits(concurrency=4))
    pacing.pause(5, now=10)
    pacing.pause(1, now=10)
    assert [pacing.wait(now) for now in (10, 14, 15, 16)] == [5, 1, 0, 0]


def test_pauses_grow_up_to_the_longest_and_are_drawn_from_zero_on() -> None:
    assert [backoff(attempt, 6, 1.0) for attempt in range(1, 7)] == [0.5, 1, 2, 4, 6, 6]
    assert backoff(3, 6, 0.25) == 0.5
    assert backoff(10_000, 6, 1.0) == 6


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after": "Thu, 01 Jan 2026 00:00:30 GMT"}, 30),
        ({"retry-after": "Wed, 31 Dec 2025 23:00:00 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e400"}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "9" * 20}, None),
        ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, None),
        ({"retry-after": f"{'9' * 400}s"}, None),
        ({"retry-after-ms": "9" * 400}, None),
        ({"retry-after-ms": "9" * 400, "retry-after": "2"}, 2),
        ({"retry-after": "31536000"}, 31536000),
        ({"retry-after": "1767225637"}, 37),
    ],
)
def test_what_a_server_asks_to_wait_is_read(headers: dict[str, str], seconds: float) -> None:
    # The server's own clock counts, however wrong the one here may be.
    assert asked_wait({**headers, "date": format_datetime(NOW, usegmt=True)}) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1),
        ("6m0s", 360),
        ("20ms", 0.02),
        ("1h2m3.5s", 3723.5),
        ("500µs", 0.0005),
        ("12.5", 12.5),
        ("0", 0),
        ("1767225637", 37),
        ("1767225637.5", 37.5),
        ("1767225637000", 37),
        ("1767225000", 0),
        ("2026-01-01T00:00:37Z", 37),
        ("2026-01-01T00:00:37.250000000Z", 37.25),
        ("2026-01-01T02:00:37+02:00", 37),
        ("2025-12-31T00:00:00Z", 0),
        ("Thu, 01 Jan 2026 00:00:37 GMT", 37),
        ("", None),
        ("later", None),
        ("1s later", None),
        ("2026-13-01T00:00:37Z", None),
        ("Thu, 01 Jan 2026 00:00:37 +9999999999999999", None),
    ],
)
def test_times_are_read_in_all_their_forms(text: str, seconds: float | None) -> None:
    assert seconds_until(text, NOW) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("left", "reset"),
    [
        ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
        ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
        ("x-ratelimit-remaining", "x-ratelimit-reset"),
        ("ratelimit-remaining", "ratelimit-reset"),
        (
            "anthropic-ratelimit-input-tokens-remaining",
            "anthropic-ratelimit-input-tokens-reset",
        ),
    ],
)
@pytest.mark.parametrize("when", ["9s", "9", "1767225609", "1767225609000", "2026-01-01T00:00:09Z"])
def test_every_providers_limits_are_known(left: str, reset: str, when: str) -> None:
    told = {"date": format_datetime(NOW, usegmt=True), reset: when}
    assert exhausted_for({**told, left: "0"}) == 9
    assert exhausted_for({**told, left: "1"}) == 0


def google(**detail: object) -> dict[str, object]:
    kept = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "RATE_LIMIT_EXCEEDED"}
    details = [kept, detail]
    return {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": details}}


@pytest.mark.parametrize("wrapped", [False, True])
def test_googles_wait_is_read_from_the_body(wrapped: bool) -> None:
    said = google(retryDelay="37.5s")
    body = orjson.dumps([said] if wrapped else said)
    fault = refused(429, {}, body)
    assert (fault.kind, fault.wait_s) == ("busy", 37.5)
    assert refused(429, {"retry-after": "40"}, body).wait_s == 40
    assert refused(429, {"retry-after": "3"}, body).wait_s == 37.5
    assert refused(503, {}, body).wait_s == 37.5


@pytest.mark.parametrize(
    "reason", ["error", "ERROR", "abort", "insufficient_system_resource", "network_error"]
)
def test_what_broke_off_while_it_was_made_may_be_charged(reason: str) -> None:
    fault = failure_in({"choices": [{"message": {"content": "7"}, "finish_reason": reason}] * 2})
    assert fault is not None
    assert (fault.kind, fault.charged) == ("passing", True)
    whole = {"message": {"content": "7"}, "finish_reason": "stop"}
    assert failure_in({"choices": [{"finish_reason": reason}, whole]}) is None


@pytest.mark.parametrize("odd", [None, "soon", {"seconds": 3}, []])
def test_a_wait_that_cannot_be_read_is_none(odd: object) -> None:
    assert refused(429, {}, orjson.dumps(google(retryDelay=odd))).wait_s is None
    assert refused(429, {}, orjson.dumps({"error": {"details": odd}})).wait_s is None


def test_a_quota_of_the_day_is_not_waited_for() -> None:
    quota = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}
    fault = refused(429, {}, orjson.dumps([google(violations=[quota])]))
    assert fault.kind == "permanent"
    assert "quota of the day" in fault.remedy
    minute = {"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"}
    assert refused(429, {}, orjson.dumps([google(violations=[minute])])).kind == "busy"


def test_a_limit_counts_as_exhausted_only_when_nothing_is_left() -> None:
    reset = {"x-ratelimit-reset-requests": "9s", "x-ratelimit-reset-tokens": "4s"}
    left = {"x-ratelimit-remaining-requests": "1", "x-ratelimit-remaining-tokens": "0"}
    assert exhausted_for({**reset, **left}) == 4
    assert exhausted_for({**reset, **left, "x-ratelimit-remaining-requests": "0"}) == 9
    assert exhausted_for(reset) == 0
