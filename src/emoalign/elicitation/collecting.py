"""Asking for all answers that are missing, several requests at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence

from emoalign.elicitation.answers import Answer
from emoalign.elicitation.engines.base import Engine
from emoalign.elicitation.requests import Ask


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
