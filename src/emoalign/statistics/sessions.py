"""Answers in the sessions they were given in, and the parts that sessions and items fall into."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from emoalign.statistics.pairs import ROUNDING, FloatArray
from emoalign.statistics.two_way import Codes, Crossed

Rows = NDArray[np.bool_]
"""A choice of answers, shape (answers,)."""


@dataclass(frozen=True, eq=False)
class Sessions:
    """Answers by session and position, shape (answers,) each.

    Attributes:
        item, session: numbered from 0.
        position: in the session, from 1; an item that is not in the study leaves a gap.
        value: what is explained: the rating, in scale points, or the mean of a distribution.
        said: the answer that the session went on with, in scale points.
    """

    item: Codes
    session: Codes
    position: FloatArray
    value: FloatArray
    said: FloatArray

    @classmethod
    def of(
        cls,
        item: ArrayLike,
        session: ArrayLike,
        position: ArrayLike,
        value: ArrayLike,
        said: ArrayLike | None = None,
    ) -> Self:
        """The answers in order; a missing `value` is NaN, and `said` is `value` unless it is given.

        `item` and `session` are any names. Raises ValueError when the lengths differ.
        """
        columns = [np.asarray(one) for one in (item, session, position, value)]
        columns.append(columns[-1] if said is None else np.asarray(said))
        if len({one.shape for one in columns}) != 1 or columns[0].ndim != 1:
            shapes = ", ".join(str(one.shape) for one in columns)
            raise ValueError(f"found the shapes {shapes}, expected one value per answer in each")
        items, sessions = (np.unique(one, return_inverse=True)[1] for one in columns[:2])
        order = np.lexsort((columns[2], sessions))
        numbers = [one.astype(np.float64)[order] for one in columns[2:]]
        return cls(items[order], sessions[order], *numbers)

    @cached_property
    def known(self) -> Rows:
        """The answers with a value."""
        return np.isfinite(self.value)

    @cached_property
    def crossed(self) -> Crossed:
        """The answers with a value in items and sessions."""
        return Crossed(self.item[self.known], self.session[self.known])


def early(sessions: Sessions, rows: Rows) -> Rows:
    """The first half of the chosen answers of each session."""
    place = np.cumsum(rows) - 1
    first = np.searchsorted(sessions.session[rows], sessions.session)
    length = np.bincount(sessions.session[rows], minlength=int(sessions.session.max()) + 1)
    early: Rows = 2 * (place - first) < length[sessions.session]
    return early


def uncertain(sessions: Sessions) -> Rows:
    """The answers to items with more than the median entropy.

    It is that of every other session of the item: its own answers would choose themselves, because
    those that vary most are those on which order had most effect by chance.
    """
    turn = _turns(sessions)
    uncertain = np.zeros(len(turn), dtype=np.bool_)
    for half in (0, 1):
        entropy = _entropies(sessions, np.isfinite(sessions.said) & (turn % 2 != half))
        here = turn % 2 == half
        middle = np.nanmedian(entropy) if np.isfinite(entropy).any() else np.nan
        uncertain[here] = (entropy > middle + ROUNDING)[sessions.item[here]]
    return uncertain


def _turns(sessions: Sessions) -> NDArray[np.int64]:
    """How many earlier sessions have the item of each answer, shape (answers,)."""
    order = np.argsort(sessions.item, kind="stable")
    of_item = sessions.item[order]
    turn = np.empty(len(order), dtype=np.int64)
    turn[order] = np.arange(len(order)) - np.searchsorted(of_item, of_item)
    return turn


def _entropies(sessions: Sessions, rows: Rows) -> FloatArray:
    """The entropy of the answers to each item, in nats, shape (items,); NaN without any."""
    n_items = int(sessions.item.max()) + 1
    values, said = np.unique(sessions.said[rows], return_inverse=True)
    kinds, counts = np.unique(sessions.item[rows] * len(values) + said, return_counts=True)
    of_item = kinds // max(len(values), 1)
    numbers = np.bincount(of_item, counts, minlength=n_items)
    entropy = np.bincount(of_item, special.entr(counts / numbers[of_item]), minlength=n_items)
    found: FloatArray = np.where(numbers > 0, entropy, np.nan)
    return found
