"""How many items, and how many participants, bring an interval of Pearson r to a width.

The interval is Fisher's, tanh(artanh r ± z/√(n - 3)), on average as wide as that of the statistics;
its half-width is half of the distance between its ends, which lie unevenly about r. The r that is
seen is smaller than the one between error-free means by the reliability of both sides, and a
smaller r has a wider interval: that is how participants and human raters matter, beside the number
of items.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

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


def half_width(r: float, n_items: int, level: float = 0.95) -> float:
    """Half the width of the Fisher interval of an observed r; NaN below four items."""
    if n_items < FEWEST_ITEMS:
        return math.nan
    reach = normal_reach(level) / math.sqrt(n_items - 3)
    z = np.arctanh(r)
    return float(np.tanh(z + reach) - np.tanh(z - reach)) / 2


def items_needed(r: float, width: float, level: float = 0.95) -> int:
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

    0 where any r will do; NaN below four items. The inverse of `items_needed`.
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


def participants_needed(spread: HumanSpread, reliability: float, sd_ratio: float) -> int | None:
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
