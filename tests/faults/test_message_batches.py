"""Message Batches: every answer once and none paid for twice, whatever becomes of batch and job."""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from emoalign.elicitation.budget import Account
from emoalign.elicitation.engines.anthropic import message_batches
from emoalign.elicitation.engines.api import batches
from emoalign.errors import EngineError
from emoalign.prompts import Message, Prompt, most_tokens
from tests.faults.claude_server import (
    ClaudeServer,
    Line,
    all_succeeded,
    error,
    errored,
    not_run,
    succeeded,
)
from tests.faults.conftest import KEY, KEY_VARIABLE, Desk
from tests.kit.waiting import until

POLL = {"poll_s": 0.01}
MORE = {"engine": "anthropic", "capabilities": {"sampling": "none"}}
PRICES = {"input_usd": 1, "output_usd": 5, "batch_factor": 0.5}
PRICES |= {"as_of": "2026-11-28", "source": "a page"}
Results = Sequence[Mapping[str, Any] | bytes]


@pytest.fixture
def server() -> Iterator[ClaudeServer]:
    with ClaudeServer().running() as running:
        yield running


@pytest.fixture
def batched(
    tmp_path: Path, server: ClaudeServer, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Desk]:
    """A desk whose card says batch; keywords are settings of its batches."""
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    words = ["joy", "woe", "tea", "war"]
    desk = Desk(tmp_path, server, words, 3, {"longest_wait_s": 0.01})

    def make(**changed: Any) -> Desk:
        return replace(desk, more=MORE | {"delivery": "batch", "batches": {**POLL, **changed}})

    return make


def state(desk: Desk) -> Path:
    return desk.journal.with_suffix(".batches.json")


def whole(desk: Desk, words: int = 4) -> None:
    """Every answer is in the journal once and paid once, and nothing is remembered any more."""
    answers = desk.answers()
    assert len(answers) == len({answer.key for answer in answers}) == 3 * words
    assert isinstance(desk.server, ClaudeServer)
    assert sorted(desk.server.paid.values()) == [1] * 3 * words
    assert not state(desk).exists()


def forget_id(desk: Desk) -> None:
    """The memory of a job that was killed before the id of its batch was written."""
    remembered = orjson.loads(state(desk).read_bytes())
    remembered["batches"][0]["batch_id"] = None
    state(desk).write_bytes(orjson.dumps(remembered))


def down(polls: int) -> web.Response:
    return web.json_response(error(400, "down"), status=400)


def test_a_batch_gives_what_single_requests_give(
    batched: Callable[..., Desk],
    server: ClaudeServer,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    desk = batched()
    ratings = desk.rate()
    whole(desk)
    assert not server.heard
    assert "batch msgbatch_1: in_progress, 0 of 12 done, 0 failed" in caplog.text
    assert "batch msgbatch_1: completed, 12 of 12 done, 0 failed" in caplog.text
    single = replace(desk, folder=tmp_path / "single", more=MORE)
    single.folder.mkdir()
    alone = single.rate()
    same = ["item_id", "participant", "status", "rating", "text", "request_id", "finish_reason"]
    assert ratings[same].equals(alone[same])
    (lines,) = server.submitted
    assert len({line["custom_id"][:9] for line in lines}) == 1
    sent = {line["params"]["messages"][0]["content"] for line in lines}
    assert sent == {heard.prompt for heard in server.heard}
    assert KEY.encode() not in b"".join(path.read_bytes() for path in tmp_path.rglob("*.*"))


def test_many_requests_make_several_batches(
    batched: Callable[..., Desk], server: ClaudeServer
) -> None:
    desk = batched(max_requests=5, at_once=1)
    desk.rate()
    whole(desk)
    assert list(map(len, server.submitted)) == [5, 5, 2]


def test_of_a_batch_only_what_was_not_run_or_failed_is_asked_again(
    batched: Callable[..., Desk], server: ClaudeServer
) -> None:
    def end(number: int, lines: Sequence[Line]) -> Results:
        if number > 1:
            return all_succeeded(number, lines)
        failed = [not_run(lines[0], "expired"), not_run(lines[1], "canceled")]
        failed += [errored(lines[2], 500, "oops"), errored(lines[3], 529, "Overloaded")]
        return [*failed, *map(succeeded, reversed(lines[4:]))]

    server.end = end
    desk = batched()
    assert (desk.rate()["status"] == "ok").all()
    whole(desk)
    assert list(map(len, server.submitted)) == [12, 4]


@pytest.mark.parametrize("answer_first", [True, False])
def test_an_answer_counts_beside_a_fault_of_the_same_request(
    answer_first: bool, batched: Callable[..., Desk], server: ClaudeServer
) -> None:
    def end(number: int, lines: Sequence[Line]) -> Results:
        pair = [succeeded(lines[0]), errored(lines[0], 529, "Overloaded")]
        return [*(pair if answer_first else reversed(pair)), *map(succeeded, lines[1:])]

    server.end = end
    desk = batched()
    assert (desk.rate()["status"] == "ok").all()
    assert len(desk.answers()) == 12
    assert list(map(len, server.submitted)) == [12]


def test_a_second_answer_of_the_same_request_is_booked_and_not_kept(
    batched: Callable[..., Desk], server: ClaudeServer, tmp_path: Path
) -> None:
    """The same line twice is one answer; a broken one beside it hides none."""

    def end(number: int, lines: Sequence[Line]) -> Results:
        again = succeeded(lines[0], "3")
        again["result"]["message"]["id"] = "msg_another"
        strange = {**succeeded(lines[1]), "custom_id": "somebody-elses"}
        odd = {"type": "succeeded", "message": {"content": {"no": "answer"}}}
        broken = {"custom_id": lines[2]["custom_id"], "result": odd}
        first = succeeded(lines[0])
        return [first, first, again, strange, broken, *map(succeeded, lines[1:])]

    server.end = end
    base = batched()
    account = Account(tmp_path / "spent.json", 1)
    desk = replace(base, more={**base.more, "prices": PRICES})
    assert (desk.rate(account)["rating"] == 7).all()
    assert len(desk.answers()) == 12
    assert list(map(len, server.submitted)) == [12]
    told = 14 * (10 + 2 * 5)
    broken = most_tokens(Prompt((Message("user", "joy"),), None)) + 3 * 5  # at most
    assert account.spent() == pytest.approx((told + broken) * 0.5e-6)


def test_what_never_comes_is_told_after_three_rounds(
    batched: Callable[..., Desk], server: ClaudeServer
) -> None:
    server.end = lambda number, lines: [not_run(line, "expired") for line in lines]
    with pytest.raises(EngineError, match=r"left 12 answers out.*expired before its turn came"):
        batched().rate()
    assert len(server.submitted) == 3


def test_a_refused_word_is_an_answer_and_a_wrong_request_the_end(
    batched: Callable[..., Desk], server: ClaudeServer
) -> None:
    def end(number: int, lines: Sequence[Line]) -> Results:
        war = [line for line in lines if line["params"]["messages"][0]["content"] == "war"]
        details = {"type": "refusal", "category": "general_harms", "explanation": "No."}
        refused = {"stop_reason": "refusal", "stop_details": details, "content": []}
        withheld = errored(war[0], 400, "Output blocked by content filtering policy")
        rest = [succeeded(line) for line in lines if line not in war]
        return [withheld, *(succeeded(line, **refused) for line in war[1:]), *rest]

    server.end = end
    ratings = batched().rate().set_index("item_id")
    assert sorted(ratings.loc["war", "status"]) == ["content_filter", "refusal", "refusal"]
    assert "refusal: general_harms" in set(ratings.loc["war", "finish_reason"])
    assert set(ratings.drop("war")["status"]) == {"ok"}
    assert len(server.submitted) == 1

    server.end = lambda number, lines: [errored(line, 404, f"model: {KEY}") for line in lines]
    with pytest.raises(EngineError, match="check model and base_url") as raised:
        replace(batched(), words=["sun"]).rate()
    assert KEY not in str(raised.value)


def test_requests_that_the_server_does_not_take_end_the_job(
    batched: Callable[..., Desk], server: ClaudeServer
) -> None:
    desk = batched()
    thinking = {"type": "enabled", "budget_tokens": 1024}  # more than max_tokens
    with pytest.raises(EngineError, match=r"must be greater than .thinking\.budget_tokens"):
        replace(desk, more={**desk.more, "extra_body": {"thinking": thinking}}).rate()
    assert len(server.submitted) == 1
    assert not server.paid


# Killed, and lost replies


@pytest.mark.parametrize("at", ["list", "create", "retrieve", "results"])
def test_a_job_killed_at_any_step_takes_up_what_was_made(
    at: str, batched: Callable[..., Desk], server: ClaudeServer, repository: Path
) -> None:
    server.stuck = at
    desk = batched()
    with desk.start(repository) as process:
        until(lambda: server.waiting > 0, process)
        process.send_signal(signal.SIGKILL)
    assert len(server.submitted) == (0 if at == "list" else 1)
    assert state(desk).exists()
    assert not desk.answers()
    server.stuck = ""
    desk.rate()
    whole(desk)
    assert len(server.submitted) == 1


@pytest.mark.parametrize("made", [True, False])
@pytest.mark.parametrize("hours", [-48, 0, 48])
def test_a_job_killed_while_a_batch_was_made_waits_until_it_sees_whether_it_was(
    made: bool,
    hours: int,
    batched: Callable[..., Desk],
    server: ClaudeServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    server.clock_s = hours * 3600.0  # that of this machine may be wrong
    server.on_poll = down
    desk = batched()
    with pytest.raises(EngineError):
        desk.rate()
    forget_id(desk)
    if not made:
        server.batches.clear()
        server.paid.clear()
    server.made("msgbatch_of_another_job", 12)
    server.made("msgbatch_of_another_size", 7)
    server.made("msgbatch_of_yesterday", 12, age_s=86400)
    server.on_poll = lambda polls: None
    server.polls_needed = 4
    server.looked.clear()
    desk.rate()
    whole(desk)
    assert len(server.submitted) == (1 if made else 2)
    assert "a second batch would be paid for as well" in caplog.text
    assert "msgbatch_of_another_size" not in server.looked
    assert "msgbatch_of_yesterday" not in server.looked


def test_a_job_killed_before_it_could_have_made_a_batch_looks_for_none(
    batched: Callable[..., Desk], server: ClaudeServer
) -> None:
    server.on_poll = down
    desk = batched()
    with pytest.raises(EngineError):
        desk.rate()
    remembered = orjson.loads(state(desk).read_bytes())
    remembered["batches"][0].update(batch_id=None, since=None)
    state(desk).write_bytes(orjson.dumps(remembered))
    server.batches.clear()
    server.paid.clear()
    server.made("msgbatch_of_another_job", 12)
    server.on_poll = lambda polls: None
    desk.rate()
    whole(desk)
    assert "msgbatch_of_another_job" not in server.looked


@pytest.mark.parametrize("lost", ["drop_creations", "drop_before", "html"])
def test_a_batch_whose_making_was_not_confirmed_is_not_made_twice(
    lost: str, batched: Callable[..., Desk], server: ClaudeServer
) -> None:
    if lost == "html":
        server.html["create"] = 1
    else:
        setattr(server, lost, 1)
    server.polls_needed = 5
    desk = batched()
    desk.rate()
    whole(desk)
    assert len(server.submitted) == 1


def test_after_a_refusal_nothing_is_waited_for(
    batched: Callable[..., Desk], server: ClaudeServer
) -> None:
    refusals = [web.json_response(error(429, "Slow down."), status=429) for _ in range(2)]
    server.on_creation = lambda: refusals.pop() if refusals else None
    server.made("msgbatch_of_another_job", 12)
    desk = batched()
    desk.rate()
    whole(desk)
    assert "msgbatch_of_another_job" not in server.looked


def test_a_batch_is_found_behind_many_others(
    batched: Callable[..., Desk], server: ClaudeServer
) -> None:
    for number in range(1000):
        server.made(f"msgbatch_old_{number}", 12, 3 * 86400)
    server.on_poll = down
    desk = batched()
    with pytest.raises(EngineError):
        desk.rate()
    forget_id(desk)
    for number in range(250):
        server.made(f"msgbatch_new_{number}", 7)
    server.on_poll = lambda polls: None
    server.listed = 0
    desk.rate()
    whole(desk)
    assert server.listed == 4, "the old ones were searched"
    assert len(server.submitted) == 1


@pytest.mark.parametrize("delivery", ["batch", "single"])
def test_a_job_killed_after_the_answers_were_kept_keeps_none_of_them_twice(
    delivery: str, batched: Callable[..., Desk], server: ClaudeServer
) -> None:
    server.on_poll = down
    desk = batched()
    with pytest.raises(EngineError):
        desk.rate()
    remembered = state(desk).read_bytes()
    server.on_poll = lambda polls: None
    desk.rate()
    state(desk).write_bytes(remembered)  # as if killed before it was forgotten
    replace(desk, more={**desk.more, "delivery": delivery}).rate()
    whole(desk)
    assert len(server.submitted) == 1


# Files and replies that are damaged, or are something else


@pytest.mark.parametrize(
    "damaged",
    [
        b'{"custom_id": "',
        b"\xff\x00",
        b"[1]",
        b'{"custom_id": "x"}',
        b'{"custom_id": "x", "result": "text"}',
        b'{"custom_id": "x", "result": {"type": "succeeded", "message": null}}',
        b"[" * 1000 + b"]" * 1000,
    ],
    ids=lambda line: str(line[:40]),
)
def test_a_damaged_line_costs_no_other_answer(
    damaged: bytes,
    batched: Callable[..., Desk],
    server: ClaudeServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def end(number: int, lines: Sequence[Line]) -> Results:
        good = all_succeeded(number, lines)
        return [good[0], damaged, *good[2:]] if number == 1 else good

    server.end = end
    desk = batched()
    desk.rate()
    whole(desk)
    assert list(map(len, server.submitted)) == [12, 1]
    assert "lines that cannot be read: 1 (batch msgbatch_1, line 2: " in caplog.text


def test_results_that_were_cut_short_on_their_way_are_fetched_again(
    batched: Callable[..., Desk], server: ClaudeServer
) -> None:
    server.cut_short = 2
    desk = batched()
    desk.rate()
    whole(desk)
    assert server.cut_short == 0
    assert len(server.submitted) == 1


@pytest.mark.parametrize("to", ["create", "list", "retrieve", "results"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_web_page_in_place_of_a_reply_is_a_fault_that_passes(
    to: str, times: int, batched: Callable[..., Desk], server: ClaudeServer
) -> None:
    server.html.update({to: 1 if to == "create" else times})
    desk = batched()
    desk.rate()
    whole(desk)
    assert len(server.submitted) == 1
    assert not server.html[to]


@pytest.mark.parametrize("page", [b"<html>Sign in", b'{"type": "error", "error": {}}'])
def test_nor_are_results_a_page_or_an_error(
    page: bytes, batched: Callable[..., Desk], server: ClaudeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "PATIENCE_S", 0.0)
    server.end = lambda number, lines: [page]
    with pytest.raises(EngineError, match="sent this instead of a file"):
        batched().rate()
    assert len(server.submitted) == 1


def test_the_key_is_not_sent_to_an_address_that_a_reply_names(
    batched: Callable[..., Desk], server: ClaudeServer
) -> None:
    batched().rate()
    urls = {batch["results_url"] for batch in server.batches.values()}
    assert urls == {"https://elsewhere.example.org/msgbatch_1/results"}  # and they were fetched


def test_a_batch_with_the_id_of_a_path_is_none(
    batched: Callable[..., Desk], server: ClaudeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="no id"):
        message_batches.read_state({"id": "../../files", "processing_status": "ended"})


def test_answers_that_are_no_longer_kept_are_told_with_what_to_do(
    batched: Callable[..., Desk], server: ClaudeServer
) -> None:
    server.on_poll = down
    desk = batched()
    with pytest.raises(EngineError):
        desk.rate()
    server.on_poll = lambda polls: None
    batch = server.batches["msgbatch_1"]
    batch.update(processing_status="ended", archived_at=batch["created_at"])
    with pytest.raises(EngineError, match=r"for 29 days.*delete the file that remembers"):
        desk.rate()
    assert state(desk).exists()
    assert len(server.submitted) == 1
    state(desk).unlink()
    server.paid.clear()
    desk.rate()
    whole(desk)


# Money, and as many batches at once as the provider allows


def test_a_batch_costs_half_and_keeps_within_the_limit_of_the_study(
    batched: Callable[..., Desk], server: ClaudeServer, tmp_path: Path
) -> None:
    base = batched()
    desk = replace(base, more={**base.more, "prices": PRICES})
    account = Account(tmp_path / "spent.json", 200e-6)
    desk.rate(account)
    whole(desk)
    assert len(server.submitted) > 1, "a batch for all could have cost too much"
    assert account.spent() == pytest.approx(12 * 0.5 * (10 + 2 * 5) * 1e-6)


@pytest.mark.parametrize(("delivery", "factor"), [("single", 1), ("batch", 0.5)])
def test_a_refusal_costs_what_is_counted_however_many_words_explain_it(
    delivery: str,
    factor: float,
    batched: Callable[..., Desk],
    server: ClaudeServer,
    tmp_path: Path,
) -> None:
    details = {"category": "bio", "explanation": "This was declined, because it could do harm."}
    refusal = {"stop_reason": "refusal", "stop_details": details, "content": []}
    server.end = lambda number, lines: [succeeded(line, **refusal) for line in lines]
    server.change = lambda heard, reply: {**reply, **refusal}
    base = batched()
    more = {**base.more, "prices": PRICES, "delivery": delivery, "first_answers": 0}
    account = Account(tmp_path / "spent.json", 1)
    ratings = replace(base, more=more).rate(account)
    assert set(ratings["text"]) == {details["explanation"]}
    assert account.spent() == pytest.approx(12 * factor * (10 + 2 * 5) * 1e-6)


def test_what_a_lost_batch_costs_is_booked_once(
    batched: Callable[..., Desk], server: ClaudeServer, tmp_path: Path
) -> None:
    base = batched()
    desk = replace(base, more={**base.more, "prices": PRICES})
    account = Account(tmp_path / "spent.json", 1)
    server.on_poll = down
    with pytest.raises(EngineError):
        desk.rate(account)
    forget_id(desk)
    server.on_poll = lambda polls: None
    desk.rate(account)
    whole(desk)
    assert account.spent() == pytest.approx(12 * 0.5 * (10 + 2 * 5) * 1e-6)


def test_a_provider_that_takes_one_batch_at_a_time_gets_one_after_another(
    batched: Callable[..., Desk], server: ClaudeServer
) -> None:
    full = error(429, "Number of batch requests in the queue has exceeded your limit.")
    server.on_creation = lambda: web.json_response(full, status=429) if server.under_way else None
    desk = batched(max_requests=4)
    desk.rate()
    whole(desk)
    assert list(map(len, server.submitted)) == [4, 4, 4]


def test_a_batch_that_is_too_large_says_which_key_to_lower(
    batched: Callable[..., Desk], server: ClaudeServer
) -> None:
    large = error(413, "Request exceeds the maximum size")
    server.on_creation = lambda: web.json_response(large, status=413)
    desk = batched()
    with pytest.raises(EngineError, match=r"Lower batches\.max_bytes"):
        desk.rate()
    assert not state(desk).exists()


def test_results_that_stop_arriving_are_a_fault_that_passes(
    batched: Callable[..., Desk], server: ClaudeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hung: list[float] = []
    fetch = ClaudeServer.fetch

    async def slow(self: ClaudeServer, request: web.Request) -> web.StreamResponse:
        if hung:
            return await fetch(self, request)
        hung.append(time.monotonic())
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"custom_id"')
        await self._closing.wait()
        return response

    monkeypatch.setattr(ClaudeServer, "fetch", slow)
    with ClaudeServer().running() as hanging:
        desk = replace(batched(), server=hanging, limits={"timeout_s": 0.5, "longest_wait_s": 0.01})
        desk.rate()
        whole(desk)
    assert time.monotonic() - hung[0] > 0.4
