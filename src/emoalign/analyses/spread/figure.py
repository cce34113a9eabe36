"""How much ratings of one item differ: people beside simulated participants."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emoalign.figures.drawing import Subject
from emoalign.figures.panels import pages_of
from emoalign.figures.style import PAGE_INCHES, PEOPLE
from emoalign.statistics.resampling import root_mean_square
from emoalign.statistics.seeds import seed_of
from emoalign.tables import ITEMS, groups

ROWS = 15
"""Rows on a page."""


@dataclass(frozen=True)
class Row:
    """The SDs of items, rated by people or in one cell.

    Attributes:
        name: what is rated by whom.
        sds: the SD of every item.
        colour: of its marks.
        people: people's SDs of the same items.
    """

    name: str
    sds: pd.Series
    colour: str
    people: pd.Series


def draw(subject: Subject) -> list[Figure]:
    """A row per cell and one for people: the SD of every item (points), their quartiles (box) and
    their root mean square (diamond), beside people's on the same items (dashed).

    Points are scattered at random within their row.
    """
    items = subject.rows(ITEMS)
    of_people = items.drop_duplicates("item_id")["human_sd"].dropna()
    people = Row("People", of_people, PEOPLE, of_people)
    cells = [
        Row(
            subject.cell_name(*key),
            rated["sd"],
            subject.marks[key[0]].colour,
            rated["human_sd"].dropna(),
        )
        for key, cell in groups(items, ["model", "protocol", "readout"])
        for rated in (cell.dropna(subset="sd"),)
    ]
    largest = max((float(row.sds.max()) for row in (people, *cells) if len(row.sds)), default=0)
    pages = pages_of(cells, ROWS - 1)
    seed = seed_of(subject.job.seed, subject.dataset, "scatter")
    return [_page([people, *rows], largest or 1.0, seed) for rows in pages]


def _page(rows: list[Row], widest: float, seed: int) -> Figure:
    figure = Figure(figsize=(PAGE_INCHES, 0.9 + 0.55 * len(rows)), layout="constrained")
    axis = figure.subplots()
    rng = np.random.default_rng(seed)
    for place, row in enumerate(rows):
        _row(axis, place, row, rng)
    axis.set_yticks(range(len(rows)), [row.name for row in rows])
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xlim(-0.015 * widest, 1.03 * widest)
    axis.set_xlabel("Standard deviation of the ratings of an item (points of the scale)")
    return figure


def _row(axis: Axes, place: int, row: Row, rng: np.random.Generator) -> None:
    if row.sds.empty:
        axis.text(0.02, place, "no standard deviations", va="center", color=PEOPLE)
        return
    colour = row.colour
    height = place + rng.uniform(-0.22, 0.22, len(row.sds))
    axis.scatter(row.sds, height, s=4, color=colour, alpha=0.25, linewidths=0, rasterized=True)
    axis.boxplot(
        row.sds.to_numpy(),
        positions=[place],
        orientation="horizontal",
        widths=0.5,
        showfliers=False,
        manage_ticks=False,
        boxprops={"color": colour},
        whiskerprops={"color": colour},
        capprops={"color": colour},
        medianprops={"color": colour},
    )
    at = root_mean_square(row.sds)
    axis.plot(at, place, marker="D", ms=6, mfc=colour, mec="white", mew=0.8, zorder=4)
    if len(row.people):
        at, ends = root_mean_square(row.people), (place - 0.5, place + 0.5)
        axis.vlines(at, *ends, color=PEOPLE, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
