"""Correlation and spread of cells over what their protocols differ in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emoalign.figures.panels import only_words, pages_of
from emoalign.figures.style import FAINT, PAGE_INCHES, PEOPLE, Mark
from emoalign.figures.subject import Subject
from emoalign.tables import ALIGNMENT, groups

COLUMNS = 3
"""Scales beside each other."""

LINES: Mapping[str, Any] = {"sampled": (0, (4, 2)), "exact": "solid"}


@dataclass(frozen=True)
class Axis:
    """What stands along the horizontal axis.

    Attributes:
        label: its title.
        places: where each protocol stands.
        ticks: what is written at places that have a name; none for a numeric axis.
        alike: what the protocols share, for a heading.
    """

    label: str
    places: Mapping[str, float]
    ticks: Sequence[str] | None
    alike: str


def named(label: str, protocols: Sequence[str]) -> Axis:
    """Protocols one after the other, under their names."""
    places = {name: float(place) for place, name in enumerate(protocols)}
    return Axis(label, places, tuple(protocols), ", ".join(protocols))


def draw_curves(subject: Subject, axes: Sequence[Axis]) -> list[Figure]:
    """For each group of protocols: r above and the ratio of SDs below, a column per scale."""
    table = subject.rows(ALIGNMENT)
    scales = sorted(subject.shown.scales)
    limits = {
        "r": _limits(table, ["pearson_r", "pearson_boot_low", "ceiling"], floor=0.0, least=1.0),
        "ratio": _limits(ratios(table), ["ratio", "ratio_high"], floor=0.0, least=1.1),
    }
    pages = [
        _page(subject, ratios(table), axis, shown, limits, headed=len(axes) > 1)
        for axis in axes
        for shown in pages_of(scales, COLUMNS)
        if table["protocol"].isin(list(axis.places)).any()
    ]
    return pages or [only_words("No model was asked under these protocols.")]


def ratios(table: pd.DataFrame) -> pd.DataFrame:
    """Alignment with mean SDs of the model as a share of people's; 0 where answers are the same."""
    ends = {"ratio": "", "ratio_low": "_low", "ratio_high": "_high"}
    return table.assign(**{name: np.exp(table[f"log_sd_ratio{end}"]) for name, end in ends.items()})


def _limits(
    table: pd.DataFrame, columns: list[str], floor: float, least: float
) -> tuple[float, float]:
    values = table[columns].to_numpy(dtype=float)
    known = np.append(values[np.isfinite(values)], [floor, least])
    return float(known.min()) - 0.04, float(known.max()) + 0.04


def _page(
    subject: Subject,
    table: pd.DataFrame,
    axis: Axis,
    scales: Sequence[str],
    limits: Mapping[str, tuple[float, float]],
    *,
    headed: bool,
) -> Figure:
    shown = table[table["protocol"].isin(list(axis.places))]
    legend = _legend(subject, shown)
    across = len(scales)
    width = PAGE_INCHES / COLUMNS * across
    per_row = max(1, round(across * 1.0))
    height = 4.4 + 0.17 * -(-len(legend) // per_row)
    figure = Figure(figsize=(width, height), layout="constrained")
    grid = figure.subplots(2, across, squeeze=False, sharex=True, sharey="row")
    for (upper, lower), scale in zip(grid.T, scales, strict=True):
        cells = shown[shown["scale"] == scale]
        _references(upper, lower, cells)
        for key, line in groups(cells, ["model", "readout"]):
            for panel, names in ((upper, _R), (lower, _RATIO)):
                _line(panel, line, axis.places, names, subject.marks[key[0]], key[1])
        upper.set_title(scale)
        upper.set_ylim(limits["r"])
        lower.set_ylim(limits["ratio"])
        lower.set_xlabel(axis.label)
        if axis.ticks is not None:
            lower.set_xticks(range(len(axis.ticks)), axis.ticks, rotation=_slant(axis.ticks))
            lower.set_xlim(-0.4, len(axis.ticks) - 0.6)
        else:
            lower.set_xticks(sorted(set(axis.places.values())))
    grid[0, 0].set_ylabel("Pearson r with people")
    grid[1, 0].set_ylabel("SD over raters / people's")
    if headed:
        figure.suptitle(axis.alike, fontsize=8)
    figure.legend(handles=legend, loc="outside lower center", ncols=per_row, fontsize=7)
    return figure


_R = ("pearson_r", "pearson_boot_low", "pearson_boot_high")
_RATIO = ("ratio", "ratio_low", "ratio_high")


def _slant(ticks: Sequence[str]) -> float:
    return 0 if sum(map(len, ticks)) < 22 else 40


def _references(upper: Axes, lower: Axes, cells: pd.DataFrame) -> None:
    """The ceiling, and a spread like people's."""
    dashed: dict[str, Any] = {"color": PEOPLE, "linewidth": 0.8, "linestyle": (0, (4, 3))}
    if cells["ceiling"].notna().any():
        upper.axhline(float(cells["ceiling"].max()), zorder=0, **dashed)
    upper.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
    lower.axhline(1, zorder=0, **dashed)
    for panel, name, told in (
        (upper, "pearson_r", "r undefined"),
        (lower, "ratio", "no spread to compare"),
    ):
        if cells[name].isna().all():
            panel.text(
                0.5, 0.5, told, transform=panel.transAxes, ha="center", va="center", color=PEOPLE
            )


def _line(
    panel: Axes,
    cells: pd.DataFrame,
    places: Mapping[str, float],
    names: tuple[str, str, str],
    mark: Mark,
    readout: str,
) -> None:
    """One model in one readout: its points, joined, with their intervals."""
    line = cells.assign(place=cells["protocol"].map(dict(places))).sort_values("place")
    value, low, high = (line[name].to_numpy(dtype=float) for name in names)
    x = line["place"].to_numpy(dtype=float)
    panel.vlines(x, low, high, color=mark.colour, linewidth=1, alpha=0.6)
    panel.plot(
        x,
        value,
        color=mark.colour,
        linewidth=1.2,
        linestyle=LINES[readout],
        marker=mark.marker,
        ms=4.5,
        mfc=mark.colour if readout == "exact" else "white",
        mew=1.1,
    )


def _legend(subject: Subject, table: pd.DataFrame) -> list[Line2D]:
    models = [
        Line2D(
            [], [], color=mark.colour, marker=mark.marker, ms=4.5, label=subject.job.models[name]
        )
        for name in sorted(table["model"].unique())
        for mark in [subject.marks[name]]
    ]
    readouts = [
        Line2D(
            [],
            [],
            color="black",
            linestyle=LINES[readout],
            marker="o",
            ms=4.5,
            mfc="black" if readout == "exact" else "white",
            label=readout,
        )
        for readout in sorted(table["readout"].unique())
    ]
    return [*models, *(readouts if len(readouts) > 1 else [])]
