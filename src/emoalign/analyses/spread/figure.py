"""How much raters of one item differ: people against simulated participants."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emoalign.figures.drawing import Subject
from emoalign.figures.panels import pages_of
from emoalign.figures.style import PAGE_INCHES, PEOPLE
from emoalign.statistics.seeds import seed_of
from emoalign.tables import ITEMS, groups

ROWS = 15
"""Rows on a page."""

Row = tuple[str, pd.Series, str]
"""What is rated by whom, the SD of every item, and its colour."""


def draw(subject: Subject) -> list[Figure]:
    """A row per cell and one for people: the SD of every item (points) and their quartiles (box).

    Points are scattered at random within their row.
    """
    items = subject.rows(ITEMS)
    people: Row = ("People", items.drop_duplicates("item_id")["human_sd"].dropna(), PEOPLE)
    cells: list[Row] = [
        (subject.cell_name(*key), cell["sd"].dropna(), subject.marks[key[0]].colour)
        for key, cell in groups(items, ["model", "protocol", "readout"])
    ]
    largest = max((float(sds.max()) for _, sds, _ in (people, *cells) if len(sds)), default=0)
    pages = pages_of(cells, ROWS - 1)
    seed = seed_of(subject.job.seed, subject.dataset, "scatter")
    return [_page([people, *rows], largest or 1.0, seed) for rows in pages]


def _page(rows: list[Row], widest: float, seed: int) -> Figure:
    figure = Figure(figsize=(PAGE_INCHES, 0.9 + 0.55 * len(rows)), layout="constrained")
    axis = figure.subplots()
    rng = np.random.default_rng(seed)
    for place, (_, sds, colour) in enumerate(rows):
        _row(axis, place, sds, colour, rng)
    axis.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xlim(-0.015 * widest, 1.03 * widest)
    axis.set_xlabel("Standard deviation over raters of an item (points of the scale)")
    people = rows[0][1]
    if len(people):
        axis.axvline(people.median(), color=PEOPLE, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    return figure


def _row(axis: Axes, place: int, sds: pd.Series, colour: str, rng: np.random.Generator) -> None:
    if sds.empty:
        axis.text(0.02, place, "no standard deviations", va="center", color=PEOPLE)
        return
    height = place + rng.uniform(-0.22, 0.22, len(sds))
    axis.scatter(sds, height, s=4, color=colour, alpha=0.25, linewidths=0, rasterized=True)
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
