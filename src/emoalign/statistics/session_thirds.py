"""What becomes of answers as a session goes on: its first, middle and last third."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.participants import correlations

PARTS = 3


@dataclass(frozen=True, eq=False)
class Thirds:
    """First, middle and last third of all sessions together, shape (3,) each.

    Attributes:
        ok: share of the answers that are ratings.
        sd: SD of the ratings within sessions, in scale points.
        r: Pearson r of single ratings with the human means of their items.
    """

    ok: FloatArray
    sd: FloatArray
    r: FloatArray


def by_thirds(
    session: ArrayLike, position: ArrayLike, rating: FloatArray, human: FloatArray
) -> Thirds:
    """The thirds of sessions by the order of their answers; `rating` and `human` means may be NaN.

    All have shape (answers,). The SD is pooled over the thirds of sessions, each about its own
    mean, so that neither sessions that rate higher nor drift count as spread.
    """
    sessions, of_session = np.unique(np.asarray(session), return_inverse=True)
    third = thirds(of_session, np.asarray(position, dtype=np.float64))
    known = np.isfinite(rating)
    number = [np.bincount(third, weights, minlength=PARTS) for weights in (None, known)]
    part = of_session * PARTS + third
    kept, n_parts = part[known], len(sessions) * PARTS
    n = np.bincount(kept, minlength=n_parts)
    means = np.bincount(kept, rating[known], minlength=n_parts) / np.maximum(n, 1)
    squares = np.bincount(third[known], (rating[known] - means[kept]) ** 2, minlength=PARTS)
    freedom = np.maximum(n - 1, 0).reshape(-1, PARTS).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ok, sd = number[1] / number[0], np.sqrt(squares / freedom)
    return Thirds(ok, sd, correlations(third, rating, human, PARTS))


def thirds(session: NDArray[np.intp], position: FloatArray) -> NDArray[np.intp]:
    """The third of its session that each answer is in, 0 to 2, by its place among the others."""
    order = np.lexsort((position, session))
    ordered = session[order]
    place = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    length = np.bincount(session)[ordered] if len(order) else ordered
    found = np.empty(len(order), dtype=np.intp)
    found[order] = PARTS * place // np.maximum(length, 1)
    return found
