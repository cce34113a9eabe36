"""The correlation of every model with people, as a list, and the means it is computed from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emoalign.figures.drawing import Subject
from emoalign.figures.panels import (
    coefficients,
    headed,
    instead,
    pages_of,
    panels,
    same_ticks,
)
from emoalign.figures.point_names import Outliers, name_outliers
from emoalign.figures.style import (
    FAINT,
    PAGE_HEIGHT,
    PAGE_INCHES,
    PEOPLE,
    filling,
    shortened,
    width_of,
)
from emoalign.tables import ALIGNMENT, ITEMS, groups, records
from emoalign.wording import R_INTERVAL, correlation, counted, span

ROW_INCHES = 0.21
LIST_ROWS = int((PAGE_HEIGHT - 1.3) / ROW_INCHES)
"""Rows on a page."""

NAME_INCHES, NAME_SIZE = 3.35, 7.0
TITLE_INCHES = 1.0
"""Room for a name, with the size of its letters in points, and for the title of a model in it at
least."""

Row = str | Mapping[str, Any]
"""The name of a scale above its cells, or a cell."""

ONE_OF_THEM = {"one_human_r": ("one person", "D"), "one_rating_r": ("one rating", "d")}
"""How people agree with each other: one person with the others, or one rating with the others."""

LABELLED = 5

COLUMNS, RATIO, HEADING = 3, 0.86, 0.78
"""Panels beside each other, and their shape."""

AREA = 9.0
"""Of a point, in square points; of the items with the most answers where they differ."""


def draw_correlations(subject: Subject) -> list[Figure]:
    """A row per model, protocol and readout, scale by scale: r with its 95% BCa interval over
    items, the ceiling, and the r of one person, or of one rating where that is not known."""
    table = subject.rows(ALIGNMENT)
    lowest = min(-0.25, table["pearson_low"].min() - 0.05, table["pearson_r"].min() - 0.05)
    protocols, readouts = table["protocol"].nunique() > 1, table["readout"].nunique() > 1

    def name(cell: Mapping[str, Any]) -> str:
        parts = [cell["protocol"]] if protocols else []
        parts += [cell["readout"]] if readouts else []
        # A title is known by its beginning; what tells the rows of a model apart stays whole.
        if parts and not subject.names_models:
            return ", ".join(parts)
        asked = "".join(f", {part}" for part in parts)
        title = subject.job.models[cell["model"]]
        room = max(NAME_INCHES - width_of(asked, NAME_SIZE), TITLE_INCHES)
        return shortened(title, room, NAME_SIZE) + asked

    return [_list_page(subject, rows, name, lowest) for rows in _pages(subject, table)]


def _pages(subject: Subject, table: pd.DataFrame) -> Iterator[list[Row]]:
    """Rows page by page: a scale that does not fit begins a new one, and is named again where it
    goes on."""
    page: list[Row] = []
    for (dataset, scale), rows in groups(table, ["dataset", "scale"], sort=False):
        cells = records(rows)
        heading = subject.scale_name(dataset, scale)
        if page and len(page) + 1 + min(len(cells), LIST_ROWS - 1) > LIST_ROWS:
            yield page
            page = []
        first, *others = pages_of(cells, LIST_ROWS - 1)
        page += [heading, *first]
        for further in others:
            yield page
            page = [f"{heading} (continued)", *further]
    if page:
        yield page


def _list_page(
    subject: Subject, rows: Sequence[Row], name: Callable[[Mapping[str, Any]], str], lowest: float
) -> Figure:
    height = 1.0 + ROW_INCHES * len(rows)
    figure = Figure(figsize=(PAGE_INCHES, height), layout="constrained")
    axis = figure.subplots()
    axis.axvline(0, color=FAINT, linewidth=0.8, zorder=0)
    for place, row in enumerate(rows):
        if not isinstance(row, str):
            _list_row(axis, place, row, subject.marks[row["model"]].colour)
    names = [row if isinstance(row, str) else name(row) for row in rows]
    axis.set_yticks(range(len(rows)), names)
    for label, row in zip(axis.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if isinstance(row, str) else "normal")
        label.set_fontsize(8 if isinstance(row, str) else NAME_SIZE)
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xlim(lowest, 1.04)
    coefficients(axis.xaxis)
    axis.set_xlabel(f"Correlation of item means with human means, Pearson r\n({R_INTERVAL})")
    right = axis.transAxes
    axis.text(1.01, 1.0, "items", transform=right, va="bottom", color=PEOPLE, fontsize=7)
    legend = _list_legend([row for row in rows if not isinstance(row, str)])
    figure.legend(handles=legend, loc="outside upper center", ncols=5, handletextpad=0.4)
    return figure


def _list_row(axis: Axes, place: int, cell: Mapping[str, Any], colour: str) -> None:
    axis.plot([cell["ceiling"]] * 2, [place - 0.36, place + 0.36], color=PEOPLE, linewidth=2)
    right = axis.get_yaxis_transform()
    n = f"{cell['n_items']:,}"
    axis.text(1.01, place, n, transform=right, va="center", color=PEOPLE, fontsize=7)
    one = _of_people(cell)
    if one is not None:
        _, marker = ONE_OF_THEM[one]
        axis.plot(cell[one], place, marker, color="white", markeredgecolor=PEOPLE, ms=4.5)
    ends = [cell["pearson_low"], cell["pearson_high"]]
    axis.plot(ends, [place, place], color=colour, linewidth=1.6)
    axis.plot(cell["pearson_r"], place, "o", ms=5, mew=1.4, **filling(cell["readout"], colour))
    if math.isnan(cell["pearson_r"]):
        axis.text(0.02, place, "r undefined", va="center", color=PEOPLE)


def _of_people(cell: Mapping[str, Any]) -> str | None:
    """The column of how one person, or one rating, agrees with the others; None where unknown."""
    return next((name for name in ONE_OF_THEM if not math.isnan(cell[name])), None)


def _list_legend(cells: Sequence[Mapping[str, Any]]) -> list[Line2D]:
    """The marks of these rows, and no others."""

    def mark(
        label: str, marker: str, size: float, width: float, filled: Mapping[str, Any]
    ) -> Line2D:
        return Line2D(
            [],
            [],
            marker=marker,
            **filled,
            markersize=size,
            markeredgewidth=width,
            linestyle="none",
            label=label,
        )

    readouts = {cell["readout"] for cell in cells}
    people = {_of_people(cell) for cell in cells}
    marks = [
        mark(f"r, {readout}", "o", 6, 1.4, filling(readout, "black"))
        for readout in ("exact", "sampled", "decision", "stated")
        if readout in readouts
    ]
    marks += [
        mark(label, marker, 5, 1.0, filling("sampled", PEOPLE))
        for name, (label, marker) in ONE_OF_THEM.items()
        if name in people
    ]
    if any(math.isfinite(cell["ceiling"]) for cell in cells):
        marks.append(mark("ceiling", "|", 9, 2.0, filling("exact", PEOPLE)))
    return marks


def draw_means(subject: Subject) -> list[Figure]:
    """A panel per cell: each point an item, with identity line, fitted line and named outliers."""
    cells = list(groups(subject.rows(ITEMS), ["model", "protocol", "readout"], sort=False))
    aligned: dict[tuple[str, ...], dict[str, Any]] = {
        (row["model"], row["protocol"], row["readout"]): row
        for row in records(subject.rows(ALIGNMENT))
    }
    pages = []
    for figure, shown in panels(cells, COLUMNS, RATIO, HEADING):
        farthest = []
        for axis, (key, cell) in shown:
            used = cell.dropna(subset=["mean", "human_mean"]).set_index("item_id")
            answers = used["n_ok"] if key[2] == "sampled" else None
            _means_panel(axis, used, aligned[key], subject, subject.marks[key[0]].colour)
            farthest.append(Outliers(axis, _farthest(used, aligned[key], subject.labels)))
            _points(axis, used, answers, subject.marks[key[0]].colour)
            headed(axis, f"{subject.cell_name(*key)}\n{_summary(aligned[key], answers)}")
        figure.supxlabel(f"Human mean rating (above each panel: r, {R_INTERVAL})", fontsize=8)
        figure.supylabel("Model mean rating", fontsize=8)
        name_outliers(figure, farthest)
        pages.append(figure)
    return pages


def _means_panel(
    axis: Axes, used: pd.DataFrame, aligned: Mapping[str, Any], subject: Subject, colour: str
) -> None:
    scale = subject.shown.scales[subject.scale]
    ends = np.array([scale.min, scale.max])
    same_ticks(axis, scale.min, scale.max)
    axis.plot(ends, ends, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    slope, intercept = aligned["slope"], aligned["intercept"]
    if np.isfinite(slope):
        axis.plot(ends, slope * ends + intercept, color=colour, linewidth=1.4, zorder=3)
    if used.empty:
        instead(axis, "nothing to compare")


def _farthest(
    used: pd.DataFrame, aligned: Mapping[str, Any], labels: Mapping[str, str]
) -> list[tuple[float, float, str]]:
    """The items farthest from the line, with their places and names, where there is a line."""
    if not np.isfinite(aligned["slope"]):
        return []
    residual = used["mean"] - (aligned["slope"] * used["human_mean"] + aligned["intercept"])
    order = residual.abs().sort_values(ascending=False, kind="stable").index[:LABELLED]
    places = used.loc[order, ["human_mean", "mean"]].to_numpy(dtype=float).tolist()
    return [(x, y, labels[item]) for (x, y), item in zip(places, order, strict=True)]


def _points(axis: Axes, used: pd.DataFrame, answers: pd.Series | None, colour: str) -> None:
    """A point per item; where the number of answers differs, its area grows with it."""
    known = answers is not None and len(answers) > 0
    sizes = AREA * answers / answers.max() if known and answers is not None else AREA
    axis.scatter(
        used["human_mean"],
        used["mean"],
        s=sizes,
        color=colour,
        alpha=0.45,
        linewidths=0,
        rasterized=True,
    )


def _summary(cell: Mapping[str, Any], answers: pd.Series | None) -> str:
    """r with its interval; how many items, and how many answers to each."""
    r = correlation(cell, "pearson_r", "pearson")
    n = counted(cell["n_items"], "item")
    if answers is None or answers.empty:
        return f"{r}\n{n}"
    each = "1 answer" if set(answers) == {1} else f"{span(answers, 0)} answers"
    return f"{r}\n{n}, {each} each"
