"""Numbers of people in words: what the ratings of a model are as good as."""

from __future__ import annotations

import math

from emoalign.wording import ABSENT, number

INFINITE = "\N{INFINITY}"

WHOLE, TENTHS = 5, 1
"""Numbers of people from which on they are told as whole ones, or with one decimal."""


def people(k: float, like: float | None = None) -> str:
    """A number of people: 0.37, 2.6, 7 or ∞, with as many decimals as `like` has."""
    if math.isinf(k):
        return INFINITE
    size = k if like is None or math.isnan(like) else like
    return number(k, 0 if size >= WHOLE else 1 if size >= TENTHS else 2)


def with_interval(k: float, low: float, high: float) -> str:
    """A number of people with the ends of its 95% interval, as far as they are known."""
    if math.isnan(k):
        return ABSENT
    ends = _ends(k, low, high)
    return f"{people(k)} {ends}".rstrip()


def as_good_as(k: float, low: float, high: float) -> str:
    """What ratings are as good as: as good as the mean of 7 people, 95% CI [5, 11]; less good than
    one person's (k = 0.37, 95% CI [0.26, 0.54])."""
    ends = _ends(k, low, high)
    ci = f"95% CI {ends}" if ends else "no interval"
    if math.isinf(k):
        return f"as good as the mean of any number of people, as far as these data can tell ({ci})"
    told = people(k)
    if told in ("1.0", "1.00"):
        return f"as good as one person's, {ci}" if ends else "as good as one person's (no interval)"
    if k < 1:
        return f"less good than one person's (k = {told}, {ci})"
    return f"as good as the mean of {told} people" + (f", {ci}" if ends else " (no interval)")


def _ends(k: float, low: float, high: float) -> str:
    if math.isnan(low) or math.isnan(high):
        return ""
    like = low if math.isinf(k) else k
    return f"[{people(low, like)}, {people(high, like)}]"
