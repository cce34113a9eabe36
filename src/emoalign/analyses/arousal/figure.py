"""Arousal over valence, and where the arousal of models goes wrong, with the worst items."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emoalign.figures.drawing import Subject
from emoalign.figures.panels import headed, instead, panels, round_ticks
from emoalign.figures.point_names import Outliers, name_outliers
from emoalign.figures.style import FAINT, PEOPLE
from emoalign.items.rated_rows import rated_rows
from emoalign.study.scales import OrdinalScale
from emoalign.tables import AROUSAL, AROUSAL_ITEMS, ITEMS, RESIDUALS, groups, records
from emoalign.wording import correlation

V_COLUMNS, V_RATIO, HEADING = 3, 0.78, 0.55

ERRORS_RATIO = 0.6

LABELLED = 5


@dataclass(frozen=True, eq=False)
class Panel:
    """Mean valence and arousal of items by one rater, and the row and the name in the table of
    arousal of the correlation that tells the V."""

    name: str
    points: pd.DataFrame
    colour: str
    cell: Mapping[str, Any]
    v: str


def draw_v_shape(subject: Subject) -> list[Figure]:
    """A panel for people and one per cell, with the least-squares V through the items."""
    valence, arousal = subject.shown.scales["valence"], subject.shown.scales["arousal"]
    pages = []
    for figure, shown in panels(list(_panels(subject)), V_COLUMNS, V_RATIO, HEADING):
        for axis, panel in shown:
            _draw_v(axis, panel, valence, arousal)
        figure.supxlabel("Mean valence rating", fontsize=8)
        figure.supylabel("Mean arousal rating", fontsize=8)
        pages.append(figure)
    return pages


def _panels(subject: Subject) -> Iterator[Panel]:
    items = rated_rows(subject.rows(ITEMS))
    both = items[items["scale"].isin(["valence", "arousal"])]
    people = both.drop_duplicates(["item_id", "scale"])
    # People are the same beside every model, but for items a model did not rate.
    rows = records(subject.rows(AROUSAL).sort_values("n_items", ascending=False, kind="stable"))
    yield Panel("People", _side_by_side(people, "human_mean"), PEOPLE, rows[0], "v_human")
    by_cell = {(row["model"], row["protocol"], row["readout"]): row for row in rows}
    for key, cell in groups(both, ["model", "protocol", "readout"], sort=False):
        points, colour = _side_by_side(cell, "mean"), subject.marks[key[0]].colour
        row = by_cell[key[0], key[1], key[2]]
        yield Panel(subject.cell_name(*key), points, colour, row, "v_model")


def _side_by_side(rows: pd.DataFrame, values: str) -> pd.DataFrame:
    """Valence and arousal of the items that have both."""
    wide = rows.pivot(index="item_id", columns="scale", values=values)
    return wide.reindex(columns=["valence", "arousal"]).dropna()


def _draw_v(axis: Axes, panel: Panel, valence: OrdinalScale, arousal: OrdinalScale) -> None:
    for name, scale in (("x", valence), ("y", arousal)):
        margin = (scale.max - scale.min) * 0.03
        limits = (scale.min - margin, scale.max + margin)
        ticks = round_ticks(scale.min, scale.max)
        axis.set(**{f"{name}lim": limits, f"{name}ticks": ticks})
    headed(axis, f"{panel.name}\n{correlation(panel.cell, panel.v)}")
    x, y = panel.points["valence"].to_numpy(), panel.points["arousal"].to_numpy()
    if not len(x):
        instead(axis, "no item with both")
        return
    axis.scatter(x, y, s=7, color=panel.colour, alpha=0.4, linewidths=0, rasterized=True)
    middle = (valence.min + valence.max) / 2
    slope, intercept = (panel.cell[f"{panel.v}_{name}"] for name in ("slope", "intercept"))
    if np.isfinite(slope):
        ends = np.array([valence.min, middle, valence.max])
        line = intercept + slope * np.abs(ends - middle)
        axis.plot(ends, line, color=panel.colour, linewidth=1.6, zorder=3)


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
    "human_arousal",
    "error",
    ("Human mean arousal", "Arousal, model minus human (points)"),
    "error_arousal",
)
RESIDUAL = Side(
    "human_extremity",
    "residual",
    ("Distance of human valence from the middle (points)", "Residual of arousal (points)"),
    "residual_human",
)


def draw_arousal_errors(subject: Subject) -> list[Figure]:
    """Two panels per cell: errors over human arousal, residuals over the extremity of valence."""
    keys = ["model", "protocol", "readout"]
    sides = (ERROR, RESIDUAL) if "valence" in subject.shown.scales else (ERROR,)
    errors = subject.rows(AROUSAL_ITEMS)
    items = dict(groups(errors, keys, sort=False))
    worst = dict(groups(subject.rows(RESIDUALS), keys, sort=False))
    parts = [
        (key, records(rows)[0], side)
        for key, rows in groups(subject.rows(AROUSAL), keys, sort=False)
        for side in sides
    ]
    limit = _limit(errors["error"])
    pages = []
    for figure, shown in panels(parts, 2, ERRORS_RATIO, HEADING, alike=False):
        named = []
        for axis, (key, cell, side) in shown:
            points = items.get(key, errors.iloc[:0]).set_index("item_id")[[side.x, side.y]].dropna()
            _errors_panel(axis, points, cell, side, limit, subject.marks[key[0]].colour)
            axis.set(xlabel=side.labels[0], ylabel=side.labels[1])
            headed(axis, f"{subject.cell_name(*key)}\n{correlation(cell, side.related)}")
            named.append(Outliers(axis, _worst(points, worst.get(key), subject.labels)))
        name_outliers(figure, named)
        pages.append(figure)
    return pages


def _limit(errors: pd.Series) -> float:
    """How far errors go in any cell, so that all panels can be compared."""
    largest = errors.abs().max()
    return 1.08 * float(largest) if np.isfinite(largest) and largest > 0 else 1.0


def _errors_panel(
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


def _worst(
    points: pd.DataFrame, worst: pd.DataFrame | None, labels: Mapping[str, str]
) -> list[tuple[float, float, str]]:
    """The first items of the table of residuals, the largest first, with places and names."""
    if worst is None:
        return []
    items = [str(item) for item in worst.sort_values("rank")["item_id"] if item in points.index]
    places = points.loc[items[:LABELLED]].to_numpy(dtype=float).tolist()
    return [(x, y, labels[item]) for (x, y), item in zip(places, items, strict=False)]
