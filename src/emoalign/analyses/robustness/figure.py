"""r on parts of the items beside r over all of them: a row per cell, a panel per kind of check."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.transforms import ScaledTranslation

from emoalign.figures.drawing import Subject
from emoalign.figures.panels import coefficients
from emoalign.figures.style import FAINT, PAGE_HEIGHT, PAGE_INCHES, PALETTE, PEOPLE, shortened
from emoalign.tables import CELL_KEY, ROBUSTNESS, groups, records

ROW_INCHES = 0.46
AROUND_INCHES = 1.7
"""Room for legends and the axis below."""

ROWS = int((PAGE_HEIGHT - AROUND_INCHES) / ROW_INCHES)
"""Rows on a page."""

NAME_ROW = 0.6
"""Height of the name of a scale, as a share of a row."""

NAME_INCHES = 2.6

LOWEST = -0.25

Cell = Mapping[tuple[str, str], Mapping[str, Any]]
"""The rows of a cell by check and part."""

Row = str | Cell
"""The name of a scale above its cells, or a cell."""


@dataclass(frozen=True)
class Drawn:
    """How a check is drawn, and what it is called."""

    check: tuple[str, str]
    label: str
    colour: str
    marker: str


BLUE, RED, GREEN, PURPLE, *_ = PALETTE
PANELS = (
    (
        "Within thirds",
        (
            Drawn(("thirds", "low"), "lowest", BLUE, "v"),
            Drawn(("thirds", "middle"), "middle", GREEN, "o"),
            Drawn(("thirds", "high"), "highest", RED, "^"),
            Drawn(("thirds", "pooled"), "pooled", PEOPLE, "D"),
        ),
    ),
    (
        "Within negative and positive",
        (
            Drawn(("sides", "below"), "negative", BLUE, "v"),
            Drawn(("sides", "above"), "positive", RED, "^"),
            Drawn(("sides", "pooled"), "pooled", PEOPLE, "D"),
        ),
    ),
    (
        "Other items or weights",
        (
            Drawn(("answers", ""), "enough answers", BLUE, "s"),
            Drawn(("weighted", ""), "weighted by answers", GREEN, "P"),
            Drawn(("mass", ""), "answers on the scale", PURPLE, "p"),
            Drawn(("common", ""), "shared by all conditions", RED, "X"),
        ),
    ),
)


def draw(subject: Subject) -> list[Figure]:
    """A row per cell, scale by scale; what cannot be computed has no mark."""
    table = subject.rows(ROBUSTNESS)
    ends = table[["r", "low"]].min().min()
    lowest = max(-1.02, min(LOWEST, ends - 0.05)) if np.isfinite(ends) else LOWEST
    there = set(table["check"])
    shown = []
    for title, checks in PANELS:
        of_table = [one for one in checks if one.check[0] in there]
        if of_table:
            shown.append((title, of_table))
    return [_page(subject, rows, shown, lowest) for rows in _pages(subject)]


def _pages(subject: Subject) -> Iterator[list[Row]]:
    """Rows page by page; a scale that goes on on the next page is named there again."""
    table = subject.rows(ROBUSTNESS)
    table = table.assign(part=table["part"].fillna(""))
    page: list[Row] = []
    for (scale,), of_scale in groups(table, ["scale"]):
        if len(page) > ROWS - 2:
            yield page
            page = []
        page.append(scale)
        for _, cell in groups(of_scale, CELL_KEY):
            if len(page) == ROWS:
                yield page
                page = [f"{scale} (continued)"]
            page.append({(row["check"], row["part"]): row for row in records(cell)})
    if page:
        yield page


def _page(
    subject: Subject,
    rows: Sequence[Row],
    shown: Sequence[tuple[str, Sequence[Drawn]]],
    lowest: float,
) -> Figure:
    places = _places(rows)
    height = AROUND_INCHES + ROW_INCHES * (places[-1] + 1)
    figure = Figure(figsize=(PAGE_INCHES, height), layout="constrained")
    axes = figure.subplots(1, len(shown), squeeze=False, sharex=True, sharey=True)[0]
    most = max(len(checks) for _, checks in shown)
    under_title = ScaledTranslation(0, (10 + 11 * most) / 72, figure.dpi_scale_trans)
    for axis, (title, checks) in zip(axes, shown, strict=True):
        axis.axvline(0, color=FAINT, linewidth=0.8, zorder=0)
        for place, row in zip(places, rows, strict=True):
            if not isinstance(row, str):
                _draw_row(axis, place, row, checks)
        marks = [_mark(one) for one in checks if any(_drawn(row, one) for row in rows)]
        axis.set_title(title, fontsize=8, pad=12 + 11 * most)
        axis.legend(
            handles=marks,
            loc="upper center",
            bbox_to_anchor=(0.5, 1.0),
            bbox_transform=axis.transAxes + under_title,
            ncols=1,
            fontsize=7,
            labelspacing=0.2,
            handletextpad=0.3,
            columnspacing=0.8,
            borderpad=0.1,
        )
        axis.tick_params(axis="y", length=0)
    axes[0].set_yticks(places, [_name(subject, row) for row in rows], fontsize=7)
    for label, row in zip(axes[0].get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if isinstance(row, str) else "normal")
    axes[0].set_ylim(places[-1] + 0.5, -0.5)
    axes[0].set_xlim(lowest, 1.02)
    coefficients(axes[0].xaxis)
    figure.supxlabel("Correlation of item means with human means, Pearson r", fontsize=8)
    return figure


def _places(rows: Sequence[Row]) -> list[float]:
    """The middle of each row from the top, in rows of cells; the name of a scale takes less."""
    heights = [NAME_ROW if isinstance(row, str) else 1.0 for row in rows]
    ends = list(accumulate(heights))
    return [end - height / 2 - 0.5 for end, height in zip(ends, heights, strict=True)]


def _drawn(row: Row, one: Drawn) -> bool:
    """Whether a check has a mark in a row."""
    if isinstance(row, str) or one.check not in row or math.isnan(row["all", ""]["r"]):
        return False
    return math.isfinite(row[one.check]["r"])


def _name(subject: Subject, row: Row) -> str:
    if isinstance(row, str):
        return row
    cell = row["all", ""]
    name = subject.cell_name(cell["model"], cell["protocol"], cell["readout"])
    return "\n".join(shortened(line, NAME_INCHES, 7) for line in name.split("\n"))


def _draw_row(axis: Axes, place: float, cell: Cell, checks: Sequence[Drawn]) -> None:
    every = cell["all", ""]
    if every["n_missing"] and math.isfinite(every["r_least"]):
        corner, width = (every["r_least"], place - 0.42), every["r_most"] - every["r_least"]
        axis.add_patch(Rectangle(corner, width, 0.84, color=FAINT, alpha=0.35, lw=0, zorder=0))
    if math.isnan(every["r"]):
        axis.text(0.02, place, "r undefined", va="center", color=PEOPLE, fontsize=7)
        return
    axis.plot([every["r"]] * 2, [place - 0.42, place + 0.42], color="black", linewidth=1.2)
    of_cell = [one for one in checks if _drawn(cell, one)]
    for number, one in enumerate(of_cell):
        row = cell[one.check]
        height = place + (number - (len(of_cell) - 1) / 2) * 0.8 / max(3, len(of_cell))
        axis.plot([row["low"], row["high"]], [height] * 2, color=one.colour, lw=0.9, alpha=0.6)
        axis.plot(row["r"], height, one.marker, color=one.colour, ms=3.6, mew=0)


def _mark(one: Drawn) -> Line2D:
    return Line2D(
        [],
        [],
        marker=one.marker,
        color=one.colour,
        markersize=4,
        markeredgewidth=0,
        linestyle="none",
        label=one.label,
    )
