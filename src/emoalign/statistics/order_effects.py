"""How an answer depends on what was asked and answered before it in its session.

`order_regression` has the model. An answer is centred by the mean of its session, of which it is a
part, which makes η smaller by about 1/T in sessions of T items (Nickell 1981, Econometrica
49:1417); the half-panel jackknife mends most of it (Dhaene & Jochmans 2015, Rev. Econ. Stud.
82:991).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emoalign.statistics.order_regression import (
    ALL,
    CARRY_OVER,
    DRIFT,
    ECHO,
    HISTORY,
    UNKNOWN,
    WITHOUT_MEANS,
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
        reason: which effects are missing, and why.
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

    All are missing for fewer than ten sessions, for items rated in fewer than three sessions on
    average, and for a fixed order. Where means of other sessions are mostly chance, or cannot be
    told apart, carry-over and history are missing, and echo and drift are estimated without them.
    """
    reason = _too_little(sessions)
    if reason is not None:
        return OrderEffects(0, 0, reason=reason)
    design = Design.of(sessions, seed)
    rows = _in_company(sessions, design.rows)
    n_answers, n_sessions = int(rows.sum()), len(np.unique(sessions.session[rows]))
    full = design.fit(rows)
    whole = design.fit(rows, WITHOUT_MEANS) if isinstance(full, str) else full
    if isinstance(whole, str):
        return OrderEffects(n_answers, n_sessions, reason=whole)
    unsure = uncertain(sessions)
    certain, unclear = (
        full if isinstance(full, str) else design.fit(rows & of) for of in (~unsure, unsure)
    )
    halves = _halves(design, rows, early(sessions, rows))
    return OrderEffects(
        n_answers,
        n_sessions,
        carry_over=whole.effect(CARRY_OVER),
        carry_over_certain=_carried(certain),
        carry_over_uncertain=_carried(unclear),
        echo=UNKNOWN if isinstance(halves, str) else _jackknifed(*halves),
        echo_plain=float(whole.estimates[ECHO]),
        drift=whole.effect(DRIFT),
        history=whole.effect(HISTORY),
        reliability=whole.reliability,
        reason=_lacking(full, certain, unclear, halves),
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


def _in_company(sessions: Sessions, rows: Rows) -> Rows:
    """The chosen answers but those that are alone in their session, whose effect explains them."""
    number = np.bincount(sessions.session[rows], minlength=int(sessions.session.max()) + 1)
    found: Rows = rows & (number > 1)[sessions.session]
    return found


def _carried(fit: Fit | str) -> Effect:
    return UNKNOWN if isinstance(fit, str) else fit.effect(CARRY_OVER)


def _halves(design: Design, rows: Rows, first: Rows) -> list[Fit] | str:
    """Fits of whole sessions and of their halves, by the same regressors, or why there are none.

    Halves may have too few answers to tell means of items from chance, and then do without them.
    """
    lacks: list[str] = []
    for columns in (ALL, WITHOUT_MEANS):
        fits = [design.fit(some, columns) for some in (rows, rows & first, rows & ~first)]
        lacks = [fit for fit in fits if isinstance(fit, str)]
        if not lacks:
            return [fit for fit in fits if not isinstance(fit, str)]
    return lacks[0]


def _jackknifed(whole: Fit, first: Fit, second: Fit) -> Effect:
    """The echo by the half-panel jackknife: twice that of whole sessions minus that of halves."""
    estimate = 2 * whole.estimates[ECHO] - (first.estimates[ECHO] + second.estimates[ECHO]) / 2
    influence = 2 * whole.influence - (first.influence + second.influence) / 2
    return whole.interval(float(estimate), influence[:, ECHO])


def _lacking(full: Fit | str, certain: Fit | str, unclear: Fit | str, halves: object) -> str | None:
    """Which effects are missing, and why."""
    if isinstance(full, str):
        found = [("carry-over and history", full)]
    else:
        found = [
            (name, fit)
            for name, fit in (
                ("carry-over on certain items", certain),
                ("carry-over on uncertain items", unclear),
            )
            if isinstance(fit, str)
        ]
    if isinstance(halves, str):
        found.append(("echo", halves))
    return "; ".join(f"no {name}: {why}" for name, why in found) or None
