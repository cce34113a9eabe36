"""Stated distributions at servers of every interface, one by one and in batches."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from emoalign.elicitation.rating import RatingJob
from tests.faults.batch_server import BatchServer, Ending, Line, answered
from tests.faults.claude_server import ClaudeServer
from tests.faults.conftest import KEY, KEY_VARIABLE, Desk
from tests.faults.gemini_desk import GeminiDesk
from tests.faults.gemini_server import GeminiServer
from tests.faults.server import FaultServer, Heard

WORDS = ["joy", "woe", "tea", "war"]
SCHEMA_KEYS = [str(point) for point in range(1, 10)]


def told(job: RatingJob, kind: str) -> RatingJob:
    """The job, asking for distributions."""
    content = job.model_dump(mode="json")
    content["protocol"]["readouts"] = ["stated"]
    content["prompts"]["answer"] = {"kind": kind, "max_tokens": 120}
    content["prompts"]["template"] = "{{ scale.points | join(' ') }}: {{ item.text }}"
    return RatingJob.model_validate(content)


@dataclass(frozen=True)
class Stating(Desk):
    """Words about which a model says how many people give each rating."""

    kind: str = "distribution"

    @property
    def job(self) -> RatingJob:
        return told(super().job, self.kind)


@dataclass(frozen=True)
class GeminiStating(GeminiDesk):
    """The same at Gemini's interface."""

    kind: str = "distribution"

    @property
    def job(self) -> RatingJob:
        return told(super().job, self.kind)


def people(word: str) -> dict[str, int]:
    """Of 100 people, how many give each rating: most of them one that depends on the word."""
    middle = 1 + len(word) * ord(word[0]) % 9
    return {key: 5 + 55 * (key == str(middle)) for key in SCHEMA_KEYS}


def say(heard: Heard, choice: int) -> str:
    return json.dumps(people(heard.prompt.rsplit(": ", 1)[1]))


def stating(engine: str, folder: Path, server: FaultServer, kind: str) -> Stating | GeminiStating:
    desk: dict[str, Any] = {"folder": folder, "server": server, "words": WORDS}
    desk |= {"participants": 3, "limits": {"concurrency": 2}, "kind": kind}
    capable = {"structured": True}
    if engine == "gemini":
        more = {"capabilities": {"choices": 8, "seed_bits": 31, **capable}}
        return GeminiStating(**desk, more=more)
    if engine == "anthropic":
        capabilities = {"sampling": "none", **capable}
        return Stating(**desk, more={"engine": "anthropic", "capabilities": capabilities})
    return Stating(**desk, more={"capabilities": {"choices": 20, "seed_bits": 63, **capable}})


@pytest.fixture(params=["openai", "anthropic", "gemini"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(engine: str) -> Iterator[FaultServer]:
    servers = {"openai": FaultServer, "anthropic": ClaudeServer, "gemini": GeminiServer}
    with servers[engine]().running() as running:
        running.reply = say
        yield running


@pytest.mark.parametrize("kind", ["distribution", "structured_distribution"])
def test_every_participant_states_a_distribution_of_each_word(
    engine: str,
    kind: str,
    server: FaultServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    desk = stating(engine, tmp_path, server, kind)
    ratings = desk.rate()
    assert set(ratings["readout"]) == {"stated"}
    assert set(ratings["status"]) == {"ok"}
    assert set(ratings["stated_total"]) == {100}
    assert ratings.groupby("item_id")["participant"].agg(list).tolist() == [[0, 1, 2]] * 4
    for row in ratings.itertuples():
        assert list(row.probabilities) == [number / 100 for number in people(row.item_id).values()]
    assert ratings[["rating", "returned_mass", "off_scale_mass"]].isna().all(axis=None)
    bodies = [heard.body for heard in server.heard]
    sent = server.bodies if isinstance(server, GeminiServer) else bodies
    forced = [json.dumps(SCHEMA_KEYS) in json.dumps(body) for body in sent]
    assert set(forced) == {kind == "structured_distribution"}
    heard = len(server.heard)
    assert desk.rate()["request_id"].tolist() == ratings["request_id"].tolist()
    assert len(server.heard) == heard  # all answers were in the journal


def test_a_batch_states_what_single_requests_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)

    def end(number: int, lines: Sequence[Line]) -> Ending:
        said = []
        for line in lines:
            word = line["body"]["messages"][-1]["content"].rsplit(": ", 1)[1]
            said.append(answered(line, json.dumps(people(word))))
        return Ending(output=said)

    with BatchServer().running() as server:
        server.reply = say
        server.end = end
        desk = stating("openai", tmp_path, server, "structured_distribution")
        batched = replace(
            desk, more={**desk.more, "delivery": "batch", "batches": {"poll_s": 0.01}}
        )
        ratings = batched.rate()
        assert not server.heard
        single = replace(desk, folder=tmp_path / "single")
        single.folder.mkdir()
        alone = single.rate()
    same = ["item_id", "participant", "status", "stated_total", "text", "request_id"]
    assert ratings[same].equals(alone[same])
    assert ratings["probabilities"].map(list).tolist() == alone["probabilities"].map(list).tolist()
