"""The plan's bounds hold: a server counts with a real vocabulary, and sends its own bill."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from emoalign.elicitation.budget import Account
from emoalign.elicitation.engines.llamacpp import LlamaCppModel
from emoalign.elicitation.engines.openai.openai_model import OpenAIModel
from emoalign.elicitation.questions import questions_of
from emoalign.elicitation.rating import RatingJob, RatingTask, rate
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import MODELS, load_study
from emoalign.planning.plan import planned
from emoalign.study.library import Library
from emoalign.tables import STIMULI
from tests.faults.conftest import KEY, KEY_VARIABLE
from tests.faults.server import FaultServer, Heard

TEXTS = ["joy", "a quiet evening", "Straßenlärm", "счастье", "幸福", "the 1st of 12,345 letters"]
PRICES = {
    **{"input_usd": 1.0, "output_usd": 8.0, "cached_usd": 0.1, "written_usd": 1.25},
    **{"batch_factor": 0.5, "as_of": "2026-01-01", "source": "a page"},
}
FRAME = 4
"""Tokens that the server's template adds to each message."""

ITEMS = pd.DataFrame(
    {"item_id": [f"w{place}" for place in range(len(TEXTS))], "modality": "word", "text": TEXTS}
).assign(
    **dict.fromkeys(("image_path", "image_sha256", "strata", "covariates", "cluster", "split")),
    shard="0000",
)


class CountingServer:
    """Counts the tokens of prompts and answers, and what they cost, whatever it tells."""

    def __init__(self, server: FaultServer, tells: str) -> None:
        self.usd = 0.0
        self._tells = tells
        self._server = server
        self._counts: dict[str, int] = {}
        server.change = self._with_usage

    def learn(self, prompts: Sequence[Sequence[str]]) -> None:
        """Count prompts, each of some messages, with the vocabulary of the bundled model."""
        model = Library(Path("none")).card("models", "smollm2-135m", MODELS)
        assert isinstance(model, LlamaCppModel)

        async def count() -> dict[str, int]:
            try:
                return {
                    texts[-1]: sum([len(await engine.tokenize(text)) + FRAME for text in texts])
                    for texts in prompts
                }
            finally:
                await engine.close()

        with model.running() as engine:
            self._counts = asyncio.run(count())

    def _with_usage(self, heard: Heard, said: dict[str, Any]) -> Any:
        prompt = self._counts[heard.prompt]
        answers = len(said["choices"]) * 2
        cached = prompt // 2 if self._tells == "cached" and heard.attempt > 1 else 0
        written = prompt - cached if self._tells == "cached" and heard.attempt == 1 else 0
        plain = prompt - cached - written
        self.usd += (plain * 1.0 + cached * 0.1 + written * 1.25 + answers * 8.0) / 1e6
        usage = {
            "prompt_tokens": prompt,
            "completion_tokens": answers,
            "prompt_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
        }
        without = {key: value for key, value in said.items() if key != "usage"}
        return without if self._tells == "nothing" else {**without, "usage": usage}


@pytest.mark.parametrize("tells", ["everything", "cached", "nothing"])
@pytest.mark.parametrize("prompts", ["instruction", "instruction-with-examples", "words"])
def test_the_bill_is_within_the_bounds_of_the_plan(
    tells: str, prompts: str, server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    own = tmp_path / "config"
    (own / "models").mkdir(parents=True)
    card = {
        **{"title": "Counted", "engine": "openai", "model": "faulty", "base_url": server.address},
        **{"api_key_env": KEY_VARIABLE, "prices": PRICES},
        "capabilities": {"choices": 2},
    }
    (own / "models/counted.yaml").write_text(yaml.safe_dump(card))
    content = {
        **{"study": "s", "title": "T", "seed": 1, "models": ["counted"]},
        "datasets": [{"dataset": "vader", "sample": 10}],
        "protocols": [{"name": "p", "prompts": prompts, "participants": 5}],
    }
    loaded = load_study(content, own)
    job, model = Jobs(loaded).rate("counted", "p", "vader", "valence"), loaded.models["counted"]
    assert isinstance(model, OpenAIModel)
    row = planned(job, model, ITEMS, tmp_path / "journal")
    assert row is not None
    counting = CountingServer(server, tells)
    counting.learn(_prompts(job, model))
    STIMULI.write(ITEMS, tmp_path / "stimuli.parquet")
    account = Account(tmp_path / "spent.json", 1)

    rate(
        *([job], model, tmp_path / "stimuli.parquet", "0000", tmp_path / "journal"),
        *([tmp_path / "ratings.parquet"], account),
    )

    assert float(str(row["usd_min"])) < counting.usd < float(str(row["usd_max"]))
    if tells == "nothing":
        assert account.spent() > counting.usd, "what is not counted is booked at the most it can be"
    else:
        assert account.spent() == pytest.approx(counting.usd)


def _prompts(job: RatingJob, model: OpenAIModel) -> list[list[str]]:
    """The texts of each prompt of a job; the server hears the last one."""
    asked = questions_of(RatingTask(job, ITEMS, Path("none"), "0000"), model)
    prompts = [question.ask.request.prompt for question in asked]
    return [
        [message.content for message in prompt.messages or ()] or [prompt.text or ""]
        for prompt in prompts
    ]
