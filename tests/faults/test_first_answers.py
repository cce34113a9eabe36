"""Jobs that bring no ratings are stopped while it is cheap; few ratings are told at the end."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from emoalign import progress
from emoalign.errors import EngineError
from emoalign.stage import stage
from tests.faults.batch_server import BatchServer, Ending, answered, expired
from tests.faults.conftest import KEY, KEY_VARIABLE, Desk
from tests.faults.server import Heard
from tests.kit.waiting import HANGS_S


def many(desk: Desk, words: int = 60, **limits: float) -> Desk:
    """A job of 60 words and 3 participants: the first 40 answers are 14 words."""
    asked = {"concurrency": 1, "timeout_s": HANGS_S, **limits}
    return replace(desk, words=[f"word {one}" for one in range(words)], limits=asked)


def stopped(desk: Desk) -> str:
    with pytest.raises(EngineError) as error:
        desk.rate()
    return str(error.value)


def choice(text: str | None, finish_reason: str = "stop") -> Mapping[str, object]:
    return {"message": {"content": text}, "finish_reason": finish_reason}


@pytest.mark.parametrize(
    ("text", "finish_reason", "cause"),
    [
        ("", "length", r"uses up max_tokens \(3\).*leave it more tokens \(thinking_tokens"),
        (None, "length", r"uses up max_tokens \(3\)"),
        ("<think>\nOkay", "length", "uses up max_tokens.*thinking: off in the protocol"),
        ("<|channel|>analysis", "length", "uses up max_tokens.*thinking: off in the protocol"),
        ("My rating is 7.", "stop", "adds words to its answer.*chat prompt for a chat model"),
        ("I would say", "length", r"adds words.*\n.*cut at max_tokens \(3\)"),
        ("▁7", "stop", "tokens with their marks"),
        ("Ġ7", "stop", "tokens with their marks"),
        ("", "content_filter", "refuses what it is shown"),
        ("ERR", "stop", "does not fit the model"),
    ],
)
def test_a_job_without_a_rating_among_its_first_answers_stops_with_the_likely_cause(
    text: str | None, finish_reason: str, cause: str, desk: Desk
) -> None:
    desk.server.more = lambda heard, number: {"choices": [choice(text, finish_reason)] * heard.n}
    said = stopped(many(desk))
    assert "none of the first 42 answers of model 'faulty'" in said
    assert "on 14 items of 'mine'" in said
    assert repr((text or "").removeprefix("<think>")) in said
    assert "first_answers: 0" in said
    assert len(desk.server.heard) == 14
    with pytest.raises(EngineError, match=f"(?s){cause}"):
        many(desk).rate()
    assert len(desk.server.heard) == 14, "what is in the journal counts"


def test_three_different_raw_answers_are_shown(desk: Desk) -> None:
    desk.server.reply = lambda heard, choice: f"It is {heard.prompt}"
    said = stopped(many(desk))
    assert [f"'It is word {one}'" in said for one in range(4)] == [True] * 3 + [False]


def test_it_stops_with_many_requests_under_way_and_keeps_their_answers(desk: Desk) -> None:
    desk.server.reply = lambda heard, choice: "I cannot say"
    busy = many(desk, 400, concurrency=16)
    stopped(busy)
    assert 14 <= len(desk.server.heard) <= 14 + 16
    assert len(busy.answers()) == 3 * len(desk.server.heard)


def test_nobody_waits_for_a_place_at_the_server_to_be_told(desk: Desk) -> None:
    desk.server.reply = lambda heard, choice: "I cannot say"
    desk.server.said = lambda heard: (429, {}) if heard.prompt == "word 0" else None
    slow = many(desk, 100, concurrency=3, longest_wait_s=HANGS_S, retries=1000)
    stopped(slow)
    assert len(desk.server.heard) < 100


@pytest.mark.parametrize("words", [9, 60])
def test_a_job_with_a_rating_among_the_first_or_with_few_items_goes_on(
    words: int, desk: Desk
) -> None:
    rated = "word 3" if words == 60 else "none"
    desk.server.reply = lambda heard, choice: "7" if heard.prompt == rated else "No!"
    ratings = replace(many(desk, words), participants=6).rate()
    assert len(ratings) == 6 * words


def test_the_card_says_to_go_on_all_the_same(desk: Desk) -> None:
    desk.server.reply = lambda heard, choice: "No!"
    anyway = replace(many(desk), more={"first_answers": 0})
    assert anyway.card.answering() == many(desk).card.answering()
    assert (anyway.rate()["status"] == "unparsable").all()


def test_the_progress_line_has_the_share_of_ratings_so_far(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(progress, "LOG_EVERY_S", 0)

    def reply(heard: Heard, choice: int) -> str:
        return "7" if int(heard.prompt.split()[1]) % 4 == 0 else "No!"

    desk.server.reply = reply
    many(desk, 8).rate()
    lines = [record.getMessage() for record in caplog.records if "answers" in record.getMessage()]
    assert any("3 of 24 answers, 100% ratings" in line for line in lines)
    assert any("24 of 24 answers, 25% ratings" in line for line in lines)


@pytest.mark.parametrize(("good", "told"), [(3, True), (4, False)])
def test_fewer_ratings_than_half_are_told_in_log_and_on_the_terminal(
    good: int, told: bool, desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.server.reply = lambda heard, choice: "7" if int(heard.prompt.split()[1]) < good else "No!"
    with stage(desk.folder / "job.log"):
        many(desk, 8).rate()
    said = (
        "Only 9 of 24 answers (38%; sampled) of faulty under plain about valence of mine are "
        "ratings."
    )
    assert (said in capsys.readouterr().err) == told
    assert (f"WARNING {said}" in (desk.folder / "job.log").read_text()) == told


def test_batches_bring_what_is_paid_for_before_the_job_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    with BatchServer().running() as server:
        server.end = lambda number, lines: Ending(
            output=[answered(line, "No!") for line in lines[:20]],
            errors=[expired(line) for line in lines[20:]],
        )
        batches = {"delivery": "batch", "batches": {"poll_s": 0.01}}
        desk = replace(many(Desk(tmp_path, server, [], 3, {})), more=batches)
        assert "none of the first 60 answers" in stopped(desk)
        assert len(server.submitted) == 1
        assert len(desk.answers()) == 60
