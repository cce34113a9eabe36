"""Numbers in figures."""

from __future__ import annotations

import math
import textwrap

MINUS = "\N{MINUS SIGN}"


LETTER = 0.0078
"""Mean width of a letter, in inches per point of its size."""


def wrapped(text: str, inches: float, size: float = 8) -> str:
    """A text whose lines are no longer than `inches`, in letters of `size` points."""
    most = max(8, int(inches / (LETTER * size)))
    lines = [textwrap.wrap(line, most, break_on_hyphens=False) or [""] for line in text.split("\n")]
    return "\n".join(part for parts in lines for part in parts)


def short(value: float, digits: int = 2) -> str:
    """A number with a true minus sign; an en dash where it is undefined."""
    if math.isnan(value):
        return "\N{EN DASH}"
    text = f"{value:.{digits}f}"
    return text.replace("-", MINUS) if float(text) else text.removeprefix("-")


def correlation(value: float, low: float, high: float) -> str:
    """r with its interval, where it has one."""
    if math.isnan(value):
        return "r undefined"
    if math.isnan(low):
        return f"r = {short(value)}"
    return f"r = {short(value)} [{short(low)}, {short(high)}]"


def p_value(p: float) -> str:
    """A p-value as papers print it."""
    return "p < .001" if p < 0.001 else f"p = {short(p, 3)}"
