"""Model means against human means, item by item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emoalign.figures.style import FAINT, PAGE_INCHES, PEOPLE
from emoalign.figures.subject import Subject
from emoalign.study.fields import OrdinalScale
from emoalign.tables import ALIGNMENT, ITEMS, groups, records

LABELLED = 5
COLUMNS = 2
NAME_SIZE = (0.5, 0.06)
"""Width and height of a name, as a share of the scale."""


def draw(subject: Subject) -> list[Figure]:
    """A panel per cell: each point an item, with identity line, fitted line and named outliers."""
    cells = list(groups(subject.rows(ITEMS), ["model", "protocol", "readout"]))
    columns = min(COLUMNS, len(cells))
    rows = -(-len(cells) // columns)
    width = PAGE_INCHES / COLUMNS * columns
    figure = Figure(figsize=(width, 3.5 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    found: dict[tuple[str, ...], dict[str, Any]] = {
        (cell["model"], cell["protocol"], cell["readout"]): cell
        for cell in records(subject.rows(ALIGNMENT))
    }
    scale = subject.shown.scales[subject.scale]
    for axis in axes.flat[len(cells) :]:
        axis.set_axis_off()
    for axis, (key, cell) in zip(axes.flat, cells, strict=False):
        _panel(axis, cell, subject.labels, scale, subject.marks[key[0]].colour)
        axis.set_title(f"{subject.cell_name(*key)}\n{_summary(found[key])}")
    figure.supxlabel("Human mean rating", fontsize=8)
    figure.supylabel("Model mean rating", fontsize=8)
    return [figure]


def _panel(
    axis: Axes, cell: pd.DataFrame, labels: Mapping[str, str], scale: OrdinalScale, colour: str
) -> None:
    used = cell.dropna(subset=["mean", "human_mean"]).set_index("item_id")
    human, model = used["human_mean"], used["mean"]
    ends = np.array([scale.min, scale.max])
    axis.plot(ends, ends, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    axis.scatter(human, model, s=8, color=colour, alpha=0.45, linewidths=0, zorder=2)
    if human.nunique() > 1:
        slope, intercept = np.polyfit(human, model, 1)
        axis.plot(ends, slope * ends + intercept, color=colour, linewidth=1.4, zorder=3)
        _name_outliers(axis, human, model, model - (slope * human + intercept), labels, scale)
    if used.empty:
        axis.text(
            0.7, 0.2, "nothing to compare", transform=axis.transAxes, ha="center", color=PEOPLE
        )
    margin = (scale.max - scale.min) * 0.03
    axis.set(
        xlim=(scale.min - margin, scale.max + margin),
        ylim=(scale.min - margin, scale.max + margin),
        aspect="equal",
    )


def _name_outliers(
    axis: Axes,
    human: pd.Series,
    model: pd.Series,
    residual: pd.Series,
    labels: Mapping[str, str],
    scale: OrdinalScale,
) -> None:
    """Name the items farthest from the fitted line, on the side where there is room.

    An item too near to one that has a name already goes without: names must not collide.
    """
    named: list[tuple[float, float]] = []
    middle, length = (scale.min + scale.max) / 2, scale.max - scale.min
    across, along = NAME_SIZE[0] * length, NAME_SIZE[1] * length
    for item in residual.abs().sort_values(ascending=False, kind="stable").index:
        x, y = float(human[item]), float(model[item])
        if any(abs(x - other) < across and abs(y - level) < along for other, level in named):
            continue
        named.append((x, y))
        left, above = x > middle, y < middle
        axis.annotate(
            labels[item],
            (x, y),
            xytext=(-4 if left else 4, 2 if above else -2),
            textcoords="offset points",
            ha="right" if left else "left",
            va="bottom" if above else "top",
            fontsize=6.5,
            color=PEOPLE,
            parse_math=False,
        )
        if len(named) == LABELLED:
            return


def _summary(cell: Mapping[str, Any]) -> str:
    if pd.isna(cell["pearson_r"]):
        return f"r undefined, {cell['n_items']} items"
    return (
        f"r = {cell['pearson_r']:.2f} [{cell['pearson_low']:.2f}, {cell['pearson_high']:.2f}], "
        f"{cell['n_items']} items"
    ).replace("-", "\N{MINUS SIGN}")
