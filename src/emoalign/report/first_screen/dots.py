"""The figure of the first screen: a ranked dot plot, drawn by the page itself.

Places are shares of the width, so that the plot is as wide as the screen while its letters stay
as large as all others, and colours are those of the page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from statistics import median
from typing import Any, Literal

import pandas as pd

from emoalign.report.first_screen.headline import one_of_them
from emoalign.report.report_job import ReportJob
from emoalign.tables import records
from emoalign.wording import ci, coefficient, counted, number, scale_name

MOST_ROWS = 45
"""Rows of all panels together that can be read one by one."""

FEW_SCALES = 4
"""Scales that have a panel each."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Measure:
    """What is drawn of a row: the names of its columns, of what it stands beside (the best
    possible model, and people), and the ticks of an axis that spans at least 0 to 1."""

    name: str
    value: str
    best: str
    person: str
    ticks: tuple[float, ...]
    lowest_first: bool = False

    @property
    def ends(self) -> tuple[str, str]:
        """The columns of its interval."""
        stem = self.value.removesuffix("_r")
        return f"{stem}_low", f"{stem}_high"

    def written(self, value: float) -> str:
        """A number of it as text."""
        return number(value) if self.lowest_first else coefficient(value)


R = Measure("r", "pearson_r", "ceiling", "person", (-1.0, -0.5, 0.0, 0.5, 1.0))
JSD = Measure("JSD", "value", "perfect", "human_halves", (0.0, 0.5, 1.0), lowest_first=True)


@dataclass(frozen=True)
class Dot:
    """A row of a panel, in percent of its width: the number, its interval, smaller numbers beside
    it, the best possible model and people. `told` has it in words, and `about` says which model,
    protocol, dataset and scale it is of."""

    name: str
    told: str
    at: float
    small: Sequence[float] = ()
    line: tuple[float, float] | None = None
    best: float | None = None
    person: float | None = None
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Panel:
    """Rows under a title."""

    title: str
    dots: Sequence[Dot]


@dataclass(frozen=True)
class DotPlot:
    """Panels on one axis: `ticks` are places in percent, with their texts; `small` says what the
    smaller dots are, if there are any, and `one` what of people r is set beside: a rater or, where
    it is not known who rated, a rating."""

    measure: Measure
    panels: Sequence[Panel]
    ticks: Sequence[tuple[float, str]]
    small: Literal["protocols", "scales"] | None
    one: str

    def has(self, part: str) -> bool:
        """Whether a part is drawn in any row: small, line, best or person."""
        return any(getattr(dot, part) for panel in self.panels for dot in panel.dots)


def dot_plot(tried: pd.DataFrame, measure: Measure, job: ReportJob) -> DotPlot | None:
    """The plot of the headline; None where no model has the number.

    A panel for each scale with the models ranked, or the protocols of the only model; of many
    scales a panel for each model, with its scales; of many models and scales one row for each
    model, with a dot for each scale. `tried` has a row for each protocol of each model and scale.
    """
    every = records(tried.dropna(subset=measure.value))
    if not every:
        return None
    drawing = _Drawing.of(every, measure, job, "" if measure is JSD else one_of_them(tried))
    chosen = [row for row in every if row["chosen"]]
    models, scales = {row["model"] for row in every}, {_scale(row) for row in every}
    several, few = len(models) > 1, len(scales) <= FEW_SCALES
    if few and not several and len(every) <= MOST_ROWS:
        panels = drawing.by_scale(every, "protocol" if len(every) > len(chosen) else "model")
    elif len(scales) == 1 or (few and len(chosen) <= MOST_ROWS):
        panels = drawing.by_scale(chosen, "model")
    elif not several or len(chosen) <= MOST_ROWS:
        panels = drawing.by_model(chosen)
    else:
        return drawing.plot(
            [Panel(counted(len(scales), "scale"), drawing.summed(chosen))], "scales"
        )
    return drawing.plot(panels, "protocols")


def _scale(row: Row) -> tuple[str, str]:
    return row["dataset"], row["scale"]


@dataclass(frozen=True)
class _Drawing:
    """What a plot is drawn with: all rows, and the ends of the axis."""

    every: Sequence[Row]
    measure: Measure
    job: ReportJob
    one: str
    start: float
    end: float

    @classmethod
    def of(cls, every: Sequence[Row], measure: Measure, job: ReportJob, one: str) -> _Drawing:
        columns = (measure.value, *measure.ends, measure.best, measure.person)
        drawn = [row[name] for row in every for name in columns if row[name] == row[name]]
        start = math.floor(10 * min(0.0, *drawn)) / 10
        return cls(every, measure, job, one, start, max(1.0, *drawn))

    def plot(self, panels: Sequence[Panel], small: Literal["protocols", "scales"]) -> DotPlot:
        held = [tick for tick in self.measure.ticks if self.start <= tick <= self.end]
        ticks = [(self.place(tick), self.measure.written(tick)) for tick in held]
        plot = DotPlot(self.measure, panels, ticks, small, self.one)
        return plot if plot.has("small") else replace(plot, small=None)

    def by_scale(self, rows: Sequence[Row], named_by: str) -> list[Panel]:
        panels = []
        for (dataset, scale), some in groupby(rows, _scale):
            ranked = self.ranked(list(some), lambda row: float(row[self.measure.value]))
            titles = self.job.short_names if named_by == "model" else {}
            names = [titles.get(row[named_by], row[named_by]) for row in ranked]
            dots = [
                self.dot(
                    row,
                    f"{name} ({row['readout']})" if names.count(name) > 1 else name,
                    len(rows) < len(self.every),
                )
                for row, name in zip(ranked, names, strict=True)
            ]
            title = self.job.datasets[dataset].title
            panels.append(Panel(f"{title}, {scale_name(scale)}", dots))
        return panels

    def scale_of(self, row: Row) -> str:
        """The scale of a row with its dataset."""
        return f"{self.job.datasets[row['dataset']].title}, {scale_name(row['scale'])}"

    def by_model(self, rows: Sequence[Row]) -> list[Panel]:
        several = len({row["dataset"] for row in rows}) > 1
        panels = []
        for model, title in self.job.short_names.items():
            dots = [
                self.dot(row, self.scale_of(row) if several else scale_name(row["scale"]), True)
                for row in rows
                if row["model"] == model
            ]
            if dots:
                panels.append(Panel(title, dots))
        return panels

    def summed(self, rows: Sequence[Row]) -> list[Dot]:
        found = []
        for model, title in self.job.short_names.items():
            values = [row[self.measure.value] for row in rows if row["model"] == model]
            if not values:
                continue
            middle = median(values)
            told = f"{title}: median {self.measure.name} = {self.measure.written(middle)}"
            told += f" over {counted(len(values), 'scale')}"
            small = [self.place(value) for value in values]
            found.append(Dot(title, told, self.place(middle), small, about={"model": model}))
        return self.ranked(found, lambda dot: dot.at)

    def ranked(self, rows: list[Any], key: Any) -> list[Any]:
        return sorted(rows, key=key, reverse=not self.measure.lowest_first)

    def dot(self, row: Row, name: str, with_others: bool) -> Dot:
        """A row with the other protocols of the same model, where these have no row."""
        of = self.measure
        low, high = (row[end] for end in of.ends)
        told = f"{name}: {of.name} = {of.written(row[of.value])}"
        line = self.known(low), self.known(high)
        alike = (*_scale(row), row["model"])
        others = [
            self.place(other[of.value])
            for other in self.every
            if with_others and not other["chosen"] and (*_scale(other), other["model"]) == alike
        ]
        return Dot(
            name=name,
            told=", ".join(filter(None, (told, ci(low, high, bounded=not of.lowest_first)))),
            at=self.place(row[of.value]),
            small=others,
            line=None if None in line else (self.place(low), self.place(high)),
            best=self.known(row[of.best]),
            person=self.known(row[of.person]),
            about={key: row[key] for key in ("model", "protocol", "dataset", "scale")},
        )

    def place(self, value: float) -> float:
        """In percent of the width."""
        return round(100 * (value - self.start) / (self.end - self.start), 1)

    def known(self, value: float) -> float | None:
        return self.place(value) if value == value else None
