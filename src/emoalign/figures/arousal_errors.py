"""Where the arousal of models goes wrong, and the items that went most wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emoalign.figures.outliers import name_outliers
from emoalign.figures.panels import headed, instead, panels
from emoalign.figures.style import FAINT
from emoalign.figures.subject import Subject
from emoalign.figures.wording import correlation
from emoalign.statistics.arousal import extremity, residuals
from emoalign.tables import AROUSAL, ITEMS, RESIDUALS, groups, records

HEIGHT = 2.6
LABELLED = 5
ERROR, RESIDUAL = "Model minus human arousal", "Residual of arousal"


def draw(subject: Subject) -> list[Figure]:
    """Two panels per cell: errors over human arousal, residuals over the extremity of valence."""
    with_valence = "valence" in subject.shown.scales
    keys = ["model", "protocol", "readout"]
    worst = dict(groups(subject.rows(RESIDUALS), keys))
    related = {key: records(rows)[0] for key, rows in groups(subject.rows(AROUSAL), keys)}
    parts = [
        (key, cell, right)
        for key, cell in groups(_wide(subject.rows(ITEMS)), keys)
        for right in ((False, True) if with_valence else (False,))
    ]
    limits = _limits(_wide(subject.rows(ITEMS)))
    pages = []
    for figure, shown in panels(parts, 2, HEIGHT, alike=False):
        for axis, (key, cell, right) in shown:
            values = _residual(cell, subject) if right else _error(cell)
            _panel(axis, values, limits, subject.marks[key[0]].colour)
            axis.set(xlabel=values.columns[0], ylabel=values.columns[1])
            headed(axis, f"{subject.cell_name(*key)}\n{_r(related[key], right)}", 2)
            _name_worst(axis, values, worst.get(key), subject.labels)
        pages.append(figure)
    return pages


def _wide(items: pd.DataFrame) -> pd.DataFrame:
    """A row per cell and item: arousal of the model and of people, and human valence."""
    index = ["model", "protocol", "readout", "item_id"]
    arousal = items[items["scale"] == "arousal"].set_index(index)[["mean", "human_mean"]]
    valence = items[items["scale"] == "valence"].set_index(index)["human_mean"]
    return arousal.assign(human_valence=valence).reset_index()


def _error(cell: pd.DataFrame) -> pd.DataFrame:
    item = cell.set_index("item_id")
    values = {"Human arousal": item["human_mean"], ERROR: item["mean"] - item["human_mean"]}
    return pd.DataFrame(values).dropna()


def _residual(cell: pd.DataFrame, subject: Subject) -> pd.DataFrame:
    item, scale = cell.set_index("item_id"), subject.shown.scales["valence"]
    far = extremity(item["human_valence"], (scale.min + scale.max) / 2)
    values = {
        "Extremity of human valence": pd.Series(far, item.index),
        RESIDUAL: pd.Series(residuals(item["mean"], item["human_mean"]), item.index),
    }
    return pd.DataFrame(values).dropna()


def _limits(wide: pd.DataFrame) -> float:
    """How far errors go in any cell, so that all panels can be compared."""
    error = (wide["mean"] - wide["human_mean"]).abs().max()
    return 1.08 * float(error) if np.isfinite(error) and error > 0 else 1.0


def _panel(axis: Axes, values: pd.DataFrame, limit: float, colour: str) -> None:
    axis.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
    axis.set_ylim(-limit, limit)
    if values.empty:
        instead(axis, "nothing to compare")
        return
    x, y = (values[name].to_numpy() for name in values.columns)
    axis.scatter(x, y, s=7, color=colour, alpha=0.4, linewidths=0, rasterized=True)
    room = 0.04 * max(float(np.ptp(x)), 0.1)
    axis.set_xlim(x.min() - room, x.max() + room)
    if np.ptp(x) > 0:
        slope, intercept = np.polyfit(x, y, 1)
        ends = np.array([x.min(), x.max()])
        axis.plot(ends, intercept + slope * ends, color=colour, linewidth=1.4, zorder=3)


def _r(row: Mapping[str, Any], right: bool) -> str:
    return correlation(row, "residual_human" if right else "error_arousal")


def _name_worst(
    axis: Axes, values: pd.DataFrame, worst: pd.DataFrame | None, labels: Mapping[str, str]
) -> None:
    """Name the items of the table of residuals, the largest first."""
    if worst is None:
        return
    items = [str(item) for item in worst.sort_values("rank")["item_id"] if item in values.index]
    places = values.loc[items].to_numpy(dtype=float).tolist()
    points = [(x, y, labels[item]) for (x, y), item in zip(places, items, strict=True)]
    name_outliers(axis, points, LABELLED, width=0.4)
