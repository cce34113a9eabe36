"""The regression of an answer on what was asked and answered before it in its session.

With v_j the mean rating of item j in the other sessions, the rating r of the item at position t of
a session is modelled as

    r_t = item + session + β·v_(t−1) + η·(r_(t−1) − v_(t−1)) + δ·t/10 + λ·mean(v_1 … v_(t−2)) + e

by least squares after `two_way` took out items and sessions. β is `carry_over`, η `echo`, δ `drift`
and λ `history`: scale points, for β, η and λ per scale point (cf. Jesteadt, Luce & Green 1977, J.
Exp. Psychol. Hum. 3:92).

Means of few answers are known with error, and all regressors but the position are made of them; to
divide β by their reliability would make an echo look like a carry-over. So the covariances that
this error alone brings about are taken from the moments (Fuller 1987, Measurement Error Models,
section 2.2): they are those of regressors made of noise that has the variance of the residuals, in
the same sessions, and no effects of order. Errors are clustered by session: t with S − 1 degrees of
freedom.

Where items hardly differ, v says nothing of them, and β and λ cannot be estimated. η and δ can, by
the same regression `WITHOUT_MEANS`: r − v is the chance in an answer, which in random order has
nothing to do with v or the means before it, so that leaving these out does not bias η, whatever β
and λ are. r alone in place of r − v would mix β into η.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import stats

from emoalign.statistics.pairs import ROUNDING, FloatArray
from emoalign.statistics.participants import means_of_others
from emoalign.statistics.sessions import Rows, Sessions
from emoalign.statistics.two_way import Crossed

LEAST_RELIABLE = 0.2
"""Reliability of means of the other sessions below which nothing can be corrected by it: where
items do not differ, chance alone takes it to √(2/items), which is 0.1 for 200 items."""

SIMULATED = 20_000
"""Answers of noise that are simulated, at least: the moments of error are then known to 3%."""

CARRY_OVER, ECHO, DRIFT, HISTORY = range(4)
"""The columns of the regressors."""

Columns = tuple[int, ...]
ALL: Columns = (CARRY_OVER, ECHO, DRIFT, HISTORY)
WITHOUT_MEANS: Columns = (ECHO, DRIFT)
"""The regressors that do not need means of items to be told from chance."""


@dataclass(frozen=True)
class Effect:
    """An effect of order, and the ends of its 95% confidence interval."""

    estimate: float
    low: float
    high: float


UNKNOWN = Effect(np.nan, np.nan, np.nan)


@dataclass(frozen=True, eq=False)
class Fit:
    """Effects, shape (4,), with what each session adds to their errors, shape (sessions, 4).

    Effects that were left out are NaN.
    """

    estimates: FloatArray
    influence: FloatArray
    n_sessions: int
    correction: float
    reliability: float

    def effect(self, column: int) -> Effect:
        """One of the effects, with its interval."""
        return self.interval(self.estimates[column], self.influence[:, column])

    def interval(self, estimate: float, influence: FloatArray) -> Effect:
        """An estimate with the interval that its sessions give it, shape (sessions,)."""
        error = np.sqrt(self.correction * float(influence @ influence))
        half = float(stats.t.ppf(0.975, self.n_sessions - 1)) * error
        return Effect(float(estimate), float(estimate - half), float(estimate + half))


@dataclass(frozen=True, eq=False)
class Design:
    """The regressors of each answer, shape (answers, 4), NaN where one is not known, and several
    draws of noise: regressors of noise, and the noise in the values, shape (answers,)."""

    sessions: Sessions
    regressors: FloatArray
    noise: Sequence[tuple[FloatArray, FloatArray]]

    @classmethod
    def of(cls, sessions: Sessions, seed: int) -> Self:
        """The regressors of all answers, and noise drawn with `seed`."""
        known, crossed = sessions.known, sessions.crossed
        left = crossed.centred(sessions.value[known, np.newaxis])[:, 0]
        freedom = max(len(left) - crossed.n_effects, 1)
        scale, rng = np.sqrt(float(left @ left) / freedom), np.random.default_rng(seed)
        noise = []
        for _ in range(-(-SIMULATED // max(len(left), 1))):
            values = np.full(len(known), np.nan)
            values[known] = scale * rng.choice([-1.0, 1.0], len(left))
            errors = _regressors(sessions, values, np.zeros(len(known)))
            errors[:, DRIFT] = 0
            noise.append((errors, values))
        return cls(sessions, _regressors(sessions, sessions.value, sessions.said), noise)

    @property
    def rows(self) -> Rows:
        """The answers that can be explained."""
        return self.sessions.known & np.isfinite(self.regressors).all(axis=1)

    def fit(self, rows: Rows, columns: Columns = ALL) -> Fit | str:
        """The effects on some answers by these regressors, or why there are none."""
        session = np.unique(self.sessions.session[rows], return_inverse=True)[1]
        crossed = Crossed(self.sessions.item[rows], session)
        n, n_sessions = len(session), int(session.max(initial=-1)) + 1
        n_parameters = len(columns) + crossed.n_effects - n_sessions
        if n_sessions < 2 or n <= n_parameters + n_sessions:
            return "too few answers to items that are rated in several sessions"
        x, y = _centred(crossed, self.regressors[rows], self.sessions.value[rows])
        drawn = [_centred(crossed, errors[rows], values[rows]) for errors, values in self.noise]
        of_error = np.mean([u.T @ u for u, _ in drawn], axis=0)
        with_error = np.mean([u.T @ e for u, e in drawn], axis=0)
        reason = _unidentified(self.regressors[rows], x, of_error, columns)
        if reason is not None:
            return reason
        carried = x[:, CARRY_OVER] @ x[:, CARRY_OVER]
        reliability = 1 - of_error[CARRY_OVER, CARRY_OVER] / carried if carried > 0 else np.nan
        chosen = list(columns)
        x, of_error, with_error = x[:, chosen], of_error[chosen][:, chosen], with_error[chosen]
        inverse = np.linalg.inv(x.T @ x - of_error)
        estimates = inverse @ (x.T @ y - with_error)
        scores = x * (y - x @ estimates)[:, np.newaxis]
        scores += (of_error @ estimates - with_error) / n
        summed: FloatArray = np.zeros((n_sessions, scores.shape[1]))
        np.add.at(summed, session, scores)
        return Fit(
            self._placed(estimates, chosen),
            self._placed(summed @ inverse, chosen),
            n_sessions,
            # That of Stata: sessions are within their clusters and cost no degrees of freedom.
            n_sessions / (n_sessions - 1) * (n - 1) / (n - n_parameters),
            float(reliability),
        )

    def _placed(self, found: FloatArray, chosen: list[int]) -> FloatArray:
        """Numbers of some regressors at their places among all; NaN at the others."""
        placed = np.full((*found.shape[:-1], self.regressors.shape[1]), np.nan)
        placed[..., chosen] = found
        return placed


def _centred(
    crossed: Crossed, regressors: FloatArray, values: FloatArray
) -> tuple[FloatArray, FloatArray]:
    both = crossed.centred(np.column_stack((regressors, values)))
    return both[:, :-1], both[:, -1]


def _regressors(sessions: Sessions, value: FloatArray, said: FloatArray) -> FloatArray:
    """What each answer depends on, shape (answers, 4); NaN where one is not known.

    Means of items are of values without the effects of their sessions.
    """
    known, session = sessions.known, sessions.session
    adjusted = value.copy()
    adjusted[known] -= sessions.crossed.session_effects(value[known])
    mean = means_of_others(sessions.item, adjusted)
    here = np.arange(len(mean))
    start = np.searchsorted(session, session)
    follows = here > start
    follows[1:] &= np.diff(sessions.position) == 1
    before = np.where(follows, here - 1, 0)
    told = np.isfinite(mean)
    sums = np.concatenate(([0.0], np.cumsum(np.where(told, mean, 0.0))))
    numbers = np.concatenate(([0], np.cumsum(told)))
    last = np.maximum(here - 1, start)
    with np.errstate(divide="ignore", invalid="ignore"):
        history = (sums[last] - sums[start]) / (numbers[last] - numbers[start])
    found = np.column_stack(
        (mean[before], said[before] - mean[before], sessions.position / 10, history)
    )
    found[~follows] = np.nan
    return found


def _unidentified(
    given: FloatArray, centred: FloatArray, of_error: FloatArray, columns: Columns
) -> str | None:
    """Why effects cannot be told: of regressors as given and centred, and moments of error."""
    chosen = list(columns)
    moments = centred.T @ centred
    size = ((given - given.mean(axis=0)) ** 2).sum(axis=0)
    if (np.diag(moments) <= np.sqrt(ROUNDING) * size)[chosen].any() or not size[chosen].all():
        return "the order of items is the same in all sessions, or ratings do not vary"
    reliable = np.diag(of_error) <= (1 - LEAST_RELIABLE) * np.diag(moments)
    if not reliable[chosen].all():
        return "the mean ratings of items in other sessions differ hardly more than by chance"
    left = (moments - of_error)[chosen][:, chosen]
    scale = 1 / np.sqrt(np.diag(moments)[chosen])
    if np.linalg.eigvalsh(left * np.outer(scale, scale)).min() < LEAST_RELIABLE**2:
        return "the items before and the answers to them vary too little, or only together"
    return None
