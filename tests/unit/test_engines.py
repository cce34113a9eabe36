"""Engines: each is a class of cards behind one face, and a new one is no more than that."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

import pandas as pd
import pytest
from pydantic import Field

from emoalign.elicitation.budget import Account
from emoalign.elicitation.engines.abilities import Abilities
from emoalign.elicitation.engines.asked import AskedModel, Terms
from emoalign.elicitation.engines.base import JOB_MB, ModelCard, Resources
from emoalign.elicitation.engines.registry import ENGINES
from emoalign.elicitation.inquiry import Inquiry
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.rating import Ask, RatingJob, rate
from emoalign.planning.plan import planned
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocols import Protocol
from emoalign.tables import RATINGS, STIMULI

REPOSITORY = Path(__file__).parents[2]
WORDS = pd.DataFrame(
    {
        **dict.fromkeys(STIMULI.schema.names),
        "item_id": ["w0", "w1", "w2"],
        "modality": "word",
        "text": ["joy", "grief", "joy"],
        "shard": "0000",
    }
)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_engine_is_known_by_the_name_that_its_cards_give(engine: str) -> None:
    assert get_args(ENGINES[engine].model_fields["engine"].annotation) == (engine,)


def test_cards_are_read_without_what_asks_and_computes() -> None:
    # A dry run reads them all: it must not wait for what only a job needs.
    heavy = ("pandas", "pyarrow", "openai", "aiohttp", "xllamacpp", "vllm", "PIL", "numpy")
    program = f"import sys, emoalign.elicitation.engines.registry; print([name for name in {heavy} "
    program += "if name in sys.modules])"
    environment = {"PYTHONPATH": str(REPOSITORY / "src")}
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, check=True
    )
    assert ended.stdout.decode().strip() == "[]"


# The least that an engine can be


def letter_counter(asked: list[str]) -> AskedModel:
    """A model that answers with the number of letters; `asked` gets the words it was shown."""

    class LetterCounter(AskedModel):
        """A model that needs no server."""

        together: ClassVar[bool] = True
        engine: Literal["letters"] = Field("letters", description="The engine.")

        @property
        def able(self) -> Abilities:
            return Abilities(choices=2)

        def identity(self) -> tuple[str, str | None]:
            return "letters", None

        def answering(self) -> dict[str, Any]:
            return {"engine": self.engine}

        def ask(self, inquiries: Sequence[Inquiry], account: Account | None) -> None:
            for inquiry in inquiries:
                for ask in inquiry.missing():
                    (message,) = ask.request.prompt.messages or ()
                    asked.append(message.content)
                    inquiry.keep([counted(ask, participant) for participant in ask.participants])

    return LetterCounter(title="Letters")


def counted(ask: Ask, participant: int | None) -> Answer:
    (message,) = ask.request.prompt.messages or ()
    return Answer(
        request_id=ask.request.request_id,
        participant=participant,
        text=str(len(message.content)),
        finish_reason="stop",
        model_reported="letters",
        prompt_tokens=1,
        completion_tokens=1,
        latency_s=0.0,
        received="2026-01-01T00:00:00+00:00",
    )


def job_of(card: ModelCard, scale: str, **protocol: Any) -> RatingJob:
    return RatingJob.model_validate(
        {
            "model": "letters",
            "card": card.answering(),
            "protocol": {"name": "asked", "prompts": "word", "participants": 3, **protocol},
            "prompts": {
                "kind": "chat",
                "system": None,
                "template": scale[0] + "{{ item.text }}",
                "answer": {"kind": "text"},
                "wording": {scale: {"instruction": "Rate."}},
            },
            "dataset": "words",
            "scales": {scale: {"min": 1, "max": 9, "direction": "higher is more"}},
        }
    )


def test_tasks_of_one_job_are_rated_together_each_with_a_journal_of_its_own(
    tmp_path: Path,
) -> None:
    asked: list[str] = []
    card = letter_counter(asked)
    jobs = [job_of(card, scale) for scale in ("valence", "arousal")]
    files = [tmp_path / f"{scale}.parquet" for scale in ("valence", "arousal")]
    STIMULI.write(WORDS, tmp_path / "stimuli.parquet")

    def rated() -> list[pd.DataFrame]:
        rate(jobs, card, tmp_path / "stimuli.parquet", "0000", tmp_path / "journal", files)
        return [RATINGS.read(file) for file in files]

    first = rated()
    assert sorted(set(asked)) == ["agrief", "ajoy", "vgrief", "vjoy"]
    assert len(asked) == 2 * len(set(asked)), "two of three answers at once, and the third"
    for ratings, scale in zip(first, ("valence", "arousal"), strict=True):
        assert set(ratings["scale"]) == {scale}
        assert ratings["rating"].tolist() == [4.0] * 3 + [6.0] * 3 + [4.0] * 3
    journals = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.jsonl"))
    folder = Path("journal/letters/words")
    assert journals == [
        folder / "arousal/asked.0000.jsonl",
        folder / "valence/asked.0000.jsonl",
    ]
    asked.clear()
    for before, after in zip(first, rated(), strict=True):
        pd.testing.assert_frame_equal(before, after)
    assert not asked


def test_a_plan_knows_what_a_cell_needs_before_and_after(tmp_path: Path) -> None:
    card = letter_counter([])
    job = job_of(card, "valence")
    before = planned(job, card, WORDS, tmp_path / "journal")
    assert before is not None
    assert (before["answers"], before["held"], before["requests"]) == (6, 0, 4)
    assert (before["tokens_from"], before["delivery"]) == ("estimate", "single")
    STIMULI.write(WORDS, tmp_path / "stimuli.parquet")
    output = tmp_path / "ratings.parquet"
    rate([job], card, tmp_path / "stimuli.parquet", "0000", tmp_path / "journal", [output])
    after = planned(job, card, WORDS, tmp_path / "journal")
    assert after is not None
    assert (after["held"], after["requests"], after["tokens_from"]) == (6, 0, "journal")


def test_an_engine_that_says_nothing_of_it_stays_here_and_costs_nothing() -> None:
    card = letter_counter([])
    assert (card.destination, card.cost_unknown) == (None, False)
    assert (card.key_variables(), card.files()) == (frozenset(), [])
    assert card.resources(attempt=2) == Resources(memory_mb=2 * JOB_MB)
    assert card.terms() == Terms(prices=None, delivery="single")


def test_what_an_engine_cannot_do_is_told_for_every_prompt_set_that_asks_for_it() -> None:
    card = letter_counter([])
    protocol = Protocol(name="p", prompts="x", readouts=("sampled", "exact"), temperature=1.0)
    assert list(card.cannot_rate("m", "faces", "image", {})) == [
        "model 'm' cannot be shown items of 'faces': its card does not list 'image' among "
        "capabilities.modalities"
    ]
    prompts = PromptSet.model_validate(
        {
            "title": "T",
            "kind": "completion",
            "template": "{{ item.text }}",
            "answer": {},
            "scales": {"valence": {"instruction": "Rate."}},
        }
    )
    asks = "protocol 'p' asks model 'm' for"
    assert list(card.cannot_follow("m", protocol, [prompts])) == [
        f"{asks} a completion, but its card says completion: false",
        f"{asks} the exact readout, but its card says top_logprobs: 0: if its server returns "
        "log-probabilities, write how many among its capabilities, such as top_logprobs: 20; "
        "otherwise use the sampled readout",
    ]
