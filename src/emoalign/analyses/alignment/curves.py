"""Correlation and spread of cells over what their protocols differ in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from emoalign.figures.drawing import Subject
from emoalign.figures.figure_job import varying
from emoalign.figures.panels import instead, only_words, pages_of
from emoalign.figures.style import FAINT, PAGE_INCHES, PALETTE, PEOPLE, Mark
from emoalign.tables import ALIGNMENT, groups

COLUMNS = 3
"""Scales beside each other."""

MODELS = len(PALETTE)
"""Models on a page: as many as have colours of their own."""

R = ("pearson_r", "pearson_low", "pearson_high")
RATIO = ("ratio", "ratio_low", "ratio_high")


@dataclass(frozen=True)
class Varied:
    """What stands along the horizontal axis.

    Attributes:
        label: its title.
        places: where each protocol stands.
        ticks: names of the places 0, 1, 2, ...; none where places are numbers themselves.
    """

    label: str
    places: Mapping[str, float]
    ticks: Sequence[str] | None = None

    @property
    def nearest(self) -> float:
        """The least distance between places."""
        return float(np.diff(np.unique(list(self.places.values()))).min())


def named(label: str, protocols: Sequence[str]) -> Varied:
    """Protocols one after the other, under their names."""
    return Varied(label, {name: float(at) for at, name in enumerate(protocols)}, tuple(protocols))


@dataclass(frozen=True)
class Line:
    """How one model in one readout is drawn; `aside` keeps intervals from covering each other."""

    mark: Mark
    label: str
    sampled: bool
    aside: float = 0.0

    def look(self) -> dict[str, Any]:
        """Settings for matplotlib."""
        return {
            "color": self.mark.colour,
            "marker": self.mark.marker,
            "ms": 4.5,
            "mew": 1.1,
            "linewidth": 1.2,
            "linestyle": (0, (4, 2)) if self.sampled else "solid",
            "mfc": "white" if self.sampled else self.mark.colour,
        }


def draw_temperatures(subject: Subject) -> list[Figure]:
    """Lines over temperature, a page for each group of protocols that differ in nothing else."""
    protocols = subject.job.protocols
    return draw_curves(
        subject,
        [
            Varied("Temperature", {name: protocols[name].temperature for name in names})
            for names in varying(protocols, subject.dataset, "temperature")
        ],
    )


def draw_personas(subject: Subject) -> list[Figure]:
    """A place per protocol, those without personas first."""
    protocols = subject.job.protocols

    def persona(name: str) -> str:
        return protocols[name].personas or ""

    ordered = [
        sorted(names, key=persona) for names in varying(protocols, subject.dataset, "personas")
    ]
    return draw_curves(subject, [named("Who is asked (protocol)", names) for names in ordered])


def draw_wordings(subject: Subject) -> list[Figure]:
    """A place per protocol, in the order of their names."""
    groups_of_protocols = varying(subject.job.protocols, subject.dataset, "prompts")
    return draw_curves(
        subject, [named("Wording (protocol)", names) for names in groups_of_protocols]
    )


def draw_curves(subject: Subject, groups_of_protocols: Sequence[Varied]) -> list[Figure]:
    """For each group of protocols: r above and the ratio of SDs below, a column per scale."""
    table = ratios(subject.rows(ALIGNMENT))
    limits = _limits(table, [*R, "ceiling"], 0.0, 1.0), _limits(table, list(RATIO), 0.0, 1.1)
    pages = []
    for varied in groups_of_protocols:
        asked = table[table["protocol"].isin(list(varied.places))]
        if asked.empty:
            continue
        for models in pages_of(sorted(asked["model"].unique()), MODELS):
            shown = asked[asked["model"].isin(list(models))]
            for scales in pages_of(sorted(asked["scale"].unique()), COLUMNS):
                pages.append(_page(subject, shown, varied, scales, limits))
                if len(groups_of_protocols) > 1:
                    pages[-1].suptitle(", ".join(varied.places), fontsize=8)
    return pages or [only_words("No model was asked under these protocols.")]


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


def _page(
    subject: Subject,
    table: pd.DataFrame,
    varied: Varied,
    scales: Sequence[str],
    limits: tuple[tuple[float, float], tuple[float, float]],
) -> Figure:
    lines = _lines(subject, table, varied.nearest)
    legend = list(_legend(lines))
    across = len(scales)
    height = 4.4 + 0.17 * -(-len(legend) // across)
    figure = Figure(figsize=(PAGE_INCHES / COLUMNS * across, height), layout="constrained")
    grid = figure.subplots(2, across, squeeze=False, sharex=True, sharey="row")
    for (upper, lower), scale in zip(grid.T, scales, strict=True):
        cells = table[table["scale"] == scale]
        _references(upper, lower, cells)
        for key, rows in groups(cells, ["model", "readout"]):
            for panel, columns in ((upper, R), (lower, RATIO)):
                _curve(panel, rows, varied, columns, lines[key[0], key[1]])
        upper.set(title=scale, ylim=limits[0])
        lower.set(xlabel=varied.label, ylim=limits[1])
        if varied.ticks is None:
            lower.set_xticks(sorted(set(varied.places.values())))
        else:
            slant = 0 if sum(map(len, varied.ticks)) < 22 else 40
            lower.set_xticks(range(len(varied.ticks)), varied.ticks, rotation=slant)
            lower.set_xlim(-0.4, len(varied.ticks) - 0.6)
    grid[0, 0].set_ylabel("Pearson r with people")
    grid[1, 0].set_ylabel("RMS SD over raters / people's")
    figure.legend(handles=legend, loc="outside lower center", ncols=across, fontsize=7)
    return figure


def _lines(subject: Subject, table: pd.DataFrame, nearest: float) -> dict[tuple[str, str], Line]:
    """How each model and readout is drawn; readouts are told apart where there are both."""
    keys = sorted(set(zip(table["model"], table["readout"], strict=True)))
    both = table["readout"].nunique() > 1
    apart = min(0.03, 0.3 / len(keys)) * nearest
    return {
        (model, readout): Line(
            subject.marks[model],
            subject.job.models[model],
            both and readout == "sampled",
            (number - (len(keys) - 1) / 2) * apart,
        )
        for number, (model, readout) in enumerate(keys)
    }


def _references(upper: Axes, lower: Axes, cells: pd.DataFrame) -> None:
    """The highest ceiling, and a spread like people's; words where there is nothing."""
    dashed: dict[str, Any] = {"color": PEOPLE, "linewidth": 0.8, "linestyle": (0, (4, 3))}
    if cells["ceiling"].notna().any():
        upper.axhline(float(cells["ceiling"].max()), zorder=0, **dashed)
    upper.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
    lower.axhline(1, zorder=0, **dashed)
    if cells["pearson_r"].isna().all():
        instead(upper, "r undefined")
    if cells["ratio"].isna().all():
        instead(lower, "no spread to compare")


def _curve(
    panel: Axes, rows: pd.DataFrame, varied: Varied, columns: Sequence[str], line: Line
) -> None:
    """One model in one readout: its points, joined, with their intervals."""
    placed = rows.assign(place=rows["protocol"].map(dict(varied.places))).sort_values("place")
    x = placed["place"].to_numpy(dtype=float) + line.aside
    value, low, high = (placed[name].to_numpy(dtype=float) for name in columns)
    panel.vlines(x, low, high, color=line.mark.colour, linewidth=1, alpha=0.6)
    panel.plot(x, value, **line.look())


def _legend(lines: Mapping[tuple[str, str], Line]) -> Iterator[Line2D]:
    """Each model once, then the readouts where there are both."""
    models = {model: line for (model, _), line in lines.items()}
    for line in models.values():
        look = Line(line.mark, line.label, sampled=False).look()
        yield Line2D([], [], label=line.label, **look)
    if any(line.sampled for line in lines.values()):
        for name, sampled in (("exact", False), ("sampled", True)):
            look = Line(Mark("black", "o"), name, sampled).look()
            yield Line2D([], [], label=name, **look)
