"""Numbers in figures."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import Any

MINUS = "\N{MINUS SIGN}"
ABSENT = "\N{EN DASH}"

R_INTERVAL = "95 % BCa interval over items"
"""The one interval of a cell's r, wherever it is shown."""

LETTER = 0.0078
"""Mean width of a letter, in inches per point of its size."""


def wrapped(text: str, inches: float, size: float = 8) -> str:
    """A text whose lines are no longer than `inches`, in letters of `size` points."""
    most = max(8, int(inches / (LETTER * size)))
    lines = [textwrap.wrap(line, most, break_on_hyphens=False) or [""] for line in text.split("\n")]
    return "\n".join(part for parts in lines for part in parts)


def width_of(text: str, size: float = 8) -> float:
    """About how wide a text on one line is, in inches, in letters of `size` points."""
    return LETTER * size * len(text)


def shortened(text: str, inches: float, size: float = 8) -> str:
    """A text on one line, cut where it would be longer than `inches`."""
    line, most = " ".join(text.split()), int(inches / (LETTER * size))
    return line if len(line) <= most else f"{line[: most - 1]}\N{HORIZONTAL ELLIPSIS}"


def number(value: float | None, digits: int = 2) -> str:
    """A number with a true minus sign; a dash where it is undefined."""
    if value is None or math.isnan(value):
        return ABSENT
    text = f"{value:.{digits}f}"
    return text.replace("-", MINUS) if float(text) else text.removeprefix("-")


def correlation(row: Mapping[str, Any], name: str, interval: str | None = None) -> str:
    """r of a row of a table with its interval, as far as they are known, and why not.

    The ends of the interval are in the columns <interval>_low and _high.
    """
    value, ends = row[name], [row[f"{interval or name}_{end}"] for end in ("low", "high")]
    if math.isnan(value):
        reason = row.get("reason")
        return f"r undefined: {reason}" if isinstance(reason, str) else "r undefined"
    if any(map(math.isnan, ends)):
        return f"r = {number(value)}"
    return f"r = {number(value)} [{', '.join(map(number, ends))}]"


def p_value(p: float) -> str:
    """A p-value as papers print it."""
    return "p < .001" if p < 0.001 else f"p = {number(p, 3)}"
