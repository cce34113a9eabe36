"""How many people ratings are worth, by the number of answers; raters whom a model may replace."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from emoalign.figures.drawing import Subject
from emoalign.figures.panels import coefficients, headed, pages_of, panels
from emoalign.figures.style import FAINT, PALETTE, PEOPLE, Mark, filling, shortened
from emoalign.tables import ALTERNATIVE_ANNOTATOR, RATERS_WORTH, groups
from emoalign.wording import READOUTS, number

COLUMNS = 3
"""Panels beside each other."""

MODELS = len(PALETTE)
"""Models on a page: as many as have colours of their own."""

LEGEND_LINE, NAME_INCHES = 0.17, 1.7

LEAST, MOST = 0.01, 1000.0
"""Numbers of people beyond these are drawn at the end of the axis."""

K, LIMIT = "k", "k_limit"

UNCOUNTED = ("exact", "decision", "stated")
"""The readouts whose worth is not told of fewer answers, in the order of their places."""


class _Draws(Protocol):
    """What draws a panel: the conditions of one scale and protocol."""

    def __call__(self, axis: Axes, panel: pd.DataFrame, marks: dict[str, Mark]) -> None: ...


def draw_worth(subject: Subject) -> list[Figure]:
    """A panel per scale and protocol: the worth of each model over its answers."""
    rows = subject.rows(RATERS_WORTH)
    rows = rows[rows["model"].notna() & rows[K].notna()]
    # Without an interval, an infinite limit would look like a finding.
    rows = rows.assign(**{LIMIT: rows[LIMIT].where(rows[f"{LIMIT}_low"].notna())})
    places = _places(rows)
    drawn = rows[[f"{name}{end}" for name in (K, LIMIT) for end in ("", "_low", "_high")]]
    known = np.clip(drawn.to_numpy(dtype=float), LEAST, MOST)
    low, high = np.nanmin(known), np.nanmax(known)
    ends = 10 ** math.floor(math.log10(min(low, 1))), 10 ** math.ceil(math.log10(max(high, 1.01)))

    def draws(axis: Axes, panel: pd.DataFrame, marks: dict[str, Mark]) -> None:
        _people_axis(axis, ends)
        axis.set_xticks(range(len(places)), places)
        axis.set_xlim(-0.5, len(places) - 0.5)
        apart = [place for place, name in enumerate(places) if name in ("∞", *UNCOUNTED)]
        if min(apart, default=0) > 0:
            axis.axvline(apart[0] - 0.5, color=FAINT, linewidth=0.8, linestyle="dotted", zorder=0)
        for number_of, (model, mark) in enumerate(marks.items()):
            aside = 0.5 * ((number_of + 0.5) / len(marks) - 0.5)
            own = panel[panel["model"] == model]
            for readout in READOUTS:
                _line(axis, own[own["readout"] == readout], mark, places, aside)

    return _pages(subject, rows, draws, "Number of people (k)", "Answers averaged per item")


def draw_annotators(subject: Subject) -> list[Figure]:
    """A panel per scale and protocol: ω of each model over ε."""
    rows = subject.rows(ALTERNATIVE_ANNOTATOR)
    rows = rows[rows["winning_rate"].notna() & rows["label"].isna()].sort_values(
        "epsilon", kind="stable"
    )
    widest = float(rows["epsilon"].max())

    def draws(axis: Axes, panel: pd.DataFrame, marks: dict[str, Mark]) -> None:
        axis.set(xlim=(-0.06 * widest, 1.06 * widest), ylim=(-0.04, 1.04))
        axis.axhline(0.5, color=PEOPLE, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
        for epsilon in panel.loc[panel["stated"], "epsilon"].unique():
            axis.axvline(epsilon, color=FAINT, linewidth=0.8, zorder=0)
        for number_of, (model, mark) in enumerate(marks.items()):
            aside = 0.04 * widest * ((number_of + 0.5) / len(marks) - 0.5)
            for readout in READOUTS:
                own = panel[(panel["model"] == model) & (panel["readout"] == readout)]
                axis.plot(own["epsilon"] + aside, own["winning_rate"], **_look(mark, readout))
        coefficients(axis.xaxis)
        coefficients(axis.yaxis)

    y, x = "Share of replaceable raters (ω)", "Lead allowed to the rater (ε)"
    return _pages(subject, rows, draws, y, x)


def _pages(subject: Subject, rows: pd.DataFrame, draws: _Draws, y: str, x: str) -> list[Figure]:
    pages: list[Figure] = []
    for models in pages_of(list(rows["model"].unique()), MODELS):
        shown = rows[rows["model"].isin(list(models))]
        marks = {model: subject.marks[model] for model in models}
        parts = list(groups(shown, ["scale", "protocol"], sort=False))
        several = shown["protocol"].nunique() > 1
        readouts = [readout for readout in READOUTS if (shown["readout"] == readout).any()]
        lines = math.ceil((len(models) + len(readouts)) / 3)
        for page, drawn in panels(
            parts, COLUMNS, 0.85, 0.35, legend=0.15 + LEGEND_LINE * lines, alike=False
        ):
            for axis, ((scale, protocol), part) in drawn:
                draws(axis, part, marks)
                headed(axis, f"{scale}\n{protocol}" if several else scale)
            page.supylabel(y, fontsize=8)
            page.supxlabel(x, fontsize=8)
            _legend(page, subject, marks, readouts)
            pages.append(page)
    return pages


def _legend(
    page: Figure, subject: Subject, marks: dict[str, Mark], readouts: Sequence[str]
) -> None:
    handles = [
        Line2D([], [], label=shortened(subject.job.models[model], NAME_INCHES), **_look(mark))
        for model, mark in marks.items()
    ] + [
        Line2D([], [], label=READOUTS[readout], **_look(Mark(PEOPLE, "o"), readout))
        for readout in readouts
        if len(readouts) > 1
    ]
    columns = min(3 if page.get_figwidth() > 4 else 1, len(handles))
    page.legend(handles=handles, loc="outside upper center", ncols=columns, fontsize=7)


def _look(mark: Mark, readout: str = "exact") -> dict[str, Any]:
    """Settings for matplotlib: open points and broken lines are of sampled answers."""
    return {
        **filling(readout, mark.colour),
        "marker": mark.marker,
        "ms": 4,
        "mew": 1,
        "linewidth": 1,
        "linestyle": (0, (4, 2)) if readout == "sampled" else "solid",
    }


def _places(rows: pd.DataFrame) -> list[str]:
    """The places along the axis of answers that anything is drawn at."""
    sampled = rows["readout"] == "sampled"
    fewer = sorted(rows["answers"].dropna().unique())
    return [
        *(number(n, 0) for n in fewer),
        *(["all"] if sampled.any() else []),
        *(["∞"] if rows[LIMIT].notna().any() else []),
        *(readout for readout in UNCOUNTED if (rows["readout"] == readout).any()),
    ]


def _line(axis: Axes, rows: pd.DataFrame, mark: Mark, places: Sequence[str], aside: float) -> None:
    """The worth of one condition: of fewer answers, of all, and what ever more approach."""
    points: list[tuple[float, ...]] = []
    for _, row in rows.sort_values("answers", na_position="last").iterrows():
        fewer = not math.isnan(row["answers"])
        name = number(row["answers"], 0) if fewer else "all"
        at = places.index(name if row["readout"] == "sampled" else row["readout"]) + aside
        points.append((at, *(float(row[f"{K}{end}"]) for end in ("", "_low", "_high"))))
        if not fewer and not math.isnan(row[LIMIT]):
            limits = (float(row[f"{LIMIT}{end}"]) for end in ("", "_low", "_high"))
            points.append((places.index("∞") + aside, *limits))
    if points:
        at, value, low, high = np.array(points).T
        value, low, high = (np.clip(numbers, LEAST, MOST) for numbers in (value, low, high))
        readout = str(rows["readout"].iloc[0])
        axis.vlines(at, low, high, color=mark.colour, linewidth=1)
        axis.plot(at, value, **_look(mark, readout))


def _people_axis(axis: Axes, ends: tuple[float, float]) -> None:
    axis.set_yscale("log")
    axis.set_ylim(ends[0] / 1.25, ends[1] * 1.25)
    powers = range(round(math.log10(ends[0])), round(math.log10(ends[1])) + 1)
    axis.yaxis.set_major_locator(FixedLocator([10.0**power for power in powers]))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_formatter(FuncFormatter(_people))
    axis.tick_params(axis="x", length=0, labelsize=7)
    axis.axhline(1, color=PEOPLE, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)


def _people(value: float, _place: int | None = None) -> str:
    shown = number(value, max(0, -round(math.log10(value))))
    return f"≤ {shown}" if value <= LEAST else f"≥ {shown}" if value >= MOST else shown
