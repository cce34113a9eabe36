"""The day on which a provider switches a model off."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

NEAR_DAYS = 90
"""Days before its end from which on a model's end is told."""


def _there(day: str) -> str:
    try:
        date.fromisoformat(day)
    except ValueError as error:
        raise ValueError(f"{day} is no day of the calendar") from error
    return day


Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$"), AfterValidator(_there)]
"""A day as YYYY-MM-DD."""


def is_near(retires: str, today: date) -> bool:
    """Tell whether a day is past, today, or within NEAR_DAYS."""
    return (date.fromisoformat(retires) - today).days <= NEAR_DAYS


def in_short(retires: str, today: date) -> str:
    """The end of a model in a few words, for lists."""
    past = date.fromisoformat(retires) < today
    return f"{'switched off on' if past else 'until'} {retires}"


def in_words(name: str, retires: str, today: date) -> str:
    """A sentence about the end of the model `name`, and how to keep a study that uses it."""
    left = (date.fromisoformat(retires) - today).days
    if left < 0:
        return (
            f"Model {name} was switched off on {retires} and gives no more answers. Keep "
            "results/journal: with all answers in it, the study can be finished and repeated; what "
            "it lacks can no longer be asked."
        )
    when = "today" if left == 0 else "tomorrow" if left == 1 else f"in {left} days"
    return (
        f"Model {name} will be switched off on {retires}, {when}. Ask for all answers before: "
        "once they are in results/journal, the study can be finished and repeated without the "
        "model."
    )
