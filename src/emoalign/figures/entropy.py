"""The entropy of models' answers against that of people's, item by item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emoalign.figures.style import FAINT, PAGE_HEIGHT, PAGE_INCHES, PEOPLE
from emoalign.figures.subject import Subject
from emoalign.statistics.scores import entropies
from emoalign.tables import ENTROPY, ITEMS, groups, records

COLUMNS = 3
ROW_INCHES = 2.75
ROWS = int(PAGE_HEIGHT / ROW_INCHES)
"""Rows of panels on a page."""

POINT = 7.0
"""Area of the point of a single item; it grows with the square root of their number."""

Cell = tuple[tuple[str, ...], pd.DataFrame]


def draw(subject: Subject) -> list[Figure]:
    """A panel per cell: each point the items with these two entropies, with the line of equals."""
    cells = list(groups(subject.rows(ITEMS), ["model", "protocol", "readout"]))
    found: dict[tuple[str, ...], Mapping[str, Any]] = {
        (cell["model"], cell["protocol"], cell["readout"]): cell
        for cell in records(subject.rows(ENTROPY))
    }
    per_page = COLUMNS * ROWS
    return [
        _page(subject, cells[start : start + per_page], found)
        for start in range(0, len(cells), per_page)
    ]


def _page(
    subject: Subject,
    cells: Sequence[Cell],
    found: Mapping[tuple[str, ...], Mapping[str, Any]],
) -> Figure:
    columns = 2 if len(cells) == 4 else min(COLUMNS, len(cells))
    rows = -(-len(cells) // columns)
    size = (PAGE_INCHES / COLUMNS * columns, ROW_INCHES * rows)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for place, axis in enumerate(axes.flat):
        axis.tick_params(labelbottom=place + columns >= len(cells))
        if place >= len(cells):
            axis.set_axis_off()
    labels = subject.shown.labels.get(subject.scale)
    numbers = subject.shown.scales.get(subject.scale)
    most = np.log2(len(labels.labels) if labels else len(numbers.points) if numbers else 2)
    for axis, (key, cell) in zip(axes.flat, cells, strict=False):
        human, model = (
            _entropies(cell[name], labels is not None)
            for name in ("human_distribution", "distribution")
        )
        _panel(axis, human, model, subject.marks[key[0]].colour, float(most))
        axis.set_title(f"{subject.cell_name(*key)}\n{_summary(found.get(key))}")
    figure.supxlabel("Entropy of people's answers (bits)", fontsize=8)
    figure.supylabel("Entropy of the model's answers (bits)", fontsize=8)
    return figure


def _entropies(distributions: pd.Series, labels: bool) -> np.ndarray[tuple[int], Any]:
    """Entropies in bits, NaN where there is no distribution."""
    found = np.full(len(distributions), np.nan)
    known = distributions.notna().to_numpy()
    if known.any():
        shares = np.stack(distributions[known].to_list())
        found[known] = entropies("labels" if labels else "ordinal", shares)
    return found


def _panel(
    axis: Axes,
    human: np.ndarray[tuple[int], Any],
    model: np.ndarray[tuple[int], Any],
    colour: str,
    most: float,
) -> None:
    axis.plot([0, most], [0, most], color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    known = np.isfinite(human) & np.isfinite(model)
    if known.any():
        places = np.round(np.stack((human[known], model[known])), 3)
        (x, y), items = np.unique(places, axis=1, return_counts=True)
        axis.scatter(
            x, y, s=POINT * np.sqrt(items), color=colour, alpha=0.4, linewidths=0, zorder=2
        )
    else:
        axis.text(
            0.5, 0.5, "nothing to compare", transform=axis.transAxes, ha="center", color=PEOPLE
        )
    margin = 0.04 * most
    limits = (-margin, most + margin)
    axis.set(xlim=limits, ylim=limits, aspect="equal")


def _summary(cell: Mapping[str, Any] | None) -> str:
    """The correlation, its interval, and what a perfect model would reach."""
    if cell is None or not cell["n_items"]:
        return "no items to compare"
    if pd.isna(cell["spearman_rho"]):
        return f"ρ undefined, {cell['n_items']} items"
    told = f"ρ = {cell['spearman_rho']:.2f}"
    if pd.notna(cell["spearman_rho_low"]):
        told += f" [{cell['spearman_rho_low']:.2f}, {cell['spearman_rho_high']:.2f}]"
    if pd.notna(cell["rho_perfect"]):
        told += f" (perfect {cell['rho_perfect']:.2f})"
    return told.replace("-", "\N{MINUS SIGN}")
