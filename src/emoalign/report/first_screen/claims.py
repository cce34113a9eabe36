"""What may be claimed of ratings: answers, and the words for a number of people."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from emoalign.report.first_screen.evidence import FEWEST_ITEMS, Row
from emoalign.report.worth_in_words import with_interval, written
from emoalign.wording import coefficient, interval, number

Answer = Literal[
    "yes",
    "yes, once recalibrated",
    "like people's",
    "in part",
    "recalibrate first",
    "no",
    "cannot be told",
]
"""Whether the evidence allows a use."""


@dataclass(frozen=True)
class Clause:
    """What the evidence allows for one use.

    Attributes:
        use: the use, whatever the items and the scale.
        asked: the use of these items and this scale.
        answer: whether the evidence allows it.
        why: sentences with numbers and intervals.
        told: the number in short; nothing where there is none.
        section: the section that tells more.
    """

    use: str
    asked: str
    answer: Answer
    why: str
    told: str
    section: str


@dataclass(frozen=True)
class People:
    """A number of people, from 0 to infinity, with its 95% interval."""

    k: float
    low: float
    high: float

    @classmethod
    def of(cls, row: Row, name: str) -> People:
        """The number in a column of a row, with its ends in <name>_low and _high."""
        return cls(*(float(row[f"{name}{end}"]) for end in ("", "_low", "_high")))

    def __str__(self) -> str:
        """In short: 2.6 [2.0, 3.3]."""
        return with_interval(self.k, self.low, self.high)

    @property
    def told(self) -> str:
        """In brackets of a sentence: k = 2.6, 95% CI [2.0, 3.3]."""
        k, ends = written(self.k, self.low, self.high)
        return f"k = {k}, 95% CI {ends}" if ends else f"k = {k}"

    def claim(self, do: str) -> tuple[Answer, str]:
        """What may be said of ratings that `do` something as well as so many people: nothing
        that the lower end of the interval does not allow."""
        if math.isnan(self.low):
            why = f"The number of people they are worth has no interval ({self.told})."
            return "cannot be told", why
        if self.high < 1:
            return "no", f"{do} less well than one person's ratings would ({self.told})."
        if self.low < 1:
            opening = f"It is open whether {do[:1].lower()}{do[1:]} as well as"
            return "cannot be told", f"{opening} one person's ratings would ({self.told})."
        if math.isinf(self.low):
            return (
                "cannot be told",
                "The ratings are closer to these people's means than independent ratings could be, "
                f"as if they had been made from them ({self.told}).",
            )
        least = math.floor(self.low)
        people = "one person's ratings" if least == 1 else f"the mean of {least} people"
        return "yes", f"{do} at least as well as {people} would ({self.told})."


def bounded(letter: str, value: float, low: float, high: float) -> str:
    """A coefficient in short: ρ = .10 [−.01, .22]."""
    return f"{letter} = {coefficient(value)} {interval(low, high, bounded=True)}".rstrip()


def in_points(name: str, value: float, low: float, high: float) -> str:
    """A number in short: bias = −0.66 [−0.79, −0.53]."""
    return f"{name} = {number(value)} {interval(low, high)}".rstrip()


def too_few(n_items: int, items: str) -> str:
    """Why nothing is claimed from so few items."""
    some = f"Only {n_items}" if n_items else "None"
    return f"{some} of the {items} can be compared, but {FEWEST_ITEMS} are needed"


def said_of(reason: object) -> str:
    """A reason of a table, to follow a colon."""
    return reason.rstrip(".") if isinstance(reason, str) else "it is undefined here"


def opened(reason: object) -> str:
    """The same, to open a sentence."""
    told = said_of(reason)
    return f"{told[:1].upper()}{told[1:]}"
