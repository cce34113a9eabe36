"""What a rating costs: one request per answer, n answers per request, or the exact readout.

All on one embedded server in one run, so that the ratios do not depend on the machine.

    PYTHONPATH=src .venv/bin/python benchmarks/readouts.py [words]
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from emoalign.elicitation.engines.served import Engine
from emoalign.elicitation.questions import build_questions
from emoalign.elicitation.rating import Ask, RatingRequest, Sampling
from emoalign.planning.jobs import Jobs
from emoalign.planning.loading import MODELS, load_study
from emoalign.study.reading import read_card, read_yaml

PARTICIPANTS = 20
WORDS = [
    "admire",
    "afraid",
    "agony",
    "amazing",
    "angel",
    "annoy",
    "anxious",
    "applause",
    "awful",
    "bargain",
    "battle",
    "beloved",
    "bitter",
    "blame",
    "blessing",
    "bored",
    "brave",
    "bright",
    "broken",
    "bully",
    "calm",
    "careful",
    "charm",
    "cheat",
    "cheerful",
    "clever",
    "comfort",
    "confused",
    "courage",
    "crisis",
    "curse",
    "danger",
    "delight",
    "devil",
    "dirty",
    "divine",
    "doubt",
    "dread",
    "eager",
    "elegant",
]


async def timed(engine: Engine, asks: Iterable[Ask]) -> float:
    """Seconds to get the answers one request after the other."""
    started = time.perf_counter()
    for ask in asks:
        answers = await engine.ask(ask)
        assert len(answers) == len(ask.participants), "the server gave fewer answers than asked"
    return time.perf_counter() - started


def together(requests: list[RatingRequest]) -> list[Ask]:
    return [Ask(request, tuple(range(PARTICIPANTS))) for request in requests]


def by_participant(requests: list[RatingRequest]) -> list[Ask]:
    """As participants do it: each goes through all the words."""
    return [Ask(request, (one,)) for one in range(PARTICIPANTS) for request in requests]


def by_item(requests: list[RatingRequest]) -> list[Ask]:
    """All participants on one word, then the next: the kindest order for a server's cache."""
    return [Ask(request, (one,)) for request in requests for one in range(PARTICIPANTS)]


def main() -> None:
    root = Path(__file__).parents[1]
    words = WORDS[: int(sys.argv[1])] if len(sys.argv) > 1 else WORDS
    config, problems = read_yaml(root / "config/config.yaml")
    assert not problems, problems
    jobs = Jobs(load_study(config, root / "config"))
    job = jobs.rate("smollm2-135m", "rating-sheet", "vader", "valence")
    card = read_card(root / "src/emoalign/catalogue/models/smollm2-135m.yaml", MODELS)
    questions = build_questions(job, card, [(word, word) for word in words])
    token = [each.ask.request for each in questions if each.ask.request.readout == "sampled"]
    exact = [each.ask.request for each in questions if each.ask.request.readout == "exact"]
    written = [replace(one, sampling=Sampling(1.0, max_tokens=4, stop=("\n",))) for one in token]

    async def measure() -> dict[str, float]:
        try:
            await timed(engine, together(token[:2]))  # the prefix is now in the server's cache
            return {
                "loop, written answers, by participant": await timed(
                    engine, by_participant(written)
                ),
                "loop, next token, by participant": await timed(engine, by_participant(token)),
                "loop, next token, by item": await timed(engine, by_item(token)),
                "n = 20, written answers": await timed(engine, together(written)),
                "n = 20, next token (sampled readout)": await timed(engine, together(token)),
                "exact readout": await timed(engine, [Ask(one, (None,)) for one in exact]),
            }
        finally:
            await engine.close()

    with card.running() as engine:
        seconds = asyncio.run(measure())

    loop = seconds["loop, written answers, by participant"]
    print(f"{len(words)} words x {PARTICIPANTS} answers, {card.title}, {card.threads} thread\n")
    print("| way of asking | ms per word | times faster than the loop |")
    print("|---|---:|---:|")
    for name, taken in seconds.items():
        print(f"| {name} | {1000 * taken / len(words):.0f} | {loop / taken:.1f} |")


if __name__ == "__main__":
    main()
