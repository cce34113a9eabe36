"""llama.cpp's own server, asked over HTTP with the preset of that name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from ruamel.yaml import YAML

from emoalign.commands.app import application
from emoalign.elicitation.engines.llamacpp import LlamaCppModel, served
from emoalign.planning.loading import MODELS
from emoalign.study.library import Library

STUDY: dict[str, Any] = {
    "study": "mine",
    "title": "Mine",
    "seed": 1,
    "models": ["served"],
    "datasets": [{"dataset": "vader", "scales": ["valence"], "sample": 5}],
    "protocols": [
        {
            "name": "sheet",
            "prompts": "rating-sheet",
            "readouts": ["sampled", "exact"],
            "participants": 4,
        }
    ],
}


@pytest.mark.slow
def test_what_the_preset_says_of_llama_server_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bundled = Library().card("models", "smollm2-135m", MODELS)
    assert isinstance(bundled, LlamaCppModel)
    with served(bundled) as server:
        monkeypatch.setenv("A_KEY_FOR_THIS_TEST", server.key)
        card = {
            "provider": "llamacpp-server",
            "model": "smollm2",
            "base_url": f"{server.address}/v1",
            "api_key_env": "A_KEY_FOR_THIS_TEST",
        }
        for file, content in {"models/served.yaml": card, "config.yaml": STUDY}.items():
            path = tmp_path / "config" / file
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8") as stream:
                YAML(typ="safe", pure=True).dump(content, stream)
        done = CliRunner().invoke(application, ["check", "--ask"])
    assert done.exit_code == 0, done.output
    for told in (
        "served: reachable",
        "n: 2 of 2 answers in one request",
        "seeds: the same seed gave the same answers",
        "log-probabilities: of 200 tokens",
        "temperature, top_p, top_k, min_p, repeat_penalty sent and accepted",
        "two answers at temperature 0 were the same",
        "stop: ",
        "thinking: none detected",
    ):
        assert told in done.output, done.output
    assert "refused" not in done.output
