"""Which items are alike: dissimilarity matrices of people and models, side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from numpy.typing import NDArray

from emoalign.figures.drawing import Subject
from emoalign.figures.panels import headed, instead, panels
from emoalign.tables import SIMILARITY, STRUCTURE, groups, records
from emoalign.wording import coefficient, with_p

COLUMNS, RATIO, HEADING = 4, 0.88, 0.6
COLOURS = "cividis"
FRAMEWORKS = ("dimensions", "emotions")


@dataclass(frozen=True, eq=False)
class Matrix:
    """One space of one rater: ranks of distances, shape (items, items), from 0 (the nearest pair)
    to 1; NaN for items that were not rated on all scales."""

    name: str
    ranks: NDArray[np.float64]


def draw(subject: Subject) -> list[Figure]:
    """Matrices of people first, then two per cell; all in the order of items of people."""
    pairs = subject.rows(SIMILARITY)
    if pairs.empty:
        return []
    n_items = int(pairs["place_b"].max())
    pages = []
    every = list(_matrices(subject, n_items))
    for figure, shown in panels(every, COLUMNS, RATIO, HEADING, alike=False):
        picture = None
        for axis, matrix in shown:
            picture = _panel(axis, matrix) or picture
        axes = [axis for axis, _ in shown]
        if picture is not None:
            bar = figure.colorbar(picture, ax=axes, location="bottom", aspect=40, shrink=0.5)
            bar.set_ticks([0, 1], labels=["most alike", "least alike"])
        figure.supxlabel(f"{n_items} items, in the same order in all panels", fontsize=8)
        pages.append(figure)
    return pages


def _matrices(subject: Subject, n_items: int) -> Iterator[Matrix]:
    pairs = subject.rows(SIMILARITY)
    people = pairs[pairs["model"].isna()]
    for framework in FRAMEWORKS:
        yield Matrix(f"People\n{framework}", _matrix(people, framework, n_items))
    # A row of the page is one space of people and two cells, or two cells of two spaces each.
    yield from (Matrix("", np.empty((0, 0))) for _ in range(COLUMNS - len(FRAMEWORKS)))
    with_people = {
        (row["model"], row["protocol"], row["readout"], row["b"]): row
        for row in records(subject.rows(STRUCTURE))
        if row["a"].split()[0] == "human" and row["a"].split()[1] == row["b"].split()[1]
    }
    several = pairs["readout"].nunique() > 1
    for (model, protocol, readout), cell in groups(pairs, ["model", "protocol", "readout"]):
        for framework in FRAMEWORKS:
            row = with_people[model, protocol, readout, f"model {framework}"]
            rho = f"ρ = {coefficient(row['rho'])}, {with_p(row['p'])}"
            summary = row["reason"] if isinstance(row["reason"], str) else rho
            asked = f"{protocol}, {readout}" if several else protocol
            name = f"{subject.job.models[model]}\n{asked}\n{framework}, {summary}"
            yield Matrix(name, _matrix(cell, framework, n_items))


def _matrix(pairs: pd.DataFrame, framework: str, n_items: int) -> NDArray[np.float64]:
    """The ranks of pairs as a symmetric matrix; an item is nearest to itself."""
    a, b = pairs["place_a"].to_numpy() - 1, pairs["place_b"].to_numpy() - 1
    ranks = np.full((n_items, n_items), np.nan)
    ranks[a, b] = ranks[b, a] = pairs[framework].to_numpy(dtype=float)
    rated = np.isfinite(ranks).any(axis=1)
    np.fill_diagonal(ranks, np.where(rated, 0.0, np.nan))
    return ranks


def _panel(axis: Axes, matrix: Matrix) -> AxesImage | None:
    headed(axis, matrix.name, size=7)
    if not matrix.ranks.size:
        axis.set_axis_off()
        return None
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    if np.isnan(matrix.ranks).all():
        instead(axis, "no item with\nall means")
        return None
    return axis.imshow(matrix.ranks, cmap=COLOURS, vmin=0, vmax=1, interpolation="nearest")
