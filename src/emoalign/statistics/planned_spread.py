"""How many items, and how many participants, bring the interval of a ratio of spreads to a width.

The ratio is L = ½ ln(A/B), where A and B are mean variances over items, of a model's answers and of
people's ratings. By the delta method Var(L) = Var(a/A - b/B) / (4·items), a and b being the sample
variances s² of one item. What varies in them is

* sampling: an item with variance σ² and fourth cumulant κ has Var(s²) = κ/n + 2σ⁴/(n - 1) with n
  ratings. Unbiased for σ⁴ and κ are (s⁴ - k/n)·(n - 1)/(n + 1) and the k-statistic k (Fisher 1930),
  which takes four ratings. κ of items with fewer is taken as that of the others, or as 0, that of a
  normal distribution, where there are none;
* the items themselves, whose variances differ. If the model's are proportional to people's, this
  cancels in the ratio; if they differ as much but have nothing to do with people's, it counts
  twice. Real models lie about there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.planned_precision import FEWEST_ITEMS, normal_reach

FEWEST_RATINGS = 4
"""With fewer ratings of an item nothing is known of its fourth cumulant."""

Assumed = Literal["alike", "unrelated"]
"""About a model's variances over items: proportional to people's, or as different but unrelated."""


@dataclass(frozen=True)
class VarianceSpread:
    """How variances of single ratings differ over items, as shares of their squared mean.

    Attributes:
        sampling: mean sampling variance of people's s².
        items: variance of the true variances, at least 0.
        fourth: mean fourth cumulant of single ratings.
    """

    sampling: float
    items: float
    fourth: float

    def of_answers(self, answers: float) -> float:
        """Sampling variance of s² of as many answers that vary as people do; 0 for exact ones."""
        if math.isinf(answers):
            return 0.0
        return max(self.fourth / answers + 2 * (1 + self.items) / (answers - 1), 0.0)

    def of_difference(self, answers: float, assumed: Assumed) -> float:
        """Variance over items of a/A - b/B with so many answers, two or more."""
        return self.sampling + self.of_answers(answers) + self._between(assumed)

    def _between(self, assumed: Assumed) -> float:
        return 2 * self.items if assumed == "unrelated" else 0.0

    def answers_needed(self, most: float, assumed: Assumed) -> int | None:
        """Fewest answers with which this variance is at most `most`; None where none are enough."""
        left = most - self.sampling - self._between(assumed)
        if left <= 0:
            return None
        # fourth/m + c/(m - 1) = left is a quadratic equation in m, of which the larger root counts.
        c = 2 * (1 + self.items)
        fourth = max(self.fourth, -c)
        half = (left + fourth + c) / 2
        root = (half + math.sqrt(max(half**2 - left * fourth, 0))) / left
        return max(2, math.ceil(root - 1e-9))


def variance_spread(
    sds: ArrayLike, raters: ArrayLike, ratings: Sequence[Sequence[float] | None]
) -> VarianceSpread | None:
    """What norms tell of how variances differ, from SDs and numbers of raters of the same items.

    `sds` and `raters` have shape (items,), two raters or more; `ratings` are the single ones, None
    where they are not known. None where nobody's ratings vary.
    """
    variances, n = np.square(np.asarray(sds, dtype=np.float64)), np.asarray(raters, np.float64)
    mean_square = float(variances.mean()) ** 2 if variances.size else 0.0
    if mean_square == 0:
        return None
    k = fourth_cumulants(ratings)
    k = np.where(np.isnan(k), 0.0 if np.isnan(k).all() else np.nanmean(k), k)
    squares = (variances**2 - k / n) * (n - 1) / (n + 1)
    sampling = k / n + 2 * squares / (n - 1)
    return VarianceSpread(
        sampling=max(float(sampling.mean()) / mean_square, 0.0),
        items=max(float(squares.mean()) / mean_square - 1, 0.0),
        fourth=float(k.mean()) / mean_square,
    )


def fourth_cumulants(ratings: Sequence[Sequence[float] | None]) -> FloatArray:
    """The k-statistic of order four of each item, NaN below four ratings (Fisher 1930)."""
    found = np.full(len(ratings), np.nan)
    for place, of_item in enumerate(ratings):
        n = 0 if of_item is None else len(of_item)
        if of_item is None or n < FEWEST_RATINGS:
            continue
        apart = np.square(np.asarray(of_item, dtype=np.float64) - np.mean(of_item))
        second, fourth = float(apart.mean()), float(np.mean(apart**2))
        found[place] = (
            n**2 * ((n + 1) * fourth - 3 * (n - 1) * second**2) / ((n - 1) * (n - 2) * (n - 3))
        )
    return found


def half_width_of_spread(variance: float, n_items: int, level: float = 0.95) -> float:
    """Half the width of the interval of L, in nats; NaN below four items.

    `variance` is that of a/A - b/B over items, see `VarianceSpread.of_difference`.
    """
    if n_items < FEWEST_ITEMS:
        return math.nan
    return normal_reach(level) / 2 * math.sqrt(variance / n_items)


def items_needed_for_spread(variance: float, width: float, level: float = 0.95) -> int:
    """Fewest items with which the interval of L has at most this half-width."""
    needed = variance * (normal_reach(level) / (2 * width)) ** 2
    return max(FEWEST_ITEMS, math.ceil(needed - 1e-9))


def participants_needed_for_spread(
    spread: VarianceSpread, n_items: int, width: float, assumed: Assumed, level: float = 0.95
) -> int | None:
    """Fewest participants with which the half-width is at most this; None where none are enough."""
    if n_items < FEWEST_ITEMS:
        return None
    return spread.answers_needed((2 * width / normal_reach(level)) ** 2 * n_items, assumed)
