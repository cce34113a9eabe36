"""How an answer depends on what was asked and answered before it in its session.

`order_regression` has the model. An answer is centred by the mean of its session, of which it is a
part, which makes η smaller by about 1/T in sessions of T items (Nickell 1981, Econometrica
49:1417); the half-panel jackknife mends most of it (Dhaene & Jochmans 2015, Rev. Econ. Stud.
82:991).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emoalign.statistics.order_regression import (
    CARRY_OVER,
    DRIFT,
    ECHO,
    HISTORY,
    UNKNOWN,
    Design,
    Effect,
    Fit,
)
from emoalign.statistics.sessions import Rows, Sessions, early, uncertain

FEWEST_SESSIONS = 10
"""Sessions without which a standard error clustered by session says nothing."""

FEWEST_REPEATS = 3
"""Sessions that rate an item, on average, so that its mean in the others says something."""


@dataclass(frozen=True)
class OrderEffects:
    """The effects of order in the sessions of a cell, in scale points.

    Attributes:
        n_answers: answers that are explained: those with a rating right before them and items
            before that; 0 where too little is there to try.
        n_sessions: their sessions.
        carry_over: of the item before, per point of its mean.
        carry_over_certain, carry_over_uncertain: the same on items whose answers have no more than
            the median entropy, and more.
        echo: of the answer before beyond its item, per point; by the half-panel jackknife.
        echo_plain: the same without it, too low by about one divided by the length of sessions.
        drift: the change in ten positions.
        history: of the mean of the items before the last, per point.
        reliability: of the means of the other sessions, at most 1.
        reason: why effects are missing.
    """

    n_answers: int
    n_sessions: int
    carry_over: Effect = UNKNOWN
    carry_over_certain: Effect = UNKNOWN
    carry_over_uncertain: Effect = UNKNOWN
    echo: Effect = UNKNOWN
    echo_plain: float = np.nan
    drift: Effect = UNKNOWN
    history: Effect = UNKNOWN
    reliability: float = np.nan
    reason: str | None = None


def order_effects(sessions: Sessions, seed: int) -> OrderEffects:
    """The effects of order; `seed` is that of the noise which measurement error is told by.

    Missing, with the reason, for fewer than ten sessions, for items rated in fewer than three
    sessions on average, for a fixed order, and where means of other sessions are mostly chance.
    """
    reason = _too_little(sessions)
    if reason is not None:
        return OrderEffects(0, 0, reason=reason)
    design = Design.of(sessions, seed)
    rows = design.rows
    n_answers, n_sessions = int(rows.sum()), len(np.unique(sessions.session[rows]))
    whole = design.fit(rows)
    if isinstance(whole, str):
        return OrderEffects(n_answers, n_sessions, reason=whole)
    first, unsure = early(sessions, rows), uncertain(sessions)
    return OrderEffects(
        n_answers,
        n_sessions,
        carry_over=whole.effect(CARRY_OVER),
        carry_over_certain=_carried(design, rows & ~unsure),
        carry_over_uncertain=_carried(design, rows & unsure),
        echo=_jackknifed(whole, [design.fit(rows & first), design.fit(rows & ~first)]),
        echo_plain=float(whole.estimates[ECHO]),
        drift=whole.effect(DRIFT),
        history=whole.effect(HISTORY),
        reliability=whole.reliability,
    )


def _too_little(sessions: Sessions) -> str | None:
    rated, known = sessions.session[sessions.known], sessions.item[sessions.known]
    n_sessions, n_items = len(np.unique(rated)), len(np.unique(known))
    if n_sessions < FEWEST_SESSIONS:
        return f"{n_sessions} sessions with ratings, but {FEWEST_SESSIONS} are needed"
    repeats = len(known) / n_items
    if repeats < FEWEST_REPEATS:
        return (
            f"an item is rated in {repeats:.1f} sessions on average, but {FEWEST_REPEATS} are "
            "needed"
        )
    return None


def _carried(design: Design, rows: Rows) -> Effect:
    fit = design.fit(rows)
    return UNKNOWN if isinstance(fit, str) else fit.effect(CARRY_OVER)


def _jackknifed(whole: Fit, halves: Sequence[Fit | str]) -> Effect:
    """The echo by the half-panel jackknife: twice that of whole sessions minus that of halves."""
    fits = [half for half in halves if not isinstance(half, str)]
    if len(fits) < 2 or any(half.n_sessions != whole.n_sessions for half in fits):
        return UNKNOWN
    estimate = 2 * whole.estimates[ECHO] - np.mean([half.estimates[ECHO] for half in fits])
    influence = 2 * whole.influence[:, ECHO]
    influence -= np.mean([half.influence[:, ECHO] for half in fits], axis=0)
    return whole.interval(float(estimate), influence)
