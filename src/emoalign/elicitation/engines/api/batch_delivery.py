"""The batches of a model: those under way are finished first, then what is missing is asked for.

Batches of other tasks count where they bring the same answers: nothing is paid for twice.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from emoalign.elicitation.budget import Account
from emoalign.elicitation.engines.api.api_model import ApiModel
from emoalign.elicitation.engines.api.batch_interface import BatchInterface
from emoalign.elicitation.engines.api.batch_memory import SUFFIX, Memory
from emoalign.elicitation.engines.api.batches import Batches
from emoalign.elicitation.inquiry import Inquiry
from emoalign.elicitation.rating import Ask
from emoalign.errors import EngineError
from emoalign.locks import alone

ROUNDS = 3
"""Times that what is missing is submitted."""

_log = logging.getLogger(__name__)


async def collect_batches(card: ApiModel, inquiry: Inquiry, account: Account | None) -> None:
    """Finish the batches under way, then get what is missing in new ones if the card says so.

    Batches under way are waited for even where the card now says single: they are paid for. Of what
    comes, the answers that are not known yet are kept.
    Raises EngineError when answers are still missing after a few rounds.
    """
    memory = Memory(_memory_file(inquiry.task.file))
    if card.delivery == "single" and not memory.batches and not _elsewhere(inquiry):
        return
    client = card.batch_interface()
    try:
        batches = Batches(card, client, memory, inquiry, account)
        await batches.finish()
        while others := _elsewhere(inquiry):
            for journal in others:
                await _finish_elsewhere(journal, card, client, inquiry, account)
        if card.delivery == "batch":
            await _rounds(batches, inquiry)
    finally:
        await client.close()


def under_way(journal: Path) -> bool:
    """Tell whether batches are remembered: not collected, or not settled with the account."""
    return bool(Memory(_memory_file(journal)).batches)


def _memory_file(journal: Path) -> Path:
    return journal.with_suffix(SUFFIX)


def _elsewhere(inquiry: Inquiry) -> list[Path]:
    """The journals of other tasks that remember batches with answers that are missing here.

    Their protocol had another name, or their shard other items, when the batches were made.
    """
    own = inquiry.task.file
    others = [path for path in own.parent.glob(f"*{SUFFIX}") if path != _memory_file(own)]
    if not others:
        return []
    missing = {
        (ask.request.request_id, who) for ask in inquiry.missing() for who in ask.participants
    }
    return [
        path.with_name(path.name.removesuffix(SUFFIX) + own.suffix)
        for path in sorted(others)
        if any(not missing.isdisjoint(batch.keys()) for batch in Memory(path).batches)
    ]


async def _finish_elsewhere(
    journal: Path, card: ApiModel, client: BatchInterface, inquiry: Inquiry, account: Account | None
) -> None:
    """Finish the batches of another task, or wait while a job of that task does."""
    try:
        with alone(journal, when_taken=_taken):
            memory = Memory(_memory_file(journal))
            _log.info("batches in %s have answers that are missing here", memory.path)
            await Batches(card, client, memory, inquiry, account).finish()
    except _TakenError:
        await asyncio.sleep(card.batches.poll_s)
    inquiry.look_again()


class _TakenError(Exception):
    """Another job is at a journal."""


def _taken() -> None:
    raise _TakenError


async def _rounds(batches: Batches, inquiry: Inquiry) -> None:
    rounds = 0
    while rounds < ROUNDS:
        asks = _in_batches(inquiry)
        if not asks:
            return
        inquiry.check()
        await batches.deliver(asks)
        rounds += not batches.held_back
    left = sum(len(ask.participants) for ask in _in_batches(inquiry))
    if left:
        raise EngineError(
            f"{batches.where} left {left} answers out of its batches, {ROUNDS} times "
            f"over.{batches.unanswered()}"
        )


def _in_batches(inquiry: Inquiry) -> list[Ask]:
    """The missing answers that batches can bring: no batch takes decisions."""
    return [ask for ask in inquiry.missing() if ask.request.readout != "decision"]
