"""Calibration curves: shares that were predicted against shares of people, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emoalign.analyses.calibration.analysis import METHODS
from emoalign.figures.style import FAINT, PAGE_HEIGHT, PAGE_INCHES, PEOPLE
from emoalign.figures.subject import Subject
from emoalign.tables import CALIBRATION, CALIBRATION_CURVES, groups, records

COLUMNS = 3
ROW_INCHES = 2.6
ROWS = int(PAGE_HEIGHT / ROW_INCHES)
"""Rows of panels on a page."""

LIMITS = (-0.03, 1.03)
TICKS = (0, 0.25, 0.5, 0.75, 1)

NAMES = {
    "temperature": "temperature",
    "bias": "bias",
    "isotonic": "isotonic",
    "mixture": "mixture",
    "vector": "vector",
    "dirichlet": "Dirichlet",
    "cumulative_logit": "cumulative logit",
}

Cell = tuple[tuple[str, ...], pd.DataFrame]


def draw(subject: Subject) -> list[Figure]:
    """A panel per cell: curves of the model as it is and by the method nearest to people."""
    cells = list(groups(subject.rows(CALIBRATION), ["model", "protocol", "readout"]))
    names = ["model", "protocol", "readout", "method"]
    curves = dict(groups(subject.rows(CALIBRATION_CURVES), names))
    per_page = COLUMNS * ROWS
    return [
        _page(subject, cells[start : start + per_page], curves)
        for start in range(0, max(len(cells), 1), per_page)
    ]


def _page(
    subject: Subject, cells: Sequence[Cell], curves: Mapping[tuple[str, ...], pd.DataFrame]
) -> Figure:
    columns = max(1, min(COLUMNS, len(cells)))
    rows = max(1, -(-len(cells) // columns))
    size = (PAGE_INCHES / COLUMNS * columns, 0.5 + ROW_INCHES * rows)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axis in axes.flat[len(cells) :]:
        axis.set_axis_off()
    for axis in axes.flat[max(0, len(cells) - columns) : len(cells)]:
        axis.tick_params(labelbottom=True)
    for axis, (key, cell) in zip(axes.flat, cells, strict=False):
        best = best_method(cell)
        axis.set_title(f"{subject.cell_name(*key)}\n{_summary(best)}")
        axis.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        axis.set(xlim=LIMITS, ylim=LIMITS, xticks=TICKS, yticks=TICKS, aspect="equal")
        if best is None:
            axis.text(0.5, 0.5, "not calibrated", ha="center", color=PEOPLE)
            continue
        colour = subject.marks[key[0]].colour
        _curve(axis, curves[(*key, "none")], PEOPLE, "white")
        _curve(axis, curves[(*key, str(best["method"]))], colour, colour)
    figure.supxlabel("Predicted share of a point or label", fontsize=8)
    figure.supylabel("Share of people who chose it", fontsize=8)
    figure.legend(handles=_legend(), loc="outside upper center", ncols=2, handletextpad=0.4)
    return figure


def best_method(cell: pd.DataFrame) -> Mapping[str, Any] | None:
    """The row of the calibration that is nearest to people in a cell; None without any."""
    tried = cell[cell["method"].isin(METHODS)].dropna(subset=["jsd_after"])
    if tried.empty:
        return None
    return records(tried.sort_values(["jsd_after", "method"]))[0]


def _curve(axis: Axes, bins: pd.DataFrame, colour: str, fill: str) -> None:
    """A curve over the means of its bins, with intervals; larger points stand for more shares.

    A bin of so few texts that it has no interval is a point that the curve does not go through.
    """
    bins = bins.sort_values("bin")
    line = bins.dropna(subset=["human_low"])
    axis.vlines(line["predicted"], line["human_low"], line["human_high"], color=colour, lw=0.8)
    axis.plot(line["predicted"], line["human"], color=colour, linewidth=1.2, zorder=2)
    sizes = 4 + 40 * bins["n"] / bins["n"].sum()
    axis.scatter(
        bins["predicted"], bins["human"], s=sizes, color=fill, edgecolors=colour, lw=0.9, zorder=3
    )


def _summary(best: Mapping[str, Any] | None) -> str:
    """Which method, and what it gains."""
    if best is None:
        return "no rated items to learn from"
    told = f"{NAMES[best['method']]}: JSD {100 * -best['gain']:+.0f} %"
    if pd.notna(best["gain_low"]):
        ends = sorted((-100 * best["gain_low"], -100 * best["gain_high"]))
        told += f" [{ends[0]:.0f}, {ends[1]:.0f}]"
    return told.replace("-", "\N{MINUS SIGN}")


def _legend() -> list[Line2D]:
    return [
        Line2D([], [], marker="o", color=PEOPLE, markerfacecolor="white", ms=5, label="as it is"),
        Line2D([], [], marker="o", color="black", ms=5, label="calibrated on other items"),
    ]
