"""Questions keep the ids, jobs and journals they had, of every engine: no answer is asked again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from emoalign.elicitation.cells import Cell
from emoalign.elicitation.engines.asked import AskedModel
from emoalign.elicitation.engines.registry import ENGINES
from emoalign.elicitation.inquiry import Inquiry
from emoalign.elicitation.rating_job import RatingJob
from emoalign.study.reading import validate

FROZEN: dict[str, Any] = json.loads(
    Path(__file__).with_name("frozen_requests.json").read_text(encoding="utf-8")
)
QUESTIONS: list[dict[str, Any]] = FROZEN["questions"]


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, AskedModel]:
    """Cards of every engine that asks, beside the files of the two whose weights are here."""
    monkeypatch.chdir(tmp_path)
    Path("weights.gguf").write_bytes(b"weights")
    Path("model-of-ours").mkdir()
    Path("model-of-ours/config.json").write_text("{}", encoding="utf-8")
    Path("model-of-ours/model.safetensors").write_text("weights", encoding="utf-8")
    made = {}
    for name, content in FROZEN["cards"].items():
        card, problems = validate(ENGINES[content["engine"]], content, name)
        assert not problems
        made[name] = card
    return made  # type: ignore[return-value]


def job_of(asked: dict[str, Any], card: AskedModel) -> RatingJob:
    """The job of a frozen question."""
    prompts, protocol = FROZEN["prompts"][asked["prompts"]], FROZEN["protocols"][asked["protocol"]]
    return RatingJob.model_validate(
        {
            "model": asked["card"],
            "card": card.answering(),
            "protocol": {"name": asked["protocol"], **protocol},
            "prompts": prompts,
            "personas": FROZEN["personas"] if "personas" in protocol else (),
            "dataset": "words",
            "scales": {scale: FROZEN["scales"][scale] for scale in prompts["wording"]},
        }
    )


@pytest.mark.parametrize(
    "asked",
    QUESTIONS,
    ids=lambda asked: "-".join((asked["card"], asked["prompts"], asked["protocol"])),
)
def test_a_question_keeps_its_id_and_its_place_in_the_journal(
    asked: dict[str, Any], cards: dict[str, AskedModel]
) -> None:
    # Whoever changes one of them makes every user pay for all answers again.
    card = cards[asked["card"]]
    items = pd.DataFrame(FROZEN["items"][asked["items"]]).assign(shard="0000")
    cell = Cell(job_of(asked, card), items, Path("journal"), "0000")
    questions = Inquiry(cell, card).questions
    assert [question.ask.request.request_id for question in questions] == asked["ids"]
    assert cell.file == Path(asked["journal"])


def test_a_job_keeps_what_it_says_of_a_card(cards: dict[str, AskedModel]) -> None:
    # Snakemake compares the text of a job, so the order of its keys counts.
    said = {name: json.dumps(card.answering()) for name, card in cards.items()}
    assert said == {name: json.dumps(frozen) for name, frozen in FROZEN["answering"].items()}


def test_the_frozen_ids_are_a_hundred_and_all_different() -> None:
    ids = [request_id for asked in QUESTIONS for request_id in asked["ids"]]
    assert len(ids) == len(set(ids)) == 100
