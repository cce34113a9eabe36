"""Calibration curves: shares that were predicted against shares of people, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emoalign.analyses.calibration.analysis import METHODS
from emoalign.figures.drawing import Subject
from emoalign.figures.panels import coefficients, headed, instead, panels, round_ticks
from emoalign.figures.style import FAINT, PEOPLE
from emoalign.tables import CALIBRATION, CALIBRATION_CURVES, groups, records
from emoalign.wording import MINUS, number

COLUMNS, HEADING, LEGEND = 3, 0.95, 0.35

FLATTEST = 0.4
"""The least height of a panel, as a share of its width."""


@dataclass(frozen=True)
class Look:
    """How a curve is drawn: in a colour, or in that of its model."""

    label: str
    filled: bool
    colour: str | None = None
    line: str = "solid"
    marker: str = "o"

    def legend(self) -> Line2D:
        """Its entry, black where the colour is that of a model."""
        colour = self.colour or "black"
        face = colour if self.filled else "white"
        return Line2D(
            [], [], marker=self.marker, color=colour, mfc=face, ls=self.line, label=self.label
        )


LOOKS = (
    Look("human average, which ignores the item", True, PEOPLE, "dotted", "x"),
    Look("model as it is", False),
    Look("model, calibrated on other items", True),
)

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
    """A panel per cell: curves of the model as it is, by the method nearest to people, and of
    people's average, which ignores the item."""
    keys = ["model", "protocol", "readout"]
    cells = list(groups(subject.rows(CALIBRATION), keys))
    curves = dict(groups(subject.rows(CALIBRATION_CURVES), [*keys, "method"]))
    drawn = {key: [(*key, name) for name in _methods(cell)] for key, cell in cells}
    across, up = _reach([curves[one] for ones in drawn.values() for one in ones])
    pages = []
    for figure, shown in panels(cells, COLUMNS, 0.85 * up / across + 0.1, HEADING, legend=LEGEND):
        for axis, (key, cell) in shown:
            headed(axis, f"{subject.cell_name(*key)}\n{_summary(cell)}")
            axis.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
            axis.set(xlim=(-0.03 * across, across), ylim=(-0.03 * across, up), aspect="equal")
            ticks = round_ticks(0, across)
            axis.set(xticks=ticks, yticks=[tick for tick in ticks if tick <= up])
            for numbers in (axis.xaxis, axis.yaxis):
                coefficients(numbers)
            if not drawn[key]:
                instead(axis, "not calibrated")
            for look, one in zip(LOOKS, drawn[key], strict=False):
                _curve(axis, curves[one], look, subject.marks[key[0]].colour)
        figure.supxlabel("Predicted share of a point or label", fontsize=8)
        figure.supylabel("Share of people who chose it", fontsize=8)
        handles = [look.legend() for look in LOOKS if any(drawn[key] for _, (key, _) in shown)]
        figure.legend(handles=handles, loc="outside upper center", ncols=3, handletextpad=0.4)
        pages.append(figure)
    return pages


def _methods(cell: pd.DataFrame) -> list[str]:
    """The methods whose curves are drawn, in the order of LOOKS; none without a calibration."""
    best = best_method(cell)
    return [] if best is None else ["marginal", "none", str(best["method"])]


def _reach(curves: Sequence[pd.DataFrame]) -> tuple[float, float]:
    """How far the axes go, on all pages: as far as shares do, and no panel wider than it is high
    by more than FLATTEST."""
    if not curves:
        return 1.0, 1.0
    every = pd.concat(curves)
    up = 1.06 * float(every[["human", "human_high"]].max().max())
    across = max(1.06 * float(every["predicted"].max()), up)
    return across, max(up, FLATTEST * across)


def best_method(cell: pd.DataFrame) -> Mapping[str, Any] | None:
    """The row of the calibration that is nearest to people in a cell; None without any."""
    tried = cell[cell["method"].isin(METHODS)].dropna(subset=["jsd_after"])
    if tried.empty:
        return None
    return records(tried.sort_values(["jsd_after", "method"]))[0]


def _curve(axis: Axes, bins: pd.DataFrame, look: Look, model: str) -> None:
    """A curve over the means of its bins, with intervals; larger points stand for more shares.

    A bin of so few texts that it has no interval is a point that the curve does not go through.
    """
    colour = look.colour or model
    bins = bins.sort_values("bin")
    line = bins.dropna(subset=["human_low"])
    axis.vlines(line["predicted"], line["human_low"], line["human_high"], color=colour, lw=0.8)
    over = 4 if look.marker == "x" else 2
    axis.plot(line["predicted"], line["human"], color=colour, lw=1.2, ls=look.line, zorder=over)
    sizes = 4 + 40 * bins["n"] / bins["n"].sum()
    if look.marker == "x":
        axis.plot(bins["predicted"], bins["human"], "x", color=colour, ms=4.5, zorder=4)
        return
    axis.scatter(
        bins["predicted"],
        bins["human"],
        s=sizes,
        color=colour if look.filled else "white",
        edgecolors=colour,
        lw=0.9,
        zorder=3,
    )


def _summary(cell: pd.DataFrame) -> str:
    """Which method, what it takes off the divergence, and what people's average takes off."""
    best = best_method(cell)
    if best is None:
        return "no rated items to learn from"
    gain = f"{NAMES[best['method']]}: JSD {_percent(best['gain'])}"
    if pd.notna(best["gain_low"]):
        ends = sorted((-100 * best["gain_low"], -100 * best["gain_high"]))
        gain += f" [{number(ends[0], 0)}, {number(ends[1], 0)}]"
    average = cell.loc[cell["method"] == "marginal", "gain"].dropna()
    return gain + "".join(f"\nhuman average: JSD {_percent(one)}" for one in average)


def _percent(gain: float) -> str:
    """A change in percent, with its sign: a gain takes something off."""
    return f"{-100 * gain:+.0f}%".replace("-", MINUS)
