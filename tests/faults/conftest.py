"""A study in a folder of its own, whose model is the server that fails as told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest

from emoalign.elicitation.budget import Account
from emoalign.elicitation.engines.api.api_model import ApiModel
from emoalign.elicitation.engines.registry import ENGINES
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import RatingJob, rate
from emoalign.prompts import QuestionTemplate
from emoalign.study.protocols import Protocol, Thinking
from emoalign.tables import RATINGS, STIMULI
from tests.faults.server import FaultServer
from tests.kit.waiting import HANGS_S

KEY = "sk-test-0123456789abcdef"
KEY_VARIABLE = "A_KEY_FOR_THIS_TEST"

RATE = """
import sys
from pathlib import Path
from emoalign.elicitation.budget import Account
from emoalign.elicitation.rating import rate
from emoalign.elicitation.rating import RatingJob
from emoalign.planning.loading import MODELS
from emoalign.study.reading import read_card

folder = Path(sys.argv[1])
rate(
    [RatingJob.model_validate_json((folder / "job.json").read_bytes())],
    read_card(folder / "models" / "faulty.yaml", MODELS),
    folder / "stimuli.parquet",
    "0000",
    folder / "journal",
    [folder / "ratings.parquet"],
)
"""


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer().running() as running:
        yield running


@dataclass(frozen=True)
class Desk:
    """Words that are rated by the server's model."""

    folder: Path
    server: FaultServer
    words: Sequence[str]
    participants: int
    limits: dict[str, float]
    choices: int = 20
    more: Mapping[str, Any] = field(default_factory=dict)
    wave: int = 1
    temperature: float | str = 1.0
    thinking: Thinking = "provider"

    @property
    def card(self) -> ApiModel:
        kind = ENGINES[self.more.get("engine", "openai")]
        assert issubclass(kind, ApiModel)
        return kind.model_validate(
            {
                "title": "Faulty",
                "engine": "openai",
                "model": "faulty",
                "base_url": self.server.address,
                "api_key_env": KEY_VARIABLE,
                "capabilities": {"choices": self.choices, "seed_bits": 63},
                "limits": {
                    "timeout_s": HANGS_S,
                    "retries": 2,
                    "longest_wait_s": 2,
                    **self.limits,
                },
                **self.more,
            }
        )

    @property
    def job(self) -> RatingJob:
        prompts = {
            "kind": "chat",
            "system": None,
            "template": "{{ item.text }}",
            "answer": {"kind": "text", "max_tokens": 3},
            "wording": {"valence": {"instruction": "Rate.", "written_for": {"min": 1, "max": 9}}},
        }
        protocol = {
            "name": "plain",
            "prompts": "plain",
            "participants": self.participants,
            "wave": self.wave,
            "temperature": self.temperature,
            "thinking": self.thinking,
        }
        return RatingJob.model_validate(
            {
                "model": "faulty",
                "card": dict(self.card.answering()),
                "protocol": Protocol.model_validate({**protocol, "readouts": ("sampled",)}),
                "thoughts": self.card.thoughts(self.thinking),
                "prompts": QuestionTemplate.model_validate(prompts),
                "dataset": "mine",
                "scales": {"valence": {"min": 1, "max": 9, "direction": "higher is better"}},
            }
        )

    def lay_out(self) -> None:
        rows = pd.DataFrame({"item_id": list(self.words), "text": list(self.words)}).assign(
            modality="word",
            image_path=None,
            image_sha256=None,
            strata=None,
            covariates=None,
            cluster=None,
            split=None,
            shard="0000",
        )
        STIMULI.write(rows, self.folder / "stimuli.parquet")
        (self.folder / "models").mkdir(exist_ok=True)
        card = orjson.dumps(self.card.model_dump(mode="json"))
        (self.folder / "models" / "faulty.yaml").write_bytes(card)
        (self.folder / "job.json").write_bytes(orjson.dumps(self.job.model_dump(mode="json")))

    def rate(self, account: Account | None = None) -> pd.DataFrame:
        """The ratings of the job, run in this process."""
        self.lay_out()
        return self.rate_laid_out(account)

    def rate_laid_out(self, account: Account | None = None) -> pd.DataFrame:
        """As `rate` does, from files that are there."""
        output = self.folder / "ratings.parquet"
        stimuli, journal = self.folder / "stimuli.parquet", self.folder / "journal"
        rate([self.job], self.card, stimuli, "0000", journal, [output], account)
        return RATINGS.read(output)

    def start(self, repository: Path) -> subprocess.Popen[bytes]:
        """The job, started in a process of its own."""
        self.lay_out()
        return subprocess.Popen(
            [sys.executable, "-c", RATE, str(self.folder)],
            env={**os.environ, "PYTHONPATH": str(repository / "src")},
            stderr=subprocess.DEVNULL,
        )

    @property
    def journal(self) -> Path:
        return self.folder / "journal" / "faulty" / "mine" / "valence" / "plain.0000.jsonl"

    def answers(self) -> list[Answer]:
        """The whole lines of the journal."""
        lines = self.journal.read_bytes().splitlines(keepends=True) if self.journal.exists() else []
        return [Answer.from_line(line) for line in lines if line.endswith(b"\n")]


@pytest.fixture
def desk(tmp_path: Path, server: FaultServer, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Four words, three participants; a server that has no faults yet."""
    monkeypatch.setenv(KEY_VARIABLE, KEY)
    return Desk(tmp_path, server, ["joy", "woe", "tea", "war"], 3, {"concurrency": 2})


def serials(answers: Sequence[Answer]) -> set[int]:
    """Numbers of the server's replies that the answers came in."""
    return {int(answer.model_reported.removeprefix("faulty/")) for answer in answers}
