"""Effects of items and sessions taken out of what was observed in them.

Each answer belongs to an item and to a session. Values are centred within items and within sessions
in turn until neither changes them: what is left is the residual of least squares on a dummy
variable for each item and each session (Guimarães & Portugal 2010, Stata J. 10:628), without a
matrix of them. Sessions hold a random part of the items, so few rounds are needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from emoalign.statistics.pairs import FloatArray

MOST_ROUNDS = 10_000
"""Rounds after which the values are left as they are, where few items connect the sessions."""

CONVERGED = 1e-11
"""A change in a round, as a share of the largest value, that is none."""

Codes = NDArray[np.intp]
"""Items or sessions by number, from 0."""


@dataclass(frozen=True, eq=False)
class Crossed:
    """The item and the session of each answer, shape (answers,)."""

    item: Codes
    session: Codes

    def centred(self, columns: FloatArray) -> FloatArray:
        """Columns, shape (answers, columns), without the effects of items and sessions."""
        left = [self._split(column)[0] for column in columns.T]
        return np.stack(left, axis=1) if left else np.array(columns, dtype=np.float64)

    def session_effects(self, values: FloatArray) -> FloatArray:
        """What its session adds to each answer beyond its item, shape (answers,).

        `values` has shape (answers,). Sessions that no item connects with others are compared with
        nothing: their effects are known up to a constant.
        """
        return self._split(values)[1]

    @property
    def n_effects(self) -> int:
        """Parameters of items and sessions, a constant included: dummies that are independent."""
        items, of_item = np.unique(self.item, return_inverse=True)
        sessions, of_session = np.unique(self.session, return_inverse=True)
        size = len(items) + len(sessions)
        links = sparse.coo_array(
            (np.ones(len(of_item)), (of_item, len(items) + of_session)), shape=(size, size)
        )
        return size - int(connected_components(links, directed=False)[0])

    def _split(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The residuals and the effects of sessions, shape (answers,) each."""
        left, effects = values.astype(np.float64), np.zeros(len(values))
        least = CONVERGED * np.abs(values).max(initial=0)
        for _ in range(MOST_ROUNDS):
            before = left
            left = left - self._of_items.means(left)
            shift = self._of_sessions.means(left)
            left, effects = left - shift, effects + shift
            if np.abs(left - before).max(initial=0) <= least:
                break
        return left, effects

    @cached_property
    def _of_items(self) -> _Groups:
        return _Groups.of(self.item)

    @cached_property
    def _of_sessions(self) -> _Groups:
        return _Groups.of(self.session)


@dataclass(frozen=True, eq=False)
class _Groups:
    """The group of each answer, and how many answers each group has."""

    codes: Codes
    sizes: NDArray[np.int64]

    @classmethod
    def of(cls, codes: Codes) -> _Groups:
        return cls(codes, np.maximum(np.bincount(codes), 1))

    def means(self, values: FloatArray) -> FloatArray:
        """The mean of its group at each answer."""
        found: FloatArray = (np.bincount(self.codes, values) / self.sizes)[self.codes]
        return found
