"""How much ratings of one item differ: people beside simulated participants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emoalign.figures.drawing import Subject
from emoalign.figures.panels import pages_of
from emoalign.figures.style import PAGE_INCHES, PEOPLE, shortened
from emoalign.items.rated_rows import rated_rows
from emoalign.statistics.resampling import root_mean_square
from emoalign.statistics.seeds import seed_of
from emoalign.tables import ITEMS, groups
from emoalign.wording import span

ENOUGH = 5
"""Ratings of an item whose SD is hardly biased: that of five is 6% too small on average, that of
two 20% (normal ratings)."""

NAME_INCHES = 2.9

ROWS = 14
"""Rows on a page."""


@dataclass(frozen=True)
class Row:
    """The SDs of items, rated by people or in one cell.

    Attributes:
        name: what is rated by whom.
        sds: the SD of every item.
        n: the number of ratings behind each; NaN where that is not known, or does not matter.
        colour: of its marks.
        people: people's SDs of the same items.
    """

    name: str
    sds: pd.Series
    n: pd.Series
    colour: str
    people: pd.Series


def draw(subject: Subject) -> list[Figure]:
    """A row per cell and one for people: the SD of every item (points), the quartiles of those
    from enough ratings (box) and the root mean square of all (diamond), beside people's on the
    same items (dashed).

    Points are scattered at random within their row.
    """
    items = rated_rows(subject.rows(ITEMS))
    rated = items.drop_duplicates("item_id").dropna(subset="human_sd")
    people = Row("People", rated["human_sd"], rated["human_n"], PEOPLE, rated["human_sd"])
    cells = []
    for (model, protocol, readout), cell in groups(
        items, ["model", "protocol", "readout"], sort=False
    ):
        given = cell.dropna(subset="sd")
        answers = given["n_ok"].astype(float)
        cells.append(
            Row(
                subject.cell_name(model, protocol, readout),
                given["sd"],
                answers if readout == "sampled" else answers.mask(answers.notna()),
                subject.marks[model].colour,
                given["human_sd"].dropna(),
            )
        )
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
    names = ["\n".join(shortened(line, NAME_INCHES) for line in _name(row)) for row in rows]
    axis.set_yticks(range(len(rows)), names)
    axis.tick_params(axis="y", length=0)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xlim(-0.015 * widest, 1.03 * widest)
    axis.set_xlabel("Standard deviation of the ratings of an item (points of the scale)")
    if any((row.n < ENOUGH).any() for row in rows):
        handles = [
            Line2D([], [], marker="o", ls="none", ms=3, color=PEOPLE, mfc=face, label=label)
            for face, label in (
                (PEOPLE, f"SD of {ENOUGH} ratings or more"),
                ("none", f"SD of fewer than {ENOUGH}, which is not in the box"),
            )
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=2, fontsize=7)
    return figure


def _name(row: Row) -> list[str]:
    """What a row is called, and how many ratings its SDs are of."""
    n = span(row.n.dropna(), 0)
    return [*row.name.split("\n"), *([f"{n} ratings per item"] if n else [])]


def _row(axis: Axes, place: int, row: Row, rng: np.random.Generator) -> None:
    if row.sds.empty:
        axis.text(0.02, place, "no standard deviations", va="center", color=PEOPLE)
        return
    colour = row.colour
    height = place + rng.uniform(-0.22, 0.22, len(row.sds))
    few = (row.n < ENOUGH).to_numpy()
    look: dict[str, Any] = {"s": 4, "rasterized": True, "edgecolors": colour}
    axis.scatter(row.sds[~few], height[~few], alpha=0.25, linewidths=0, facecolors=colour, **look)
    axis.scatter(row.sds[few], height[few], alpha=0.5, linewidths=0.4, facecolors="none", **look)
    axis.boxplot(
        row.sds[~few].to_numpy(),
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
