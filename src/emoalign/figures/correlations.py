"""The correlation of every cell with people, beside what was possible."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emoalign.figures.panels import pages_of
from emoalign.figures.style import FAINT, PAGE_HEIGHT, PAGE_INCHES, PEOPLE
from emoalign.figures.subject import Subject
from emoalign.figures.wording import wrapped
from emoalign.tables import ALIGNMENT, records

ROW_INCHES = 0.42
NAME_INCHES = 3.0
ROWS = int((PAGE_HEIGHT - 1.3) / ROW_INCHES)
"""Rows on a page."""


def draw(subject: Subject) -> list[Figure]:
    """A row per cell: r with its 95 % bootstrap interval, the ceiling, and one human rater's r."""
    cells = subject.rows(ALIGNMENT).sort_values(
        ["dataset", "scale", "model", "protocol", "readout"]
    )
    lowest = min(-0.25, cells["pearson_boot_low"].min() - 0.05, cells["pearson_r"].min() - 0.05)
    return [_page(subject, rows, lowest) for rows in pages_of(records(cells), ROWS)]


def _page(subject: Subject, cells: Sequence[Mapping[str, Any]], lowest: float) -> Figure:
    height = 1.3 + ROW_INCHES * len(cells)
    figure = Figure(figsize=(PAGE_INCHES, height), layout="constrained")
    axis = figure.subplots()
    axis.axvline(0, color=FAINT, linewidth=0.8, zorder=0)
    names = []
    for place, cell in enumerate(cells):
        asked = f"{cell['dataset']} {cell['scale']}, {cell['protocol']}, {cell['readout']}"
        name = f"{subject.job.models[cell['model']]}\n{asked}"
        names.append(wrapped(name, NAME_INCHES))
        _row(axis, place, cell, subject.marks[cell["model"]].colour)
    axis.set_yticks(range(len(names)), names)
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_xlim(lowest, 1.02)
    axis.set_xlabel("Pearson r of item means with human item means")
    figure.legend(handles=_legend(), loc="outside upper center", ncols=4, handletextpad=0.4)
    return figure


def _row(axis: Axes, place: int, cell: Mapping[str, Any], colour: str) -> None:
    axis.plot([cell["ceiling"]] * 2, [place - 0.32, place + 0.32], color=PEOPLE, linewidth=2)
    axis.plot(cell["one_human_r"], place, "D", color="white", markeredgecolor=PEOPLE, ms=5)
    ends = [cell["pearson_boot_low"], cell["pearson_boot_high"]]
    axis.plot(ends, [place, place], color=colour, linewidth=1.6)
    filled = colour if cell["readout"] == "exact" else "white"
    axis.plot(cell["pearson_r"], place, "o", ms=6, color=filled, markeredgecolor=colour, mew=1.4)
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
