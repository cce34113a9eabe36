"""Answers in batches: all of them, each paid once, whatever becomes of batches and of the job."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from emoalign.elicitation.budget import Account
from emoalign.errors import BudgetError, EngineError
from tests.faults.batch_server import (
    BatchServer,
    Ending,
    Line,
    answered,
    expired,
    responded,
)
from tests.faults.conftest import KEY, KEY_VARIABLE, Desk
from tests.kit.waiting import until

POLL = {"poll_s": 0.01}


@pytest.fixture
def server() -> Iterator[BatchServer]:
    with BatchServer().running() as running:
        yield running


@pytest.fixture
def batched(
    tmp_path: Path, server: BatchServer, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Desk]:
    """A desk whose card says batch; keywords are settings of its batches."""
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    words = ["joy", "woe", "tea", "war"]
    desk = Desk(tmp_path, server, words, 3, {"longest_wait_s": 0.01})

    def make(**changed: Any) -> Desk:
        return replace(desk, more={"delivery": "batch", "batches": {**POLL, **changed}})

    return make


def state(desk: Desk) -> Path:
    return desk.journal.with_suffix(".batches.json")


def whole(desk: Desk, words: int = 4) -> None:
    """Every answer is in the journal once, and nothing is remembered any more."""
    answers = desk.answers()
    assert len(answers) == len({answer.key for answer in answers}) == 3 * words
    assert not state(desk).exists()


def half(status: str) -> Callable[[int, Sequence[Line]], Ending]:
    def end(number: int, lines: Sequence[Line]) -> Ending:
        if number > 1:
            return Ending(output=list(map(answered, lines)))
        return Ending(status, list(map(answered, lines[:2])), list(map(expired, lines[2:])))

    return end


def test_a_batch_gives_what_single_requests_give(
    batched: Callable[..., Desk],
    server: BatchServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    desk = batched()
    ratings = desk.rate()
    whole(desk)
    assert not server.heard
    assert "batch-1: completed, 0 of 4 done" in caplog.text
    single = replace(desk, folder=tmp_path / "single", more={})
    single.folder.mkdir()
    alone = single.rate()
    same = ["item_id", "participant", "status", "rating", "text", "request_id", "finish_reason"]
    assert ratings[same].equals(alone[same])

    sent = {
        (line["body"]["messages"][0]["content"], line["body"]["seed"])
        for line in server.submitted[0]
    }
    assert sent == {heard.key for heard in server.heard}
    assert all(
        line["body"]["n"] == 3 and len(line["custom_id"]) <= 64 for line in server.submitted[0]
    )
    assert desk.card.answering() == single.card.answering()
    assert desk.card.settings()["delivery"] == "batch"
    assert KEY.encode() not in b"".join(path.read_bytes() for path in tmp_path.rglob("*.*"))


def test_many_requests_make_several_batches(
    batched: Callable[..., Desk], server: BatchServer
) -> None:
    desk = batched(max_requests=3)
    desk.rate()
    whole(desk)
    assert list(map(len, server.submitted)) == [3, 1]


def test_large_requests_make_several_batches_one_after_another(
    batched: Callable[..., Desk], server: BatchServer
) -> None:
    desk = batched(max_bytes=600, at_once=1)
    desk.rate()
    whole(desk)
    assert len(server.submitted) > 1
    assert all(
        len(server.files[batch["now"]["input_file_id"]]) <= 600 for batch in server.batches.values()
    )


@pytest.mark.parametrize("status", ["expired", "cancelled"])
def test_of_a_batch_that_ended_early_only_the_rest_is_submitted_again(
    batched: Callable[..., Desk], server: BatchServer, status: str
) -> None:
    server.end = half(status)
    desk = batched()
    desk.rate()
    whole(desk)
    assert list(map(len, server.submitted)) == [4, 2]
    assert set(server.paid.values()) == {1}


def test_a_killed_job_takes_its_batch_up_again(
    batched: Callable[..., Desk], server: BatchServer, repository: Path
) -> None:
    server.on_poll = lambda polls: web.json_response(server.batches["batch-1"]["now"])
    desk = batched()
    with desk.start(repository) as process:
        until(lambda: server.polls > 0, process)
        process.send_signal(signal.SIGKILL)
    assert b'"batch-1"' in state(desk).read_bytes()
    server.on_poll = lambda polls: None
    desk.rate()
    whole(desk)
    assert len(server.submitted) == 1


@pytest.mark.parametrize("made", [True, False])
def test_a_job_killed_while_a_batch_was_made_looks_whether_it_was(
    batched: Callable[..., Desk], server: BatchServer, made: bool
) -> None:
    server.on_poll = lambda polls: web.json_response({"error": "down"}, status=400)
    desk = batched()
    with pytest.raises(EngineError):
        desk.rate()
    remembered = orjson.loads(state(desk).read_bytes())
    remembered["batches"][0]["batch_id"] = None  # as if killed before it was written
    state(desk).write_bytes(orjson.dumps(remembered))
    if not made:
        server.batches.clear()
    server.on_poll = lambda polls: None
    desk.rate()
    whole(desk)
    assert len(server.submitted) == (1 if made else 2)


@pytest.mark.parametrize("delivery", ["batch", "single"])
def test_a_batch_whose_job_was_killed_after_its_last_answer_is_settled_later(
    batched: Callable[..., Desk], server: BatchServer, delivery: str
) -> None:
    server.on_poll = lambda polls: web.json_response({"error": "down"}, status=400)
    desk = batched()
    with pytest.raises(EngineError):
        desk.rate()
    remembered = state(desk).read_bytes()
    server.on_poll = lambda polls: None
    desk.rate()
    state(desk).write_bytes(remembered)  # as if killed before it was forgotten
    answers = desk.answers()
    replace(desk, more={**desk.more, "delivery": delivery}).rate()
    assert not state(desk).exists()
    assert desk.answers() == answers
    assert len(server.submitted) == 1


def test_a_batch_whose_making_was_not_confirmed_is_not_made_twice(
    batched: Callable[..., Desk], server: BatchServer
) -> None:
    server.drop_creations = 1
    desk = batched()
    desk.rate()
    whole(desk)
    assert len(server.submitted) == 1


def test_faults_of_polling_are_waited_out(
    batched: Callable[..., Desk], server: BatchServer
) -> None:
    busy = {2: 429, **dict.fromkeys(range(3, 9), 503)}  # more than the client itself tries again
    server.on_poll = lambda polls: (
        web.json_response({}, status=busy[polls], headers={"Retry-After-Ms": "5"})
        if polls in busy
        else None
    )
    desk = batched()
    desk.rate()
    whole(desk)


def test_a_batch_that_is_not_accepted_says_which_line_and_why(
    batched: Callable[..., Desk], server: BatchServer
) -> None:
    reason = {"code": "invalid", "line": 2, "message": f"Unknown parameter: n. Key {KEY}."}
    server.end = lambda number, lines: Ending("failed", reasons=[reason])
    desk = batched()
    with pytest.raises(
        EngineError, match=r"batch-1: line 2: Unknown parameter: n.*Nothing of it"
    ) as raised:
        desk.rate()
    assert KEY not in str(raised.value)
    assert not state(desk).exists()
    assert not desk.answers()


def test_lines_with_errors_are_answers_or_asked_again_or_the_end(
    batched: Callable[..., Desk], server: BatchServer, caplog: pytest.LogCaptureFixture
) -> None:
    def end(number: int, lines: Sequence[Line]) -> Ending:
        if number > 1:
            return Ending(output=list(map(answered, lines)))
        policy = {"error": {"code": "content_policy_violation", "message": "no"}}
        strange = {**answered(lines[0]), "custom_id": "somebody else's"}
        errors = [responded(lines[1], 500, {"error": {"message": "oops"}})]
        output = [answered(lines[0]), answered(lines[0]), strange]
        # vLLM's form: the error beside a response without a body
        vllm = {**responded(lines[2], 400, {}), "error": policy}
        vllm["response"]["body"] = None
        errors += [vllm, responded(lines[3], 429, {"error": {"message": "slow down"}})]
        return Ending("completed", output, errors)

    server.end = end
    desk = batched()
    ratings = desk.rate()
    whole(desk)
    assert ratings.set_index("item_id")["status"].loc["tea"].tolist() == ["content_filter"] * 3
    assert [len(lines) for lines in server.submitted] == [4, 2]
    assert "a second line" in caplog.text
    assert "a line nobody asked" in caplog.text


def test_choices_that_failed_are_not_kept_and_asked_again(
    batched: Callable[..., Desk], server: BatchServer
) -> None:
    def end(number: int, lines: Sequence[Line]) -> Ending:
        good = list(map(answered, lines))
        if number == 1:
            broken = {"error": {"code": 502, "message": "Overloaded"}, "finish_reason": "error"}
            good[0]["response"]["body"]["choices"] = [broken] * 3
            good[1]["response"]["body"]["choices"][0] = broken
        return Ending("completed", good)

    server.end = end
    desk = batched()
    assert (desk.rate()["status"] == "ok").all()
    whole(desk)
    assert [[line["body"].get("n", 1) for line in lines] for lines in server.submitted] == [
        [3, 3, 3, 3],
        [3, 1],
    ]


def test_a_request_that_is_not_accepted_ends_the_job_after_the_others_are_kept(
    batched: Callable[..., Desk], server: BatchServer
) -> None:
    wrong = {"error": {"message": f"Unknown model, {KEY}"}}
    server.end = lambda number, lines: Ending(
        "completed", list(map(answered, lines[1:])), [responded(lines[0], 404, wrong)]
    )
    desk = batched()
    with pytest.raises(EngineError, match=r"Unknown model.*does not know this model") as raised:
        desk.rate()
    assert KEY not in str(raised.value)
    assert len(desk.answers()) == 9
    assert len(server.submitted) == 1


def test_what_never_comes_is_told_after_three_rounds(
    batched: Callable[..., Desk], server: BatchServer
) -> None:
    server.end = lambda number, lines: Ending("expired", errors=list(map(expired, lines)))
    with pytest.raises(EngineError, match=r"left 12 answers out.*3 times.*in time\. \(4×\)"):
        batched().rate()
    assert len(server.submitted) == 3


def test_changing_the_delivery_asks_for_nothing_again(
    batched: Callable[..., Desk], server: BatchServer
) -> None:
    desk = batched()
    replace(desk, words=desk.words[:2], more={}).rate()
    assert len(server.heard) == 2
    desk.rate()
    whole(desk)
    assert list(map(len, server.submitted)) == [2]

    more = replace(desk, words=[*desk.words, "sun"])
    server.on_poll = lambda polls: web.json_response({}, status=400)
    with pytest.raises(EngineError):
        more.rate()
    server.on_poll = lambda polls: None
    replace(more, more={"batches": POLL}).rate()
    whole(more, 5)
    assert len(server.heard) == 2


def test_batches_keep_within_the_limit_of_the_study(
    batched: Callable[..., Desk], server: BatchServer, tmp_path: Path
) -> None:
    prices = {"input_usd": 1, "output_usd": 1, "as_of": "2026-01-01", "source": "a page"}
    base = batched()
    desk = replace(base, more={**base.more, "prices": {**prices, "batch_factor": 0.5}})
    account = Account(tmp_path / "spent.json", 60e-6)
    desk.rate(account)
    whole(desk)
    assert len(server.submitted) > 1, "a batch for all could have cost too much"
    assert account.spent() == pytest.approx(4 * 13 * 0.5e-6)

    poor = replace(desk, words=["sun"])
    with pytest.raises(BudgetError, match=r"Raise max_usd to go on"):
        poor.rate(Account(tmp_path / "spent.json", 27e-6))
    assert account.spent() == pytest.approx(4 * 13 * 0.5e-6)


def test_a_server_without_batches_is_told_apart(
    batched: Callable[..., Desk],
) -> None:
    desk = batched()
    with (
        BatchServer(has_batches=False).running() as plain,
        pytest.raises(EngineError, match=r"no batch interface.*delivery: single"),
    ):
        replace(desk, server=plain).rate()
    assert not state(desk).exists()


def test_a_job_killed_after_the_answers_were_kept_keeps_none_of_them_twice(
    batched: Callable[..., Desk], server: BatchServer
) -> None:
    desk = batched()
    server.on_poll = lambda polls: web.json_response({}, status=400)
    with pytest.raises(EngineError):
        desk.rate()
    remembered = state(desk).read_bytes()
    server.on_poll = lambda polls: None
    desk.rate()
    state(desk).write_bytes(remembered)  # as if killed before the batch was forgotten
    more = replace(desk, words=[*desk.words, "sun"])
    more.rate()
    whole(more, 5)
    assert list(map(len, server.submitted)) == [4, 1]
