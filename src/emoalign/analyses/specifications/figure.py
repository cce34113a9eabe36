"""Specification curves: r in every way of asking, sorted, and below what each way consists of."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emoalign.figures.drawing import Subject
from emoalign.figures.panels import coefficients, pages_of
from emoalign.figures.style import (
    FAINT,
    PAGE_HEIGHT,
    PAGE_INCHES,
    PEOPLE,
    shortened,
)
from emoalign.tables import RELIABILITY, SPECIFICATIONS, records
from emoalign.wording import READOUTS, number

WAYS = 48
"""Ways of asking on a page: as many as have room for a column."""

CURVE_INCHES, LEVEL_INCHES, AROUND_INCHES = 2.7, 0.15, 0.75
NAME_INCHES = 2.0

WAY = ["protocol", "form", "readout"]

FACTORS = {
    "form": "Form",
    "readout": "Readout",
    "temperature": "Temperature",
    "thinking": "Thinking",
    "personas": "Personas",
    "session": "Session",
    "wave": "Wave",
}
"""What ways of asking may differ in, in the order of the rows below the curve."""

NOTHING = {"temperature": "provider's", "personas": "none", "session": "single items"}
"""What no value of a factor is called."""


def draw(subject: Subject) -> list[Figure]:
    """A page for at most `WAYS` ways of asking, from the lowest median r over models on."""
    rows = subject.rows(SPECIFICATIONS)
    rows = rows.assign(form=rows["form"].fillna(""))
    medians = rows.groupby(WAY)["r"].median().dropna().sort_values(kind="stable")
    ways = [tuple(map(str, way)) for way in medians.index]
    factors = levels(rows)
    known = rows[["r", "r_low", "r_high"]].to_numpy(dtype=float)
    people = _of_people(subject)
    ends = [*known[np.isfinite(known)], *people.values(), 0]
    limits = min(ends) - 0.04, max(ends) + 0.04
    return [_page(subject, rows, part, factors, people, limits) for part in pages_of(ways, WAYS)]


def levels(rows: pd.DataFrame) -> dict[str, list[str]]:
    """The levels of each factor in which ways of asking differ, as they are called; protocols are
    one where the others do not tell all ways apart."""
    ways = rows.drop_duplicates(WAY)
    named = {
        name: [_level(name, value) for value in ways[name]] for name in FACTORS if name in ways
    }
    varying = {name: values for name, values in named.items() if len(set(values)) > 1}
    apart = len(set(zip(*varying.values(), strict=True))) if varying else 1
    if apart < len(ways):
        varying = {"protocol": ways["protocol"].tolist(), **varying}
    return {name: list(dict.fromkeys(values)) for name, values in varying.items()}


def _level(factor: str, value: Any) -> str:
    if factor == "thinking" and value == "provider":
        return "provider's"
    if value is None or value == "" or (isinstance(value, float) and math.isnan(value)):
        return NOTHING.get(factor, "none")
    if factor == "readout":
        return READOUTS.get(str(value), str(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _of_people(subject: Subject) -> dict[str, float]:
    """The ceiling, and r of one person or of one rating, as far as they are known."""
    [row] = records(subject.rows(RELIABILITY)) or [{}]
    one = "one person" if math.isfinite(row.get("one_human_r", math.nan)) else "one rating"
    values = {
        "ceiling": row.get("ceiling", math.nan),
        one: row.get("one_human_r" if one == "one person" else "one_rating_r", math.nan),
    }
    return {name: float(value) for name, value in values.items() if math.isfinite(value)}


def _page(
    subject: Subject,
    rows: pd.DataFrame,
    ways: Sequence[tuple[str, ...]],
    factors: Mapping[str, Sequence[str]],
    people: Mapping[str, float],
    limits: tuple[float, float],
) -> Figure:
    n_levels = sum(map(len, factors.values())) + 0.6 * max(0, len(factors) - 1)
    models = [name for name in subject.job.models if (rows["model"] == name).any()]
    below = LEVEL_INCHES * n_levels + 0.1
    legend = 0.0 if len(models) < 2 else 0.17 * math.ceil(len(models) / 3)
    height = min(PAGE_HEIGHT, CURVE_INCHES + below + AROUND_INCHES + legend)
    figure = Figure(figsize=(PAGE_INCHES, height), layout="constrained")
    curve, marks = figure.subplots(2, 1, sharex=True, height_ratios=[CURVE_INCHES, below])
    places = {way: place for place, way in enumerate(ways)}
    _draw_curve(curve, subject, rows, places, models)
    for (name, value), style in zip(people.items(), ((0, (4, 3)), "dotted"), strict=False):
        curve.axhline(value, color=PEOPLE, linewidth=0.9, linestyle=style, zorder=0)
        curve.annotate(
            name,
            (1, value),
            xycoords=("axes fraction", "data"),
            xytext=(2, 0),
            textcoords="offset points",
            color=PEOPLE,
            fontsize=6,
            va="center",
            annotation_clip=False,
        )
    curve.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
    curve.set_ylim(*limits)
    curve.set_ylabel("Correlation with human means, Pearson r")
    coefficients(curve.yaxis)
    curve.tick_params(axis="x", length=0, labelbottom=False)
    _draw_factors(marks, rows, places, factors)
    if len(models) > 1:
        handles = [
            Line2D(
                [],
                [],
                linestyle="none",
                marker=subject.marks[model].marker,
                color=subject.marks[model].colour,
                markersize=4,
                label=shortened(subject.job.models[model], NAME_INCHES),
            )
            for model in models
        ]
        figure.legend(handles=handles, loc="outside upper center", ncols=min(3, len(models)))
    return figure


def _draw_curve(
    axis: Axes,
    subject: Subject,
    rows: pd.DataFrame,
    places: Mapping[tuple[str, ...], int],
    models: Sequence[str],
) -> None:
    """The correlations of each model, side by side within a way of asking."""
    for place_of, model in enumerate(models):
        own = rows[rows["model"] == model].dropna(subset="r")
        kept = [row for row in records(own) if _way(row) in places]
        aside = 0.6 * ((place_of + 0.5) / len(models) - 0.5)
        at = np.array([places[_way(row)] + aside for row in kept])
        r, low, high = (
            np.array([row[name] for row in kept], dtype=float) for name in ("r", "r_low", "r_high")
        )
        mark = subject.marks[model]
        axis.vlines(at, low, high, color=mark.colour, linewidth=0.8, alpha=0.7)
        size = 3.5 if len(places) * len(models) < 2 * WAYS else 2.5
        axis.plot(at, r, mark.marker, color=mark.colour, ms=size, mew=0)
    axis.set_xlim(-0.7, len(places) - 0.3)


def _draw_factors(
    axis: Axes,
    rows: pd.DataFrame,
    places: Mapping[tuple[str, ...], int],
    factors: Mapping[str, Sequence[str]],
) -> None:
    """A row for each level of each factor, with a mark under the ways of asking that have it."""
    ways = [row for row in records(rows.drop_duplicates(WAY)) if _way(row) in places]
    heights: dict[float, str] = {}
    height = 0.0
    for factor, values in factors.items():
        for value in values:
            shown = f"{FACTORS.get(factor, 'Protocol')}: {value}"
            heights[height] = shortened(shown, NAME_INCHES, 6)
            axis.axhline(height, color=FAINT, linewidth=0.4, alpha=0.6, zorder=0)
            at = [
                places[_way(row)]
                for row in ways
                if (row["protocol"] if factor == "protocol" else _level(factor, row[factor]))
                == value
            ]
            axis.plot(at, [height] * len(at), "s", color="black", ms=3, mew=0)
            height += 1
        height += 0.6
    axis.set_yticks(list(heights), list(heights.values()), fontsize=6)
    axis.set_ylim(max(heights, default=0) + 0.6, -0.6)
    axis.set_xticks([])
    n = number(len(places), 0)
    by = "correlation" if rows["model"].nunique() == 1 else "median correlation of the models"
    axis.set_xlabel(f"{n} ways of asking, from the lowest to the highest {by}")
    axis.tick_params(axis="y", length=0)
    for side in ("left", "bottom"):
        axis.spines[side].set_visible(False)


def _way(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(row[name]) for name in WAY)
