"""The correlation of every cell with people, as a list and as a table of colours, and the means."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emoalign.figures.drawing import READOUT_NAMES, Subject
from emoalign.figures.panels import headed, instead, name_outliers, pages_of, panels
from emoalign.figures.style import FAINT, PAGE_HEIGHT, PAGE_INCHES, PEOPLE, shortened, width_of
from emoalign.tables import ALIGNMENT, ITEMS, RELIABILITY, groups, records
from emoalign.wording import R_INTERVAL, coefficient, correlation

ROW_INCHES = 0.21
LIST_ROWS = int((PAGE_HEIGHT - 1.3) / ROW_INCHES)
"""Rows on a page."""

NAME_INCHES = 3.2
TITLE_INCHES = 1.0
"""Room for a name, and for the title of a model in it at least."""

Row = str | Mapping[str, Any]
"""The name of a scale above its cells, or a cell."""

HEATMAP_COLUMNS, HEATMAP_ROWS = 22, 36
"""Models (and protocols, readouts) and scales on a page."""

HEATMAP_CELL = 0.245
"""Side of a cell in inches: room for two decimals."""

HEATMAP_COLOURS = "YlGnBu"

ONE_OF_THEM = {"one_human_r": ("one person", "D"), "one_rating_r": ("one rating", "d")}
"""How people agree with each other: one person with the others, or one rating with the others."""

HEATMAP_HUMAN = {"ceiling": "ceiling"} | {name: mark[0] for name, mark in ONE_OF_THEM.items()}

LABELLED = 5

FEW, MANY = (2, 3.5), (3, 2.75)
"""Columns and height of panels, for up to four and for more."""


def draw_correlations(subject: Subject) -> list[Figure]:
    """A row per cell, scale by scale: r with its 95% BCa interval over items, the ceiling, and
    the r of one person, or of one rating where that is not known."""
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

    return [_list_page(subject, rows, name, lowest) for rows in _pages(table)]


def _pages(table: pd.DataFrame) -> Iterator[list[Row]]:
    """Rows page by page; a scale that goes on on the next page is named there again."""
    page: list[Row] = []
    for (dataset, scale), rows in groups(table, ["dataset", "scale"]):
        cells = records(rows.sort_values(["model", "protocol", "readout"]))
        heading = f"{dataset} {scale}"
        if page and len(page) + 1 + min(len(cells), 5) > LIST_ROWS:
            yield page
            page = []
        page.append(heading)
        for cell in cells:
            if len(page) == LIST_ROWS:
                yield page
                page = [f"{heading} (continued)"]
            page.append(cell)
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
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xlim(lowest, 1.02)
    axis.set_xlabel(f"Pearson r of item means with human item means ({R_INTERVAL})")
    shown = {_of_people(row) for row in rows if not isinstance(row, str)} - {None}
    legend = _list_legend([mark for name, mark in ONE_OF_THEM.items() if name in shown])
    figure.legend(handles=legend, loc="outside upper center", ncols=5, handletextpad=0.4)
    return figure


def _list_row(axis: Axes, place: int, cell: Mapping[str, Any], colour: str) -> None:
    axis.plot([cell["ceiling"]] * 2, [place - 0.36, place + 0.36], color=PEOPLE, linewidth=2)
    one = _of_people(cell)
    if one is not None:
        _, marker = ONE_OF_THEM[one]
        axis.plot(cell[one], place, marker, color="white", markeredgecolor=PEOPLE, ms=4.5)
    ends = [cell["pearson_low"], cell["pearson_high"]]
    axis.plot(ends, [place, place], color=colour, linewidth=1.6)
    filled = colour if cell["readout"] == "exact" else "white"
    axis.plot(cell["pearson_r"], place, "o", ms=5, color=filled, markeredgecolor=colour, mew=1.4)
    if math.isnan(cell["pearson_r"]):
        axis.text(0.02, place, "r undefined", va="center", color=PEOPLE)


def _of_people(cell: Mapping[str, Any]) -> str | None:
    """The column of how one person, or one rating, agrees with the others; None where unknown."""
    return next((name for name in ONE_OF_THEM if not math.isnan(cell[name])), None)


def _list_legend(people: Sequence[tuple[str, str]]) -> list[Line2D]:
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
        *(mark(label, marker, "white", PEOPLE, 5, 1.0) for label, marker in people),
        mark("ceiling", "|", PEOPLE, PEOPLE, 9, 2.0),
    ]


def draw_heatmap(subject: Subject) -> list[Figure]:
    """A row per scale, a column per model: r; before them the ceiling, one person, one rating."""
    alignment = subject.rows(ALIGNMENT)
    who, where = ["model", "protocol", "readout"], ["dataset", "scale"]
    r = alignment.pivot(index=where, columns=who, values="pearson_r").sort_index()
    r = r.sort_index(axis=1)
    human = subject.rows(RELIABILITY).set_index(where)[list(HEATMAP_HUMAN)].loc[r.index]
    human = human.dropna(axis="columns", how="all")
    shades = Normalize(min(0.0, float(np.nanmin([0.0, *r.to_numpy().ravel()]))), 1.0)
    pages = []
    for places in pages_of(list(r.index), HEATMAP_ROWS):
        for cells in pages_of(list(r.columns), HEATMAP_COLUMNS):
            part = r.loc[list(places), list(cells)]
            pages.append(
                _heatmap_page(
                    human.loc[part.index], part, _names(subject, r.columns, cells), shades
                )
            )
    return pages


def _names(subject: Subject, every: pd.Index, cells: Sequence[Any]) -> list[str]:
    """What columns are called: no more than tells them apart."""
    protocols = every.get_level_values("protocol").nunique() > 1
    readouts = every.get_level_values("readout").nunique() > 1
    return [
        ", ".join(
            [
                subject.job.models[model],
                *([protocol] if protocols else []),
                *([READOUT_NAMES[readout].split()[0]] if readouts else []),
            ]
        )
        for model, protocol, readout in cells
    ]


def _heatmap_page(
    human: pd.DataFrame, r: pd.DataFrame, names: Sequence[str], shades: Normalize
) -> Figure:
    of_people = [HEATMAP_HUMAN[str(name)] for name in human.columns]
    across, down = r.shape[1] + len(of_people), len(r)
    labels = [" ".join(place) for place in r.index]
    beside = 0.4 + 0.062 * max(map(len, labels))
    above = 0.3 + 0.062 * max(map(len, [*names, *of_people]))
    size = (beside + HEATMAP_CELL * across + 0.7, above + HEATMAP_CELL * down)
    figure = Figure(figsize=size)
    left, width = beside / size[0], HEATMAP_CELL * across / size[0]
    axis = figure.add_axes((left, 0, width, HEATMAP_CELL * down / size[1]))
    values = np.hstack([human.to_numpy(dtype=float), r.to_numpy(dtype=float)])
    colours = mpl.colormaps[HEATMAP_COLOURS].with_extremes(bad="white")
    picture = axis.pcolormesh(
        np.ma.masked_invalid(values), cmap=colours, norm=shades, edgecolors="white", linewidth=0.8
    )
    _numbers(axis, values, shades)
    axis.axvline(len(of_people), color="white", linewidth=4)
    axis.set(xlim=(0, across), ylim=(down, 0))
    axis.set_xticks(np.arange(across) + 0.5, [*of_people, *names], rotation=90)
    axis.set_yticks(np.arange(down) + 0.5, labels)
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    for tick in axis.get_xticklabels()[: len(of_people)]:
        tick.set_color(PEOPLE)
    bar = figure.add_axes(
        (left + width + 0.15 / size[0], 0, 0.09 / size[0], max(1.0, HEATMAP_CELL * down) / size[1])
    )
    figure.colorbar(picture, cax=bar, label="Pearson r")
    bar.tick_params(labelsize=7)
    return figure


def _numbers(axis: Axes, values: np.ndarray, shades: Normalize) -> None:
    for (row, column), value in np.ndenumerate(values):
        dark = np.isfinite(value) and shades(value) > 0.6
        axis.text(
            column + 0.5,
            row + 0.5,
            coefficient(value),
            ha="center",
            va="center",
            fontsize=6,
            color="white" if dark else (FAINT if np.isnan(value) else "black"),
        )


def draw_means(subject: Subject) -> list[Figure]:
    """A panel per cell: each point an item, with identity line, fitted line and named outliers."""
    cells = list(groups(subject.rows(ITEMS), ["model", "protocol", "readout"]))
    aligned: dict[tuple[str, ...], dict[str, Any]] = {
        (row["model"], row["protocol"], row["readout"]): row
        for row in records(subject.rows(ALIGNMENT))
    }
    pages = []
    columns, height = FEW if len(cells) <= 4 else MANY
    for figure, shown in panels(cells, columns, height):
        for axis, (key, cell) in shown:
            _means_panel(axis, cell, aligned[key], subject, subject.marks[key[0]].colour)
            headed(axis, f"{subject.cell_name(*key)}\n{_summary(aligned[key])}", columns)
        figure.supxlabel(f"Human mean rating (above each panel: r, {R_INTERVAL})", fontsize=8)
        figure.supylabel("Model mean rating", fontsize=8)
        pages.append(figure)
    return pages


def _means_panel(
    axis: Axes, cell: pd.DataFrame, aligned: Mapping[str, Any], subject: Subject, colour: str
) -> None:
    scale = subject.shown.scales[subject.scale]
    used = cell.dropna(subset=["mean", "human_mean"]).set_index("item_id")
    human, model = used["human_mean"], used["mean"]
    ends = np.array([scale.min, scale.max])
    margin = (scale.max - scale.min) * 0.03
    limits = (scale.min - margin, scale.max + margin)
    axis.set(xlim=limits, ylim=limits, aspect="equal")
    axis.plot(ends, ends, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    axis.scatter(human, model, s=8, color=colour, alpha=0.45, linewidths=0, rasterized=True)
    slope, intercept = aligned["slope"], aligned["intercept"]
    if np.isfinite(slope):
        axis.plot(ends, slope * ends + intercept, color=colour, linewidth=1.4, zorder=3)
        residual = (model - (slope * human + intercept)).abs()
        farthest = residual.sort_values(ascending=False, kind="stable").index
        points = ((human[item], model[item], subject.labels[item]) for item in farthest)
        name_outliers(axis, points, LABELLED)
    if used.empty:
        instead(axis, "nothing to compare")


def _summary(cell: Mapping[str, Any]) -> str:
    r = correlation(cell, "pearson_r", "pearson")
    return f"{r}, {cell['n_items']} items"
