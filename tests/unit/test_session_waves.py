"""Sessions with vLLM: a wave has the next turn of every session, and equal requests once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from emoalign.elicitation.engines.vllm import engine as vllm_engine
from emoalign.elicitation.engines.vllm.vllm_model import VllmModel
from emoalign.elicitation.inquiry import Inquiry
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import SESSIONS, Ask, RatingJob, RatingTask
from emoalign.errors import CapabilityError

WORDS = pd.DataFrame(
    {
        "item_id": [f"w{place}" for place in range(10)],
        "modality": "word",
        "text": [f"word{place}" for place in range(10)],
        "shard": "0000",
    }
)


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VllmModel:
    monkeypatch.chdir(tmp_path)
    Path("rater").mkdir()
    Path("rater/config.json").write_text("{}", encoding="utf-8")
    Path("rater/model.safetensors").write_text("weights", encoding="utf-8")
    return VllmModel(title="Rater", engine="vllm", model="rater", context_tokens=1024)


def job(card: VllmModel, **session: Any) -> RatingJob:
    return RatingJob.model_validate(
        {
            "model": "rater",
            "card": dict(card.answering()),
            "protocol": {
                "name": "p",
                "prompts": "asked",
                "readouts": ["sampled", "exact"],
                "participants": 2,
                "session": {"items": 5, **session},
            },
            "prompts": {
                "kind": "chat",
                "system": "Rate.",
                "template": "{{ item.text }}",
                "answer": {"kind": "next_token", "max_tokens": 1},
                "wording": {
                    "valence": {
                        "instruction": "Rate.",
                        "written_for": {"min": 1, "max": 9},
                        "practice": ["tea"],
                    }
                },
            },
            "dataset": "words",
            "scales": {"valence": {"min": 1, "max": 9, "direction": "higher is better"}},
            "dealt_by": 1,
        }
    )


class Loaded:
    """An engine that answers with the number of earlier answers in view, and notes its waves."""

    def __init__(self) -> None:
        self.waves: list[list[Ask]] = []

    def tokenize(self, text: str) -> list[int]:
        return [ord(text[-1]) if len(text) == 1 else 1] * (1 if len(text) == 1 else 3)

    def answers(self, asks: list[Ask]) -> Iterator[tuple[Ask, list[Answer]]]:
        self.waves.append(list(asks))
        for ask in asks:
            request_id, who = ask.key
            seen = [m for m in ask.request.prompt.messages or () if m.role == "assistant"]
            text = "" if who is None else str(1 + len(seen))
            answer = Answer(request_id, who, text, "stop", "rater", 9, 1, 0.1, "2026-01-01")
            yield ask, [answer]


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Loaded:
    made = Loaded()

    @contextmanager
    def load(card: VllmModel, images: int = 1) -> Iterator[Loaded]:
        assert images == 6
        yield made

    monkeypatch.setattr(vllm_engine, "loaded", load)
    return made


def test_a_wave_has_the_next_turn_of_every_session_with_its_exact_request(
    card: VllmModel, loaded: Loaded, tmp_path: Path
) -> None:
    task = RatingTask(job(card), WORDS, tmp_path / "journal", SESSIONS)
    with Inquiry(task, card) as inquiry:
        inquiry.read()
        card.ask([inquiry], None)
        assert not inquiry.unanswered
        rows = inquiry.ratings()
    assert [len(wave) for wave in loaded.waves] == [4] + [8] * 5
    for turn, wave in enumerate(loaded.waves):
        assert {len(ask.request.prompt.messages or ()) for ask in wave} == {2 + 2 * turn}
        pairs = [ask.request.prompt for ask in wave if ask.request.readout == "exact"]
        assert all(prompt in [ask.request.prompt for ask in wave] for prompt in pairs)
    sampled = rows[(rows["readout"] == "sampled") & rows["item_id"].notna()]
    assert (sampled["rating"] == sampled["position"]).all()


def test_two_scales_that_begin_alike_are_waves_together(
    card: VllmModel, loaded: Loaded, tmp_path: Path
) -> None:
    again = job(card).model_copy(update={"dataset": "again", "dealt_by": 2})
    tasks = [RatingTask(each, WORDS, tmp_path / "j", SESSIONS) for each in (job(card), again)]
    with Inquiry(tasks[0], card) as one, Inquiry(tasks[1], card) as other:
        one.read()
        other.read()
        card.ask([one, other], None)
        assert not one.unanswered + other.unanswered
    # Practice begins alike in both: four sessions each, the same requests of the same participants.
    assert len(loaded.waves[0]) == 4
    assert len(loaded.waves) == 6


def test_sessions_longer_than_the_context_are_refused_before_the_first_wave(
    card: VllmModel, loaded: Loaded, tmp_path: Path
) -> None:
    short = card.model_copy(update={"context_tokens": 100})
    task = RatingTask(job(card), WORDS, tmp_path / "journal", SESSIONS)
    with Inquiry(task, short) as inquiry:
        inquiry.read()
        with pytest.raises(CapabilityError, match="can need"):
            short.ask([inquiry], None)
    assert not loaded.waves
