"""What a rating job asks of a cluster, and what it must not tell its log."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emoalign.planning.loading import load_study
from emoalign.planning.rules import Needs
from emoalign.stage import keep_out_of_log
from emoalign.study.reading import read_yaml

Edit = Callable[[str, Callable[[Any], object]], None]
EMBEDDED = "smollm2-135m"


def needs(config_dir: Path, *models: str) -> Needs:
    content, problems = read_yaml(config_dir / "config.yaml")
    assert not problems
    content["models"] = list(models)
    content["protocols"] = [content["protocols"][1] | {"readouts": ["sampled"]}]
    return Needs(load_study(content, config_dir))


def test_only_layers_on_a_gpu_ask_for_one(config_dir: Path, edit: Edit) -> None:
    assert needs(config_dir, EMBEDDED, "gpt-4o").gpus(EMBEDDED) == 0
    edit(f"models/{EMBEDDED}.yaml", lambda card: card.update(gpu_layers=1))
    assert needs(config_dir, EMBEDDED, "gpt-4o").gpus(EMBEDDED) == 1
    assert needs(config_dir, EMBEDDED, "gpt-4o").gpus("gpt-4o") == 0


def test_memory_grows_with_the_weights_and_with_each_attempt(config_dir: Path) -> None:
    asked = needs(config_dir, EMBEDDED, "gpt-4o")
    plain = asked.memory_mb("gpt-4o", 1)
    # The file has 98 MB.
    assert asked.memory_mb(EMBEDDED, 1) == plain + 2 * 98
    assert asked.memory_mb(EMBEDDED, 2) == 2 * asked.memory_mb(EMBEDDED, 1)


def test_weights_that_are_not_there_yet_take_no_memory(config_dir: Path, edit: Edit) -> None:
    edit(f"models/{EMBEDDED}.yaml", lambda card: card["weights"].update(file="elsewhere.gguf"))
    asked = needs(config_dir, EMBEDDED, "gpt-4o")
    assert asked.memory_mb(EMBEDDED, 1) == asked.memory_mb("gpt-4o", 1)


def test_a_log_says_the_name_of_a_key_where_it_would_say_the_key(
    config_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    asked = needs(config_dir, EMBEDDED, "gpt-4o", "claude-haiku-4-5")
    assert asked.key_variables() == {"OPENAI_API_KEY", "ANTHROPIC_API_KEY"}

    logger, written = logging.Logger("of a test"), io.StringIO()
    logger.addHandler(logging.StreamHandler(written))
    keep_out_of_log(logger, asked.key_variables())
    logger.warning("environment: %s", {"OPENAI_API_KEY": "sk-secret", "HOME": "/home"})
    logger.warning("nothing to hide: 100%")
    assert written.getvalue().splitlines() == [
        "environment: {'OPENAI_API_KEY': '<OPENAI_API_KEY>', 'HOME': '/home'}",
        "nothing to hide: 100%",
    ]
