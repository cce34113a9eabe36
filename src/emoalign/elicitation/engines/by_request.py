"""Asking a server request by request: each is made when its turn comes, several at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence

from emoalign.elicitation.answers import Answer
from emoalign.elicitation.budget import Account
from emoalign.elicitation.engines.served import Engine, ServedModel
from emoalign.elicitation.inquiry import Inquiry
from emoalign.elicitation.readings.exact import check_tokens, single_tokens
from emoalign.elicitation.requests import Ask
from emoalign.errors import EngineError

ROUNDS = 3
"""Times that a server is asked for what it left out."""


def converse(
    card: ServedModel, engine: Engine, inquiries: Sequence[Inquiry], account: Account | None
) -> None:
    """Ask all that the inquiries miss, and close the engine.

    A server that gives fewer answers than asked is asked for the rest, a few times.
    """

    async def talk() -> None:
        try:
            jobs = [inquiry.task.job for inquiry in inquiries]
            check_tokens(jobs, {text: await engine.tokenize(text) for text in single_tokens(jobs)})
            for inquiry in inquiries:
                await card.collect_batches(inquiry, account)
                for _ in range(ROUNDS):
                    missing = list(inquiry.missing())
                    await collect(engine, missing, inquiry.keep, card.limits.concurrency)
        finally:
            await engine.close()

    asyncio.run(talk())
    for inquiry in inquiries:
        if inquiry.unanswered:
            raise EngineError(
                f"model {inquiry.task.job.model!r} gave fewer answers than asked for, {ROUNDS} "
                f"times over: {inquiry.unanswered} are missing. If its server does not know the "
                "parameter n, say choices: 1 in the model's card."
            )


async def collect(
    engine: Engine,
    asks: Iterable[Ask],
    keep: Callable[[Sequence[Answer]], None],
    concurrency: int,
) -> None:
    """Ask each of `asks` and `keep` its answers the moment they arrive.

    Memory does not grow with the number of requests: each is made when its turn comes. After an
    error nothing new is asked, but what is under way, and paid for, is awaited and kept first.
    """
    waiting: Iterator[Ask] = iter(asks)
    failures: list[BaseException] = []

    async def work() -> None:
        for ask in waiting:
            try:
                keep(await engine.ask(ask))
            except Exception as error:
                failures.append(error)
            if failures:
                return

    await asyncio.gather(*(work() for _ in range(concurrency)))
    if failures:
        raise failures[0]
