"""The correlation of every model with people as a table of colours."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from emoalign.figures.drawing import Subject
from emoalign.figures.panels import coefficients, pages_of
from emoalign.figures.style import (
    COLUMN_INCHES,
    FAINT,
    PAGE_INCHES,
    PEOPLE,
    SMALLEST,
    shortened,
    width_of,
    wrapped,
)
from emoalign.tables import ALIGNMENT, RELIABILITY
from emoalign.wording import ABSENT, ceilings, coefficient

COLUMNS, ROWS = 16, 28
"""Scales and models (with their protocols and readouts) on a page."""

WIDTHS = (0.27, 0.75)
"""The least and the greatest width of a cell in inches: room for two decimals."""

HEIGHT, LOWEST = 0.26, 1.1
"""Height of a cell, and of the whole map at least, in inches."""

BAR, BELOW, LETTERS = 0.7, 0.06, 7.0
"""Inches for the colour bar and below the map, and the size of names in points."""

LINE = 0.125
"""Height of a line, in inches."""

BOLD = 1.15 * LETTERS
"""Size of letters that are as wide as bold ones."""

SHORTEST = 0.7
"""Room for the title of a dataset that stands upright, in inches, at least."""

COLOURS = "YlGnBu"

OF_PEOPLE = {"ceiling": "ceiling", "one_human_r": "one person", "one_rating_r": "one rating"}

SCALE_KEY = ["dataset", "scale"]

WHO = ["model", "protocol", "readout"]


def draw(subject: Subject) -> list[Figure]:
    """A row per model, a column per scale: r; above the models the ceiling, one person, one
    rating."""
    r = subject.rows(ALIGNMENT).pivot(index=WHO, columns=SCALE_KEY, values="pearson_r")
    order = subject.job.order
    for axis in (0, 1):
        r = r.sort_index(axis=axis, key=lambda names: names.map(order[str(names.name)]))
    human = subject.rows(RELIABILITY).set_index(SCALE_KEY)[list(OF_PEOPLE)].T[r.columns]
    human = human.dropna(axis="index", how="all")
    shades = Normalize(min(0.0, float(np.nanmin([0.0, *r.to_numpy().ravel()]))), 1.0)
    names = dict(zip(r.index, _names(subject, r.index), strict=True))
    return [
        _page(subject, human[list(scales)], r.loc[list(cells), list(scales)], names, shades)
        for cells in pages_of(list(r.index), ROWS)
        for scales in columns_of_pages(r.columns.to_list())
    ]


def columns_of_pages(scales: list[Any]) -> list[list[Any]]:
    """The scales of each page; those of a dataset stay together where a page has room for them."""
    pages: list[list[Any]] = []
    for _, of_dataset in groupby(scales, lambda scale: scale[0]):
        for part in pages_of(list(of_dataset), COLUMNS):
            if pages and len(pages[-1]) + len(part) <= COLUMNS:
                pages[-1] += part
            else:
                pages.append(list(part))
    return pages


def _names(subject: Subject, cells: pd.Index) -> list[str]:
    """What rows are called: no more than tells them apart, on one line or two."""
    protocols, readouts = (cells.get_level_values(name).nunique() > 1 for name in WHO[1:])
    names = []
    for model, protocol, readout in cells:
        asked = [protocol] if protocols else []
        asked += [readout] if readouts else []
        title = subject.job.models[model] if subject.names_models or not asked else ""
        names.append("\n".join(filter(None, (title, ", ".join(asked)))))
    return names


def _page(
    subject: Subject,
    human: pd.DataFrame,
    r: pd.DataFrame,
    names: dict[Any, str],
    shades: Normalize,
) -> Figure:
    values = np.vstack([human.to_numpy(dtype=float), r.to_numpy(dtype=float)])
    down, across = values.shape
    written = [OF_PEOPLE[str(name)] for name in human.index] + [names[cell] for cell in r.index]
    # Two lines of a name fit a row in the smallest letters.
    size = SMALLEST if any("\n" in name for name in written) else LETTERS
    beside = 0.2 + max(width_of(line, size) for name in written for line in name.split("\n"))
    in_column = beside + across * WIDTHS[0] + BAR <= COLUMN_INCHES
    page_width = COLUMN_INCHES if in_column else PAGE_INCHES
    beside = min(beside, page_width - BAR - across * WIDTHS[0])
    width = across * min(WIDTHS[1], (page_width - BAR - beside) / across)
    height = max(LOWEST, HEIGHT * down)
    scales = list(r.columns.get_level_values("scale"))
    upright = max(width_of(scale, LETTERS) for scale in scales) > 0.95 * width / across
    reach = 0.12 + (min(height, max(width_of(s, LETTERS) for s in scales)) if upright else 0.13)
    titles = _titles(subject, r.columns, width / across, max(SHORTEST, height - reach))
    above = 0.08 + reach + max((tall for *_, tall in titles), default=0.0)

    whole = BELOW + height + above
    figure = Figure(figsize=(page_width, whole))
    left = page_width - BAR - width
    axis = figure.add_axes((left / page_width, BELOW / whole, width / page_width, height / whole))
    colours = mpl.colormaps[COLOURS].with_extremes(bad="white")
    picture = axis.pcolormesh(
        np.ma.masked_invalid(values), cmap=colours, norm=shades, edgecolors="white", linewidth=0.8
    )
    _numbers(axis, values, shades, written.index("ceiling") if "ceiling" in written else None)
    axis.axhline(len(human), color="white", linewidth=4)
    axis.set(xlim=(0, across), ylim=(down, 0))
    axis.set_xticks(
        np.arange(across) + 0.5,
        [shortened(scale, height, LETTERS) for scale in scales],
        rotation=90 if upright else 0,
        fontsize=LETTERS,
    )
    fitted = ["\n".join(shortened(line, beside, size) for line in n.split("\n")) for n in written]
    axis.set_yticks(np.arange(down) + 0.5, fitted, fontsize=size)
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    for tick in axis.get_yticklabels()[: len(human)]:
        tick.set_color(PEOPLE)
    for start, end, title, rotation, _ in titles:
        axis.text(
            (start + end) / 2,
            -down * reach / height,
            title,
            rotation=rotation,
            ha="center",
            va="bottom",
            fontsize=LETTERS,
            weight="bold",
        )
        if start:
            axis.axvline(start, color="white", linewidth=3)
    bar = figure.add_axes(
        (
            (left + width + 0.12) / page_width,
            BELOW / whole,
            0.09 / page_width,
            height / whole,
        )
    )
    figure.colorbar(picture, cax=bar).set_label("Pearson r", fontsize=LETTERS)
    coefficients(bar.yaxis)
    bar.tick_params(labelsize=LETTERS)
    return figure


def _titles(
    subject: Subject, columns: pd.Index, cell: float, longest: float
) -> list[tuple[int, int, str, int, float]]:
    """The titles of datasets above their scales, where there are several: first and last column,
    text, rotation and height in inches. A title stands upright over columns too narrow for it."""
    if columns.get_level_values("dataset").nunique() == 1 == len(subject.job.datasets):
        return []
    titles, start = [], 0
    for dataset, of_dataset in groupby(columns.get_level_values("dataset")):
        end = start + len(list(of_dataset))
        title, room = subject.job.datasets[dataset].title, 0.95 * (end - start) * cell
        if max(width_of(word, BOLD) for word in title.split()) <= room:
            text = wrapped(title, room, BOLD)
            titles.append((start, end, text, 0, 0.03 + LINE * (text.count("\n") + 1)))
        else:
            lines = wrapped(title, longest, BOLD).split("\n")
            most = max(1, int(room / LINE))
            last = shortened(" ".join(lines[most - 1 :]), longest, BOLD)
            lines = [*lines[: most - 1], *([last] if last else [])]
            tall = 0.05 + max(width_of(line, BOLD) for line in lines)
            titles.append((start, end, "\n".join(lines), 90, tall))
        start = end
    return titles


def _numbers(axis: Axes, values: np.ndarray, shades: Normalize, ceiling: int | None) -> None:
    """r of each cell; `ceiling` is the row of the highest r to expect."""
    for (row, column), value in np.ndenumerate(values):
        dark = np.isfinite(value) and shades(value) > 0.6
        axis.text(
            column + 0.5,
            row + 0.5,
            (ceilings([value]) or ABSENT) if row == ceiling else coefficient(value),
            ha="center",
            va="center",
            fontsize=SMALLEST,
            color="white" if dark else (FAINT if np.isnan(value) else "black"),
        )
