"""Arousal over valence: do models feel more towards both ends, as people do?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emoalign.figures.panels import headed, instead, panels
from emoalign.figures.style import PEOPLE
from emoalign.figures.subject import Subject
from emoalign.study.scales import OrdinalScale
from emoalign.tables import AROUSAL, ITEMS, groups, records
from emoalign.wording import correlation

COLUMNS, HEIGHT = 3, 2.35


@dataclass(frozen=True, eq=False)
class Panel:
    """Mean valence and arousal of items by one rater, and the row and the name in the table of
    arousal of the correlation that tells the V."""

    name: str
    points: pd.DataFrame
    colour: str
    cell: Mapping[str, Any]
    v: str


def draw(subject: Subject) -> list[Figure]:
    """A panel for people and one per cell, with the least-squares V through the items."""
    valence, arousal = subject.shown.scales["valence"], subject.shown.scales["arousal"]
    pages = []
    for figure, shown in panels(list(_panels(subject)), COLUMNS, HEIGHT):
        for axis, panel in shown:
            _draw_panel(axis, panel, valence, arousal)
        figure.supxlabel("Mean valence", fontsize=8)
        figure.supylabel("Mean arousal", fontsize=8)
        pages.append(figure)
    return pages


def _panels(subject: Subject) -> Iterator[Panel]:
    items = subject.rows(ITEMS)
    both = items[items["scale"].isin(["valence", "arousal"])]
    people = both.drop_duplicates(["item_id", "scale"])
    # People are the same beside every model, but for items a model did not rate.
    rows = records(subject.rows(AROUSAL).sort_values("n_items", ascending=False, kind="stable"))
    yield Panel("People", _side_by_side(people, "human_mean"), PEOPLE, rows[0], "v_human")
    by_cell = {(row["model"], row["protocol"], row["readout"]): row for row in rows}
    for key, cell in groups(both, ["model", "protocol", "readout"]):
        points, colour = _side_by_side(cell, "mean"), subject.marks[key[0]].colour
        row = by_cell[key[0], key[1], key[2]]
        yield Panel(subject.cell_name(*key), points, colour, row, "v_model")


def _side_by_side(rows: pd.DataFrame, values: str) -> pd.DataFrame:
    """Valence and arousal of the items that have both."""
    wide = rows.pivot(index="item_id", columns="scale", values=values)
    return wide.reindex(columns=["valence", "arousal"]).dropna()


def _draw_panel(axis: Axes, panel: Panel, valence: OrdinalScale, arousal: OrdinalScale) -> None:
    for setter, scale in ((axis.set_xlim, valence), (axis.set_ylim, arousal)):
        margin = (scale.max - scale.min) * 0.03
        setter(scale.min - margin, scale.max + margin)
    headed(axis, f"{panel.name}\n{correlation(panel.cell, panel.v)}", COLUMNS)
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
