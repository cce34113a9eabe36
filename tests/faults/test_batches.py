"""Answers in batches: all of them, each paid once, whatever becomes of batches and of the job."""

from __future__ import annotations

import codecs
import logging
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from emoalign.elicitation.budget import Account
from emoalign.elicitation.engines.api import batches
from emoalign.errors import BudgetError, EngineError
from emoalign.prompts import Message, Prompt, most_tokens
from tests.faults.batch_server import (
    BatchServer,
    Ending,
    Line,
    all_answered,
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
    remembered["batches"][0]["started"] = time.time()  # as older versions wrote
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


def test_a_wait_that_is_longer_than_allowed_is_cut_and_told_once(
    batched: Callable[..., Desk], server: BatchServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.on_poll = lambda polls: (
        web.json_response({}, status=429, headers={"Retry-After": "7200"}) if polls < 5 else None
    )
    desk = batched()
    desk.rate()
    whole(desk)
    (told,) = (said for said in caplog.messages if "asks to wait" in said)
    assert "asks to wait 7200 s, longer than longest_wait_s in the model's card (0.01 s)" in told


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
    assert "a line that nobody asked for" in caplog.text


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


# Files and replies that are damaged, or are something else


@pytest.mark.parametrize(
    "damaged",
    [
        b'{"id": "x", "custom_id": "',
        b"<html>502</html>",
        b"\xff\x00",
        b"[1]",
        b'{"custom_id": 7}',
        b'{"custom_id": "x", "response": "text"}',
        b'{"custom_id": "x", "response": {"status_code": "200", "body": {}}}',
        b"[" * 1000 + b"]" * 1000,
        b'{"custom_id": "x", "response": ' + b"[" * 1000 + b"]" * 1000 + b"}",
    ],
    ids=lambda line: str(line[:40]),
)
def test_a_damaged_line_costs_no_other_answer(
    batched: Callable[..., Desk],
    server: BatchServer,
    damaged: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def end(number: int, lines: Sequence[Line]) -> Ending:
        good = list(map(answered, lines))
        return Ending(output=[good[0], damaged, *good[2:]] if number == 1 else good)

    server.end = end
    desk = batched()
    desk.rate()
    whole(desk)
    assert list(map(len, server.submitted)) == [4, 1]
    assert set(server.paid.values()) == {1}
    assert "lines that cannot be read: 1 (file file-1, line 2: " in caplog.text


@pytest.mark.parametrize(
    "written",
    [
        lambda content: codecs.BOM_UTF8 + content,
        lambda content: content.replace(b"\n", b"\n" + codecs.BOM_UTF8),  # files that were joined
        lambda content: content.decode().encode("utf-16"),
        lambda content: codecs.BOM_UTF16_BE + content.decode().encode("utf-16-be"),
        lambda content: content.replace(b"\n", b"\r\n") + b"\r\n\x1a",
        lambda content: content.replace(b"\n", b"\r"),
        lambda content: b"\n\n  \n" + content.replace(b"\n", b"\n\n \t\n") + b"\n\n",
        lambda content: content + b"\n" + b"\0" * 600,
        lambda content: b"\x1e" + content.replace(b"\n", b"\n\x1e"),
        lambda content: codecs.BOM_UTF8 + b"\r\n " + content + b"\0\0",
    ],
    ids=[
        "mark",
        "marks",
        "utf-16",
        "utf-16-be",
        "windows",
        "cr",
        "blank",
        "zeros",
        "records",
        "all",
    ],
)
def test_lines_that_were_written_another_way_are_read(
    written: Callable[[bytes], bytes],
    batched: Callable[..., Desk],
    server: BatchServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def end(number: int, lines: Sequence[Line]) -> Ending:
        withheld = {"error": {"code": "content_filter", "message": "Nö."}}
        errors = [responded(line, 400, withheld) for line in lines[2:]]
        return Ending(output=list(map(answered, lines[:2])), errors=errors)

    server.end, server.written = end, written
    ratings = batched().rate()
    assert len(server.submitted) == 1
    assert "cannot be read" not in caplog.text
    assert ratings["status"].value_counts().to_dict() == {"ok": 6, "content_filter": 6}


@pytest.mark.parametrize("page", [b"<html>Sign in", b'{"error": {"message": "Not now."}}'])
def test_nor_does_such_a_mark_make_a_file_of_a_page_or_an_error(
    page: bytes,
    batched: Callable[..., Desk],
    server: BatchServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batches, "PATIENCE_S", 0.0)
    server.written = lambda content: codecs.BOM_UTF8 + page
    with pytest.raises(EngineError, match="sent this instead of a file"):
        batched().rate()
    assert len(server.submitted) == 1


def test_a_reason_of_any_depth_costs_no_other_answer(
    batched: Callable[..., Desk], server: BatchServer
) -> None:
    def end(number: int, lines: Sequence[Line]) -> Ending:
        if number > 1:
            return Ending(output=list(map(answered, lines)))
        name = orjson.dumps(lines[0]["custom_id"])
        deep = b"[" * 1000 + b"]" * 1000
        errors = b'{"custom_id": ' + name + b', "error": {"message": ' + deep + b"}}"
        return Ending(output=list(map(answered, lines[1:])), errors=[errors])

    server.end = end
    desk = batched()
    desk.rate()
    whole(desk)
    assert set(server.paid.values()) == {1}


def test_a_line_that_cannot_be_read_is_not_free(
    batched: Callable[..., Desk], server: BatchServer, tmp_path: Path
) -> None:
    def end(number: int, lines: Sequence[Line]) -> Ending:
        return Ending(output=[b"garbage", *map(answered, lines[1 if number == 1 else 0 :])])

    server.end = end
    prices = {"input_usd": 1, "output_usd": 1, "as_of": "2026-01-01", "source": "a page"}
    base = batched()
    account = Account(tmp_path / "spent.json", 1.0)
    replace(base, more={**base.more, "prices": prices}).rate(account)
    told = 4 * 13e-6
    # Twice, with an unreadable line each: what a request of the kind costs at most, and it is more.
    assert told + 2 * 13e-6 < account.spent() < told + 2 * 100e-6


@pytest.mark.parametrize("words", [4, 5], ids=["between two lines", "in a line"])
def test_a_file_that_was_cut_short_on_its_way_is_fetched_again(
    batched: Callable[..., Desk], server: BatchServer, words: int
) -> None:
    server.cut_short = 2
    desk = replace(batched(), words=[f"word {number}" for number in range(words)])
    desk.rate()
    whole(desk, words)
    assert server.cut_short == 0
    assert len(server.submitted) == 1


@pytest.mark.parametrize("to", ["upload", "create", "retrieve", "content"])
@pytest.mark.parametrize("times", [1, 2])
def test_a_web_page_in_place_of_a_reply_is_a_fault_that_passes(
    batched: Callable[..., Desk], server: BatchServer, to: str, times: int
) -> None:
    server.html.update({to: 1 if to == "create" else times, "list": times - 1})
    desk = batched()
    desk.rate()
    whole(desk)
    assert len(server.submitted) == 1
    assert not server.html[to]


def test_a_web_page_that_stays_is_told_and_the_batch_is_found_later(
    batched: Callable[..., Desk], server: BatchServer
) -> None:
    server.html.update({"create": 1, "list": 99})
    desk = batched()
    with pytest.raises(
        EngineError, match=r"something other than JSON.*Sign in.*collects their answers"
    ):
        desk.rate()
    server.html.clear()
    desk.rate()
    whole(desk)
    assert len(server.submitted) == 1


# Clocks


def other(server: BatchServer, number: int, age_s: float = 0.0) -> dict[str, Any]:
    """A batch of somebody else."""
    created = int(time.time() + server.clock_s - age_s) if server.tells_time else None
    now = {"id": f"other-{number}", "status": "completed", "created_at": created}
    return {"now": now, "steps": []}


@pytest.mark.parametrize("hours", [-48, -1, 48])
@pytest.mark.parametrize("tells_time", [True, False])
def test_a_batch_is_found_whatever_the_clock_of_this_machine_says(
    batched: Callable[..., Desk], server: BatchServer, hours: int, tells_time: bool
) -> None:
    server.clock_s, server.tells_time = hours * 3600.0, tells_time
    server.on_poll = lambda polls: web.json_response({"error": "down"}, status=400)
    desk = batched()
    with pytest.raises(EngineError):
        desk.rate()
    server.batches["other"] = other(server, 1)
    remembered = orjson.loads(state(desk).read_bytes())
    remembered["batches"][0]["batch_id"] = None  # as if killed before it was written
    state(desk).write_bytes(orjson.dumps(remembered))
    server.on_poll = lambda polls: None
    desk.rate()
    whole(desk)
    assert len(server.submitted) == 1


def test_a_batch_is_found_behind_hundreds_of_others_and_old_ones_are_not_searched(
    batched: Callable[..., Desk], server: BatchServer
) -> None:
    server.batches.update({f"old-{n}": other(server, n, 3 * 86400) for n in range(1000)})
    server.on_poll = lambda polls: web.json_response({"error": "down"}, status=400)
    desk = batched()
    with pytest.raises(EngineError):
        desk.rate()
    server.batches.update({f"new-{n}": other(server, 1000 + n) for n in range(250)})
    remembered = orjson.loads(state(desk).read_bytes())
    for token in (remembered["batches"][0]["token"], "of one that was never made"):
        remembered["batches"][0].update(batch_id=None, token=token, account_key=None)
        state(desk).write_bytes(orjson.dumps(remembered))
        server.on_poll = lambda polls: None
        server.pages = 0
        desk.rate()
        assert server.pages in (3, 4)
    whole(desk)
    assert len(server.submitted) == 1


# As many batches at once as the provider allows


def refusing(server: BatchServer, status: int, message: str) -> Callable[[], web.Response | None]:
    """Take one batch at a time."""
    body = {"error": {"message": message, "code": "limit"}}
    return lambda: web.json_response(body, status=status) if server.under_way else None


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (429, "Slow down."),
        (409, "Conflict"),
        (400, "You may have one batch in progress at a time."),
        (403, "Concurrent batch jobs limit reached"),
    ],
)
def test_a_provider_that_takes_one_batch_at_a_time_gets_one_after_another(
    batched: Callable[..., Desk], server: BatchServer, status: int, message: str
) -> None:
    server.on_creation = refusing(server, status, message)
    desk = batched(max_requests=1)
    desk.rate()
    whole(desk)
    assert list(map(len, server.submitted)) == [1, 1, 1, 1]
    assert server.most_under_way == 1
    assert len(server.files) == 8, "a file was uploaded more than once"


def test_a_provider_with_room_for_three_batches_has_three_under_way(
    batched: Callable[..., Desk], server: BatchServer
) -> None:
    body = {"error": {"message": "Too many batches"}}
    server.on_creation = lambda: (
        web.json_response(body, status=400) if server.under_way >= 3 else None
    )
    desk = replace(batched(max_requests=1), words=[f"word {number}" for number in range(9)])
    desk.rate()
    whole(desk, 9)
    assert len(server.submitted) == 9
    assert server.most_under_way == 3


def held_back(server: BatchServer) -> Callable[[int, Sequence[Line]], Ending]:
    reason = {"code": "token_limit_exceeded", "message": "Enqueued token limit reached."}

    def end(number: int, lines: Sequence[Line]) -> Ending:
        if server.under_way:
            return Ending("failed", reasons=[reason])
        return all_answered(number, lines)

    return end


def test_batches_that_fail_because_of_others_are_submitted_again_one_after_another(
    batched: Callable[..., Desk], server: BatchServer
) -> None:
    server.end = held_back(server)
    desk = batched(max_requests=1)
    desk.rate()
    whole(desk)
    assert len(server.submitted) == 7, "three were held back"
    assert set(server.paid.values()) == {1}


def test_a_batch_waits_for_those_of_other_jobs(
    batched: Callable[..., Desk], server: BatchServer
) -> None:
    left = [web.json_response({}, status=429) for _ in range(12)]  # more than one call may meet
    server.on_creation = lambda: left.pop() if left else None
    batched().rate()
    failing = [Ending("failed", reasons=[{"code": "token_limit_exceeded"}])] * 5
    server.end = lambda number, lines: failing.pop() if failing else all_answered(number, lines)
    desk = replace(batched(), words=["sun", "sea"])
    another = desk.journal.parent.parent / "arousal" / "plain.0000.batches.json"
    another.parent.mkdir(parents=True)
    another.write_bytes(b"{}")
    assert len(desk.rate()) == 6


def test_a_batch_that_is_too_large_by_itself_says_what_to_do(
    batched: Callable[..., Desk], server: BatchServer
) -> None:
    reason = {"code": "token_limit_exceeded", "message": "Enqueued token limit reached."}
    server.end = lambda number, lines: Ending("failed", reasons=[reason])
    with pytest.raises(EngineError, match=r"token limit reached\. Lower batches\.max_requests"):
        batched().rate()
    assert len(server.submitted) == 2


@pytest.mark.parametrize("usage", [None, {"prompt_tokens": 5, "completion_tokens": 2}])
def test_what_a_batch_does_not_count_costs_its_share_of_the_most(
    usage: object, batched: Callable[..., Desk], server: BatchServer, tmp_path: Path
) -> None:
    def end(number: int, lines: Sequence[Line]) -> Ending:
        every = [answered(line) for line in lines]
        for line in every[:2]:
            line["response"]["body"]["usage"] = usage  # 2 tokens are too few for 3 answers
        return Ending(output=every)

    server.end = end
    prices = {"input_usd": 1, "output_usd": 1, "as_of": "2026-01-01", "source": "a page"}
    base = batched()
    desk = replace(base, more={**base.more, "prices": {**prices, "batch_factor": 0.5}})
    account = Account(tmp_path / "spent.json", 1)
    desk.rate(account)
    whole(desk)
    most = sum(most_tokens(Prompt((Message("user", word),), None)) + 9 for word in desk.words) / 4
    assert account.spent() == pytest.approx((2 * most + 2 * 13) * 0.5e-6)


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
