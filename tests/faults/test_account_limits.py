"""Limits of an account and a server that is overloaded, in the words of each kind of interface."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emoalign.errors import EngineError
from tests.faults.claude_server import ClaudeServer, error
from tests.faults.conftest import KEY, KEY_VARIABLE, RATE, Desk
from tests.faults.gemini_desk import GeminiDesk
from tests.faults.gemini_server import GeminiServer
from tests.faults.server import Fault, FaultServer, Heard
from tests.faults.test_stopping import GO_ON, last_words, script
from tests.kit.waiting import until

ENGINES: Mapping[str, tuple[type[Any], type[Desk], Mapping[str, Any]]] = {
    "openai": (FaultServer, Desk, {}),
    "anthropic": (
        ClaudeServer,
        Desk,
        {"engine": "anthropic", "capabilities": {"sampling": "none"}},
    ),
    "gemini": (GeminiServer, GeminiDesk, {}),
}
WORDS = [f"word {number}" for number in range(40)]
STATES = {
    **{402: "FAILED_PRECONDITION", 403: "PERMISSION_DENIED", 413: "INVALID_ARGUMENT"},
    **{429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 529: "UNAVAILABLE"},
}


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def desk(engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    kind, seat, more = ENGINES[engine]
    limits = {"concurrency": 4, "longest_wait_s": 0.02}
    with kind().running() as server:
        yield seat(tmp_path, server, WORDS, 2, limits, more=more)


def refusal(engine: str, status: int, message: str) -> tuple[int, object]:
    """An error as the interface words it."""
    if engine == "anthropic":
        return status, error(status, message)
    if engine == "gemini":
        return status, {"error": {"code": status, "message": message, "status": STATES[status]}}
    return status, {"error": {"message": message, "type": "x", "param": None, "code": None}}


def answered(desk: Desk) -> set[tuple[str, int | None]]:
    keys = [answer.key for answer in desk.answers()]
    assert len(keys) == len(set(keys))
    return set(keys)


@pytest.mark.parametrize(
    ("status", "said", "remedy"),
    [
        (402, "Payment required.", "top it up"),
        (403, "This organisation may not use the model.", "check the account's permissions"),
        (403, "Quota exceeded for requests of this project.", "Lower requests_per_minute"),
        (403, "rateLimitExceeded", "Lower requests_per_minute"),
        (413, "The request is too large.", "lower image_longest_side"),
        (429, "Slow down.", "Lower requests_per_minute"),
        (500, "Internal error.", "The fault did not pass"),
        (503, "The model is overloaded.", "lower concurrency"),
        (529, "Overloaded", "lower concurrency"),
    ],
)
def test_a_limit_that_stays_ends_the_job_keeps_what_came_and_is_no_answer(
    status: int, said: str, remedy: str, engine: str, desk: Desk
) -> None:
    server: FaultServer = desk.server
    began: list[int] = []

    def limited(heard: Heard) -> tuple[int, object] | None:
        began.append(1)
        return refusal(engine, status, said) if len(began) > 12 else None

    server.said = limited
    with pytest.raises(EngineError) as raised:
        desk.rate()
    assert f"HTTP {status}" in str(raised.value)
    assert said in str(raised.value)
    assert remedy in str(raised.value)
    kept = desk.answers()
    assert kept
    assert not [answer for answer in kept if answer.finish_reason == "rejected"]
    server.said = lambda heard: None
    ratings = desk.rate()
    assert (ratings["rating"] == 7).all()
    assert len(answered(desk)) == 80
    assert sum(answers for _, _, answers in server.computed.values()) == 80


@pytest.mark.parametrize("said", ["Quota exceeded for each minute.", "userRateLimitExceeded"])
def test_a_quota_that_comes_and_goes_is_no_fault_of_the_items(
    said: str, engine: str, desk: Desk
) -> None:
    server: FaultServer = desk.server
    server.said = lambda heard: refusal(engine, 403, said) if heard.attempt == 1 else None
    ratings = desk.rate()
    assert set(ratings["status"]) == {"ok"}
    assert len(answered(desk)) == 80


@pytest.mark.parametrize("status", [429, 503, 529])
def test_an_overloaded_server_is_asked_less_at_once(status: int, engine: str, desk: Desk) -> None:
    server: FaultServer = desk.server
    at_once: list[int] = []

    def said(heard: Heard) -> tuple[int, object] | None:
        at_once.append(server.at_once)
        return refusal(engine, status, "Overloaded") if len(at_once) == 1 else None

    server.said = said
    server.plan = lambda heard: "slow"
    server.slow_s = 0.1
    server.hold = lambda heard: len(server.heard) < 8
    replace(desk, limits={"concurrency": 8, "longest_wait_s": 0.05}).rate()
    assert max(at_once[:8]) >= 7
    assert max(at_once[8:12]) <= 5
    assert len(answered(desk)) == 80


@pytest.mark.parametrize(
    ("engine", "fault"),
    [
        *(("openai", "500"), ("openai", "hang")),
        *(("anthropic", "529"), ("anthropic", "drop")),
        *(("gemini", "429"), ("gemini", "503")),
    ],
)
def test_ctrl_c_in_the_middle_of_a_fault_keeps_what_came_and_asks_for_none_of_it_again(
    fault: Fault, desk: Desk, repository: Path
) -> None:
    server: FaultServer = desk.server
    patient = replace(desk, limits={"concurrency": 4, "retries": 1000, "longest_wait_s": 60})
    server.retry_after = {"Retry-After": "30"} if fault == "429" else {}
    server.plan = lambda heard: fault if len(server.heard) > 12 else None
    patient.lay_out()
    with script(patient.folder, RATE, repository) as process:
        until(lambda: server.met[fault] >= 3 - 2 * (fault == "429"), process)
        said = last_words(process, signal.SIGINT)
    kept = answered(patient)
    what = f"{len(kept)} of 80 answers of faulty plain mine valence are kept."
    assert said == f"Stopped by Ctrl-C. {what} {GO_ON}\n"
    assert kept

    server.plan = lambda heard: None
    before = len(server.heard)
    assert (patient.rate()["rating"] == 7).all()
    assert answered(patient) > kept
    each = 1 if isinstance(server, ClaudeServer) else 2
    assert len(server.heard) - before == (80 - len(kept)) // each
