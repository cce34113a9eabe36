"""How many items, and how many participants, bring an interval of a mean JSD to a width.

The interval of a mean over items is the mean ± z·SD/√items. How much the JSD of items varies
depends on the model, so two are simulated beside the people that were asked: a *perfect* one, which
answers each item as the people who might have been asked do, and a *marginal* one, which gives all
items the same distribution, that of all human answers. Real models lie about there. Raters stay
those of the norms: what a few of them leave unknown is in the simulated JSD as it will be in the
real one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from emoalign.analyses.distributions.metrics import jsd, normalised
from emoalign.analyses.precision.correlation import FEWEST_ITEMS, normal_reach
from emoalign.analyses.precision.people import HumanAnswers, concentration
from emoalign.statistics.pairs import FloatArray

Simulated = Literal["perfect", "marginal"]

LADDER = (1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 100, 200)
"""Numbers of participants that are simulated, beside infinitely many."""

SIMULATED_ITEMS = 4_000
"""Items simulated at least: the SD of their JSD is then known to about two per cent."""


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


def simulated_spread(answers: HumanAnswers, model: Simulated, seed: int) -> DivergenceSpread:
    """Simulate a model's answers to the items of `answers`, and take the JSD to the human ones.

    Participants are added one after the other, so that each step of the ladder has those of the
    steps before it. Labels are compared as shares of all labels that were chosen.
    """
    rng = np.random.default_rng(seed)
    repeats = math.ceil(SIMULATED_ITEMS / len(answers.counts))
    human = answers.counts @ answers.parts
    alpha = concentration(answers)
    found = np.concatenate(
        [_divergences(answers, human, model, alpha, rng) for _ in range(repeats)], axis=1
    )
    return DivergenceSpread(
        np.array([*LADDER, np.inf]),
        np.nanmean(found, axis=1),
        np.nanstd(found, axis=1, ddof=1),
    )


def _divergences(
    answers: HumanAnswers,
    human: FloatArray,
    model: Simulated,
    alpha: float,
    rng: np.random.Generator,
) -> FloatArray:
    """JSD in bits of every item at every step of the ladder, shape (steps, items)."""
    n_items, n_kinds = answers.counts.shape
    if model == "marginal":
        truth = np.tile(answers.pooled, (n_items, 1))
    else:
        truth = rng.standard_gamma(answers.counts + alpha * answers.pooled)
        truth /= truth.sum(axis=1, keepdims=True)
    below = np.cumsum(truth, axis=1)
    below[:, -1] = 1
    # One sorted sequence for all items, each in a unit interval of its own.
    items = np.arange(n_items)[:, np.newaxis]
    drawn = np.searchsorted(
        (below + items).ravel(), rng.random((n_items, LADDER[-1])) + items, side="right"
    )
    steps = []
    counts = np.zeros(n_items * n_kinds)
    for first, last in pairwise((0, *LADDER)):
        counts += np.bincount(drawn[:, first:last].ravel(), minlength=counts.size)
        steps.append(counts.reshape(n_items, n_kinds) @ answers.parts)
    people = normalised(human)
    return np.stack([jsd(people, normalised(shares)) for shares in (*steps, truth @ answers.parts)])
