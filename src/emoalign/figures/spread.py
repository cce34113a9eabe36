"""How much raters of one item differ: people against simulated participants."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emoalign.figures.style import PAGE_INCHES, PEOPLE
from emoalign.figures.subject import Subject
from emoalign.tables import ITEMS, groups


def draw(subject: Subject) -> list[Figure]:
    """A row per cell and one for people: the SD of every item (points) and their quartiles (box).

    The seed of the study places the points within their row.
    """
    items = subject.rows(ITEMS)
    cells = list(groups(items, ["model", "protocol", "readout"]))
    people = items.drop_duplicates("item_id")["human_sd"].dropna()
    figure = Figure(figsize=(PAGE_INCHES, 0.9 + 0.55 * (len(cells) + 1)), layout="constrained")
    axis = figure.subplots()
    rng = np.random.default_rng(subject.job.seed)
    names = ["People"]
    _row(axis, 0, people, PEOPLE, rng)
    for place, (names_of_cell, cell) in enumerate(cells, 1):
        _row(axis, place, cell["sd"].dropna(), subject.marks[names_of_cell[0]].colour, rng)
        names.append(subject.cell_name(*names_of_cell))
    axis.set_yticks(range(len(names)), names)
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(len(names) - 0.5, -0.5)
    axis.set_xlim(left=0)
    axis.set_xlabel("Standard deviation over raters of an item (points of the scale)")
    if len(people):
        axis.axvline(people.median(), color=PEOPLE, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    return [figure]


def _row(axis: Axes, place: int, sds: pd.Series, colour: str, rng: np.random.Generator) -> None:
    if sds.empty:
        axis.text(0.02, place, "no standard deviations", va="center", color=PEOPLE)
        return
    height = place + rng.uniform(-0.22, 0.22, len(sds))
    axis.scatter(sds, height, s=4, color=colour, alpha=0.25, linewidths=0)
    axis.boxplot(
        sds.to_numpy(),
        positions=[place],
        orientation="horizontal",
        widths=0.5,
        showfliers=False,
        manage_ticks=False,
        boxprops={"color": colour},
        whiskerprops={"color": colour},
        capprops={"color": colour},
        medianprops={"color": colour, "linewidth": 2},
    )
