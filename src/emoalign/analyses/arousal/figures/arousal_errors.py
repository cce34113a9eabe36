"""Where the arousal of models goes wrong, and the items that went most wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emoalign.figures.naming import name_outliers
from emoalign.figures.panels import headed, instead, panels
from emoalign.figures.style import FAINT
from emoalign.figures.subject import Subject
from emoalign.tables import AROUSAL, AROUSAL_ITEMS, RESIDUALS, groups, records
from emoalign.wording import correlation

HEIGHT = 2.6
LABELLED = 5


@dataclass(frozen=True)
class Side:
    """What one panel of a cell shows.

    Attributes:
        x, y: columns of the table of items.
        labels: of the two axes.
        related: the correlation and line in the table of cells.
    """

    x: str
    y: str
    labels: tuple[str, str]
    related: str


ERROR = Side(
    "human_arousal", "error", ("Human arousal", "Model minus human arousal"), "error_arousal"
)
RESIDUAL = Side(
    "human_extremity",
    "residual",
    ("Extremity of human valence", "Residual of arousal"),
    "residual_human",
)


def draw(subject: Subject) -> list[Figure]:
    """Two panels per cell: errors over human arousal, residuals over the extremity of valence."""
    keys = ["model", "protocol", "readout"]
    sides = (ERROR, RESIDUAL) if "valence" in subject.shown.scales else (ERROR,)
    errors = subject.rows(AROUSAL_ITEMS)
    items = dict(groups(errors, keys))
    worst = dict(groups(subject.rows(RESIDUALS), keys))
    parts = [
        (key, records(rows)[0], side)
        for key, rows in groups(subject.rows(AROUSAL), keys)
        for side in sides
    ]
    limit = _limit(errors["error"])
    pages = []
    for figure, shown in panels(parts, 2, HEIGHT, alike=False):
        for axis, (key, cell, side) in shown:
            points = items.get(key, errors.iloc[:0]).set_index("item_id")[[side.x, side.y]].dropna()
            _panel(axis, points, cell, side, limit, subject.marks[key[0]].colour)
            axis.set(xlabel=side.labels[0], ylabel=side.labels[1])
            headed(axis, f"{subject.cell_name(*key)}\n{correlation(cell, side.related)}", 2)
            _name_worst(axis, points, worst.get(key), subject.labels)
        pages.append(figure)
    return pages


def _limit(errors: pd.Series) -> float:
    """How far errors go in any cell, so that all panels can be compared."""
    largest = errors.abs().max()
    return 1.08 * float(largest) if np.isfinite(largest) and largest > 0 else 1.0


def _panel(
    axis: Axes, points: pd.DataFrame, cell: Mapping[str, Any], side: Side, limit: float, colour: str
) -> None:
    axis.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
    axis.set_ylim(-limit, limit)
    if points.empty:
        instead(axis, "nothing to compare")
        return
    x, y = (points[name].to_numpy() for name in points.columns)
    axis.scatter(x, y, s=7, color=colour, alpha=0.4, linewidths=0, rasterized=True)
    room = 0.04 * max(float(np.ptp(x)), 0.1)
    axis.set_xlim(x.min() - room, x.max() + room)
    slope, intercept = (cell[f"{side.related}_{name}"] for name in ("slope", "intercept"))
    if np.isfinite(slope):
        ends = np.array([x.min(), x.max()])
        axis.plot(ends, intercept + slope * ends, color=colour, linewidth=1.4, zorder=3)


def _name_worst(
    axis: Axes, points: pd.DataFrame, worst: pd.DataFrame | None, labels: Mapping[str, str]
) -> None:
    """Name the items of the table of residuals, the largest first."""
    if worst is None:
        return
    items = [str(item) for item in worst.sort_values("rank")["item_id"] if item in points.index]
    places = points.loc[items].to_numpy(dtype=float).tolist()
    named = [(x, y, labels[item]) for (x, y), item in zip(places, items, strict=True)]
    name_outliers(axis, named, LABELLED, width=0.4)
