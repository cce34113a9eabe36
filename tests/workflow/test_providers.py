"""A study of models of several providers, each a card of a few lines, from question to report."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.faults.providers import serve_as
from tests.faults.server import FaultServer
from tests.kit.project import FEW, new_project

pytestmark = pytest.mark.slow

PRICES = {"input_usd": 0.15, "output_usd": 0.6, "as_of": "2026-11-28", "source": "a page"}
OWN: dict[str, Any] = {
    "title": "The server of our lab",
    "as_of": "2026-11-01",
    "source": "ourselves",
    "card": {
        "engine": "openai",
        "api_key_env": None,
        "capabilities": {"choices": 2},
        "prices": PRICES | {"input_usd": 0, "output_usd": 0},
    },
}
CARDS: dict[str, dict[str, Any]] = {
    "ollama": {},
    "mistral": {"prices": PRICES},
    "openrouter": {"extra_body": {"provider": {"only": ["one-host"]}}},
    "lab": {},
}
STUDY: dict[str, Any] = {
    "study": "small",
    "title": "Providers",
    "seed": 1,
    "models": list(CARDS),
    "datasets": [{"dataset": "vader", "scales": ["valence"], "sample": 6}],
    "protocols": [{"name": "plain", "prompts": "instruction", "participants": 2}],
    "max_usd": 100,
    "statistics": FEW,
    "figures": [],
}


def test_a_study_of_presets_is_asked_once_and_its_manifest_tells_what_they_brought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "project").mkdir()
    project = new_project(tmp_path / "project")
    for variable in ("MISTRAL_API_KEY", "OPENROUTER_API_KEY"):
        monkeypatch.setenv(variable, "a-key-of-this-test")
    project.write("config/studies/small.yaml", STUDY)
    with ExitStack() as stack:
        servers = {name: stack.enter_context(FaultServer().running()) for name in CARDS}
        for name, keys in CARDS.items():
            serve_as(name, servers[name])
            at = {"base_url": servers[name].address}
            if name == "lab":
                project.write("config/providers/lab.yaml", OWN | {"card": OWN["card"] | at})
            here = {} if name == "lab" else at
            card = {"provider": name, "model": "m", **here, **keys}
            project.write(f"config/models/{name}.yaml", card)
        project.run()
        asked = {name: len(server.heard) for name, server in servers.items()}
        mistral = servers["mistral"]
        assert asked == {"ollama": 12, "mistral": 12, "openrouter": 12, "lab": 6}
    journal = project.journal()
    (project.results / "ratings").rename(tmp_path / "gone")
    monkeypatch.delenv("MISTRAL_API_KEY")
    monkeypatch.delenv("OPENROUTER_API_KEY")
    project.run()  # no server is there, and no key: the journal is enough
    assert project.journal() == journal
    spent = json.loads((project.folder / "results/journal/spending/small.json").read_text())
    by_tokens = mistral.tokens * 0.6 / 1e6
    assert 12 * 0.25 < spent["usd"] <= 12 * 0.25 + by_tokens
    manifest = (project.results / "manifest.json").read_text(encoding="utf-8")
    for brought in ("reasoning_effort", "require_parameters", '"provider": "lab"'):
        assert brought in manifest
