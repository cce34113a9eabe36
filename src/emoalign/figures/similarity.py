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
from scipy import stats
from scipy.cluster import hierarchy
from scipy.spatial import distance

from emoalign.figures.panels import headed, instead, only_words, panels
from emoalign.figures.subject import Subject
from emoalign.figures.wording import number, p_value
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.seeds import seed_of
from emoalign.statistics.structure import dissimilarities
from emoalign.tables import ITEMS, STRUCTURE, groups, records

ITEMS_SHOWN = 80
"""More could not be told apart on paper."""

COLUMNS, HEIGHT = 4, 2.15
COLOURS = "cividis"
FRAMEWORKS = ("dimensions", "emotions")


@dataclass(frozen=True, eq=False)
class Matrix:
    """One space of one rater: ranks of distances, shape (items, items), from 0 (the nearest pair)
    to 1; NaN for items that were not rated on all scales."""

    name: str
    ranks: FloatArray


def draw(subject: Subject) -> list[Figure]:
    """Matrices of people first, then two per cell; all in the order of items of people."""
    items = shown_items(subject)
    if len(items) < 3:
        return [only_words("Fewer than three items have human means on all of these scales.")]
    pages = []
    for figure, shown in panels(list(_matrices(subject, items)), COLUMNS, HEIGHT, alike=False):
        picture = None
        for axis, matrix in shown:
            picture = _panel(axis, matrix) or picture
        axes = [axis for axis, _ in shown]
        if picture is not None:
            bar = figure.colorbar(picture, ax=axes, location="bottom", aspect=40, shrink=0.5)
            bar.set_ticks([0, 1], labels=["most alike", "least alike"])
        figure.supxlabel(f"{len(items)} items, in the same order everywhere", fontsize=8)
        pages.append(figure)
    return pages


def shown_items(subject: Subject) -> list[str]:
    """The items that are shown, drawn at random where there are too many, those that are
    alike for people side by side: average linkage, unpleasant ones first."""
    people = _people(subject).dropna()
    if len(people) > ITEMS_SHOWN:
        rng = np.random.default_rng(seed_of(subject.job.seed, subject.dataset, "sample"))
        people = people.iloc[np.sort(rng.choice(len(people), ITEMS_SHOWN, replace=False))]
    if len(people) < 3:
        return list(people.index)
    apart = _distances(subject, people)
    order = hierarchy.leaves_list(hierarchy.optimal_leaf_ordering(hierarchy.average(apart), apart))
    first = people.columns[0] if "valence" not in people.columns else "valence"
    rising = people[first].to_numpy()[order]
    middle = len(order) // 2
    if rising[:middle].mean() > rising[-middle:].mean():
        order = order[::-1]
    return [str(item) for item in people.index[order]]


def _matrices(subject: Subject, items: list[str]) -> Iterator[Matrix]:
    rows = subject.rows(ITEMS)
    people = _people(subject)
    for framework in FRAMEWORKS:
        yield Matrix(f"People\n{framework}", _ranks(subject, people.loc[items], framework))
    # A row of the page is one space of people and two cells, or two cells of two spaces each.
    yield from (Matrix("", np.empty((0, 0))) for _ in range(COLUMNS - len(FRAMEWORKS)))
    found = {
        (row["model"], row["protocol"], row["readout"], row["b"]): row
        for row in records(subject.rows(STRUCTURE))
        if row["a"].split()[0] == "human" and row["a"].split()[1] == row["b"].split()[1]
    }
    several = rows["readout"].nunique() > 1
    for key, cell in groups(rows, ["model", "protocol", "readout"]):
        means = _means(subject, cell, "mean").reindex(items)
        for framework in FRAMEWORKS:
            row = found[key[0], key[1], key[2], f"model {framework}"]
            rho = f"ρ = {number(row['rho'])}, {p_value(row['p'])}"
            told = row["reason"] if isinstance(row["reason"], str) else rho
            asked = ", ".join([key[1], *([key[2]] if several else [])])
            name = f"{subject.job.models[key[0]]}\n{asked}\n{framework}, {told}"
            yield Matrix(name, _ranks(subject, means, framework))


def _people(subject: Subject) -> pd.DataFrame:
    """Human means by item and scale of both frameworks."""
    rows = subject.rows(ITEMS).drop_duplicates(["item_id", "scale"])
    return _means(subject, rows, "human_mean")


def _means(subject: Subject, rows: pd.DataFrame, values: str) -> pd.DataFrame:
    """Means by item and scale of both frameworks."""
    frameworks = subject.shown.frameworks
    wide = rows.pivot(index="item_id", columns="scale", values=values)
    return wide.reindex(columns=[*frameworks.dimensions, *frameworks.emotions])


def _distances(subject: Subject, means: pd.DataFrame) -> FloatArray:
    scales = [subject.shown.scales[name] for name in means.columns]
    return dissimilarities(means.to_numpy(), [scale.max - scale.min for scale in scales])


def _ranks(subject: Subject, means: pd.DataFrame, framework: str) -> FloatArray:
    """Ranks of the distances of items, NaN for items without all means."""
    scales = list(getattr(subject.shown.frameworks, framework))
    complete: NDArray[np.bool_] = means[scales].notna().all(axis=1).to_numpy()
    matrix = np.full((len(means), len(means)), np.nan)
    if complete.sum() < 2:
        return matrix
    ranks = stats.rankdata(_distances(subject, means.loc[complete, scales]))
    scaled = (ranks - 1) / max(1, len(ranks) - 1)
    matrix[np.ix_(complete, complete)] = distance.squareform(scaled, checks=False)
    return matrix


def _panel(axis: Axes, matrix: Matrix) -> AxesImage | None:
    headed(axis, matrix.name, COLUMNS, size=7)
    if not matrix.ranks.size:
        axis.set_axis_off()
        return None
    axis.set(xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    if np.isnan(matrix.ranks).all():
        instead(axis, "no item with\nall means")
        return None
    return axis.imshow(matrix.ranks, cmap=COLOURS, vmin=0, vmax=1, interpolation="nearest")
