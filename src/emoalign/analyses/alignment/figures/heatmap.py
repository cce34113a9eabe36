"""Correlation with people of every cell, as a table of colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from emoalign.figures.panels import pages_of
from emoalign.figures.style import FAINT, PEOPLE
from emoalign.figures.subject import READOUT_NAMES, Subject
from emoalign.tables import ALIGNMENT
from emoalign.wording import number

COLUMNS, ROWS = 22, 36
"""Models (and protocols, readouts) and scales on a page."""

CELL = 0.245
"""Side of a cell in inches: room for two decimals."""

COLOURS = "YlGnBu"
HUMAN = {"ceiling": "ceiling", "one_human_r": "one human rater"}


def draw(subject: Subject) -> list[Figure]:
    """A row per scale, a column per model: r; before them the ceiling and one human rater."""
    alignment = subject.rows(ALIGNMENT)
    who, where = ["model", "protocol", "readout"], ["dataset", "scale"]
    r = alignment.pivot(index=where, columns=who, values="pearson_r").sort_index()
    r = r.sort_index(axis=1)
    human = alignment.groupby(where)[list(HUMAN)].first().loc[r.index]
    shades = Normalize(min(0.0, float(np.nanmin([0.0, *r.to_numpy().ravel()]))), 1.0)
    pages = []
    for places in pages_of(list(r.index), ROWS):
        for cells in pages_of(list(r.columns), COLUMNS):
            part = r.loc[list(places), list(cells)]
            pages.append(
                _page(human.loc[part.index], part, _names(subject, r.columns, cells), shades)
            )
    return pages


def _names(subject: Subject, every: pd.Index, cells: Sequence[Any]) -> list[str]:
    """What columns are called: no more than tells them apart."""
    protocols = every.get_level_values("protocol").nunique() > 1
    readouts = every.get_level_values("readout").nunique() > 1
    return [
        ", ".join(
            [
                subject.job.models[model],
                *([protocol] if protocols else []),
                *([READOUT_NAMES[readout].split()[0]] if readouts else []),
            ]
        )
        for model, protocol, readout in cells
    ]


def _page(human: pd.DataFrame, r: pd.DataFrame, names: Sequence[str], shades: Normalize) -> Figure:
    across, down = r.shape[1] + 2, len(r)
    labels = [" ".join(place) for place in r.index]
    beside = 0.4 + 0.062 * max(map(len, labels))
    above = 0.3 + 0.062 * max(map(len, [*names, *HUMAN.values()]))
    size = (beside + CELL * across + 0.7, above + CELL * down)
    figure = Figure(figsize=size)
    left, width = beside / size[0], CELL * across / size[0]
    axis = figure.add_axes((left, 0, width, CELL * down / size[1]))
    values = np.hstack([human.to_numpy(dtype=float), r.to_numpy(dtype=float)])
    colours = mpl.colormaps[COLOURS].with_extremes(bad="white")
    picture = axis.pcolormesh(
        np.ma.masked_invalid(values), cmap=colours, norm=shades, edgecolors="white", linewidth=0.8
    )
    _numbers(axis, values, shades)
    axis.axvline(2, color="white", linewidth=4)
    axis.set(xlim=(0, across), ylim=(down, 0))
    axis.set_xticks(np.arange(across) + 0.5, [*HUMAN.values(), *names], rotation=90)
    axis.set_yticks(np.arange(down) + 0.5, labels)
    axis.xaxis.tick_top()
    axis.tick_params(length=0)
    axis.spines[:].set_visible(False)
    for tick in axis.get_xticklabels()[:2]:
        tick.set_color(PEOPLE)
    bar = figure.add_axes(
        (left + width + 0.15 / size[0], 0, 0.09 / size[0], max(1.0, CELL * down) / size[1])
    )
    figure.colorbar(picture, cax=bar, label="Pearson r")
    bar.tick_params(labelsize=7)
    return figure


def _numbers(axis: Axes, values: np.ndarray, shades: Normalize) -> None:
    for (row, column), value in np.ndenumerate(values):
        dark = np.isfinite(value) and shades(value) > 0.6
        axis.text(
            column + 0.5,
            row + 0.5,
            number(value).replace("0.", "."),
            ha="center",
            va="center",
            fontsize=6,
            color="white" if dark else (FAINT if np.isnan(value) else "black"),
        )
