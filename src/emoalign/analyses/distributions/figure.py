"""The entropy of models' answers against that of people's, item by item."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emoalign.figures.drawing import Subject
from emoalign.figures.panels import headed, instead, panels, same_ticks
from emoalign.figures.style import FAINT
from emoalign.tables import ENTROPY, ITEM_ENTROPIES, groups, records
from emoalign.wording import ci, coefficient

COLUMNS, RATIO, HEADING = 3, 0.9, 0.65

POINT = 7.0
"""Area of the point of a single item; it grows with the square root of their number."""


def draw(subject: Subject) -> list[Figure]:
    """A panel per cell: each point the items with these two entropies, with the line of equals."""
    keys = ["model", "protocol", "readout"]
    asked = subject.rows(ENTROPY)
    asked = asked[asked["model"].isin(list(subject.job.models))]
    cells = [(key, records(rows)[0]) for key, rows in groups(asked, keys)]
    every = subject.rows(ITEM_ENTROPIES)
    items = dict(groups(every, keys))
    highest = _highest(subject)
    pages = []
    for figure, shown in panels(cells, COLUMNS, RATIO, HEADING):
        for axis, (key, cell) in shown:
            colour = subject.marks[key[0]].colour
            _panel(axis, items.get(key, every.iloc[:0]), colour, highest)
            headed(axis, f"{subject.cell_name(*key)}\n{_summary(cell)}")
        figure.supxlabel("Entropy of people's answers (bits)", fontsize=8)
        figure.supylabel("Entropy of the model's answers (bits)", fontsize=8)
        pages.append(figure)
    return pages


def _highest(subject: Subject) -> float:
    """The entropy of answers that are spread evenly over the labels or the points, in bits."""
    labels = subject.shown.labels.get(subject.scale)
    numbers = subject.shown.scales.get(subject.scale)
    return float(np.log2(len(labels.labels) if labels else len(numbers.points) if numbers else 2))


def _panel(axis: Axes, items: pd.DataFrame, colour: str, highest: float) -> None:
    ends = [0, highest]
    axis.plot(ends, ends, color=FAINT, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
    if items.empty:
        instead(axis, "nothing to compare")
    else:
        places = items[["human_entropy", "model_entropy"]].round(3)
        points = places.value_counts(sort=False).reset_index(name="items")
        axis.scatter(
            points["human_entropy"],
            points["model_entropy"],
            s=POINT * np.sqrt(points["items"]),
            color=colour,
            alpha=0.4,
            linewidths=0,
            zorder=2,
        )
    same_ticks(axis, 0, highest)


def _summary(cell: Mapping[str, Any]) -> str:
    """The correlation, its interval, and what a perfect model would reach."""
    if not cell["n_items"]:
        return "no items to compare"
    if pd.isna(cell["spearman_rho"]):
        return f"ρ undefined, {cell['n_items']} items"
    rho = f"ρ = {coefficient(cell['spearman_rho'])}"
    interval = ci(cell["spearman_rho_low"], cell["spearman_rho_high"], bounded=True)
    perfect = cell["rho_perfect"]
    possible = f"\nperfect model: ρ = {coefficient(perfect)}" if pd.notna(perfect) else ""
    return ", ".join(filter(None, (rho, interval))) + possible
