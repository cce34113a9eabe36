"""Which items each session rates, and in which order."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from emoalign.study.sessions import FEWEST_SESSION_ITEMS, SessionPlan, too_long_a_history

ROOM_LEFT = 64
"""Tokens of a model's context that sessions leave free, for the frames of messages."""


@dataclass(frozen=True)
class Dealing:
    """What the lists of sessions follow from.

    Model, protocol and form are not in it: all rate the same lists in the same order, so that
    differences between them are paired.

    Attributes:
        seed: the seed of the study.
        dataset, scales: the name of the dataset, and those of the scales asked about together.
        wave: the number of the repetition: its lists are those of the first, in another order.
    """

    seed: int
    dataset: str
    scales: str
    wave: int = 1

    def order(self, sweep: int, item_ids: Iterable[str], reshuffled: bool = False) -> list[str]:
        """Items in the order in which a sweep deals them, or in that of its wave."""
        again = f"|{self.wave}" if reshuffled else ""
        named = f"session|{self.seed}|{self.dataset}|{self.scales}|{sweep}{again}|"

        def place(item_id: str) -> bytes:
            return hashlib.sha256(f"{named}{item_id}".encode()).digest()

        return sorted(item_ids, key=place)


@dataclass(frozen=True)
class SessionList:
    """The items of a session, in their order; `number` counts sessions from 0."""

    number: int
    sweep: int
    item_ids: tuple[str, ...]


def lists_per_sweep(n_items: int, items: int | None) -> int:
    """The sessions that it takes to rate all of `n_items` once, with at most `items` in each."""
    return math.ceil(n_items / items) if items else 1


def dealt(
    dealing: Dealing, item_ids: Iterable[str], items: int | None, sweeps: int
) -> Iterator[SessionList]:
    """The sessions of so many sweeps, each of which rates every item once.

    The lists of a sweep differ by one item at most. Items get the same lists whatever order they
    come in, and further sweeps change none of the first.
    """
    every = sorted(item_ids)
    lists = lists_per_sweep(len(every), items)
    for sweep in range(sweeps):
        order = dealing.order(sweep, every)
        for place in range(lists):
            cut = order[len(every) * place // lists : len(every) * (place + 1) // lists]
            if dealing.wave > 1:
                cut = dealing.order(sweep, cut, reshuffled=True)
            yield SessionList(sweep * lists + place, sweep, tuple(cut))


def mean_in_view(plan: SessionPlan, n_items: int, practice: int = 0) -> float:
    """The earlier answers that stand in view of an item, on average over a sweep.

    `n_items` is the number of items of a dataset, and `practice` that of texts for practice, which
    stay in view.
    """
    length = math.ceil(n_items / lists_per_sweep(n_items, plan.items))
    most = length if plan.history == "all" else plan.history
    return practice + sum(min(place, most) for place in range(length)) / length


def cannot_deal(
    plan: SessionPlan, n_items: int, participants: int, personas: int | None, dataset: str
) -> Iterator[str]:
    """Reasons why so many items of a dataset cannot be dealt to sessions.

    `participants` is the number of answers per item, and `personas` that of the rows of the persona
    table, if there is one.
    """
    if plan.items is not None and plan.items > n_items:
        yield (
            f"session.items: {plan.items} items in a session, but the study has only {n_items} of "
            f"{dataset!r}; write a smaller number, or leave it out for sessions of all items"
        )
        return
    if n_items < FEWEST_SESSION_ITEMS:
        yield (
            f"session: the study has only {n_items} items of {dataset!r}, and a session has at "
            f"least {FEWEST_SESSION_ITEMS}"
        )
    too_long = too_long_a_history(plan, plan.items or n_items)
    if too_long is not None:
        yield f"session.{too_long}"
    sessions = participants * lists_per_sweep(n_items, plan.items)
    if personas is not None and personas < sessions:
        yield (
            f"personas: each session is another persona, and {participants} participants rate "
            f"{n_items} items of {dataset!r} in {sessions} sessions, but the table has only "
            f"{personas} personas; add some, or ask fewer participants in longer sessions"
        )


def does_not_fit(protocol: str, dataset: str, model: str, needed: int, context_tokens: int) -> str:
    """The reason why sessions that need so many tokens are too long for a model's context."""
    return (
        f"protocol {protocol!r}: the longest session about {dataset!r} can need {needed:,} "
        f"tokens, and context_tokens of model {model!r} is {context_tokens:,}, of which "
        f"{ROOM_LEFT} are left free: write fewer items (session.items), keep fewer in view "
        "(session.history), or raise context_tokens in the model's card"
    )
