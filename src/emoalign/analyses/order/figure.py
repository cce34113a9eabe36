"""Effects of order with their intervals: a row per condition, a panel per effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emoalign.figures.drawing import Subject
from emoalign.figures.panels import pages_of
from emoalign.figures.style import FAINT, PAGE_HEIGHT, PAGE_INCHES, filling, shortened
from emoalign.tables import ORDER, groups, records

PANELS = {
    "carry_over": ("Carry-over", "points per point"),
    "echo": ("Echo", "points per point"),
    "drift": ("Drift", "points in 10 positions"),
    "history": ("History", "points per point"),
}
"""The effects, with their titles and units."""

ROW_INCHES, AROUND_INCHES = 0.36, 0.9
NAME_INCHES = 1.9
LEAST = 0.1
"""The least half-width of a panel, so that small effects look small."""

Row = str | dict[str, Any]
"""The name of a scale above its conditions, or a row of the table."""


def draw(subject: Subject) -> list[Figure]:
    """A row per condition, scale by scale; an effect that cannot be estimated has no mark, and no
    panel where no condition has it."""
    table = subject.rows(ORDER)
    table = table[table[list(PANELS)].notna().any(axis=1)]
    rows: list[Row] = []
    for (scale,), of_scale in groups(table, ["scale"], sort=False):
        rows += [scale, *records(of_scale)]
    most = int((PAGE_HEIGHT - AROUND_INCHES) / ROW_INCHES)
    reach = {name: _reach(table, name) for name in PANELS if table[name].notna().any()}
    return [_page(subject, page, reach) for page in pages_of(rows, most)]


def _reach(table: pd.DataFrame, name: str) -> float:
    """How far the panel of an effect that some condition has reaches to both sides of 0."""
    ends = table[[name, f"{name}_low", f"{name}_high"]].abs().to_numpy(dtype=float)
    return max(LEAST, 1.08 * float(np.nanmax(ends)))


def _page(subject: Subject, rows: Sequence[Row], reach: dict[str, float]) -> Figure:
    height = AROUND_INCHES + ROW_INCHES * len(rows)
    figure = Figure(figsize=(PAGE_INCHES, height), layout="constrained")
    axes = figure.subplots(1, len(reach), squeeze=False, sharey=True)[0]
    for axis, name in zip(axes, reach, strict=True):
        title, unit = PANELS[name]
        axis.axvline(0, color=FAINT, linewidth=0.8, zorder=0)
        for place, row in enumerate(rows):
            if not isinstance(row, str):
                _mark(axis, place, row, name, subject.marks[row["model"]].colour)
        axis.set_title(title)
        axis.set_xlabel(unit, fontsize=7)
        axis.set_xlim(-reach[name], reach[name])
        axis.locator_params(axis="x", nbins=4)
        axis.tick_params(axis="y", length=0)
        axis.tick_params(axis="x", labelsize=7)
    axes[0].set_yticks(range(len(rows)), [_name(subject, row) for row in rows], fontsize=7)
    for label, row in zip(axes[0].get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if isinstance(row, str) else "normal")
    axes[0].set_ylim(len(rows) - 0.5, -0.5)
    return figure


def _mark(axis: Axes, place: int, row: dict[str, Any], name: str, colour: str) -> None:
    axis.plot([row[f"{name}_low"], row[f"{name}_high"]], [place] * 2, color=colour, lw=1.2)
    axis.plot(row[name], place, "o", ms=4, **filling(row["readout"], colour))


def _name(subject: Subject, row: Row) -> str:
    if isinstance(row, str):
        return row
    name = subject.cell_name(row["model"], row["protocol"], row["readout"])
    return "\n".join(shortened(line, NAME_INCHES, 7) for line in name.split("\n"))
