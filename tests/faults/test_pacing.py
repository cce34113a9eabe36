"""Limits on a simulated clock: how evenly and how fully they are used, and what slows down."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoalign.elicitation.engines.openai.limits import Pacing
from emoalign.elicitation.engines.openai.replies import (
    asked_wait,
    backoff,
    duration,
    exhausted_for,
    refused,
)
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
        *[(status, "passing") for status in (408, 409, 425, 500, 502, 503, 529)],
        (429, "busy"),
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
    ],
)
def test_what_a_server_asks_to_wait_is_read(headers: dict[str, str], seconds: float) -> None:
    assert asked_wait(headers, NOW) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1),
        ("6m0s", 360),
        ("20ms", 0.02),
        ("1h2m3.5s", 3723.5),
        ("12.5", 12.5),
        ("", 0),
        ("later", 0),
        ("1s later", 0),
    ],
)
def test_lengths_of_time_are_read(text: str, seconds: float) -> None:
    assert duration(text) == pytest.approx(seconds)


def test_a_limit_counts_as_exhausted_only_when_nothing_is_left() -> None:
    reset = {"x-ratelimit-reset-requests": "9s", "x-ratelimit-reset-tokens": "4s"}
    left = {"x-ratelimit-remaining-requests": "1", "x-ratelimit-remaining-tokens": "0"}
    assert exhausted_for({**reset, **left}) == 4
    assert exhausted_for({**reset, **left, "x-ratelimit-remaining-requests": "0"}) == 9
    assert exhausted_for(reset) == 0
