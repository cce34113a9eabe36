"""The conversation with a server: what is asked, in which order, and how much at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from emoalign.elicitation.engines.served import Engine, ServedModel
from emoalign.elicitation.journal import Answer
from emoalign.elicitation.questions import check_tokens, single_tokens
from emoalign.elicitation.rating import Ask
from emoalign.elicitation.rehearsal import longest
from emoalign.elicitation.rejections import Rejected
from emoalign.errors import EngineError

if TYPE_CHECKING:  # which imports the engines
    from emoalign.elicitation.budget import Account
    from emoalign.elicitation.inquiry import Inquiry

ROUNDS = 3
"""Times that a server is asked for what it left out."""


def converse(
    card: ServedModel, engine: Engine, inquiries: Sequence[Inquiry], account: Account | None
) -> None:
    """Ask all that the inquiries miss, and close the engine.

    A server that gives fewer answers than asked is asked for the rest, a few times. Sessions go on
    side by side, each question after the answer to the one before; what is asked exactly in them
    follows, when all that stands in view is known.
    """

    async def talk_with(
        inquiry: Inquiry, conversations: Iterable[Iterable[Ask]], at_once: int
    ) -> None:
        await collect(engine, conversations, inquiry.keep, at_once, inquiry.ready, inquiry.hold)

    async def talk() -> None:
        try:
            jobs = [inquiry.task.job for inquiry in inquiries]
            check_tokens(jobs, {text: await engine.tokenize(text) for text in single_tokens(jobs)})
            for inquiry in inquiries:
                await check_room(engine, card, inquiry)
                await card.collect_batches(inquiry, account)
                await decide(engine, inquiry)
                if inquiry.unanswered:
                    inquiry.check()
                for _ in range(ROUNDS * inquiry.turns):
                    if not inquiry.unanswered:
                        break
                    at_once = card.limits.concurrency
                    await talk_with(inquiry, inquiry.conversations(), at_once)
                    for asks, at_once in turns(card, list(inquiry.missing())):
                        await talk_with(inquiry, ((ask,) for ask in asks), at_once)
                    await decide(engine, inquiry)
        finally:
            await engine.close()

    asyncio.run(talk())
    for inquiry in inquiries:
        if inquiry.unanswered:
            raise EngineError(
                f"model {inquiry.task.job.model!r} gave fewer answers than asked for, {ROUNDS} "
                f"times in a row: {inquiry.unanswered} are missing. If its server does not "
                "support the parameter n, set choices: 1 in the model's card."
            )


async def check_room(engine: Engine, card: ServedModel, inquiry: Inquiry) -> None:
    """Check that sessions fit into a context, where the server counts tokens and its length is
    known. Raises CapabilityError before anything is spent."""
    if card.able.context_tokens is None or not card.able.tokenizer:
        return
    session = longest(inquiry.task, card)
    if session is not None:
        counts = {text: len(await engine.tokenize(text)) for text in session.texts}
        session.check(counts, card.able.context_tokens)


def turns(card: ServedModel, asks: Sequence[Ask]) -> list[tuple[Sequence[Ask], int]]:
    """The requests that are sent one after the other, each with how many may be under way."""
    if card.exact_at_once == card.limits.concurrency:
        return [(asks, card.limits.concurrency)]
    exact = [ask for ask in asks if ask.request.readout == "exact"]
    others = [ask for ask in asks if ask.request.readout != "exact"]
    # First, because what was computed together stays in the server's cache of prompts.
    return [(exact, card.exact_at_once), (others, card.limits.concurrency)]


async def decide(engine: Engine, inquiry: Inquiry) -> None:
    """Find out whether requests that were not accepted are rejected because of their items.

    The server is asked once more what it has answered before; that answer is not used. Raises
    Rejected when it does not accept that either.
    """
    for readout in inquiry.rejections.undecided():
        known = inquiry.answered(readout)
        if known is None:
            raise inquiry.rejections.reason(readout)
        engine.settle(known, await engine.ask(known))
        inquiry.rejections.confirmed(readout)


async def collect(
    engine: Engine,
    conversations: Iterable[Iterable[Ask]],
    keep: Callable[[Sequence[Answer], float], None],
    concurrency: int,
    ready: Callable[[], Awaitable[None]] | None = None,
    hold: Callable[[Ask, Rejected], None] | None = None,
) -> None:
    """Hold conversations side by side: in each, a request is made when the one before is answered.

    `keep` takes answers the moment they arrive, with when they were asked for; `ready` waits until
    there is room for more: nothing new is asked before. `hold` takes requests that were not
    accepted, which may be due to their items.
    Memory does not grow with the number of requests: each is made when its turn comes. After an
    error nothing new is asked, but what is under way, and paid for, is awaited and kept first.
    """
    waiting: Iterator[Iterable[Ask]] = iter(conversations)
    failures: list[BaseException] = []

    async def take(ask: Ask) -> None:
        sent = time.monotonic()
        try:
            answers = await engine.ask(ask)
        except Rejected as rejected:
            if hold is None:
                raise
            hold(ask, rejected)
        else:
            keep(answers, sent)
            engine.settle(ask, answers)

    async def work() -> None:
        for conversation in waiting:
            try:
                for ask in conversation:
                    await take(ask)
                    if ready is not None:
                        await ready()
                    if failures:
                        return
            except Exception as error:
                failures.append(error)
                if isinstance(error, EngineError):
                    engine.stop(error)
            if failures:
                return

    await asyncio.gather(*(work() for _ in range(concurrency)))
    if failures:
        raise failures[0]
