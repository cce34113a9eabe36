"""Numbers and counts in words. Pure: the same tables always give the same sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from emoalign.figures.wording import ABSENT, number
from emoalign.tables import STATUSES


def p_value(p: float | None) -> str:
    """A p-value as papers print it."""
    if p is None:
        return ABSENT
    return "< .001" if p < 0.001 else number(p, 3)


def percent(share: float) -> str:
    """A share in percent, with a decimal where it is small or nearly everything."""
    if math.isnan(share):
        return ABSENT
    digits = 0 if 0.01 <= share <= 0.99 or share in (0, 1) else 2
    return f"{100 * share:.{digits}f} %"


def counted(n: int, thing: str) -> str:
    """A number of things: 1 item, 2 items."""
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"


def interval(low: float, high: float) -> str:
    """A confidence interval, or nothing where it is undefined."""
    return "" if math.isnan(low) else f"[{number(low)}, {number(high)}]"


def unusable(cell: Mapping[str, Any], wanted: str) -> list[str]:
    """That many answers of a cell were none, where they were."""
    share = _ok_share(cell)
    if not share < 0.9:
        return []
    return [
        f"With {cell['protocol']} only {percent(share)} of its sampled answers were {wanted}; "
        "the others are counted below and were neither repaired nor asked again."
    ]


def _ok_share(cell: Mapping[str, Any]) -> float:
    answers = sum(cell[f"n_{status}"] for status in STATUSES)
    return float(cell["n_ok"] / answers) if answers else math.nan
