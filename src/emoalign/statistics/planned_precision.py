"""How many items, and how many participants, bring an interval to a width.

**Of Pearson r** the interval is Fisher's, tanh(artanh r ± z/√(n - 3)), on average as wide as that
of the statistics; its half-width is half of the distance between its ends, which lie unevenly about
r. The r that is seen is smaller than the one between error-free means by the reliability of both
sides, and a smaller r has a wider interval: that is how participants and human raters matter,
beside the number of items.

**Of a mean JSD** it is the mean ± z·SD/√items. How much the JSD of items varies depends on the
model, so two are simulated beside the people that were asked, those of `perfect_model`: a *perfect*
one, which knows what is true of each item as far as its ratings tell, and a *marginal* one, which
answers each item as people answer the others. Real models lie about there. Raters stay those of the
norms: what a few of them leave unknown is in the simulated JSD as it will be in the real one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from emoalign.statistics.distances import Kind, scores
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.perfect_model import marginal_answers, perfect_answers
from emoalign.statistics.raters import People
from emoalign.statistics.resampling import Folds

FEWEST_ITEMS = 4
"""Below four items there is no Fisher interval."""


@dataclass(frozen=True)
class HumanSpread:
    """How human ratings of a scale vary, in squared points of the scale.

    Attributes:
        reliability: of the human item means, at most 1.
        items: variance over items of the error-free means.
        raters: variance of single ratings of one item about its mean, averaged over items.
    """

    reliability: float
    items: float
    raters: float


def half_width_of_r(r: float, n_items: int, level: float = 0.95) -> float:
    """Half the width of the Fisher interval of an observed r; NaN below four items."""
    if n_items < FEWEST_ITEMS:
        return math.nan
    reach = normal_reach(level) / math.sqrt(n_items - 3)
    z = np.arctanh(r)
    return float(np.tanh(z + reach) - np.tanh(z - reach)) / 2


def items_needed_for_r(r: float, width: float, level: float = 0.95) -> int:
    """Fewest items with which the interval of an observed r has at most this half-width.

    The closed form behind the tables of Bonett & Wright (2000, Psychometrika 65:23): with reach h
    on the Fisher scale, the half-width is sinh(2h)/(cosh(2·artanh r) + cosh(2h)), a quadratic
    equation in exp(2h). `width` is between 0 and 1.
    """
    if abs(r) >= 1:
        return FEWEST_ITEMS
    c = math.cosh(2 * math.atanh(r))
    reach = math.log((width * c + math.sqrt((width * c) ** 2 + 1 - width**2)) / (1 - width)) / 2
    # What is a whole number but for rounding must not be rounded up.
    return max(FEWEST_ITEMS, math.ceil(3 + (normal_reach(level) / reach) ** 2 - 1e-9))


def r_needed(n_items: int, width: float, level: float = 0.95) -> float:
    """The smallest |r| whose interval has at most this half-width with so many items.

    0 where any r will do; NaN below four items. The inverse of `items_needed_for_r`.
    """
    if n_items < FEWEST_ITEMS:
        return math.nan
    reach = 2 * normal_reach(level) / math.sqrt(n_items - 3)
    c = math.sinh(reach) / width - math.cosh(reach)
    return math.sqrt((c - 1) / (c + 1)) if c > 1 else 0.0


def model_reliability(spread: HumanSpread, participants: float, sd_ratio: float) -> float:
    """Reliability of a model's item means over so many participants; 1 for infinitely many.

    Assumes that its error-free means vary over items as those of people do, and that its single
    ratings vary about them with `sd_ratio` times the SD of people: the signal over signal and
    noise, the Spearman-Brown formula in variances.
    """
    noise = sd_ratio**2 * spread.raters / participants
    return spread.items / (spread.items + noise)


def participants_needed_for_r(
    spread: HumanSpread, reliability: float, sd_ratio: float
) -> int | None:
    """Fewest participants with which a model's item means are at least this reliable.

    None where no number is enough (a reliability of 1 or more, unless its ratings do not vary).
    """
    noise = sd_ratio**2 * spread.raters
    if noise == 0:
        return 1 if reliability <= 1 else None
    if reliability >= 1:
        return None
    needed = reliability / (1 - reliability) * noise / spread.items
    return max(1, math.ceil(needed - 1e-9))


def normal_reach(level: float) -> float:
    """Standard errors that an interval of this level reaches to either side."""
    return float(special.ndtri((1 + level) / 2))


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


def half_width_of_jsd(sd: float, n_items: int, level: float = 0.95) -> float:
    """Half the width of the interval of a mean over items; NaN below four items."""
    return normal_reach(level) * sd / math.sqrt(n_items) if n_items >= FEWEST_ITEMS else math.nan


def items_needed_for_jsd(sd: float, width: float, level: float = 0.95) -> int:
    """Fewest items with which the interval of the mean has at most this half-width."""
    return max(FEWEST_ITEMS, math.ceil((normal_reach(level) * sd / width) ** 2 - 1e-9))


def participants_needed_for_jsd(
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
