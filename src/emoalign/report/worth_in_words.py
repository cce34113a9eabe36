"""Numbers of people in words: what the ratings of a model are as good as."""

from __future__ import annotations

import math

from emoalign.wording import ABSENT, number, out_of

INFINITE = "\N{INFINITY}"

WHOLE, TENTHS = 5, 1
"""Numbers of people from which on they are told as whole ones, or with one decimal."""

MOST_DECIMALS = 4


def people(k: float, digits: int | None = None) -> str:
    """A number of people: 0.37, 2.6, 7 or ∞, with as many decimals as suit it, or as are told."""
    if math.isinf(k):
        return INFINITE
    return number(k, _decimals(k) if digits is None else digits)


def _decimals(k: float) -> int:
    return 0 if k >= WHOLE else 1 if k >= TENTHS else 2


def with_interval(k: float, low: float, high: float) -> str:
    """A number of people with the ends of its 95% interval, as far as they are known."""
    if math.isnan(k):
        return ABSENT
    return " ".join(filter(None, written(k, low, high)))


def as_good_as(k: float, low: float, high: float) -> str:
    """What ratings are as good as: as good as the mean of 7 people, 95% CI [5, 11]; less good than
    one person's (k = 0.37, 95% CI [0.26, 0.54])."""
    told, ends = written(k, low, high)
    ci = f"95% CI {ends}" if ends else "no interval"
    if math.isinf(k):
        return f"as good as the mean of any number of people, as far as these data can tell ({ci})"
    if told in ("1.0", "1.00"):
        return f"as good as one person's, {ci}" if ends else "as good as one person's (no interval)"
    if k < 1:
        return f"less good than one person's (k = {told}, {ci})"
    return f"as good as the mean of {told} people" + (f", {ci}" if ends else " (no interval)")


def some_raters(share: float, n_raters: int) -> str:
    """The raters whom a model may replace, a share of them: 9 of 12 raters, none of the 12."""
    some = round(share * n_raters)
    return f"{out_of(some, n_raters)} raters" if some else f"none of the {n_raters} raters"


def written(k: float, low: float, high: float) -> tuple[str, str]:
    """A number of people, and the ends of its interval as far as they are known: 2.6, [2.0, 3.3].

    All have the same decimals: so many that the lower end is not rounded up to more whole people
    than it is, nor the upper end to one person.
    """
    if math.isnan(low) or math.isnan(high):
        return people(k), ""
    digits = _decimals(low if math.isinf(k) else k)
    while digits < MOST_DECIMALS and (_rounded_up(low, digits) or high < 1 <= round(high, digits)):
        digits += 1
    return people(k, digits), f"[{people(low, digits)}, {people(high, digits)}]"


def _rounded_up(low: float, digits: int) -> bool:
    return math.isfinite(low) and round(low, digits) >= math.floor(low) + 1
