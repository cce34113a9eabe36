"""Numbers and counts in words, for figures and report: the same numbers, the same words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

MINUS = "\N{MINUS SIGN}"
ABSENT = "\N{EN DASH}"

R_INTERVAL = "95% BCa interval over items"
"""The one interval of a cell's r, wherever it is shown."""

READOUTS = {
    "sampled": "sampled answers",
    "exact": "exact probabilities",
    "decision": "decisions",
    "stated": "stated distributions",
}
"""Readouts in a sentence."""


def number(value: float | None, digits: int = 2) -> str:
    """A number with a true minus sign; a dash where it is undefined."""
    if value is None or math.isnan(value):
        return ABSENT
    text = f"{value:.{digits}f}"
    return text.replace("-", MINUS) if float(text) else text.removeprefix("-")


def coefficient(value: float | None, digits: int = 2) -> str:
    """A number that cannot exceed 1, such as r, a p-value or a reliability, without the zero
    before the point, as APA style has it: .70, −.05, 1.00."""
    text = number(value, digits)
    return text.replace("0.", ".", 1) if text.lstrip(MINUS).startswith("0.") else text


def as_stated(value: float, *, bounded: bool = False) -> str:
    """A number that somebody chose, with all of its decimals but no fewer than two: 0.50, 0.125;
    `bounded` ones as coefficients."""
    exponent = Decimal(repr(float(value))).as_tuple().exponent
    digits = max(2, -exponent) if isinstance(exponent, int) else 2
    return coefficient(value, digits) if bounded else number(value, digits)


def correlation(row: Mapping[str, Any], name: str, ends: str | None = None) -> str:
    """r of a row of a table with its interval, as far as they are known, and why not.

    The ends of the interval are in the columns <ends>_low and _high; without `ends`, <name>_….
    """
    value, low, high = row[name], *(row[f"{ends or name}_{end}"] for end in ("low", "high"))
    if math.isnan(value):
        reason = row.get("reason")
        return f"r undefined: {reason}" if isinstance(reason, str) else "r undefined"
    return ", ".join(filter(None, (f"r = {coefficient(value)}", ci(low, high, bounded=True))))


def span(values: Iterable[float], digits: int = 2, *, bounded: bool = False) -> str:
    """The least and the greatest of numbers, as one where they look the same; nothing without any:
    0.26, or 0.26 to 0.31; `bounded` ones as coefficients."""
    known = [value for value in values if not math.isnan(value)]
    if not known:
        return ""
    written = coefficient if bounded else number
    least, most = written(min(known), digits), written(max(known), digits)
    return least if least == most else f"{least} to {most}"


def ceilings(values: Iterable[float]) -> str:
    """The span of the highest r to expect; estimated from people's ratings, it is never 1."""
    return span(values, bounded=True).replace("1.00", "> .99")


def p_value(p: float | None) -> str:
    """A p-value as papers print it."""
    if p is None:
        return ABSENT
    if p >= 0.9995:
        return "> .999"
    return "< .001" if p < 0.001 else coefficient(p, 3)


def with_p(p: float) -> str:
    """A p-value with its letter: p < .001, p = .042."""
    value = p_value(p)
    return f"p {value}" if value.startswith(("<", ">")) else f"p = {value}"


def sentence(text: str) -> str:
    """Somebody else's words, with a full stop where they end without one: ours may follow."""
    ends = text.rstrip().rstrip("\"')]}”’»")
    return text if ends.endswith((".", "!", "?", "…")) else f"{text.rstrip()}."


def percent(share: float) -> str:
    """A share in percent, with a decimal where it is small or nearly everything."""
    if math.isnan(share):
        return ABSENT
    digits = 0 if 0.01 <= share <= 0.99 or share == 0 or share >= 1 else 2
    return f"{100 * share:,.{digits}f}%"


def dollars(usd: float) -> str:
    """An amount of money; one that is rounded to nothing is no more than a bound."""
    return f"{usd:,.2f} US dollars" if usd >= 0.005 or not usd else "< 0.01 US dollars"


def dollars_between(least: float, most: float) -> str:
    """An amount of money within bounds: 0.80–1.20, up to 1.20 or < 0.01 US dollars."""
    if f"{least:.2f}" == f"{most:.2f}" or most < 0.005:
        return dollars(most)
    if least < 0.005:
        return f"up to {dollars(most)}"
    return f"{least:,.2f}–{dollars(most)}"


def at_most(usd: float, most: str = "at most") -> str:
    """The most that something costs: at most 1.20 US dollars, or < 0.01 US dollars."""
    amount = dollars(usd)
    return amount if amount.startswith("<") else f"{most} {amount}"


def minutes(number: float) -> str:
    """A running time, rounded to minutes: less than a minute, 1 min, 1,250 min."""
    return "less than a minute" if number < 1 else f"{number:,.0f} min"


def counted(n: int, thing: str) -> str:
    """A number of things: 1 item, 2 items."""
    return f"{n:,} {thing}" if n == 1 else f"{n:,} {thing}s"


def only(n: int, thing: str) -> str:
    """Too few things: no item, only 1 item, only 2 items."""
    return f"only {counted(n, thing)}" if n else f"no {thing}"


def out_of(some: int, every: int) -> str:
    """Some of several: both, all 5, 3 of 5, none of 5."""
    if some == every:
        return "both" if every == 2 else f"all {every}"
    return f"{some or 'none'} of {every}"


def interval(low: float, high: float, digits: int = 2, *, bounded: bool = False) -> str:
    """The ends of a confidence interval, of `bounded` ones as coefficients; nothing where it is
    undefined."""
    if math.isnan(low) or math.isnan(high):
        return ""
    written = coefficient if bounded else number
    return f"[{written(low, digits)}, {written(high, digits)}]"


def ci(low: float, high: float, digits: int = 2, *, bounded: bool = False) -> str:
    """A 95% confidence interval in a sentence: 95% CI [.63, .75]; nothing where it is undefined."""
    ends = interval(low, high, digits, bounded=bounded)
    return f"95% CI {ends}" if ends else ""


def period(first: date, last: date) -> str:
    """From one day to another: on 28 November 2026, from 28 November 2026 to 3 March 2027."""
    ends = [f"{day.day} {day:%B} {day.year}" for day in (first, last)]
    return f"on {ends[0]}" if first == last else f"from {ends[0]} to {ends[1]}"


def scale_name(scale: str) -> str:
    """The name of a scale in words: age of acquisition for age-of-acquisition.

    A single hyphen stays, because it may be that of a compound, such as self-esteem.
    """
    return scale.replace("-", " ") if scale.count("-") > 1 else scale


def listed(names: Iterable[str], joined: str = "and") -> str:
    """Names in a sentence: a; a and b; a, b and c."""
    *first, last = names
    return f"{', '.join(first)} {joined} {last}" if first else last
