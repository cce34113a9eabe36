"""How good estimates would be with fewer rated items: a learning curve."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CurvePoint:
    """Estimates from random parts of the rated items, judged by the others.

    Attributes:
        n_rated: items that were learnt from.
        draws: random parts behind the numbers.
        r: mean correlation with people's means; `r_low` and `r_high` are its 10th and 90th
            percentiles over draws.
        width: mean width of the intervals in points, with percentiles likewise.
        coverage: share of people's means within the intervals.
    """

    n_rated: int
    draws: int
    r: float
    r_low: float
    r_high: float
    width: float
    width_low: float
    width_high: float
    coverage: float
