"""Storms of faults, and death in the middle of one: what is paid for, kept and asked again."""

from __future__ import annotations

import signal
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.conftest import Desk, serials
from tests.faults.server import NOT_DELIVERED, PASSING, storm
from tests.kit.waiting import HANGS_S, until

HURRY = {"concurrency": 32, "retries": 12, "longest_wait_s": 0.05, "timeout_s": 3}


def words(number: int) -> list[str]:
    return [f"word {index}" for index in range(number)]


@pytest.mark.slow
def test_a_storm_of_faults_ends_with_every_answer_there_once_and_paid_for_once(desk: Desk) -> None:
    stormy = replace(desk, words=words(2000), participants=4, limits=HURRY)
    quick = [fault for fault in (*PASSING, "fewer", "slow") if fault != "hang"]
    stormy.server.plan = storm(1, 0.3, [*quick, *quick, "hang"])
    ratings = stormy.rate()
    server, answers = stormy.server, stormy.answers()
    assert (ratings["rating"] == 7).all()
    assert len(ratings) == len(answers) == len({answer.key for answer in answers}) == 8000

    faults = sum(count for fault, count in server.met.items() if fault)
    assert 0.27 < faults / len(server.heard) < 0.33
    assert all(server.met[fault] > 20 for fault in (*PASSING, "fewer", "slow"))

    # Each reply that was delivered is in the journal, whole; each that is there was delivered.
    assert serials(answers) == server.delivered
    assert sum(server.computed[number][2] for number in server.delivered) == 8000
    # And what was computed in vain is what the server itself did not deliver.
    in_vain = len(server.computed) - len(server.delivered)
    assert in_vain == sum(server.met[fault] for fault in NOT_DELIVERED)


def test_refusals_in_a_storm_are_answers_and_are_not_asked_again(desk: Desk) -> None:
    refusing = replace(desk, words=words(60), limits={**HURRY, "timeout_s": HANGS_S})
    kinds = {0: "filtered prompt", 1: "filtered answer", 2: "refusal"}
    refusing.server.plan = lambda heard: kinds.get(int(heard.prompt.split()[1]) % 4)
    statuses = Counter(refusing.rate()["status"])
    assert statuses == {"content_filter": 90, "refusal": 45, "ok": 45}
    assert len(refusing.server.heard) == 60
    refusing.rate()
    assert len(refusing.server.heard) == 60


@pytest.mark.slow
def test_a_job_killed_in_a_storm_loses_nothing_that_had_arrived_and_asks_for_none_of_it_again(
    desk: Desk, repository: Path
) -> None:
    stormy = replace(desk, words=words(600), participants=4, limits={**HURRY, "concurrency": 8})
    stormy.server.plan = storm(2, 0.3, [*PASSING, "slow"])
    with stormy.start(repository) as process:
        until(lambda: len(stormy.answers()) >= 800, process)
        process.send_signal(signal.SIGKILL)
    until(lambda: stormy.server.idle)  # what it was computing then is in vain
    arrived = {answer.key: answer for answer in stormy.answers()}
    assert 800 <= len(arrived) < 2400
    heard, delivered = len(stormy.server.heard), set(stormy.server.delivered)
    lost = delivered - serials(list(arrived.values()))
    assert len(lost) <= 8, "more than was under way"

    stormy.rate()
    answers = stormy.answers()
    assert len(answers) == len({answer.key for answer in answers}) == 2400
    assert all(arrived[answer.key] == answer for answer in answers if answer.key in arrived)
    kept = {stormy.server.computed[number][0] for number in serials(list(arrived.values()))}
    assert not kept & {one.prompt for one in stormy.server.heard[heard:]}
    assert serials(answers) == stormy.server.delivered - lost
