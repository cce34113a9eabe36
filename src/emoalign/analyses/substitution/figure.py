"""How many people ratings are worth, by the number of answers; raters whom a model may replace."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from emoalign.figures.drawing import Subject
from emoalign.figures.panels import coefficients, headed, pages_of, panels
from emoalign.figures.style import FAINT, PALETTE, PEOPLE, shortened
from emoalign.tables import ALTERNATIVE_ANNOTATOR, RATERS_WORTH, groups
from emoalign.wording import number

COLUMNS = 3
"""Panels beside each other."""

CONDITIONS = len(PALETTE)
"""Conditions on a page."""

LEGEND_LINE, NAME_INCHES = 0.17, 3.0

LEAST, MOST = 0.01, 1000.0
"""Ends of the axis of numbers of people: what lies beyond is drawn at its edge."""


def draw_worth(subject: Subject) -> list[Figure]:
    """A panel per scale: the worth of each condition over its answers."""
    rows = subject.rows(RATERS_WORTH)
    rows = rows[rows["model"].notna() & rows["k"].notna()]
    return _draw(subject, rows, _worth_panel, "Number of people (k)", "Answers averaged per item")


def draw_annotators(subject: Subject) -> list[Figure]:
    """A panel per scale: ω of each condition over ε."""
    rows = subject.rows(ALTERNATIVE_ANNOTATOR)
    rows = rows[rows["winning_rate"].notna() & rows["label"].isna()]
    return _draw(
        subject,
        rows,
        _annotator_panel,
        "Share of replaceable raters (ω)",
        "What replacing a rater must save (ε)",
    )


class _Draws(Protocol):
    """What draws one condition into the panel of a scale."""

    def __call__(self, axis: Axes, rows: pd.DataFrame, colour: str, aside: float) -> None: ...


def _draw(subject: Subject, rows: pd.DataFrame, draws: _Draws, y: str, x: str) -> list[Figure]:
    conditions = [key for key, _ in groups(rows, ["model", "protocol", "readout"], sort=False)]
    pages: list[Figure] = []
    for some in pages_of(conditions, CONDITIONS):
        shown = rows[
            [
                key in set(some)
                for key in zip(rows["model"], rows["protocol"], rows["readout"], strict=True)
            ]
        ]
        parts = [(scale, part) for (scale,), part in groups(shown, ["scale"], sort=False)]
        legend = 0.15 + LEGEND_LINE * math.ceil(len(some) / 2)
        for page, drawn in panels(parts, COLUMNS, 0.85, 0.35, legend=legend):
            for axis, (scale, part) in drawn:
                for place, key in enumerate(some):
                    of = part[(part[["model", "protocol", "readout"]] == list(key)).all(axis=1)]
                    if len(of):
                        draws(axis, of, PALETTE[place], place - (len(some) - 1) / 2)
                headed(axis, scale)
            page.supylabel(y, fontsize=8)
            page.supxlabel(x, fontsize=8)
            _legend(page, subject, some)
            pages.append(page)
    return pages


def _legend(page: Figure, subject: Subject, conditions: Sequence[tuple[str, ...]]) -> None:
    handles = [
        Line2D(
            [],
            [],
            color=PALETTE[place],
            marker="o",
            ms=4,
            mfc="white" if key[2] == "sampled" else PALETTE[place],
            label=shortened(subject.cell_name(*key).replace("\n", ", "), NAME_INCHES),
        )
        for place, key in enumerate(conditions)
    ]
    columns = min(2, len(handles)) if page.get_figwidth() > 4 else 1
    page.legend(handles=handles, loc="outside upper center", ncols=columns, fontsize=7)


def _worth_panel(axis: Axes, rows: pd.DataFrame, colour: str, aside: float) -> None:
    """Fewer answers, all of them and ever more, joined by a line; exact probabilities apart."""
    if axis.get_yscale() != "log":
        _people_axis(axis)
    sampled = rows[rows["readout"] == "sampled"]
    exact = rows[rows["readout"] == "exact"]
    limit = sampled[sampled["k_limit"].notna()]
    shown = [
        (sampled[sampled["answers"] == n], place, "k") for place, n in enumerate((1, 2, 5, 10, 20))
    ]
    shown += [
        (sampled[sampled["answers"].isna()], PLACES.index("all"), "k"),
        (limit, PLACES.index("∞"), "k_limit"),
        (exact, PLACES.index("exact"), "k"),
    ]
    at, values, low, high = [], [], [], []
    for part, place, name in shown:
        if len(part):
            row = part.iloc[0]
            at.append(place + 0.08 * aside)
            values.append(_within(row[name]))
            low.append(_within(row[f"{name}_low"]))
            high.append(_within(row[f"{name}_high"]))
    face = colour if len(exact) else "white"
    axis.vlines(at, low, high, color=colour, linewidth=1)
    axis.plot(at, values, color=colour, linewidth=0.8, marker="o", ms=3.5, mfc=face, mew=1)


PLACES = ("1", "2", "5", "10", "20", "all", "∞", "exact")
"""Places along the axis of answers."""


def _within(k: float) -> float:
    return float(np.clip(k, LEAST, MOST))


def _people_axis(axis: Axes) -> None:
    axis.set_yscale("log")
    axis.set_ylim(LEAST / 1.3, MOST * 1.3)
    axis.yaxis.set_major_locator(FixedLocator([0.01, 0.1, 1, 10, 100, 1000]))
    axis.yaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_formatter(FuncFormatter(_people))
    axis.set_xticks(range(len(PLACES)), PLACES)
    axis.tick_params(axis="x", length=0, labelsize=7)
    axis.set_xlim(-0.5, len(PLACES) - 0.5)
    axis.axhline(1, color=PEOPLE, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    axis.axvline(PLACES.index("∞") - 0.5, color=FAINT, linewidth=0.8, linestyle="dotted", zorder=0)


def _people(value: float, _place: int | None = None) -> str:
    shown = number(value, 0 if value >= 1 else 1 if value >= 0.1 else 2)
    return f"≤ {shown}" if value <= LEAST else f"≥ {shown}" if value >= MOST else shown


def _annotator_panel(axis: Axes, rows: pd.DataFrame, colour: str, aside: float) -> None:
    axis.set(xlim=(-0.02, max(0.32, rows["epsilon"].max() + 0.02)), ylim=(-0.03, 1.03))
    axis.axhline(0.5, color=PEOPLE, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)
    for epsilon in rows.loc[rows["stated"], "epsilon"]:
        axis.axvline(epsilon, color=FAINT, linewidth=0.8, zorder=0)
    ordered = rows.sort_values("epsilon")
    face = colour if (rows["readout"] == "exact").all() else "white"
    axis.plot(
        ordered["epsilon"] + 0.0012 * aside,
        ordered["winning_rate"],
        color=colour,
        marker="o",
        ms=3.5,
        mfc=face,
        linewidth=1,
    )
    coefficients(axis.xaxis)
    coefficients(axis.yaxis)
