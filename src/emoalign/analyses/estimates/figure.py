"""Estimated against human means of rated items, with intervals, thirds, coverage and width."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emoalign.figures.drawing import Subject
from emoalign.figures.panels import headed, panels, same_ticks
from emoalign.figures.style import FAINT, PALETTE
from emoalign.tables import ESTIMATES, ESTIMATION, NORMS, groups, records
from emoalign.wording import correlation, number, percent

COLUMNS, RATIO, HEADING = 2, 0.95, 0.5

BAND, POINT = PALETTE[5], PALETTE[0]

AREA = 6.0

TEXT_WIDTH = 0.11
"""Width of a text above a third, as a share of the scale."""


def draw(subject: Subject) -> list[Figure]:
    """A panel per scale: a point per rated item, its interval, and what intervals are worth."""
    human = subject.rows(NORMS)[["scale", "item_id", "mean"]]
    both = subject.rows(ESTIMATES).merge(human.rename(columns={"mean": "human"}))
    quality = subject.rows(ESTIMATION)
    quality = quality[(quality["method"] == "stack") & quality["coverage"].notna()]
    of_scales = {scale: rows for (scale,), rows in groups(quality, ["scale"])}
    parts = [
        (scale, rows)
        for (scale,), rows in groups(both[both["rated"]], ["scale"], sort=False)
        if scale in of_scales
    ]
    pages = []
    for figure, shown in panels(parts, COLUMNS, RATIO, HEADING, alike=False):
        for axis, (scale, rows) in shown:
            regions = {row["region"]: row for row in records(of_scales[scale])}
            _panel(axis, subject, scale, rows, regions)
        figure.supxlabel("Estimated mean, made without the item's own ratings", fontsize=8)
        figure.supylabel("Human mean rating", fontsize=8)
        pages.append(figure)
    return pages


def _panel(
    axis: Axes, subject: Subject, scale: str, rows: pd.DataFrame, regions: dict[str, dict[str, Any]]
) -> None:
    ends = subject.shown.scales[scale]
    same_ticks(axis, ends.min, ends.max)
    axis.plot([ends.min, ends.max], [ends.min, ends.max], **_DASHED)
    axis.vlines(rows["mean"], rows["low"], rows["high"], **_BAND)
    axis.scatter(rows["mean"], rows["human"], **_POINTS)
    bounds, places = _bounds(rows), sorted(set(rows["region"]))
    axis.vlines(bounds[1:-1], ends.min, ends.max, color=FAINT, linewidth=0.8, linestyle="dotted")
    length = ends.max - ends.min
    centres = spread_out([(low + high) / 2 for low, high in pairwise(bounds)], TEXT_WIDTH * length)
    for place, centre in zip(places, centres, strict=True):
        row = regions.get(str(place))
        if row is not None:
            told = f"{percent(row['coverage'])}\n{number(row['width'], 1)}"
            top = ends.max + 0.02 * length
            axis.text(centre, top, told, fontsize=6.5, ha="center", va="bottom", clip_on=False)
    headed(axis, f"{scale}\n{correlation(regions['all'], 'r')}\n\n")


_BAND: dict[str, Any] = {"color": BAND, "alpha": 0.25, "linewidth": 0.8, "rasterized": True}

_POINTS: dict[str, Any] = {
    "s": AREA,
    "color": POINT,
    "alpha": 0.55,
    "linewidths": 0,
    "zorder": 3,
    "rasterized": True,
}

_DASHED: dict[str, Any] = {
    "color": FAINT,
    "linewidth": 0.8,
    "linestyle": (0, (4, 3)),
    "zorder": 1,
}


def spread_out(centres: list[float], least: float) -> list[float]:
    """Places of texts above the thirds: the outer ones are moved so that none covers another."""
    places, middle = list(centres), len(centres) // 2
    for place in range(middle + 1, len(places)):
        places[place] = max(places[place], places[place - 1] + least)
    for place in reversed(range(middle)):
        places[place] = min(places[place], places[place + 1] - least)
    return places


def _bounds(rows: pd.DataFrame) -> list[float]:
    """The ends of the thirds of the estimates: halfway between neighbours in two of them."""
    means = rows.groupby("region")["mean"].agg(["min", "max"]).sort_index()
    middle = (means["max"].to_numpy()[:-1] + means["min"].to_numpy()[1:]) / 2
    return [float(np.min(means["min"])), *map(float, middle), float(np.max(means["max"]))]
