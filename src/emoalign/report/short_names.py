"""What models are called in tables, and the legend that says which model each name stands for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emoalign.report.report_job import ReportJob

LONG = 28
"""Characters of a name that are too many for the first column of a table."""

SHAPES = {
    "o": "M0-5a5 5 0 1 0 0 10a5 5 0 1 0 0-10z",
    "s": "M-4.5-4.5h9v9h-9z",
    "^": "M0-5l5.5 9.5h-11z",
    "D": "M0-6l6 6-6 6-6-6z",
    "v": "M0 5l5.5-9.5h-11z",
    "P": "M-2-6h4v4h4v4h-4v4h-4v-4h-4v-4h4z",
    "X": "M-5-2l3-3 2 2 2-2 3 3-2 2 2 2-3 3-2-2-2 2-3-3 2-2z",
    "<": "M-5 0l9.5-5.5v11z",
}
"""Outlines of the points of figures (`figures.style.MARKERS`), about a centre at 0."""


def short_names(titles: Mapping[str, str]) -> dict[str, str]:
    """A short name for each title, by the names of the cards.

    It is the title without what follows in brackets. A name that is still long gives way to the
    card's own where that is shorter, and so do titles that would become the same.
    """
    cut = {card: title.split(" (")[0].strip() or title for card, title in titles.items()}
    met = Counter(cut.values())

    def shortened(card: str) -> str:
        name = cut[card] if met[cut[card]] == 1 else titles[card]
        return min(name, card, key=len) if len(name) > LONG else name

    made = {card: shortened(card) for card in titles}
    unique = len(set(made.values())) == len(made)
    return made if unique else dict(titles)


def _beyond(name: str, title: str) -> str | None:
    """What a title says more than the short name does: what follows it in brackets, or all."""
    more = title.removeprefix(name).strip() if title.startswith(f"{name} (") else title
    if title == name:
        return None
    return more[1:-1] if more.startswith("(") and more.endswith(")") else more


@dataclass(frozen=True)
class Named:
    """A line of the legend: the short name, what the title says more, what the engine
    knows the model by, and the colour and outline of its points in figures, where it has any."""

    card: str
    name: str
    title: str | None
    known_as: str
    colour: str | None = None
    shape: str | None = None


def legend(job: ReportJob) -> list[Named]:
    """All models and baselines of a study, in the order of their cards' names."""
    # Drawing and engines need what the workflow's start should not wait for.
    from emoalign.elicitation.engines.registry import ENGINES
    from emoalign.figures.style import model_marks

    marks = model_marks(list(job.models))
    known = {
        name: ENGINES[model.card["engine"]].known_as(model.card)
        for name, model in job.models.items()
    }
    if len(known) > 1 and len(set(known.values())) == 1:
        # A file that all ratings were recorded in tells no model from another.
        known = {}
    names = job.short_names
    return [
        Named(
            card,
            names[card],
            _beyond(names[card], title),
            known.get(card, ""),
            *((marks[card].colour, SHAPES[marks[card].marker]) if card in marks else ()),
        )
        for card, title in job.titles.items()
    ]
