"""How many items, and how many participants, bring an interval of a mean JSD to a width.

The interval of a mean over items is the mean ± z·SD/√items. How much the JSD of items varies
depends on the model, so two are simulated beside the people that were asked, those of
`perfect_model`: a *perfect* one, which knows what is true of each item as far as its ratings tell,
and a *marginal* one, which answers each item as people answer the others. Real models lie about
there. Raters stay those of the norms: what a few of them leave unknown is in the simulated JSD as
it will be in the real one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from emoalign.statistics.distances import Kind
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.perfect_model import marginal_answers, perfect_answers
from emoalign.statistics.precision_of_r import FEWEST_ITEMS, normal_reach
from emoalign.statistics.raters import People
from emoalign.statistics.resampling import Folds
from emoalign.statistics.scores import scores

Simulated = Literal["perfect", "marginal"]

LADDER = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 100, 200)
"""Numbers of participants that are simulated, beside infinitely many."""

SIMULATED_ITEMS = 4_000
"""Items simulated at least: the SD of their JSD is then known to about two per cent."""

MOST_DRAWS = 400
"""Draws of each item at most, of studies with fewer than ten."""


@dataclass(frozen=True, eq=False)
class DivergenceSpread:
    """Mean and SD over items of the JSD (bits) to people of a simulated model.

    `means` and `sds` have shape (steps,): one for each number of `participants`, ascending, the
    last of which is infinite (the exact readout).
    """

    participants: FloatArray
    means: FloatArray
    sds: FloatArray

    def mean(self, participants: float) -> float:
        """Mean JSD to expect with so many participants."""
        return self._at(participants, self.means)

    def sd(self, participants: float) -> float:
        """SD over items of the JSD with so many participants."""
        return math.sqrt(self._at(participants, self.sds**2))

    def _at(self, participants: float, values: FloatArray) -> float:
        # Sampling noise goes with 1/n, so that between two steps of the ladder a line in 1/n is
        # close, up to infinitely many participants at 0.
        return float(np.interp(1 / participants, 1 / self.participants[::-1], values[::-1]))


def half_width(sd: float, n_items: int, level: float = 0.95) -> float:
    """Half the width of the interval of a mean over items; NaN below four items."""
    return normal_reach(level) * sd / math.sqrt(n_items) if n_items >= FEWEST_ITEMS else math.nan


def items_needed(sd: float, width: float, level: float = 0.95) -> int:
    """Fewest items with which the interval of the mean has at most this half-width."""
    return max(FEWEST_ITEMS, math.ceil((normal_reach(level) * sd / width) ** 2 - 1e-9))


def participants_needed(
    spread: DivergenceSpread, n_items: int, width: float, level: float = 0.95
) -> int | None:
    """Fewest participants from which on the half-width is at most this; None where none are."""
    if n_items < FEWEST_ITEMS:
        return None
    most = (width * math.sqrt(n_items) / normal_reach(level)) ** 2
    variances = spread.sds**2
    enough = variances <= most
    if not enough[-1]:
        return None
    short = np.flatnonzero(~enough)
    if not short.size:
        return 1
    last = short[-1]
    inverse = np.interp(
        most, variances[[last + 1, last]], 1 / spread.participants[[last + 1, last]]
    )
    return math.ceil(1 / inverse - 1e-9) if inverse > 0 else None


def simulated_spread(
    people: People, folds: Folds, model: Simulated, seed: int
) -> DivergenceSpread | None:
    """Simulate a model's answers to the items of `people`, and take the JSD to people's.

    Participants are added one after the other, so that each step of the ladder has those of the
    steps before it. An item whose JSD is undefined (no label chosen) does not count in the step.
    None where it is undefined for all items: a marginal model knows only items of other `folds`.
    """
    kind: Kind = "ordinal" if people.choices is None else "labels"
    participants = np.array([*LADDER, np.inf])
    answers = np.broadcast_to(participants[:, np.newaxis], (len(participants), len(people.n)))
    n_draws = min(math.ceil(SIMULATED_ITEMS / len(people.n)), MOST_DRAWS)
    draws = (
        perfect_answers(people, answers, n_draws, seed)
        if model == "perfect"
        else marginal_answers(people, folds, answers, n_draws, seed)
    )
    jsd = np.concatenate(
        [
            [scores(kind, people.shares, shares, names=("jsd",))[0] for shares in steps]
            for steps in draws
        ],
        axis=1,
    )
    known = np.isfinite(jsd)
    n = known.sum(axis=1)
    if not n.all():
        return None
    means = np.where(known, jsd, 0).sum(axis=1) / n
    squares = np.where(known, jsd - means[:, np.newaxis], 0) ** 2
    return DivergenceSpread(
        participants, means, np.sqrt(squares.sum(axis=1) / np.maximum(n - 1, 1))
    )
