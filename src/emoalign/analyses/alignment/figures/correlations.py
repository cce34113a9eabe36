"""The correlation of every cell with people, beside what was possible."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emoalign.figures.style import FAINT, PAGE_HEIGHT, PAGE_INCHES, PEOPLE, shortened, width_of
from emoalign.figures.subject import Subject
from emoalign.tables import ALIGNMENT, groups, records
from emoalign.wording import R_INTERVAL

ROW_INCHES = 0.21
ROWS = int((PAGE_HEIGHT - 1.3) / ROW_INCHES)
"""Rows on a page."""

NAME_INCHES = 3.2
TITLE_INCHES = 1.0
"""Room for a name, and for the title of a model in it at least."""

Row = str | Mapping[str, Any]
"""The name of a scale above its cells, or a cell."""


def draw(subject: Subject) -> list[Figure]:
    """A row per cell, scale by scale: r with its 95 % BCa interval over items, the ceiling, and
    one human rater's r."""
    table = subject.rows(ALIGNMENT)
    lowest = min(-0.25, table["pearson_low"].min() - 0.05, table["pearson_r"].min() - 0.05)
    protocols, readouts = table["protocol"].nunique() > 1, table["readout"].nunique() > 1

    def name(cell: Mapping[str, Any]) -> str:
        parts = [cell["protocol"]] if protocols else []
        parts += [cell["readout"]] if readouts else []
        # A title is known by its beginning; what tells the rows of a model apart stays whole.
        asked = "".join(f", {part}" for part in parts)
        title = subject.job.models[cell["model"]]
        return shortened(title, max(NAME_INCHES - width_of(asked), TITLE_INCHES)) + asked

    return [_page(subject, rows, name, lowest) for rows in _pages(table)]


def _pages(table: pd.DataFrame) -> Iterator[list[Row]]:
    """Rows page by page; a scale that goes on on the next page is named there again."""
    page: list[Row] = []
    for (dataset, scale), rows in groups(table, ["dataset", "scale"]):
        cells = records(rows.sort_values(["model", "protocol", "readout"]))
        heading = f"{dataset} {scale}"
        if page and len(page) + 1 + min(len(cells), 5) > ROWS:
            yield page
            page = []
        page.append(heading)
        for cell in cells:
            if len(page) == ROWS:
                yield page
                page = [f"{heading} (continued)"]
            page.append(cell)
    if page:
        yield page


def _page(
    subject: Subject, rows: Sequence[Row], name: Callable[[Mapping[str, Any]], str], lowest: float
) -> Figure:
    height = 1.0 + ROW_INCHES * len(rows)
    figure = Figure(figsize=(PAGE_INCHES, height), layout="constrained")
    axis = figure.subplots()
    axis.axvline(0, color=FAINT, linewidth=0.8, zorder=0)
    for place, row in enumerate(rows):
        if not isinstance(row, str):
            _row(axis, place, row, subject.marks[row["model"]].colour)
    names = [row if isinstance(row, str) else name(row) for row in rows]
    axis.set_yticks(range(len(rows)), names)
    for label, row in zip(axis.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if isinstance(row, str) else "normal")
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xlim(lowest, 1.02)
    axis.set_xlabel(f"Pearson r of item means with human item means ({R_INTERVAL})")
    figure.legend(handles=_legend(), loc="outside upper center", ncols=4, handletextpad=0.4)
    return figure


def _row(axis: Axes, place: int, cell: Mapping[str, Any], colour: str) -> None:
    axis.plot([cell["ceiling"]] * 2, [place - 0.36, place + 0.36], color=PEOPLE, linewidth=2)
    axis.plot(cell["one_human_r"], place, "D", color="white", markeredgecolor=PEOPLE, ms=4.5)
    ends = [cell["pearson_low"], cell["pearson_high"]]
    axis.plot(ends, [place, place], color=colour, linewidth=1.6)
    filled = colour if cell["readout"] == "exact" else "white"
    axis.plot(cell["pearson_r"], place, "o", ms=5, color=filled, markeredgecolor=colour, mew=1.4)
    if math.isnan(cell["pearson_r"]):
        axis.text(0.02, place, "r undefined", va="center", color=PEOPLE)


def _legend() -> list[Line2D]:
    def mark(label: str, marker: str, face: str, edge: str, size: float, width: float) -> Line2D:
        return Line2D(
            [],
            [],
            marker=marker,
            color=face,
            markeredgecolor=edge,
            markersize=size,
            markeredgewidth=width,
            linestyle="none",
            label=label,
        )

    return [
        mark("r, exact", "o", "black", "black", 6, 1.4),
        mark("r, sampled", "o", "white", "black", 6, 1.4),
        mark("one human", "D", "white", PEOPLE, 5, 1.0),
        mark("ceiling", "|", PEOPLE, PEOPLE, 9, 2.0),
    ]
