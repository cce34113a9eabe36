"""r with each group of raters beside its ceiling: a row per condition, a panel per attribute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from emoalign.figures.drawing import Subject
from emoalign.figures.panels import coefficients, pages_of
from emoalign.figures.style import FAINT, PAGE_HEIGHT, PAGE_INCHES, PALETTE, PEOPLE, shortened
from emoalign.tables import GROUPS, groups, records
from emoalign.wording import R_INTERVAL

ROW_INCHES, AROUND_INCHES = 0.4, 1.0
"""Height of a row, and room for the axis below."""

LEGEND_POINTS = 11
"""Height of the name of a group above a panel."""

PANELS = 3
"""Attributes beside each other on a page."""

NAME_INCHES = 2.0
LOWEST = -0.25

Row = str | tuple[str, str, str, str]
"""The name of a scale above its conditions, or model, protocol, scale and readout."""


def draw(subject: Subject) -> list[Figure]:
    """A row per condition, scale by scale; a group with too few ratings has no mark."""
    table = subject.rows(GROUPS)
    ends = table[["r", "r_low"]].min().min()
    lowest = min(LOWEST, ends - 0.05)
    rows: list[Row] = []
    for (scale,), of_scale in groups(table, ["scale"], sort=False):
        cells = of_scale[["model", "protocol", "scale", "readout"]].drop_duplicates()
        rows += [scale, *cells.itertuples(index=False, name=None)]
    names = {
        attribute: sorted(set(of_one["group"]))
        for (attribute,), of_one in groups(table, ["attribute"])
    }
    most = max(map(len, names.values()))
    room = PAGE_HEIGHT - AROUND_INCHES - (most + 2) * LEGEND_POINTS / 72
    cells_of = dict(groups(table, ["model", "protocol", "scale", "readout", "attribute"]))
    return [
        _page(subject, page, {name: names[name] for name in attributes}, cells_of, lowest)
        for page in pages_of(rows, int(room / ROW_INCHES))
        for attributes in pages_of(list(names), PANELS)
    ]


def _page(
    subject: Subject,
    rows: Sequence[Row],
    names: Mapping[str, Sequence[str]],
    cells: Mapping[tuple[str, ...], pd.DataFrame],
    lowest: float,
) -> Figure:
    most = max(map(len, names.values()))
    height = AROUND_INCHES + ROW_INCHES * len(rows) + (most + 2) * LEGEND_POINTS / 72
    figure = Figure(figsize=(PAGE_INCHES, height), layout="constrained")
    axes = figure.subplots(1, len(names), squeeze=False, sharex=True, sharey=True)[0]
    above = ScaledTranslation(0, (4 + LEGEND_POINTS * most) / 72, figure.dpi_scale_trans)
    for axis, (attribute, of_attribute) in zip(axes, names.items(), strict=True):
        colours = {name: PALETTE[k % len(PALETTE)] for k, name in enumerate(of_attribute)}
        axis.axvline(0, color=FAINT, linewidth=0.8, zorder=0)
        for place, row in enumerate(rows):
            if not isinstance(row, str) and (*row, attribute) in cells:
                _draw_row(axis, place, records(cells[*row, attribute]), colours)
        axis.set_title(attribute, fontsize=8, pad=8 + LEGEND_POINTS * most)
        axis.legend(
            handles=[_mark(name, colour) for name, colour in colours.items()],
            loc="upper center",
            bbox_to_anchor=(0.5, 1.0),
            bbox_transform=axis.transAxes + above,
            ncols=1,
            fontsize=7,
            labelspacing=0.2,
            handletextpad=0.3,
            borderpad=0.1,
        )
        axis.tick_params(axis="y", length=0)
    axes[0].set_yticks(range(len(rows)), [_name(subject, row) for row in rows], fontsize=7)
    for label, row in zip(axes[0].get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if isinstance(row, str) else "normal")
    axes[0].set_ylim(len(rows) - 0.5, -0.5)
    axes[0].set_xlim(lowest, 1.04)
    coefficients(axes[0].xaxis)
    figure.supxlabel(
        f"Correlation of item means with the group's means, Pearson r\n({R_INTERVAL})", fontsize=8
    )
    return figure


def _name(subject: Subject, row: Row) -> str:
    if isinstance(row, str):
        return row
    model, protocol, _, readout = row
    name = subject.cell_name(model, protocol, readout)
    return "\n".join(shortened(line, NAME_INCHES, 7) for line in name.split("\n"))


def _draw_row(
    axis: Axes, place: int, rows: Sequence[Mapping[str, Any]], colours: Mapping[str, str]
) -> None:
    for row in rows:
        k, colour = list(colours).index(row["group"]), colours[row["group"]]
        step = 0.7 / len(colours)
        height = place + (k - (len(colours) - 1) / 2) * step
        ends = [height - step * 0.45, height + step * 0.45]
        axis.plot([row["ceiling"]] * 2, ends, color=PEOPLE, linewidth=1.6)
        axis.plot([row["r_low"], row["r_high"]], [height] * 2, color=colour, lw=1.2, alpha=0.7)
        axis.plot(row["r"], height, "o", color=colour, ms=3.6, mew=0)


def _mark(name: str, colour: str) -> Line2D:
    return Line2D([], [], marker="o", color=colour, ms=4, mew=0, linestyle="none", label=name)
