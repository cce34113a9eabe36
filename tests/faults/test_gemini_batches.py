"""Batches of Gemini: all answers, each paid once, whatever becomes of batches and of the job."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web

from emoalign.elicitation.budget import Account
from emoalign.elicitation.engines.api import batches
from emoalign.elicitation.engines.gemini import batch_mode
from emoalign.errors import EngineError
from tests.faults.batch_server import Ending, Line
from tests.faults.conftest import KEY, KEY_VARIABLE
from tests.faults.gemini_desk import GeminiDesk
from tests.faults.gemini_server import GRANULE, GeminiServer, answered, failed
from tests.kit.waiting import until

POLL = {"poll_s": 0.01}
DONE = "BATCH_STATE_SUCCEEDED"
INTERNAL, EXHAUSTED = 13, 8


@pytest.fixture
def server() -> Iterator[GeminiServer]:
    with GeminiServer(key=KEY).running() as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path, server: GeminiServer, monkeypatch: pytest.MonkeyPatch) -> GeminiDesk:
    """Four words, three participants, in batches."""
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    words = ["joy", "woe", "tea", "war"]
    more = {"delivery": "batch", "batches": POLL}
    return GeminiDesk(tmp_path, server, words, 3, {"longest_wait_s": 0.01}, more=more)


def state(desk: GeminiDesk) -> Path:
    return desk.journal.with_suffix(".batches.json")


def whole(desk: GeminiDesk) -> None:
    """Every answer is there once, was paid for once, and nothing is remembered any more."""
    answers = desk.answers()
    assert len(answers) == len({answer.key for answer in answers}) == 12
    assert not state(desk).exists()
    assert set(desk.gemini.paid.values()) == {1}


def first(ending: Callable[[Sequence[Line]], Ending]) -> Callable[[int, Sequence[Line]], Ending]:
    """The first batch ends like this, and all others well."""

    def end(number: int, lines: Sequence[Line]) -> Ending:
        return ending(lines) if number == 1 else Ending(DONE, list(map(answered, lines)))

    return end


def test_a_batch_gives_what_single_requests_give(
    desk: GeminiDesk, server: GeminiServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    ratings = desk.rate()
    whole(desk)
    assert not server.bodies
    assert "batch batches/batch-1: completed, 0 of 4 done" in caplog.text
    single = replace(desk, folder=tmp_path / "single", more={})
    single.folder.mkdir()
    alone = single.rate()
    same = ["item_id", "participant", "status", "rating", "text", "request_id", "finish_reason"]
    assert ratings[same].equals(alone[same])
    sent = [line["request"] for line in server.submitted[0]]
    assert sorted(map(orjson.dumps, sent)) == sorted(map(orjson.dumps, server.bodies))
    assert desk.card.answering() == single.card.answering()
    assert KEY.encode() not in b"".join(path.read_bytes() for path in tmp_path.rglob("*.*"))


def test_a_large_file_is_uploaded_in_parts_to_the_server_of_the_card_alone(
    desk: GeminiDesk, server: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_mode, "CHUNK", GRANULE)
    large = replace(desk, words=[f"{letter} " * 100_000 for letter in "abcd"])
    large.rate()
    whole(large)
    assert server.at.count("part") > 3
    assert list(map(len, server.submitted)) == [4]


def test_many_requests_make_several_batches(desk: GeminiDesk, server: GeminiServer) -> None:
    replace(desk, more={**desk.more, "batches": {**POLL, "max_requests": 3, "at_once": 1}}).rate()
    whole(desk)
    assert list(map(len, server.submitted)) == [3, 1]
    assert server.most_under_way == 1


STEPS = ("start", "part", "create", "created", "poll", "download")


@pytest.mark.parametrize("step", STEPS)
def test_a_job_killed_at_any_step_pays_for_nothing_twice(
    desk: GeminiDesk, server: GeminiServer, repository: Path, step: str
) -> None:
    server.still_at = step
    with desk.start(repository) as process:
        until(lambda: step in server.at, process)
        process.send_signal(signal.SIGKILL)
    server.still_at = ""
    until(lambda: server.idle)
    desk.rate()
    whole(desk)
    made = step in STEPS[STEPS.index("created") :]
    assert len(server.submitted) == 1
    assert server.at.count("start") == (1 if made else 2)


def test_a_batch_whose_job_was_killed_after_its_last_answer_is_forgotten_later(
    desk: GeminiDesk, server: GeminiServer
) -> None:
    server.on_poll = lambda polls: web.json_response({"error": "down"}, status=400)
    with pytest.raises(EngineError):
        desk.rate()
    remembered = state(desk).read_bytes()
    server.on_poll = lambda polls: None
    desk.rate()
    state(desk).write_bytes(remembered)  # as if killed before it was forgotten
    answers = desk.answers()
    replace(desk, more={**desk.more, "delivery": "single"}).rate()
    whole(desk)
    assert desk.answers() == answers


@pytest.mark.parametrize("others", [0, 5])
def test_a_batch_whose_making_was_not_confirmed_is_found_among_the_others(
    desk: GeminiDesk, server: GeminiServer, others: int
) -> None:
    for number in range(others):
        now = {"name": f"batches/other-{number}", "metadata": {"displayName": "another"}}
        server.batches[f"other-{number}"] = {"now": now, "steps": []}
    server.drop_creations = 1
    desk.rate()
    whole(desk)
    assert len(server.submitted) == 1
    assert server.pages == 1 + others // server.page


@pytest.mark.parametrize("to", ["upload", "create", "list", "retrieve", "content"])
def test_a_web_page_in_place_of_a_reply_is_asked_for_again(
    desk: GeminiDesk, server: GeminiServer, to: str
) -> None:
    server.html[to] = 2
    server.drop_creations = int(to == "list")
    desk.rate()
    whole(desk)
    assert len(server.submitted) == 1


@pytest.mark.parametrize(
    "ended", ["JOB_STATE_PARTIALLY_SUCCEEDED", "BATCH_STATE_EXPIRED", "JOB_STATE_CANCELLED"]
)
def test_of_a_batch_that_ended_early_only_the_rest_is_submitted_again(
    desk: GeminiDesk, server: GeminiServer, ended: str
) -> None:
    server.end = first(lambda lines: Ending(ended, list(map(answered, lines[:2]))))
    desk.rate()
    whole(desk)
    assert list(map(len, server.submitted)) == [4, 2]


@pytest.mark.parametrize("ended", ["JOB_STATE_EXPIRED", "BATCH_STATE_CANCELLED"])
def test_a_batch_that_ended_without_answers_is_submitted_again(
    desk: GeminiDesk, server: GeminiServer, ended: str
) -> None:
    server.end = first(lambda lines: Ending(ended))
    desk.rate()
    whole(desk)
    assert list(map(len, server.submitted)) == [4, 4]


def test_lines_with_errors_are_answers_or_asked_again_or_the_end(
    desk: GeminiDesk, server: GeminiServer, caplog: pytest.LogCaptureFixture
) -> None:
    def end(lines: Sequence[Line]) -> Ending:
        blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {}}
        strange = {**answered(lines[0]), "key": "somebody else's"}
        output = [
            *(answered(lines[0]), answered(lines[0]), strange),
            {"key": lines[1]["key"], "response": blocked},
            failed(lines[2], INTERNAL, "Internal error encountered."),
            failed(lines[3], 1, "The request was cancelled."),
        ]
        return Ending("JOB_STATE_PARTIALLY_SUCCEEDED", output)

    server.end = first(end)
    ratings = desk.rate().set_index("item_id")
    assert ratings.loc["woe", "status"].tolist() == ["content_filter"] * 3
    assert ratings.loc["woe", "finish_reason"].tolist() == ["content_filter: SAFETY"] * 3
    assert [len(lines) for lines in server.submitted] == [4, 2]
    assert len(desk.answers()) == 12
    assert "a second line" in caplog.text
    assert "a line that nobody asked for" in caplog.text


@pytest.mark.parametrize(
    ("code", "said"),
    [(16, "The key is wrong"), (5, "does not know this model"), (403, "rejected")],
)
def test_a_line_that_will_never_be_answered_is_told_after_the_others_are_kept(
    desk: GeminiDesk, server: GeminiServer, code: int, said: str
) -> None:
    server.end = first(
        lambda lines: Ending(DONE, [*map(answered, lines[1:]), failed(lines[0], code, "No.")])
    )
    if code == 403:  # perhaps because of its item: others were accepted
        assert desk.rate().set_index("item_id").loc["joy", "status"].tolist() == [said] * 3
    else:
        with pytest.raises(EngineError, match=said):
            desk.rate()
    assert len(server.submitted) == 1
    assert len([answer for answer in desk.answers() if answer.text == "7"]) == 9


def test_a_batch_that_was_not_accepted_says_why(desk: GeminiDesk, server: GeminiServer) -> None:
    reason = {"code": 3, "message": f"Line 2 is no request. Key {KEY}."}
    server.end = lambda number, lines: Ending("JOB_STATE_FAILED", reasons=[reason])
    with pytest.raises(EngineError, match=r"batch-1: Line 2 is no request.*Nothing of it") as told:
        desk.rate()
    assert KEY not in str(told.value)
    assert not state(desk).exists()
    assert not desk.answers()


def test_a_batch_that_failed_inside_google_is_submitted_again_a_few_times(
    desk: GeminiDesk, server: GeminiServer
) -> None:
    reason = {"code": INTERNAL, "message": "Internal error encountered."}
    server.end = first(lambda lines: Ending("BATCH_STATE_FAILED", reasons=[reason]))
    desk.rate()
    whole(desk)
    assert len(server.submitted) == 2

    server.end = lambda number, lines: Ending("BATCH_STATE_FAILED", reasons=[reason])
    with pytest.raises(EngineError, match=r"3 answers out.*3 times.*Internal error encount"):
        replace(desk, words=["sun"]).rate()
    assert len(server.submitted) == 5


def test_a_batch_that_is_one_too_many_waits_for_those_before_it(
    desk: GeminiDesk, server: GeminiServer
) -> None:
    reason = {"code": EXHAUSTED, "message": "Quota of enqueued tokens exceeded."}

    def end(number: int, lines: Sequence[Line]) -> Ending:
        if number == 2:
            return Ending("JOB_STATE_FAILED", reasons=[reason])
        return Ending(DONE, list(map(answered, lines)))

    server.end = end
    replace(desk, more={**desk.more, "batches": {**POLL, "max_requests": 2}}).rate()
    whole(desk)
    assert list(map(len, server.submitted)) == [2, 2, 2]


def test_what_google_does_not_accept_is_told_and_made_once(
    desk: GeminiDesk, server: GeminiServer
) -> None:
    server.on_creation = lambda: web.json_response(
        {"error": {"code": 404, "message": "models/x is not found for batchGenerateContent."}},
        status=404,
    )
    with pytest.raises(EngineError, match="is not found for batchGenerateContent"):
        desk.rate()
    assert not state(desk).exists()
    assert server.at.count("create") == 1


def test_answers_that_are_not_named_yet_are_waited_for(
    desk: GeminiDesk, server: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(polls: int) -> web.Response | None:
        if polls not in (3, 4):
            return None
        now = server.batches["batch-1"]["now"]
        unnamed = {**now["metadata"], "state": DONE}
        unnamed.pop("output", None)
        return web.json_response({"name": now["name"], "metadata": unnamed, "done": True})

    server.on_poll = late
    desk.rate()
    whole(desk)
    assert len(server.submitted) == 1

    server.end = lambda number, lines: Ending(DONE)
    server.on_poll = lambda polls: None
    monkeypatch.setattr(batches, "PATIENCE_S", 0.1)
    other = replace(desk, words=["sun"])
    with pytest.raises(EngineError, match=r"names no answers.*next run collects"):
        other.rate()
    assert state(other).exists()


@pytest.mark.parametrize(
    "damaged",
    [
        *(b'{"key": "', b"\xff\x00", b"[1]", b'{"key": 7}', b'{"response": {}}'),
        *(b'{"key": "x", "response": {}}', b'{"key": "x", "error": "text"}'),
        b'{"key": "x", "response": ' + b"[" * 1000 + b"]" * 1000 + b"}",
    ],
    ids=lambda line: str(line[:40]),
)
def test_a_damaged_line_costs_no_other_answer(
    desk: GeminiDesk, server: GeminiServer, damaged: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    def end(lines: Sequence[Line]) -> Ending:
        good = list(map(answered, lines))
        return Ending(DONE, [good[0], damaged, *good[2:]])

    server.end = first(end)
    desk.rate()
    whole(desk)
    assert list(map(len, server.submitted)) == [4, 1]
    assert "lines that cannot be read: 1 (files/file-0, line 2: " in caplog.text


@pytest.mark.parametrize("wrong", [b'{"error": {"code": 500}}', b"<html>", b"[]"])
def test_what_is_no_file_of_answers_is_fetched_again(
    desk: GeminiDesk, server: GeminiServer, wrong: bytes
) -> None:
    right: dict[str, bytes] = {}

    def written(content: bytes) -> bytes:
        right["content"] = content
        return wrong

    def mend(polls: int) -> None:
        if "download" in server.at:
            server.files["file-0"] = right["content"]

    server.written, server.on_poll = written, mend
    desk.rate()
    whole(desk)
    assert len(server.submitted) == 1


def test_half_price_is_booked_once(desk: GeminiDesk, tmp_path: Path) -> None:
    prices: Mapping[str, Any] = {
        **{"input_usd": 1, "output_usd": 2, "batch_factor": 0.5},
        **{"as_of": "2026-11-28", "source": "here"},
    }
    account = Account(tmp_path / "spent.json", 1.0)
    replace(desk, more={**desk.more, "prices": prices}).rate(account)
    whole(desk)
    assert account.spent() == pytest.approx(4 * (10 * 1 + 3 * 2) / 1e6 / 2)
