"""Correlation and spread of cells over what their protocols differ in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emoalign.figures.drawing import Subject
from emoalign.figures.figure_job import varying
from emoalign.figures.panels import coefficients, instead, pages_of
from emoalign.figures.style import (
    COLUMN_INCHES,
    FAINT,
    PAGE_HEIGHT,
    PAGE_INCHES,
    PALETTE,
    PEOPLE,
    Mark,
    filling,
    shortened,
    wrapped,
)
from emoalign.tables import ALIGNMENT, groups
from emoalign.wording import READOUTS

COLUMNS = 3
"""Scales beside each other."""

MODELS = len(PALETTE)
"""Models on a page: as many as have colours of their own."""

LEGEND_LINE, LINE_INCHES, NAME_INCHES = 0.17, 0.09, 1.7
"""Inches of a line of the legend, of a model in one readout, and of the name of a protocol."""

DEFAULT = "provider’s"
"""The place of the provider's own sampling among temperatures."""

R_LABEL = "Correlation of item means with human means, Pearson r"
RATIO_LABEL = "Spread of ratings relative to people's (ratio of root mean square SDs)"

Limits = tuple[tuple[float, float], tuple[float, float]]
"""Of the axes of r and of the ratio."""

R = ("pearson_r", "pearson_low", "pearson_high")
RATIO = ("ratio", "ratio_low", "ratio_high")


LINES: dict[str, Any] = {
    "sampled": (0, (4, 2)),
    "exact": "solid",
    "decision": (0, (1, 1.5)),
    "stated": (0, (4, 1.5, 1, 1.5)),
}
"""Styles of the lines of each readout, for matplotlib."""


@dataclass(frozen=True)
class Line:
    """How one model in one readout is drawn; `aside` keeps intervals from covering each other."""

    mark: Mark
    label: str
    readout: str
    aside: float = 0.0

    def look(self, *, joined: bool) -> dict[str, Any]:
        """Settings for matplotlib; points are joined only over something that is a number."""
        return {
            **filling(self.readout, self.mark.colour),
            "marker": self.mark.marker,
            "ms": 4.5,
            "mew": 1.1,
            "linewidth": 1.2,
            "linestyle": LINES[self.readout] if joined else "none",
        }


def draw_temperatures(subject: Subject) -> list[Figure]:
    """Lines over temperature, a page for each group of protocols that differ in nothing else."""
    return _draw(subject, varying(subject.job.protocols, subject.dataset, "temperature"), _curves)


def draw_personas(subject: Subject) -> list[Figure]:
    """A row per protocol, those without personas first."""
    protocols = subject.job.protocols

    def persona(name: str) -> bool:
        return protocols[name].personas is not None

    groups_of_protocols = varying(protocols, subject.dataset, "personas")
    return _draw(subject, [sorted(names, key=persona) for names in groups_of_protocols], _rows)


def draw_wordings(subject: Subject) -> list[Figure]:
    """A row per protocol, in the order of the study."""
    return _draw(subject, varying(subject.job.protocols, subject.dataset, "prompts"), _rows)


class _Draws(Protocol):
    """What draws protocols that differ in one thing, over as many pages as their scales take."""

    def __call__(
        self, subject: Subject, table: pd.DataFrame, protocols: Sequence[str], limits: Limits
    ) -> list[Figure]: ...


def _draw(
    subject: Subject, groups_of_protocols: Sequence[Sequence[str]], draws: _Draws
) -> list[Figure]:
    """Pages for each group of protocols, and for as many models as have colours of their own."""
    table = ratios(subject.rows(ALIGNMENT))
    limits = _limits(table, [*R, "ceiling"], 0.0, 1.0), _limits(table, list(RATIO), 0.0, 1.1)
    pages = []
    for protocols in groups_of_protocols:
        asked = table[table["protocol"].isin(list(protocols))]
        if asked[["pearson_r", "ratio"]].isna().all(axis=None):
            continue
        for models in pages_of(asked["model"].unique().tolist(), MODELS):
            shown = asked[asked["model"].isin(list(models))]
            for page in draws(subject, shown, protocols, limits):
                if len(groups_of_protocols) > 1:
                    page.suptitle(wrapped(", ".join(protocols), page.get_figwidth()), fontsize=8)
                pages.append(page)
    return pages


def ratios(table: pd.DataFrame) -> pd.DataFrame:
    """Alignment with root mean square SDs of the model as a share of people's."""
    ratio = {
        name: np.exp(table[f"log_rms_sd_ratio{end}"])
        for name, end in zip(RATIO, ("", "_low", "_high"), strict=True)
    }
    # Where all answers are the same, as at temperature 0, the ratio is 0 and has no logarithm.
    same = (table["sd_model_rms"] == 0) & (table["sd_human_rms"] > 0)
    ratio["ratio"] = ratio["ratio"].mask(same, 0.0)
    return table.assign(**ratio)


def _limits(
    table: pd.DataFrame, columns: list[str], lowest: float, highest: float
) -> tuple[float, float]:
    """Limits that hold all values, and both ends."""
    values = table[columns].to_numpy(dtype=float)
    finite = np.append(values[np.isfinite(values)], [lowest, highest])
    return float(finite.min()) - 0.04, float(finite.max()) + 0.04


def _curves(
    subject: Subject, table: pd.DataFrame, protocols: Sequence[str], limits: Limits
) -> list[Figure]:
    """r above and the ratio of SDs below, a column per scale, over the temperatures.

    The provider's own sampling has a place right of them, which no line leads to.
    """
    known = {name: subject.job.protocols[name].temperature for name in protocols}
    degrees = sorted({degree for degree in known.values() if degree is not None})
    nearest = min(np.diff(degrees).tolist(), default=1.0)
    aside = degrees[-1] + nearest
    places = {name: aside if degree is None else degree for name, degree in known.items()}
    lines = _lines(subject, table, 0.3 * nearest, 0.03 * nearest)
    legend = list(_legend(lines, joined=True))
    pages = []
    for scales in pages_of(table["scale"].unique().tolist(), COLUMNS):
        across = len(scales)
        width = COLUMN_INCHES if across == 1 else PAGE_INCHES
        height = 4.4 + LEGEND_LINE * -(-len(legend) // across)
        figure = Figure(figsize=(width, height), layout="constrained")
        grid = figure.subplots(2, across, squeeze=False, sharex=True, sharey="row")
        for (upper, lower), scale in zip(grid.T, scales, strict=True):
            cells = table[table["scale"] == scale]
            _references(upper, lower, cells, upright=False)
            for key, rows in groups(cells, ["model", "readout"], sort=False):
                line = lines[key[0], key[1]]
                placed = rows.assign(place=rows["protocol"].map(places)).sort_values("place")
                for panel, (value, low, high) in ((upper, R), (lower, RATIO)):
                    x = placed["place"].to_numpy(dtype=float) + line.aside
                    panel.vlines(
                        x, placed[low], placed[high], color=line.mark.colour, lw=1, alpha=0.6
                    )
                    of = placed["protocol"].map(known).notna().to_numpy()
                    y = placed[value].to_numpy(dtype=float)
                    panel.plot(x[of], y[of], **line.look(joined=True))
                    panel.plot(x[~of], y[~of], **line.look(joined=False))
            upper.set(title=scale, ylim=limits[0])
            coefficients(upper.yaxis)
            lower.set(xlabel="Sampling temperature", ylim=limits[1])
            lower.set_xticks(degrees)
            if None in known.values():
                lower.set_xticks([*degrees, aside], [*(f"{each:g}" for each in degrees), DEFAULT])
        grid[0, 0].set_ylabel(wrapped(R_LABEL, 2.0))
        grid[1, 0].set_ylabel(wrapped(RATIO_LABEL, 2.0))
        figure.legend(handles=legend, loc="outside lower center", ncols=across, fontsize=7)
        pages.append(figure)
    return pages


def _rows(
    subject: Subject, table: pd.DataFrame, protocols: Sequence[str], limits: Limits
) -> list[Figure]:
    """r on the left and the ratio of SDs on the right, a row of panels per scale: protocols that
    have no order stand under each other, and no line joins them."""
    there = [name for name in protocols if name in set(table["protocol"])]
    lines = _lines(subject, table, 0.66, 0.16)
    legend = list(_legend(lines, joined=False))
    columns = min(3, len(legend))
    of_legend = 0.9 + LEGEND_LINE * -(-len(legend) // columns)
    row = max(0.26, LINE_INCHES * (len(lines) + 1))
    height = min(0.35 + row * len(there), PAGE_HEIGHT - of_legend)
    pages = []
    for scales in pages_of(
        table["scale"].unique().tolist(), max(1, int((PAGE_HEIGHT - of_legend) / height))
    ):
        figure = Figure(
            figsize=(PAGE_INCHES, height * len(scales) + of_legend), layout="constrained"
        )
        grid = figure.subplots(len(scales), 2, squeeze=False, sharex="col", sharey=True)
        for (left, right), scale in zip(grid, scales, strict=True):
            cells = table[table["scale"] == scale]
            _references(left, right, cells, upright=True)
            for key, rows in groups(cells, ["model", "readout"], sort=False):
                line = lines[key[0], key[1]]
                y = np.array([there.index(name) for name in rows["protocol"]]) + line.aside
                for panel, (value, low, high) in ((left, R), (right, RATIO)):
                    panel.hlines(y, rows[low], rows[high], color=line.mark.colour, lw=1, alpha=0.6)
                    panel.plot(rows[value].to_numpy(dtype=float), y, **line.look(joined=False))
            left.set_title(scale, loc="left", fontsize=8, fontweight="bold")
            left.set(xlim=limits[0], ylim=(len(there) - 0.5, -0.5))
            names = [wrapped(name, NAME_INCHES, 7) for name in there]
            left.set_yticks(range(len(there)), names, fontsize=7)
            right.set_xlim(limits[1])
            coefficients(left.xaxis)
            for panel in (left, right):
                panel.tick_params(axis="y", length=0)
        grid[-1, 0].set_xlabel(wrapped(R_LABEL, 2.4))
        grid[-1, 1].set_xlabel(wrapped(RATIO_LABEL, 2.4))
        figure.legend(handles=legend, loc="outside lower center", ncols=columns, fontsize=7)
        pages.append(figure)
    return pages


def _lines(
    subject: Subject, table: pd.DataFrame, together: float, most: float
) -> dict[tuple[str, str], Line]:
    """How each model and readout is drawn; readouts are told apart where there are both. Those at
    one place stand `most` apart, and all of them within `together`."""
    models = list(subject.job.models)
    keys = sorted(
        set(zip(table["model"], table["readout"], strict=True)),
        key=lambda key: (models.index(key[0]), key[1]),
    )
    both = table["readout"].nunique() > 1
    apart = min(most, together / len(keys))
    return {
        (model, readout): Line(
            subject.marks[model],
            subject.job.models[model],
            readout if both else "exact",
            (number - (len(keys) - 1) / 2) * apart,
        )
        for number, (model, readout) in enumerate(keys)
    }


def _references(of_r: Axes, of_ratio: Axes, cells: pd.DataFrame, *, upright: bool) -> None:
    """The highest ceiling, and a spread like people's; words where there is nothing."""
    dashed: dict[str, Any] = {"color": PEOPLE, "linewidth": 0.8, "linestyle": (0, (4, 3))}

    def line(panel: Axes, at: float, **look: Any) -> None:
        (panel.axvline if upright else panel.axhline)(at, zorder=0, **look)

    if cells["ceiling"].notna().any():
        line(of_r, float(cells["ceiling"].max()), **dashed)
    line(of_r, 0, color=FAINT, linewidth=0.8)
    line(of_ratio, 1, **dashed)
    if cells["pearson_r"].isna().all():
        instead(of_r, "r undefined")
    if cells["ratio"].isna().all():
        instead(of_ratio, "no spread to compare")


def _legend(lines: Mapping[tuple[str, str], Line], *, joined: bool) -> Iterator[Line2D]:
    """Each model once, then the readouts where there are both."""
    models = {model: line for (model, _), line in lines.items()}
    for line in models.values():
        look = Line(line.mark, line.label, "exact").look(joined=joined)
        yield Line2D([], [], label=shortened(line.label, 2.0, 7), **look)
    readouts = {readout for _, readout in lines}
    for readout in ("exact", "sampled", "decision", "stated"):
        if readout in readouts and len(readouts) > 1:
            look = Line(Mark("black", "o"), "", readout).look(joined=joined)
            yield Line2D([], [], label=READOUTS[readout], **look)
