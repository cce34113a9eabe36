"""Faults one at a time, in whole jobs: what passes, what stops a job, and what it then says."""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest

from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask, RatingRequest, Sampling
from emoalign.errors import EngineError
from emoalign.prompts import Prompt
from tests.faults import server as faulty_server
from tests.faults.conftest import KEY, Desk
from tests.faults.server import PASSING, Fault, Heard, Plan
from tests.kit.waiting import HANGS_S


def first_attempt(fault: Fault) -> Plan:
    return lambda heard: fault if heard.attempt == 1 else None


def only(word: str, fault: Fault) -> Plan:
    return lambda heard: fault if heard.prompt == word else None


def limited(desk: Desk, **limits: float) -> Desk:
    return replace(desk, limits={**desk.limits, **limits})


def message(desk: Desk) -> str:
    with pytest.raises(EngineError) as error:
        desk.rate()
    return str(error.value)


# What passes


@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_of_any_kind_that_passes_is_asked_again_and_forgotten(
    fault: Fault, desk: Desk
) -> None:
    desk.server.plan = first_attempt(fault)
    timeout_s = 0.5 if fault == "hang" else HANGS_S
    ratings = limited(desk, timeout_s=timeout_s, retries=100, longest_wait_s=0.1).rate()
    assert (ratings["rating"] == 7).all()
    attempts = Counter(heard.attempt for heard in desk.server.heard)
    assert (attempts.pop(1), attempts.pop(2)) == (4, 4)
    # Half a second may be too short for a good answer too, on a busy machine.
    assert not attempts or fault == "hang"


@pytest.mark.parametrize("fault", ["429", "500", "drop", "truncate", "filtered answer"])
def test_completions_meet_the_same_faults_as_chats(fault: Fault, desk: Desk) -> None:
    desk.server.plan = first_attempt(fault)
    card = limited(desk, longest_wait_s=0.1).card
    prompt = Prompt(None, "joy = ")
    request = RatingRequest("faulty", None, prompt, Sampling(1.0, 1), "sampled", 1)

    async def converse() -> list[Answer]:
        with card.running() as engine:
            try:
                return await engine.ask(Ask(request, (0, 1, 2)))
            finally:
                await engine.close()

    answers = asyncio.run(converse())
    filtered = fault == "filtered answer"
    assert [answer.text for answer in answers] == ["7"] * 3
    assert {answer.finish_reason for answer in answers} == {
        "content_filter" if filtered else "stop"
    }
    assert len(desk.server.heard) == (1 if filtered else 2)


def test_nobody_asks_before_the_time_that_the_server_asked_one_of_them_to_wait(desk: Desk) -> None:
    desk.server.retry_after = {"Retry-After": "1"}
    desk.server.plan = lambda heard: "429" if heard.prompt == "woe" and heard.attempt == 1 else None
    replace(desk, words=["woe", "joy", *"abcdef"], limits={"concurrency": 1}).rate()
    refused, *others = desk.server.heard
    assert all(heard.at >= refused.at + 1 for heard in others)


@pytest.mark.parametrize("listed", [True, False])
def test_a_wait_in_the_body_of_a_refusal_counts_for_all(listed: bool, desk: Desk) -> None:
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"}
    error = {"error": {"code": 429, "message": "Quota exceeded.", "details": [info]}}
    desk.server.retry_after = {}
    desk.server.refusal = [error] if listed else error
    desk.server.plan = lambda heard: "429" if heard.prompt == "woe" and heard.attempt == 1 else None
    replace(desk, words=["woe", "joy", "tea"], limits={"concurrency": 1}).rate()
    refused, *others = desk.server.heard
    assert all(heard.at >= refused.at + 1 for heard in others)

    info["retryDelay"] = "3600.5s"
    desk.server.plan = lambda heard: "429"
    said = message(limited(replace(desk, words=["sun"]), longest_wait_s=2))
    assert "Quota exceeded." in said
    assert "It asks to wait 3600 s, longer than longest_wait_s in the model's card (2 s)" in said


def test_nobody_asks_while_the_server_says_that_nothing_is_left(desk: Desk) -> None:
    desk.server.headers = {
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "300ms",
    }
    limited(desk, concurrency=1).rate()
    times = [heard.at for heard in desk.server.heard]
    assert all(later - earlier >= 0.3 for earlier, later in pairwise(times))


def test_after_too_many_requests_fewer_are_under_way_and_then_one_by_one_more(desk: Desk) -> None:
    at_once: list[int] = []

    def plan(heard: Heard) -> Fault:
        at_once.append(desk.server.at_once)
        return "429" if len(at_once) == 1 else "slow"

    desk.server.plan = plan
    desk.server.slow_s = 0.2  # so that they overlap
    desk.server.hold = lambda heard: len(desk.server.heard) < 8
    words = [f"word {number}" for number in range(60)]
    replace(desk, words=words, limits={"concurrency": 8}).rate()
    first, then, at_last = at_once[:8], at_once[8:12], at_once[30:]
    assert max(first) >= 7
    assert max(then) <= 5
    assert max(at_last) >= 7
    assert len(at_once) == 61


def test_a_rate_per_minute_is_held_and_used(desk: Desk) -> None:
    words = [f"word {number}" for number in range(150)]
    replace(desk, words=words, limits={"concurrency": 16, "requests_per_minute": 3000}).rate()
    times = [heard.at for heard in desk.server.heard]
    seconds, at_the_rate = times[-1] - times[0], (len(times) - 1) / 3000 * 60
    assert seconds >= at_the_rate / 1.02

    replace(desk, words=[f"free {word}" for word in words], limits={"concurrency": 16}).rate()
    of_free = [heard.at for heard in desk.server.heard[len(times) :]]
    assert seconds <= at_the_rate / 0.95 + (of_free[-1] - of_free[0])


# What stops a job


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("429", "Lower requests_per_minute, tokens_per_minute or concurrency"),
        ("503", "try again later"),
        ("hang", "gave no answer within 1 s.*raise timeout_s"),
        ("drop", "could not be reached.*Is it running"),
        ("truncate", "something other than JSON"),
        ("garbage", r"something other than JSON \(a web page\).*login page"),
        ("empty", r"something other than JSON \(nothing at all\)"),
        ("error in 200", "gave no answer but.*Not now"),
        ("error in a choice", "gave no answer but.*Not now"),
        ("finished by an error", "gave no answer but.*'finish_reason': 'error'"),
    ],
)
def test_a_fault_that_stays_is_told_with_how_often_and_how_to_go_on(
    fault: Fault, says: str, desk: Desk
) -> None:
    desk.server.plan = only("tea", fault)
    timeout_s = 1 if fault == "hang" else HANGS_S
    few = limited(desk, timeout_s=timeout_s, retries=2, longest_wait_s=0.1, concurrency=1)
    with pytest.raises(EngineError, match=says) as error:
        few.rate()
    assert "This was tried 3 times." in str(error.value)
    assert len(few.answers()) == 6
    assert error.value.__notes__ == [
        "6 of 12 answers are kept in the journal; running again asks only for the rest."
    ]

    desk.server.plan = lambda heard: None
    before = len(desk.server.heard)
    assert (few.rate()["rating"] == 7).all()
    assert [heard.prompt for heard in desk.server.heard[before:]] == ["tea", "war"]


@pytest.mark.parametrize("fault", ["429", "error in 200", "error in a choice"])
def test_an_account_without_money_stops_the_job_at_once(fault: Fault, desk: Desk) -> None:
    desk.server.code = "insufficient_quota"
    desk.server.plan = only("joy", fault)
    assert "no money or credits left" in message(limited(desk, concurrency=1))
    assert len(desk.server.heard) == 1


def test_a_server_that_asks_for_a_longer_wait_than_allowed_stops_the_job(desk: Desk) -> None:
    desk.server.retry_after = {"Retry-After": "7200"}
    desk.server.plan = only("tea", "429")
    said = message(limited(desk, concurrency=1))
    assert "It asks to wait 7200 s, longer than longest_wait_s in the model's card (2 s)" in said
    assert len(desk.answers()) == 6


@pytest.mark.parametrize(
    "asked", ["1e400", "inf", "-5", "NaN", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT", "soon"]
)
def test_a_wait_that_is_no_time_counts_as_none_and_is_told(asked: str, desk: Desk) -> None:
    desk.server.retry_after = {"Retry-After": asked}
    desk.server.plan = lambda heard: "429" if heard.attempt == 1 else None
    patient = limited(desk, concurrency=1, longest_wait_s=0.01)
    assert (patient.rate()["rating"] == 7).all()

    desk.server.plan = only("sun", "429")
    said = message(replace(patient, words=["sun"]))
    assert f"It asks to wait {asked[:40]!r}, which is not a valid waiting time." in said
    assert "This was tried 3 times" in said


def test_a_wait_of_days_is_told_in_days(desk: Desk) -> None:
    desk.server.retry_after = {"Retry-After": "2592000"}
    desk.server.plan = only("tea", "429")
    assert "It asks to wait 30 days, longer than longest_wait_s" in message(limited(desk))


def test_a_permanent_error_ends_the_retries_of_others_and_keeps_what_is_under_way(
    desk: Desk,
) -> None:
    faults: dict[str, Fault] = {"joy": "slow", "woe": "429"}
    desk.server.slow_s = 0.3
    desk.server.retry_after = {"Retry-After": "60"}
    desk.server.code = None

    def plan(heard: Heard) -> Fault | None:
        if heard.prompt == "tea":
            desk.server.code = "insufficient_quota"
            return "error in 200"
        return faults[heard.prompt]

    desk.server.plan = plan
    desk.server.hold = lambda heard: heard.prompt == "tea" and len(desk.server.heard) < 3
    patient = limited(desk, concurrency=3, longest_wait_s=100)
    ordered = replace(patient, words=["joy", "tea", "woe"])
    assert "no money or credits left" in message(ordered)
    assert len(ordered.answers()) == 3
    assert sorted(heard.prompt for heard in desk.server.heard) == ["joy", "tea", "woe"]


@pytest.mark.parametrize("fault", ["429", "500", "error in 200"])
def test_a_key_that_the_server_repeats_is_in_no_message(fault: Fault, desk: Desk) -> None:
    desk.server.message = f"Key {KEY} is busy"
    desk.server.plan = only("joy", fault)
    with pytest.raises(EngineError, match=r"Key \*\*\* is busy") as error:
        limited(desk, retries=1, longest_wait_s=0.01).rate()
    assert KEY not in "".join(traceback.format_exception(error.value))


# Fewer answers than asked for


@pytest.mark.parametrize("reason", ["error", "abort", "insufficient_system_resource"])
def test_of_several_choices_those_that_failed_are_asked_again_and_the_others_kept(
    reason: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {"error": {"code": 502, "message": "Overloaded"}, "finish_reason": reason}
    whole = faulty_server._chat_choice

    def choice(fault: Fault | None, text: str) -> dict[str, object]:
        return broken if text == "broken" else whole(fault, text)

    monkeypatch.setattr(faulty_server, "_chat_choice", choice)
    desk.server.reply = lambda heard, place: "broken" if (heard.n, place) == (3, 0) else "7"
    ratings = desk.rate()
    assert (ratings["status"] == "ok").all()
    assert [heard.n for heard in desk.server.heard] == [3] * 4 + [1] * 4
    answers = desk.answers()
    assert len(answers) == len({answer.key for answer in answers}) == 12
    assert {answer.finish_reason for answer in answers} == {"stop"}
    # The reply was paid for as a whole: its tokens stand with the first answer that it brought.
    assert sum(answer.completion_tokens for answer in answers) == 4 * 3 + 4 * 1


def test_answers_that_older_versions_kept_as_errors_are_read_and_not_asked_again(
    desk: Desk,
) -> None:
    desk.rate()
    kept = [replace(answer, finish_reason="error") for answer in desk.answers()]
    desk.journal.write_bytes(b"".join(answer.to_line() for answer in kept))
    assert (desk.rate()["status"] == "error").all()
    assert len(desk.server.heard) == 4


def test_only_the_answers_that_did_not_come_are_asked_for_again(desk: Desk) -> None:
    desk.server.plan = lambda heard: "fewer" if heard.n == 3 else None
    ratings = desk.rate()
    assert len(ratings) == 12
    assert sorted(heard.n for heard in desk.server.heard) == [2] * 4 + [3] * 4
    assert sum(n for _, _, n in desk.server.computed.values()) == 12
