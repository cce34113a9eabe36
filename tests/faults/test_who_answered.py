"""Answers that may be copies of each other, or another model's, are told."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import pandas as pd
import pytest

from emoalign.elicitation.doubts import name_in, same_model
from tests.faults.conftest import Desk
from tests.faults.server import Heard

IDS = "already the answer to another request"


def varied(heard: Heard, choice: int) -> str:
    return str(1 + (heard.seed + choice) % 9)


def words(desk: Desk, number: int, participants: int = 5) -> Desk:
    named = [f"word {one}" for one in range(number)]
    return replace(desk, words=named, participants=participants)


def caching(ids: Callable[[Heard, int], str]) -> Callable[[Heard, int], dict[str, object]]:
    return lambda heard, number: {"id": ids(heard, number), "system_fingerprint": None}


def test_ids_of_replies_are_kept_in_the_journal_and_shared_by_answers_of_one_reply(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.server.reply = varied
    desk.server.more = caching(lambda heard, number: f"chatcmpl-{number}")
    ratings = desk.rate()
    by_reply = ratings.groupby("reply_id")["request_id"].agg(["nunique", "size"])
    assert by_reply.to_numpy().tolist() == [[1, 3]] * 4
    assert {answer.reply_id for answer in desk.answers()} == set(by_reply.index)
    assert "id" not in caplog.text


def test_a_cache_that_gives_every_participant_the_same_reply_is_told(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.server.more = caching(lambda heard, number: f"chatcmpl-{heard.prompt}")
    replace(desk, choices=1).rate()
    assert caplog.text.count(IDS) == 1
    assert "4 reply ids of faulty belong to more than one request" in caplog.text
    assert "another wave" in caplog.text


@pytest.mark.parametrize("usage", [None, {"prompt_tokens": 0, "completion_tokens": 0}])
def test_so_is_one_that_counts_no_tokens(
    usage: object, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    took = count(1)
    desk.server.more = caching(lambda heard, number: f"chatcmpl-{heard.prompt}")
    desk.server.change = lambda heard, reply: {**reply, "usage": usage}
    desk.server.hold = lambda heard: next(took) % 3 != 0
    replace(desk, choices=1, words=["joy"]).rate()
    assert "1 reply id of faulty belongs to more than one request" in caplog.text


def test_a_cache_that_answers_a_new_wave_is_told_when_the_first_copy_arrives(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.server.reply = varied
    desk.server.more = caching(lambda heard, number: f"chatcmpl-{heard.prompt}")
    desk.rate()
    assert IDS not in caplog.text
    replace(desk, wave=2).rate()
    assert caplog.text.count(IDS) == 1


def test_answers_of_which_only_some_came_are_no_copies(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.server.reply = varied
    desk.server.plan = lambda heard: "fewer" if heard.n == 3 else None
    desk.server.more = caching(lambda heard, number: f"chatcmpl-{number}")
    desk.rate()
    assert "id" not in caplog.text


@pytest.mark.parametrize(
    ("number", "participants", "told"), [(20, 5, True), (19, 5, False), (20, 4, False)]
)
def test_participants_that_agree_without_exception_are_told(
    number: int, participants: int, told: bool, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.server.more = caching(lambda heard, number: f"chatcmpl-{number}")
    desk.server.reply = lambda heard, choice: str(1 + int(heard.prompt.split()[1]) % 9)
    words(desk, number, participants).rate()
    assert ("All participants of faulty under plain gave the same rating" in caplog.text) == told
    assert not told or "to each of 20 items of mine (100 ratings)" in caplog.text
    assert not told or "Either the model is certain of each rating, or a cache" in caplog.text


def test_one_item_with_spread_is_enough_to_say_nothing(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.server.reply = lambda heard, choice: str(1 + choice) if heard.prompt == "word 7" else "5"
    words(desk, 30).rate()
    assert "All participants" not in caplog.text


def test_so_is_one_of_which_few_answers_are_ratings(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    spread = ("4", "5", "none", "none", "none")
    desk.server.reply = lambda heard, choice: spread[choice] if heard.prompt == "word 7" else "5"
    words(desk, 30).rate()
    assert "All participants" not in caplog.text


def test_at_temperature_0_participants_agree(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    replace(words(desk, 20), temperature=0.0).rate()
    assert "All participants" not in caplog.text


def test_another_model_than_the_cards_is_told(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.server.reply = varied
    desk.server.more = lambda heard, number: {"model": "gpt-4o-mini", "system_fingerprint": None}
    desk.rate()
    assert (
        "faulty is 'faulty' by its card, and its replies name 'gpt-4o-mini' (12 answers)"
        in caplog.text
    )
    assert "several models" not in caplog.text


def test_a_model_that_varies_within_a_cell_is_told(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    names = (
        name for one in count() for name in ("faulty-2026-08-06", "faulty-2026-08-06", "other")
    )
    desk.server.reply = varied
    desk.server.more = lambda heard, number: {
        "model": next(names),
        "system_fingerprint": f"fp_{number}",
    }
    desk.rate()
    assert (
        "come from several models, by the names in its replies: 'faulty-2026-08-06' (9 answers), "
        "'other' (3 answers)" in caplog.text
    )


def test_a_dated_name_or_a_new_fingerprint_is_not_told(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.server.reply = varied
    desk.server.more = lambda heard, number: {
        "model": "faulty-2026-08-06",
        "system_fingerprint": f"fp_{number}",
    }
    desk.rate()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize(
    ("card", "reported", "same"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06", True),
        ("gpt-4o-2024-08-06", "gpt-4o-2024-08-06", True),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-08-06", False),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4o", "gpt-4o-mini-2024-07-18", False),
        ("gpt-4", "gpt-4-0613", True),
        ("gpt-4", "gpt-4.1", False),
        ("claude-haiku-4-5", "claude-haiku-4-5-20251001", True),
        ("claude-haiku-4-5", "claude-haiku-5-5", False),
        ("openai/gpt-4o", "gpt-4o-2024-08-06", True),
        ("gemini-2.5-flash", "models/gemini-2.5-flash", True),
        ("mistral-small-latest", "mistral-small-2506", True),
        ("Llama-3.1-8B", "llama-3.1-8b", True),
        ("llama-3.1-8b", "llama-3.1-70b", False),
    ],
)
def test_names_are_of_one_model_but_for_a_date_and_who_offers_it(
    card: str, reported: str, same: bool
) -> None:
    assert same_model(card, reported) == same


@pytest.mark.parametrize(
    ("reported", "name"),
    [
        ("gpt-4o/fp_44709d6fcb", "gpt-4o"),
        ("openai/gpt-4o", "openai/gpt-4o"),
        ("openai/gpt-4o/fp_9", "openai/gpt-4o"),
        ("model.gguf/b5921-a1b2c3d4", "model.gguf"),
        ("m/8fc2a1-00", "m"),
        ("org/7-up", "org/7-up"),
    ],
)
def test_the_fingerprint_is_no_part_of_the_name(reported: str, name: str) -> None:
    assert name_in(reported) == name


def test_old_lines_have_no_id_and_are_read_as_before(desk: Desk) -> None:
    desk.rate()
    lines = desk.journal.read_bytes().replace(b',"reply_id":null', b"")
    assert b"reply_id" not in lines
    desk.journal.write_bytes(lines)
    before = len(desk.server.heard)
    ratings = desk.rate()
    assert isinstance(ratings, pd.DataFrame)
    assert len(desk.server.heard) == before
