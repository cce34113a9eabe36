"""Discrete emotions against dimensions: on which do models match people better?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emoalign.figures.drawing import Subject
from emoalign.figures.panels import coefficients, pages_of
from emoalign.figures.style import FAINT, PAGE_INCHES, PEOPLE, Mark, wrapped
from emoalign.tables import FRAMEWORK, records

NAME_INCHES = 2.8
ROWS = 18
"""Rows on a page."""


def draw(subject: Subject) -> list[Figure]:
    """A row per model, protocol and set of datasets: both means of r, and their difference."""
    order = ["datasets", "model", "protocol", "readout"]
    table = subject.rows(FRAMEWORK).sort_values(order)
    if table.empty:
        return []
    means = table[["r_emotions", "r_dimensions"]]
    ends = table[["difference_low", "difference_high", "difference"]]
    limits = _limits(means, low=0.0, high=1.0), _limits(ends, low=0.0, high=0.0)
    return [_page(subject, rows, limits) for rows in pages_of(records(table), ROWS)]


def _limits(values: pd.DataFrame, low: float, high: float) -> tuple[float, float]:
    """Limits that hold all values and both ends, with a little room."""
    numbers = values.to_numpy(dtype=float)
    finite = np.append(numbers[np.isfinite(numbers)], [low, high])
    room = 0.06 * max(float(np.ptp(finite)), 0.1)
    return float(finite.min()) - room, float(finite.max()) + room


def _page(
    subject: Subject,
    rows: Sequence[Mapping[str, Any]],
    limits: tuple[tuple[float, float], tuple[float, float]],
) -> Figure:
    figure = Figure(figsize=(PAGE_INCHES, 1.2 + 0.42 * len(rows)), layout="constrained")
    means, differences = figure.subplots(1, 2, sharey=True, width_ratios=[3, 2])
    for place, row in enumerate(rows):
        mark = subject.marks[row["model"]]
        _means(means, place, row, mark)
        _difference(differences, place, row, mark)
    means.set_yticks(range(len(rows)), [_name(subject, row) for row in rows])
    means.set(
        xlim=limits[0],
        ylim=(len(rows) - 0.5, -0.5),
        xlabel="Mean correlation with people, Pearson r",
    )
    differences.axvline(0, color=FAINT, linewidth=0.8, zorder=0)
    differences.set(xlim=limits[1], xlabel="Difference of mean r\n(emotions minus dimensions)")
    for axis in (means, differences):
        axis.tick_params(axis="y", length=0)
        coefficients(axis.xaxis)
    figure.legend(handles=_legend(rows), loc="outside upper center", ncols=2, handletextpad=0.4)
    return figure


def _name(subject: Subject, row: Mapping[str, Any]) -> str:
    titles = [subject.job.datasets[name].title for name in row["datasets"].split("+")]
    datasets = " + ".join(titles)
    asked = f"{datasets}, {row['protocol']}, {row['readout']}"
    return wrapped(f"{subject.job.models[row['model']]}\n{asked}", NAME_INCHES)


def _means(axis: Axes, place: int, row: Mapping[str, Any], mark: Mark) -> None:
    ends = [row["r_dimensions"], row["r_emotions"]]
    axis.plot(ends, [place, place], color=mark.colour, linewidth=1.2, zorder=1)
    for value, face in zip(ends, ("white", mark.colour), strict=True):
        axis.plot(value, place, "o", ms=6, color=face, mec=mark.colour, mew=1.4)


def _difference(axis: Axes, place: int, row: Mapping[str, Any], mark: Mark) -> None:
    ends = [row["difference_low"], row["difference_high"]]
    axis.plot(ends, [place, place], color=mark.colour, linewidth=1.6)
    axis.plot(row["difference"], place, "o", ms=5, color=mark.colour)
    if isinstance(row["reason"], str):
        axis.text(
            0.02,
            place + 0.12,
            row["reason"],
            transform=axis.get_yaxis_transform(),
            va="top",
            fontsize=6,
            color=PEOPLE,
            wrap=True,
        )


def _legend(rows: Sequence[Mapping[str, Any]]) -> list[Line2D]:
    """The marks of these rows, and no others."""
    kept: dict[str, Any] = {"marker": "o", "linestyle": "none", "mec": "black", "mew": 1.4}
    marks = (("r_dimensions", "dimensions", "white"), ("r_emotions", "discrete emotions", "black"))
    return [
        Line2D([], [], color=face, label=label, **kept)
        for column, label, face in marks
        if any(np.isfinite(row[column]) for row in rows)
    ]
