"""What emoalign adds to vLLM: rendering, seeds, reading and the journal, against the engine alone.

Also what the ways of asking cost. In the environment of `make test-vllm`, or on a GPU:

    PYTHONPATH=src .venv-vllm/bin/python benchmarks/vllm_engine.py <folder of a model> [words]
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from emoalign.elicitation.engines.vllm.engine import VllmEngine, loaded
from emoalign.elicitation.engines.vllm.outputs import sampling_parameters
from emoalign.elicitation.engines.vllm.vllm_model import VllmModel
from emoalign.elicitation.journal import JournalWriter
from emoalign.elicitation.rating import Ask, RatingRequest, Sampling
from emoalign.prompts import (
    Message,
    Prompt,
    chat_messages,
)

PARTICIPANTS = 20
ROUNDS = 3
INSTRUCTION = (
    "How negative or positive is the feeling this word stands for? Rate it on a scale from 1 "
    "(extremely negative) through 5 (neutral) to 9 (extremely positive). Answer with a number only."
)


def questions(words: int) -> list[Ask]:
    """Sampled questions about words that nobody has asked about before."""
    return [about("".join(random.choices("aeioubcdfglmnprst", k=7))) for _ in range(words)]


def about(word: str) -> Ask:
    prompt = Prompt((Message("user", f"{INSTRUCTION}\n\nWord: {word}"),), None)
    request = RatingRequest("model", None, prompt, Sampling(1.0, 3), "sampled", 1)
    return Ask(request, tuple(range(PARTICIPANTS)))


def exact(ask: Ask) -> Ask:
    points = tuple(map(float, range(1, 10)))
    changes = {"readout": "exact", "points": points, "sampling": Sampling(1.0, 1)}
    return Ask(replace(ask.request, **changes), (None,))


def engine_alone(engine: VllmEngine, asks: Sequence[Ask]) -> float:
    """Seconds that vLLM takes once everything is rendered."""
    from vllm import RequestOutput, SamplingParams

    llm = engine._llm
    parameters = [SamplingParams(**sampling_parameters(ask, ())) for ask in asks]
    rendered = [llm._preprocess_chat_one(chat_messages(ask.request.prompt)) for ask in asks]
    return seconds(
        lambda: llm._render_and_run_requests(
            iter(rendered), parameters, RequestOutput, use_tqdm=False
        )
    )


def with_journal(engine: VllmEngine, asks: Sequence[Ask]) -> float:
    """Seconds from questions to answers that are on disk."""

    def ask_all() -> None:
        with JournalWriter(Path(folder) / "answers.jsonl") as journal:
            for _, answers in engine.answers(asks):
                journal.append(answers)

    with tempfile.TemporaryDirectory() as folder:
        return seconds(ask_all)


def one_by_one(engine: VllmEngine, asks: Sequence[Ask]) -> float:
    """Seconds for one request per answer, each after the other."""
    single = [Ask(ask.request, (one,)) for ask in asks for one in ask.participants]
    return seconds(lambda: [list(engine.answers([ask])) for ask in single])


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main(model: str, words: int) -> None:
    card = VllmModel(title="?", engine="vllm", model=model, context_tokens=512)
    with loaded(card) as engine:
        with_journal(engine, questions(5))
        with_journal(engine, [exact(ask) for ask in questions(5)])
        for _ in range(ROUNDS):
            alone = engine_alone(engine, questions(words))
            whole = with_journal(engine, questions(words))
            print(f"engine alone {alone:.2f} s, whole {whole:.2f} s: {alone / whole:.1%}")
        few = questions(max(words // 10, 1))
        loop = one_by_one(engine, few) * words / len(few)
        read = with_journal(engine, [exact(ask) for ask in questions(words)])
        print(f"{words * PARTICIPANTS / whole:.0f} ratings per second, sampled")
        print(
            f"loop {loop:.2f} s: sampled {loop / whole:.1f}, exact {loop / read:.1f} times faster"
        )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100)
