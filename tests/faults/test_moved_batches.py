"""Batches under way while the study, the card, the key or the provider changes: none paid twice."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from emoalign.elicitation.budget import Account
from emoalign.elicitation.engines.api.credentials import Credentials
from emoalign.errors import EngineError
from emoalign.locks import alone
from tests.faults.batch_server import BatchServer
from tests.faults.claude_server import ClaudeServer
from tests.faults.conftest import KEY, KEY_VARIABLE, Desk
from tests.faults.gemini_desk import GeminiDesk
from tests.faults.gemini_server import GeminiServer

POLL = {"poll_s": 0.01}
BATCH = {"delivery": "batch", "batches": POLL}
ENGINES: Mapping[str, tuple[type[Any], type[Desk], Mapping[str, Any]]] = {
    "openai": (BatchServer, Desk, {}),
    "anthropic": (
        ClaudeServer,
        Desk,
        {"engine": "anthropic", "capabilities": {"sampling": "none"}},
    ),
    "gemini": (GeminiServer, GeminiDesk, {}),
}
Server = Any


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(engine: str) -> Iterator[Server]:
    with ENGINES[engine][0]().running() as running:
        yield running


@pytest.fixture
def desk(engine: str, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Four words, three participants, in batches."""
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    _, kind, more = ENGINES[engine]
    words = ["joy", "woe", "tea", "war"]
    return kind(tmp_path, server, words, 3, {"longest_wait_s": 0.01}, more={**more, **BATCH})


def state(desk: Desk) -> Path:
    return desk.journal.with_suffix(".batches.json")


def down(polls: int) -> web.Response:
    return web.json_response({"error": {"message": "down"}}, status=400)


def stopped(desk: Desk) -> None:
    """A job that submitted its batch and was stopped."""
    server: Server = desk.server
    server.on_poll = down
    with pytest.raises(EngineError):
        desk.rate()
    server.on_poll = lambda polls: None
    assert len(server.submitted) == 1


def lost(desk: Desk) -> None:
    """A job that was killed before it knew whether its batch was made."""
    stopped(desk)
    remembered = orjson.loads(state(desk).read_bytes())
    remembered["batches"][0]["batch_id"] = None
    state(desk).write_bytes(orjson.dumps(remembered))


@contextmanager
def out_of_sight(server: Server) -> Iterator[None]:
    """The batches of an account, seen with the key of another."""
    batches = dict(server.batches)
    server.batches.clear()
    yield
    server.batches.update(batches)


def whole(desk: Desk) -> None:
    """Every answer is there once, was paid for once, and nothing is remembered any more."""
    server: Server = desk.server
    keys = [answer.key for answer in desk.answers()]
    assert len(keys) == len(set(keys)) == 3 * len(desk.words)
    assert set(server.paid.values()) == {1}
    assert not server.heard
    assert not state(desk).exists()


# The study changes


@pytest.mark.parametrize("delivery", ["batch", "single"])
@pytest.mark.parametrize(
    "change", [{"words": ["joy", "sun"]}, {"wave": 2}, {"participants": 2}], ids=str
)
def test_answers_that_the_study_no_longer_asks_for_are_kept_for_when_it_does(
    change: Mapping[str, Any], delivery: str, desk: Desk, server: Server
) -> None:
    stopped(desk)
    other = replace(desk, **change, more={**desk.more, "delivery": delivery})
    ratings = other.rate()
    assert len(ratings) == other.participants * len(other.words)
    assert (ratings["rating"] == 7).all()
    assert not state(desk).exists()
    keys = [answer.key for answer in desk.answers()]
    assert len(keys) == len(set(keys))
    sent = len(server.submitted), len(server.heard)
    assert (desk.rate()["rating"] == 7).all()
    assert (len(server.submitted), len(server.heard)) == sent
    assert set(server.paid.values()) == {1}


def test_answers_to_requests_of_before_are_kept_once_though_the_job_is_killed_afterwards(
    desk: Desk,
) -> None:
    stopped(desk)
    remembered = state(desk).read_bytes()
    other = replace(desk, wave=2)
    other.rate()
    answers = desk.answers()
    state(desk).write_bytes(remembered)  # as if killed before it was forgotten
    other.rate()
    assert desk.answers() == answers
    assert not state(desk).exists()


def test_a_request_that_is_not_asked_any_more_and_was_refused_is_no_answer_and_no_error(
    desk: Desk, server: Server, engine: str
) -> None:
    stopped(desk)
    refuse_all(server, engine)
    other = replace(desk, words=["sun"], more={**desk.more, "delivery": "single"})
    assert (other.rate()["rating"] == 7).all()
    assert not state(desk).exists()


def refuse_all(server: Server, engine: str) -> None:
    """Let a batch under way bring a refusal of each of its requests."""
    lines = server.submitted[0]
    if engine == "anthropic":
        error = {"type": "invalid_request_error", "message": "No."}
        result = {"type": "errored", "error": {"type": "error", "error": error}}
        server.results["msgbatch_1"] = [{**line, "result": result} for line in lines]
        return
    said = {"error": {"code": 3, "message": "No."}}
    response = {"response": {"status_code": 400, "body": {"error": {"message": "No."}}}}
    refused = [{**line, **(said if engine == "gemini" else response)} for line in lines]
    (file,) = [name for name, content in server.files.items() if b'"joy"' not in content]
    server.files[file] = b"\n".join(map(orjson.dumps, refused))


# Another name of the protocol, other shards


def under_another_name(desk: Desk) -> Path:
    """The memory of a batch, as if its protocol had another name then; returns its journal."""
    older = desk.journal.with_name("older.0001.jsonl")
    state(desk).rename(older.with_suffix(".batches.json"))
    return older


@pytest.mark.parametrize("delivery", ["batch", "single"])
@pytest.mark.parametrize("killed", [stopped, lost])
def test_a_batch_of_a_protocol_that_was_renamed_is_found(
    killed: Callable[[Desk], None], delivery: str, desk: Desk
) -> None:
    killed(desk)
    older = under_another_name(desk)
    ratings = replace(desk, more={**desk.more, "delivery": delivery}).rate()
    assert (ratings["rating"] == 7).all()
    whole(desk)
    assert not older.with_suffix(".batches.json").exists()


def test_what_a_batch_of_another_name_lacks_is_asked_for_and_settled(
    desk: Desk, server: Server, tmp_path: Path
) -> None:
    prices = {"input_usd": 1, "output_usd": 5, "batch_factor": 0.5, "source": "a page"}
    priced = replace(desk, more={**desk.more, "prices": {**prices, "as_of": "2026-11-28"}})
    account = Account(tmp_path / "spent.json", 1)
    server.on_poll = down
    with pytest.raises(EngineError):
        priced.rate(account)
    server.on_poll = lambda polls: None
    under_another_name(priced)
    more = replace(priced, words=[*desk.words, "sun"])
    more.rate(account)
    whole(more)
    assert [len(lines) for lines in server.submitted][1] in (1, 3)
    requests = sum(map(len, server.submitted))
    assert account.spent() == pytest.approx(
        0.5e-6 * (10 * requests + 5 * 15 * (2 if isinstance(server, ClaudeServer) else 1))
    )


def test_a_job_waits_for_another_whose_batch_brings_its_answers(desk: Desk, server: Server) -> None:
    stopped(desk)
    older = under_another_name(desk)
    remembered = older.with_suffix(".batches.json")
    content = remembered.read_bytes()
    errors: list[BaseException] = []

    def rate() -> None:
        try:
            desk.rate()
        except BaseException as error:  # told by the test
            errors.append(error)

    with alone(older):
        polls = server.polls
        job = threading.Thread(target=rate)
        job.start()
        job.join(0.5)
        assert job.is_alive()
        assert server.polls == polls, "the batch of a job that runs is its own"
        assert remembered.read_bytes() == content
    job.join()
    assert not errors
    whole(desk)
    assert not remembered.exists()


def test_a_batch_that_asks_other_questions_is_left_to_its_own_job(desk: Desk) -> None:
    stopped(desk)
    older = under_another_name(desk)
    other = replace(desk, wave=2)
    other.rate()
    assert older.with_suffix(".batches.json").exists()
    assert len(desk.answers()) == 12


# Card and key change


def test_a_batch_is_found_with_another_key_of_the_same_account(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost(desk)
    monkeypatch.setenv(KEY_VARIABLE, "sk-another")
    desk.rate()
    whole(desk)


@pytest.mark.parametrize("delivery", ["batch", "single"])
def test_a_batch_that_another_account_may_have_made_is_not_made_again(
    delivery: str, desk: Desk, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost(desk)
    other = replace(desk, more={**desk.more, "delivery": delivery})
    monkeypatch.setenv(KEY_VARIABLE, "sk-another")
    with out_of_sight(server):
        for _ in range(2):
            with pytest.raises(EngineError, match="with the present key and headers") as raised:
                other.rate()
            assert f"delete {state(desk)}" in str(raised.value)
    assert len(server.submitted) == 1
    assert not server.heard
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    other.rate()
    whole(desk)


def test_a_batch_is_given_up_by_deleting_the_file_that_remembers_it(
    desk: Desk, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost(desk)
    monkeypatch.setenv(KEY_VARIABLE, "sk-another")
    server.batches.clear()
    server.paid.clear()
    with pytest.raises(EngineError):
        desk.rate()
    state(desk).unlink()
    desk.rate()
    whole(desk)
    assert len(server.submitted) == 2


def test_a_batch_that_was_not_made_is_made_with_the_key_that_was_used(
    desk: Desk, server: Server
) -> None:
    lost(desk)
    server.batches.clear()
    server.paid.clear()
    desk.rate()
    whole(desk)
    assert len(server.submitted) == 2


@pytest.mark.parametrize("killed", [stopped, lost])
def test_a_batch_at_another_provider_is_waited_for_by_nobody_and_not_made_again(
    killed: Callable[[Desk], None], desk: Desk, server: Server, engine: str
) -> None:
    killed(desk)
    other = "anthropic" if engine == "openai" else "openai"
    kind, _, more = ENGINES[other]
    with kind().running() as elsewhere:
        capabilities = {"capabilities": {"sampling": "none"}}
        moved = Desk(
            *(desk.folder, elsewhere, desk.words, 3, desk.limits),
            more={**capabilities, **more, "delivery": "single"},
        )
        with pytest.raises(EngineError) as raised:
            moved.rate()
        assert not elsewhere.heard
        assert not elsewhere.submitted
    said = str(raised.value)
    assert "it was sent to http://127.0.0.1:" in said
    assert f"(engine: {engine}), but the model's card now says" in said
    assert f"delete {state(desk)}" in said
    desk.rate()
    whole(desk)


def test_no_key_is_in_the_memory_of_a_batch(desk: Desk) -> None:
    stopped(desk)
    content = state(desk).read_text(encoding="utf-8")
    assert KEY not in content
    traces = {Credentials(key, {}, ()).trace("a") for key in (KEY, "sk-another", None)}
    assert len(traces) == 3
    assert Credentials(KEY, {}, ()).trace("b") not in traces
    assert {len(trace) for trace in traces} == {8}
