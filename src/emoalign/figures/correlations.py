"""The correlation of every cell with people, beside what was possible."""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emoalign.figures.style import FAINT, PAGE_INCHES, PEOPLE, READOUT_NAMES


def draw_correlations(
    alignment: pd.DataFrame, colours: dict[str, str], titles: dict[str, str]
) -> Figure:
    """A row per cell: r with its 95 % bootstrap interval, the ceiling, and one human rater's r."""
    cells = alignment.sort_values(["dataset", "scale", "model", "protocol", "readout"])
    figure = Figure(figsize=(PAGE_INCHES, 1.3 + 0.42 * len(cells)), layout="constrained")
    axis = figure.subplots()
    axis.axvline(0, color=FAINT, linewidth=0.8, zorder=0)
    names = []
    for place, cell in enumerate(cells.itertuples()):
        names.append(f"{titles[cell.model]}, {cell.protocol}\n{_what(cell)}")
        top, bottom = place - 0.32, place + 0.32
        axis.plot([cell.ceiling] * 2, [top, bottom], color=PEOPLE, linewidth=2)
        axis.plot(cell.one_human_r, place, marker="D", color="white", markeredgecolor=PEOPLE, ms=5)
        axis.plot(
            [cell.pearson_boot_low, cell.pearson_boot_high],
            [place, place],
            color=colours[cell.model],
            linewidth=1.6,
        )
        filled = colours[cell.model] if cell.readout == "exact" else "white"
        axis.plot(
            cell.pearson_r,
            place,
            marker="o",
            ms=6,
            color=filled,
            markeredgecolor=colours[cell.model],
            markeredgewidth=1.4,
        )
        if pd.isna(cell.pearson_r):
            axis.text(0.02, place, "r undefined", va="center", color=PEOPLE)
    axis.set_yticks(range(len(names)), names)
    axis.tick_params(axis="y", length=0)
    axis.invert_yaxis()
    axis.set_xlim(min(-0.25, cells["pearson_boot_low"].min() - 0.05), 1.02)
    axis.set_xlabel("Pearson r of item means with human item means")
    figure.legend(handles=_legend(), loc="outside upper center", ncols=4, handletextpad=0.4)
    return figure


def _what(cell: object) -> str:
    return f"{cell.dataset} {cell.scale}, {READOUT_NAMES[cell.readout]}"  # type: ignore[attr-defined]


def _legend() -> list[Line2D]:
    plain = {"linestyle": "none", "markeredgewidth": 1.4}
    return [
        Line2D([], [], marker="o", color="black", **plain, label="r, exact"),
        Line2D([], [], marker="o", color="white", markeredgecolor="black", **plain, label="r, sampled"),
        Line2D([], [], marker="D", color="white", markeredgecolor=PEOPLE, **plain, label="one human"),
        Line2D([], [], marker="|", color=PEOPLE, ms=9, linestyle="none", markeredgewidth=2, label="ceiling"),
    ]
