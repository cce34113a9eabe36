"""What forms do: shifts and correlations form by form, and the pull of places of labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from emoalign.figures.drawing import Subject
from emoalign.figures.panels import coefficients, headed, panels
from emoalign.figures.style import (
    FAINT,
    PAGE_HEIGHT,
    PAGE_INCHES,
    PEOPLE,
    filling,
    shortened,
)
from emoalign.tables import CELL_KEY, FORMS, groups, records
from emoalign.wording import MINUS, percent

ROW_INCHES, AROUND_INCHES = 0.17, 0.9
NAME_INCHES = 2.4
ROWS = int((PAGE_HEIGHT - AROUND_INCHES) / ROW_INCHES)
"""Rows on a page."""

COLUMNS = 3
"""Panels of places beside each other."""

Row = dict[str, Any]
Line = str | Row
"""The name of a condition above its forms, or a form."""

PANELS = (
    ("shift", "Shift from the mean\nof all forms, in points"),
    ("r", "Correlation with\nhuman means, r"),
    ("r_others", "Correlation with the\nother forms, r"),
)


def draw(subject: Subject) -> list[Figure]:
    """Pages of forms on scales of numbers, then pages of places of labels."""
    rows = subject.rows(FORMS)
    return [*_of_numbers(subject, rows), *_of_places(subject, rows)]


def _of_numbers(subject: Subject, rows: pd.DataFrame) -> Iterator[Figure]:
    numbers = list(subject.shown.scales)
    forms = rows[rows["kind"].eq("form") & rows["scale"].isin(numbers)]
    for page in _pages(subject, forms):
        height = AROUND_INCHES + ROW_INCHES * len(page)
        figure = Figure(figsize=(PAGE_INCHES, height), layout="constrained")
        axes = figure.subplots(1, len(PANELS), sharey=True)
        for axis, (name, title) in zip(axes, PANELS, strict=True):
            _draw_panel(axis, subject, page, name)
            axis.set_title(title, fontsize=7)
            if name != "shift":
                coefficients(axis.xaxis)
        names = [line if isinstance(line, str) else line["form"] for line in page]
        shown = [shortened(name, NAME_INCHES, 6.5) for name in names]
        axes[0].set_yticks(range(len(page)), shown, fontsize=6.5)
        for label, line in zip(axes[0].get_yticklabels(), page, strict=True):
            label.set_fontweight("bold" if isinstance(line, str) else "normal")
        axes[0].set_ylim(len(page) - 0.4, -0.6)
        yield figure


def _pages(subject: Subject, forms: pd.DataFrame) -> Iterator[list[Line]]:
    """Lines page by page; a condition that goes on on the next page is named there again."""
    page: list[Line] = []
    for key, cell in groups(forms, CELL_KEY, sort=False):
        model, protocol, _, scale, readout = key
        name = f"{scale}: {_named(subject, model, protocol, readout)}"
        if len(page) > ROWS - 3:
            yield page
            page = []
        page.append(name)
        for row in records(cell):
            if len(page) == ROWS:
                yield page
                page = [f"{name} (continued)"]
            page.append(row)
    if page:
        yield page


def _named(subject: Subject, model: str, protocol: str, readout: str) -> str:
    return ", ".join(subject.cell_name(model, protocol, readout).split("\n"))


def _draw_panel(axis: Axes, subject: Subject, page: Sequence[Line], name: str) -> None:
    if name == "shift":
        axis.axvline(0, color=FAINT, linewidth=0.8, zorder=0)
    for place, line in enumerate(page):
        if isinstance(line, str):
            continue
        mark = subject.marks[line["model"]]
        ends = [line[f"{name}_low"], line[f"{name}_high"]]
        axis.plot(ends, [place, place], color=mark.colour, linewidth=0.9, alpha=0.7)
        axis.plot(
            line[name], place, mark.marker, ms=3.6, mew=0.8, **filling(line["readout"], mark.colour)
        )
    axis.tick_params(axis="y", length=0)
    axis.tick_params(axis="x", labelsize=7)
    axis.xaxis.set_major_locator(MaxNLocator(4))


def _of_places(subject: Subject, rows: pd.DataFrame) -> Iterator[Figure]:
    """A panel for each condition: the share of choices at each place beyond that without a pull."""
    places = rows[rows["kind"] == "place"]
    cells = list(groups(places, CELL_KEY, sort=False))
    for page, drawn in panels(cells, COLUMNS, 0.75, 0.5) if cells else ():
        for axis, (key, cell) in drawn:
            _draw_places(axis, subject, cell)
            model, protocol, _, scale, readout = key
            headed(axis, f"{scale}\n{subject.cell_name(model, protocol, readout)}", 7)
        page.supxlabel("Place at which a label was shown", fontsize=8)
        page.supylabel("Share of choices beyond 1/L", fontsize=8)
        yield page


def _draw_places(axis: Axes, subject: Subject, cell: pd.DataFrame) -> None:
    mark = subject.marks[str(cell["model"].iloc[0])]
    at, effect, low, high = (
        cell[name].to_numpy(dtype=float)
        for name in ("place", "effect", "effect_low", "effect_high")
    )
    axis.axhline(0, color=PEOPLE, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    axis.vlines(at, low, high, color=mark.colour, linewidth=0.9, alpha=0.7)
    axis.plot(at, effect, mark.marker, color=mark.colour, ms=3.2, mew=0)
    axis.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    axis.yaxis.set_major_formatter(FuncFormatter(_points))
    axis.margins(x=0.05)


def _points(value: float, _place: int | None = None) -> str:
    """A difference of shares, in percent."""
    told = percent(abs(value))
    return f"{MINUS}{told}" if value < -np.finfo(float).eps else told
