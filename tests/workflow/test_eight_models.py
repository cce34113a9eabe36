"""Eight models in three dialects, thinking and not, one by one and in batches, killed and resumed.

The servers refuse what those of the providers refuse, and each keeps its own bill.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from aiohttp import web

from tests.faults import batch_server, claude_server
from tests.faults.batch_server import BatchServer, Ending, Line
from tests.faults.claude_server import ClaudeServer
from tests.faults.gemini_server import GeminiServer
from tests.faults.providers import refusal
from tests.faults.server import FaultServer, Heard
from tests.kit.project import FEW, Project, new_project
from tests.kit.waiting import until

pytestmark = pytest.mark.slow

ITEMS, PARTICIPANTS = 6, 3
THOUGHTS = 30
"""Tokens of the thoughts of a request that asks for them."""

PRICES = {
    **{"input_usd": 1.0, "output_usd": 8.0, "batch_factor": 0.5},
    **{"as_of": "2026-11-28", "source": "a page"},
}
EFFORT = {"off": {"reasoning_effort": "none"}, "high": {"reasoning_effort": "high"}}
CARDS: dict[str, dict[str, Any]] = {
    "openai": {"delivery": "batch"},
    "deepseek": {},
    "xai": {},
    "groq": {"capabilities": {"thinking": EFFORT, "thinking_tokens": {"high": 2048}}},
    "ollama": {},
    "vllm-serve": {},
    "anthropic": {
        "delivery": "batch",
        "capabilities": {"thinking": {"off": {"thinking": {"type": "disabled"}}}},
    },
    "gemini": {
        "provider": None,
        "title": "Gemini",
        "engine": "gemini",
        "model": "gemini-2.5-flash",
        "api_key_env": "A_KEY",
        "capabilities": {
            "sampling": "none",
            "thinking": {
                level: {"generationConfig": {"thinkingConfig": {"thinkingBudget": budget}}}
                for level, budget in (("off", 0), ("high", 2048))
            },
            "thinking_tokens": {"high": 2048},
        },
    },
}
STUDY: dict[str, Any] = {
    "study": "small",
    "title": "Eight models",
    "seed": 1,
    "models": list(CARDS),
    "datasets": [{"dataset": "vader", "scales": ["valence"], "sample": ITEMS}],
    "protocols": [
        {
            **{"name": name, "prompts": "instruction", "participants": PARTICIPANTS},
            **{"temperature": "provider", "thinking": level},
        }
        for name, level in (("prompt", "off"), ("pondering", "high"))
    ],
    "max_usd": 100,
    "statistics": FEW,
    "figures": [],
}


def thinks(body: Mapping[str, Any]) -> bool:
    """Tell whether a request in any of the dialects asks for thoughts."""
    config = body.get("generationConfig", {}).get("thinkingConfig", {})
    return bool(
        body.get("reasoning_effort", "none") != "none"
        or body.get("thinking", {}).get("type", "disabled") != "disabled"
        or body.get("chat_template_kwargs", {}).get("enable_thinking")
        or config.get("thinkingBudget", 0)
    )


@dataclass
class Bill:
    """What a server charges for: tokens of prompts, and of answers with their thoughts."""

    factor: float = 1.0
    prompt: int = 0
    answers: int = 0

    @property
    def usd(self) -> float:
        return self.factor * (self.prompt * 1.0 + self.answers * 8.0) / 1e6

    def add(self, prompt: int, answers: int) -> None:
        self.prompt += prompt
        self.answers += answers


class Provider:
    """A provider's server, with its bill."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.bill = Bill(0.5 if CARDS[name].get("delivery") == "batch" else 1.0)
        self.server: FaultServer = {
            "openai": BatchServer,
            "anthropic": ClaudeServer,
            "gemini": GeminiServer,
        }.get(name, FaultServer)()
        self.silent = name in BATCHES
        """Whether it does not say yet what became of a batch."""
        self.server.change = self._gemini if name == "gemini" else self._chat
        if name not in ("openai", "anthropic", "gemini"):
            self.server.said = lambda heard: refusal(name, heard.body)
        if isinstance(self.server, ClaudeServer):
            self.server.end = self._claude_batch
            self.server.on_poll = self._busy
        elif isinstance(self.server, BatchServer) and name == "openai":
            self.server.end = self._openai_batch
            self.server.on_poll = self._busy

    @property
    def address(self) -> str:
        return self.server.root if isinstance(self.server, GeminiServer) else self.server.address

    @property
    def polled(self) -> bool:
        """Whether both of its batches are made and were asked after."""
        assert isinstance(self.server, BatchServer | ClaudeServer)
        return len(self.server.submitted) == 2 and self.server.polls > 2

    def _busy(self, polls: int) -> web.Response | None:
        return web.json_response({}, status=503) if self.silent else None

    @property
    def made(self) -> int:
        """Answers that it made and charged for."""
        batches = self.server.paid if isinstance(self.server, BatchServer | ClaudeServer) else {}
        return sum(n for *_, n in self.server.computed.values()) + sum(batches.values())

    def _chat(self, heard: Heard, reply: dict[str, Any]) -> dict[str, Any]:
        return self._thought_about(heard.body, reply)

    def _thought_about(self, body: Mapping[str, Any], reply: dict[str, Any]) -> dict[str, Any]:
        usage = reply["usage"]
        thoughts = THOUGHTS if thinks(body) else 0
        self.bill.add(usage["prompt_tokens"], usage["completion_tokens"] + thoughts)
        if thoughts:
            usage["completion_tokens_details"] = {"reasoning_tokens": thoughts}
            reply["choices"][0]["message"]["reasoning_content"] = "Hm."
        usage["total_tokens"] = usage["prompt_tokens"] + usage["completion_tokens"] + thoughts
        if self.name != "xai":  # which leaves thoughts out of the tokens of answers
            usage["completion_tokens"] += thoughts
        return reply

    def _openai_batch(self, number: int, lines: Sequence[Line]) -> Ending:
        output = [batch_server.answered(line) for line in reversed(lines)]
        for line, said in zip(reversed(lines), output, strict=True):
            assert "temperature" not in line["body"]
            self._thought_about(line["body"], said["response"]["body"])
        return Ending(output=output)

    def _claude_batch(self, number: int, lines: Sequence[Line]) -> Sequence[Mapping[str, Any]]:
        results = []
        for line in reversed(lines):
            thoughts = THOUGHTS if thinks(line["params"]) else 0
            blocks = [{"type": "thinking", "thinking": "Hm.", "signature": "s"}] * bool(thoughts)
            usage = {"input_tokens": 10, "output_tokens": 2 + thoughts}
            self.bill.add(10, 2 + thoughts)
            more = {"output_tokens_details": {"thinking_tokens": thoughts}}
            content = [*blocks, {"type": "text", "text": "7"}]
            results.append(claude_server.succeeded(line, content=content, usage=usage | more))
        return results

    def _gemini(self, heard: Heard, reply: dict[str, Any]) -> dict[str, Any]:
        assert isinstance(self.server, GeminiServer)
        usage = reply["usageMetadata"]
        thoughts = THOUGHTS if thinks(self.server.bodies[-1]) else 0
        if thoughts:
            reply["candidates"][0]["content"]["parts"].insert(0, {"text": "Hm.", "thought": True})
            usage["thoughtsTokenCount"] = thoughts
            usage["totalTokenCount"] += thoughts
        self.bill.add(usage["promptTokenCount"], usage["candidatesTokenCount"] + thoughts)
        return reply


BATCHES = [name for name, card in CARDS.items() if card.get("delivery") == "batch"]


def killed(project: Project, providers: Sequence[Provider]) -> None:
    """Start the study, and kill all of it once only batches are under way, each of them made."""
    command = [sys.executable, "-m", "snakemake", "--cores", "6", "--nocolor"]
    with subprocess.Popen(
        [*command, "--configfile", "config/studies/small.yaml"],
        cwd=project.folder,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:
        single = 2 * (len(CARDS) - len(BATCHES))
        until(
            lambda: (
                len(list(project.results.glob("ratings/**/*.parquet"))) == single
                and all(one.polled for one in providers if one.name in BATCHES)
            ),
            running,
        )
        os.killpg(running.pid, signal.SIGKILL)


def test_every_answer_is_paid_once_and_the_bill_is_the_servers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "project").mkdir()
    project = new_project(tmp_path / "project")
    for name in ("OPENAI", "DEEPSEEK", "XAI", "GROQ", "ANTHROPIC"):
        monkeypatch.setenv(f"{name}_API_KEY", "a-key-of-this-test")
    monkeypatch.setenv("A_KEY", "a-key-of-this-test")
    project.write("config/studies/small.yaml", STUDY)
    with ExitStack() as stack:
        providers = [Provider(name) for name in CARDS]
        for one in providers:
            stack.enter_context(one.server.running())
            card = {"provider": one.name, "model": "m", "base_url": one.address, "prices": PRICES}
            card |= {"batches": {"poll_s": 0.05}} | CARDS[one.name]
            known = {key: value for key, value in card.items() if value is not None}
            project.write(f"config/models/{one.name}.yaml", known)
        every = ITEMS * PARTICIPANTS * 2
        killed(project, providers)
        for one in providers:
            one.silent = False
        project.snakemake("--unlock")
        project.run("--rerun-incomplete")
        assert {one.name: one.made for one in providers} == dict.fromkeys(CARDS, every)
        bill = sum(one.bill.usd for one in providers)
    spent = json.loads((project.folder / "results/journal/spending/small.json").read_text())
    assert spent["usd"] == pytest.approx(bill)
    ratings = pd.concat(map(pd.read_parquet, project.results.glob("ratings/**/*.parquet")))
    assert len(ratings) == every * len(CARDS)
    assert set(ratings["status"]) == {"ok"}
    thoughts = ratings.groupby(["model", "protocol"])["reasoning_tokens"].sum().unstack()
    assert (thoughts["prompt"] == 0).all()
    asked = {name: ITEMS if name == "vllm-serve" else ITEMS * PARTICIPANTS for name in CARDS}
    assert thoughts["pondering"].to_dict() == {
        name: THOUGHTS * requests for name, requests in asked.items()
    }
