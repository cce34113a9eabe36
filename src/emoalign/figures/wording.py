"""Numbers in figures."""

from __future__ import annotations

import math

MINUS = "\N{MINUS SIGN}"


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
