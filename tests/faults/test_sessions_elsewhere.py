"""Sessions with Claude and Gemini: earlier items stand in view in the words of each interface."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.faults.claude_server import ClaudeServer
from tests.faults.conftest import KEY, KEY_VARIABLE
from tests.faults.gemini_desk import GeminiDesk
from tests.faults.gemini_server import GeminiServer
from tests.faults.server import Heard
from tests.faults.session_desk import SessionDesk

CLAUDE = {"engine": "anthropic", "capabilities": {"sampling": "none"}}
WORDS = [f"word {place}" for place in range(10)]


@dataclass(frozen=True)
class GeminiSessions(GeminiDesk, SessionDesk):
    """Words that are rated one after another by a model of Gemini's interface."""


@pytest.fixture
def claude() -> Iterator[ClaudeServer]:
    with ClaudeServer().running() as running:
        yield running


@pytest.fixture
def gemini() -> Iterator[GeminiServer]:
    with GeminiServer(key=KEY).running() as running:
        yield running


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)


def earlier(said: list[dict[str, Any]], role: str) -> str:
    """One more than the earlier answers in view."""
    return str(1 + sum(message["role"] == role for message in said))


def test_claude_is_told_its_own_earlier_answers(tmp_path: Path, claude: ClaudeServer) -> None:
    claude.reply = lambda heard, choice: earlier(heard.body["messages"], "assistant")
    desk = SessionDesk(
        *(tmp_path, claude, WORDS, 2, {"concurrency": 2}),
        more=CLAUDE,
        session={"items": 5},
        prompt_keys={"system": "{{ instruction }}"},
    )
    rows = desk.rate()
    assert (rows["rating"] == rows["position"]).all()
    assert len(rows) == len(claude.heard) == 20
    assert {heard.body["system"] for heard in claude.heard} == {"Rate."}


def test_gemini_is_told_its_own_earlier_answers(tmp_path: Path, gemini: GeminiServer) -> None:
    def reply(heard: Heard, choice: int) -> str:
        return earlier(heard.body["contents"], "model")

    gemini.reply = reply
    desk = GeminiSessions(*(tmp_path, gemini, WORDS, 2, {"concurrency": 2}), session={"items": 5})
    rows = desk.rate()
    assert (rows["rating"] == rows["position"]).all()
    assert len(rows) == len(gemini.bodies) == 20
    assert all("candidateCount" not in body["generationConfig"] for body in gemini.bodies)
