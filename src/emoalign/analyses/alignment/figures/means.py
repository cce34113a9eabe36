"""Model means against human means, item by item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emoalign.figures.naming import name_outliers
from emoalign.figures.panels import headed, instead, panels
from emoalign.figures.style import FAINT
from emoalign.figures.subject import Subject
from emoalign.tables import ALIGNMENT, ITEMS, groups, records
from emoalign.wording import R_INTERVAL, correlation

LABELLED = 5
FEW, MANY = (2, 3.5), (3, 2.75)
"""Columns and height of panels, for up to four and for more."""


def draw(subject: Subject) -> list[Figure]:
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
            _panel(axis, cell, aligned[key], subject, subject.marks[key[0]].colour)
            headed(axis, f"{subject.cell_name(*key)}\n{_summary(aligned[key])}", columns)
        figure.supxlabel(f"Human mean rating (above each panel: r, {R_INTERVAL})", fontsize=8)
        figure.supylabel("Model mean rating", fontsize=8)
        pages.append(figure)
    return pages


def _panel(
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
