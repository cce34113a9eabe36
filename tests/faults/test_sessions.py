"""Sessions: each answer follows from those in view, survives a kill, and is asked for once."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from emoalign.errors import StudyError
from tests.faults.conftest import Desk
from tests.faults.server import FaultServer, Heard
from tests.faults.session_desk import OF_A_SERVER, SessionDesk
from tests.kit.waiting import until


def words(number: int) -> list[str]:
    return [f"word {place}" for place in range(number)]


@pytest.fixture
def sessions(desk: Desk) -> SessionDesk:
    """Twelve words in sessions of six, rated three times."""
    return SessionDesk(
        desk.folder, desk.server, words(12), 3, {"concurrency": 4}, session={"items": 6}
    )


def said(heard: Heard) -> list[dict[str, Any]]:
    """The messages of a request."""
    return list(heard.body["messages"])


def earlier(heard: Heard, choice: int = 0) -> str:
    """One more than the earlier answers in view."""
    return str(1 + sum(message["role"] == "assistant" for message in said(heard)))


def test_every_item_has_as_many_answers_as_participants_and_each_session_its_own_items(
    sessions: SessionDesk,
) -> None:
    many = replace(sessions, words=words(103), participants=4, session={"items": 25})
    rows = many.rate()
    assert sorted(rows["session"].unique()) == list(range(20))
    assert set(rows.groupby("session").size()) == {20, 21}
    assert (rows.groupby("item_id").size() == 4).all()
    assert rows["item_id"].nunique() == 103
    assert not rows.duplicated(["session", "item_id"]).any()
    assert (rows["participant"] == rows["session"]).all()


def test_an_answer_that_counts_the_turns_before_it_is_its_position(sessions: SessionDesk) -> None:
    sessions.server.reply = earlier
    rows = sessions.rate()
    assert (rows["rating"] == rows["position"]).all()
    assert sorted(rows["position"].unique()) == list(range(1, 7))


def test_earlier_items_stand_in_view_with_the_answers_as_they_were_given(
    sessions: SessionDesk,
) -> None:
    sessions.server.reply = lambda heard, choice: f" I say {len(said(heard))}!"
    rows = replace(sessions, participants=1, words=words(5), session={}).rate()
    assert set(rows["status"]) == {"unparsable"}
    last = max(sessions.server.heard, key=lambda heard: len(said(heard)))
    order = list(rows.sort_values("position")["item_id"])
    shown = [message["content"] for message in said(last)]
    assert shown == [
        *(each for place in range(4) for each in (order[place], f" I say {2 * place + 1}!")),
        order[4],
    ]


def test_thoughts_stay_out_of_view_and_an_empty_answer_leaves_no_turn(
    sessions: SessionDesk,
) -> None:
    def reply(heard: Heard, choice: int) -> str:
        return "" if heard.prompt == "word 3" else "<think>secret</think>7"

    sessions.server.reply = reply
    rows = sessions.rate()
    contents = [message["content"] for heard in sessions.server.heard for message in said(heard)]
    assert not any("secret" in content for content in contents)
    after = [
        [message["content"] for message in said(heard)]
        for heard in sessions.server.heard
        if heard.prompt != "word 3"
    ]
    assert not any("word 3" in content for content in after)
    assert (rows[rows["item_id"] != "word 3"]["rating"] == 7).all()


def test_a_rejected_item_is_an_answer_and_the_session_goes_on_without_it(
    sessions: SessionDesk,
) -> None:
    sessions.server.said = lambda heard: (
        (400, {"error": {"message": "This input is not allowed."}})
        if heard.prompt == "word 3"
        else None
    )
    rows = sessions.rate()
    assert set(rows[rows["item_id"] == "word 3"]["status"]) == {"rejected"}
    assert (rows[rows["item_id"] != "word 3"]["rating"] == 7).all()
    assert len(rows) == 36
    assert not any(
        message["content"] in ("word 3", "This input is not allowed.")
        for heard in sessions.server.heard
        for message in said(heard)[:-1]
    )


def test_practice_comes_first_stays_in_view_and_counts_nowhere(sessions: SessionDesk) -> None:
    sessions.server.reply = earlier
    short = replace(sessions, practice=("jail", "table"), session={"items": 6, "history": 2})
    rows = short.rate()
    assert len(rows) == 36
    assert set(rows["position"]) == set(range(3, 9))
    for heard in sessions.server.heard:
        asked = [message["content"] for message in said(heard) if message["role"] == "user"]
        assert asked[:2] == ["jail", "table"][: len(asked)]
        assert len(asked) <= 2 + 2 + 1
    trials = short.trials
    assert trials.groupby("session").size().eq(8).all()
    practice = trials[trials["kind"] == "practice"]
    assert list(practice["position"]) == [1, 2] * 6
    assert practice["item_id"].isna().all()
    items = trials[trials["kind"] == "item"]
    both = ["session", "position", "item_id", "rating", "request_id"]
    pd.testing.assert_frame_equal(
        items[both].reset_index(drop=True),
        rows.sort_values(["session", "position"])[both].reset_index(drop=True),
    )


@pytest.mark.parametrize("answers", [1, 7, 20, 35])
def test_a_killed_job_asks_for_nothing_twice_and_ends_with_the_same_ratings(
    answers: int, sessions: SessionDesk, repository: Path, tmp_path: Path
) -> None:
    sessions.server.reply = lambda heard, choice: str(1 + (len(str(said(heard))) + heard.seed) % 9)
    killed = replace(sessions, practice=("jail",), folder=tmp_path / "killed")
    server = sessions.server
    server.hold = lambda heard: len(server.computed) >= answers
    with killed.start(repository) as process:
        until(lambda: len(killed.answers()) >= answers, process)
        process.kill()
    left = list(server.heard)
    server.said = lambda heard: (500, {}) if any(heard is each for each in left) else None
    server.hold = lambda heard: False  # what nobody waits for any more is not worked on
    until(lambda: server.idle)
    rows = killed.rate()
    assert len(server.computed) == 6 * 7, "each place of each session once"
    assert not server.paid_again()

    undisturbed = replace(killed, folder=tmp_path / "undisturbed").rate()
    pd.testing.assert_frame_equal(
        rows.drop(columns=OF_A_SERVER), undisturbed.drop(columns=OF_A_SERVER)
    )
    pd.testing.assert_frame_equal(
        killed.trials, replace(killed, folder=tmp_path / "undisturbed").trials
    )


def test_more_participants_add_sweeps_and_leave_the_others_as_they_were(
    sessions: SessionDesk,
) -> None:
    first = sessions.rate()
    before = len(sessions.server.heard)
    more = replace(sessions, participants=5).rate()
    assert len(sessions.server.heard) - before == 2 * 12
    pd.testing.assert_frame_equal(first, more[more["session"] < 6].reset_index(drop=True))


def test_sessions_without_a_view_of_earlier_items_share_the_answers_of_items_by_themselves(
    desk: Desk,
) -> None:
    names = words(6)
    alone = replace(desk, words=names, choices=1)
    alone.rate()
    before = len(desk.server.heard)
    blind = SessionDesk(
        desk.folder, desk.server, names, 3, {"concurrency": 2}, session={"history": 0}
    )
    rows = blind.rate()
    assert len(desk.server.heard) == before
    assert len(rows) == 18
    assert set(rows["request_id"]) == {answer.request_id for answer in alone.answers()}


def test_sessions_side_by_side_are_as_many_as_requests_may_be_under_way(
    sessions: SessionDesk,
) -> None:
    server = sessions.server
    server.plan = lambda heard: "slow"
    sessions.rate()
    assert 1 < server.most_at_once <= 4
    assert Counter(len(said(heard)) for heard in server.heard) == dict.fromkeys(range(1, 12, 2), 6)


def test_faults_of_the_server_change_no_session(sessions: SessionDesk, server: FaultServer) -> None:
    server.reply = lambda heard, choice: str(1 + heard.seed % 9)
    quiet = replace(sessions, folder=sessions.folder / "quiet").rate()
    faults = {1: "500", 2: None}
    server.plan = lambda heard: faults.get(heard.attempt) if heard.seed % 3 == 0 else None
    loud = replace(sessions, folder=sessions.folder / "loud").rate()
    pd.testing.assert_frame_equal(quiet.drop(columns=OF_A_SERVER), loud.drop(columns=OF_A_SERVER))


def test_personas_are_dealt_to_sessions_and_too_few_are_told(sessions: SessionDesk) -> None:
    who = tuple(f"person {number}" for number in range(6))
    template = {"template": "{{ persona }}: {{ item.text }}"}
    people = replace(sessions, job_keys={"personas": who}, prompt_keys=template)
    rows = people.rate()
    assert all(row["persona"] == f"person {row['session']}" for _, row in rows.iterrows())
    with pytest.raises(StudyError, match="in 6 sessions, but the table has only 5 personas"):
        replace(people, job_keys={"personas": who[:5]}).rate()


def test_sessions_longer_than_the_items_are_refused_before_anything_is_asked(
    sessions: SessionDesk,
) -> None:
    with pytest.raises(StudyError, match="13 items in a session, but the study has only 12"):
        replace(sessions, session={"items": 13}).rate()
    assert not sessions.server.heard
