"""Calibration curves: shares that were predicted against shares of people, before and after."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emoalign.analyses.calibration.analysis import METHODS
from emoalign.figures.drawing import Subject
from emoalign.figures.panels import headed, instead, panels
from emoalign.figures.style import FAINT, PEOPLE
from emoalign.tables import CALIBRATION, CALIBRATION_CURVES, groups, records
from emoalign.wording import MINUS

COLUMNS, HEIGHT, LEGEND = 3, 2.6, 0.5

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


def draw(subject: Subject) -> list[Figure]:
    """A panel per cell: curves of the model as it is and by the method nearest to people."""
    keys = ["model", "protocol", "readout"]
    cells = list(groups(subject.rows(CALIBRATION), keys))
    curves = dict(groups(subject.rows(CALIBRATION_CURVES), [*keys, "method"]))
    pages = []
    for figure, shown in panels(cells, COLUMNS, HEIGHT, legend=LEGEND):
        for axis, (key, cell) in shown:
            best = best_method(cell)
            headed(axis, f"{subject.cell_name(*key)}\n{_summary(best)}", COLUMNS)
            axis.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
            axis.set(xlim=LIMITS, ylim=LIMITS, xticks=TICKS, yticks=TICKS, aspect="equal")
            if best is None:
                instead(axis, "not calibrated")
                continue
            colour = subject.marks[key[0]].colour
            _curve(axis, curves[(*key, "none")], PEOPLE, "white")
            _curve(axis, curves[(*key, str(best["method"]))], colour, colour)
        figure.supxlabel("Predicted share of a point or label", fontsize=8)
        figure.supylabel("Share of people who chose it", fontsize=8)
        figure.legend(handles=_legend(), loc="outside upper center", ncols=2, handletextpad=0.4)
        pages.append(figure)
    return pages


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
    gain = f"{NAMES[best['method']]}: JSD {100 * -best['gain']:+.0f}%"
    if pd.notna(best["gain_low"]):
        ends = sorted((-100 * best["gain_low"], -100 * best["gain_high"]))
        gain += f" [{ends[0]:.0f}, {ends[1]:.0f}]"
    return gain.replace("-", MINUS)


def _legend() -> list[Line2D]:
    return [
        Line2D([], [], marker="o", color=PEOPLE, markerfacecolor="white", ms=5, label="as it is"),
        Line2D([], [], marker="o", color="black", ms=5, label="calibrated on other items"),
    ]
