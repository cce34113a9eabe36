"""Which figures there are, what they show, and which of them a study has.

Each is drawn by the module of `emoalign.figures` that is named after it. To add one, write that
module, add its name to `FigureName` and an entry to `FIGURES`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from emoalign.study.fields import FigureName
from emoalign.study.jobs import FigureJob

Level = Literal["study", "dataset", "scale"]
"""What there is one figure for: the whole study, each dataset, or each scale of each dataset."""

ITEMS = "items/<dataset>.parquet"
STIMULI = "stimuli/<dataset>.parquet"
ALIGNMENT = "statistics/alignment.parquet"
ENTROPY = "statistics/entropy.parquet"
LABELS = "statistics/labels.parquet"
TRANSPARENCY = "statistics/transparency.parquet"
TRANSPARENCY_GRADIENT = "statistics/transparency_gradient.parquet"
"""Tables are named by their paths, as in `emoalign.tables`: reading a study needs no pandas."""

Lack = Callable[[FigureJob], str | None]
"""What a study lacks for a figure, in words; None where it lacks nothing.

It is asked about the part of the study that the figure is of (`FigureJob.within`).
"""


def _no_numbers(job: FigureJob) -> str | None:
    numbers = any(dataset.scales for dataset in job.datasets.values())
    return None if numbers else "no scale of numbers"


def _always(job: FigureJob) -> str | None:
    return None


def _no_labels(job: FigureJob) -> str | None:
    labels = any(dataset.labels for dataset in job.datasets.values())
    return None if labels else "no scale of labels"


@dataclass(frozen=True)
class FigureKind:
    """A figure that studies can have.

    Attributes:
        name: its name in `figures:` of a study, and of its file and module.
        level: what there is one for.
        title: a heading; {dataset} and {scale} stand for what it is of.
        caption: what is seen, in words for readers of the report; placeholders as above.
        alt: what stands for the picture where it cannot be seen; placeholders as above.
        reads: paths of the tables it is drawn from.
        lacks: what a study lacks to have it.
    """

    name: FigureName
    level: Level
    title: str
    caption: str
    alt: str
    reads: tuple[str, ...]
    lacks: Lack = _no_numbers


FIGURES: tuple[FigureKind, ...] = (
    FigureKind(
        "correlations",
        "study",
        "Correlation with people",
        "Pearson r of item means with human item means, with its 95 % bootstrap interval over "
        "items; the ceiling that the reliability of the human ratings sets; and how well one human "
        "rater agrees with the mean of the others.",
        "Correlation of each cell with human ratings, with interval, ceiling and one human rater; "
        "the numbers are in the table of alignment.",
        (ALIGNMENT,),
    ),
    FigureKind(
        "means",
        "scale",
        "Means of items: {dataset}, {scale}",
        "{dataset}, {scale}: each point is one of the items. Dashed: model and people agree. "
        "Solid: fitted line; the items farthest from it are named.",
        "Model means against human means for {dataset}, {scale}, a panel per cell.",
        (ITEMS, STIMULI, ALIGNMENT),
    ),
    FigureKind(
        "spread",
        "scale",
        "Spread of ratings: {dataset}, {scale}",
        "{dataset}, {scale}: the standard deviation over raters of every item. Dashed: median of "
        "people.",
        "Standard deviations of item ratings, people and models, for {dataset}, {scale}.",
        (ITEMS,),
    ),
    FigureKind(
        "entropy",
        "scale",
        "Entropy: {dataset}, {scale}",
        "{dataset}, {scale}: the entropy of people's answers and of the model's, for every item; "
        "larger points stand for several items. Dashed: the same entropy. ρ is the rank "
        "correlation over items, with its 95 % bootstrap interval; in brackets what a perfect "
        "model would reach with as many answers.",
        "Entropy of people's answers and of the models' for {dataset}, {scale}, a panel per cell; "
        "the correlations are in the table of entropy.",
        (ITEMS, ENTROPY),
        _always,
    ),
    FigureKind(
        "transparency",
        "scale",
        "Labels said outright: {dataset}, {scale}",
        "{dataset}, {scale}: each point is a label. Across: how outright texts say it, from seed "
        "words and embeddings, or by the probe where no embedding model is named. Up: rank "
        "correlation over texts of the model's shares with people's. The gradient is the rank "
        "correlation of the two over labels.",
        "Agreement with people over transparency, label by label, for {dataset}, {scale}, a panel "
        "per cell; the numbers are in the table of transparency.",
        (LABELS, TRANSPARENCY, TRANSPARENCY_GRADIENT),
        _no_labels,
    ),
)
"""In the order in which a reader wants them."""


@dataclass(frozen=True)
class PlannedFigure:
    """A figure of a study.

    Attributes:
        kind: what kind of figure it is.
        job: the part of the study that it is of.
        dataset, scale: their names; None where the figure is of more than one.
    """

    kind: FigureKind
    job: FigureJob
    dataset: str | None = None
    scale: str | None = None

    @property
    def path(self) -> str:
        """Its file within the folder of figures, without a suffix: oasis/valence/means."""
        place = (self.dataset, self.scale, self.kind.name)
        return str(PurePosixPath(*(part for part in place if part is not None)))

    @property
    def title(self) -> str:
        """A heading."""
        return self._filled(self.kind.title)

    @property
    def caption(self) -> str:
        """What is seen."""
        return self._filled(self.kind.caption)

    @property
    def alt(self) -> str:
        """What stands for the picture where it cannot be seen."""
        return self._filled(self.kind.alt)

    def tables(self, results: str) -> list[str]:
        """The files it is drawn from, in the folder of results: all datasets of one table, then
        the next table."""
        return [f"{results}/{path}" for table in self.kind.reads for path in self.files(table)]

    def files(self, table: str) -> list[str]:
        """The files of one table that it is drawn from, in the folder of results."""
        names = sorted(self.job.datasets) if "<dataset>" in table else [""]
        return [table.replace("<dataset>", name) for name in names]

    def _filled(self, text: str) -> str:
        title = "" if self.dataset is None else self.job.datasets[self.dataset].title
        return text.format(dataset=title, scale=self.scale)


def planned_figures(job: FigureJob) -> list[PlannedFigure]:
    """The figures of a study: those it chooses that lack nothing, in the order of `FIGURES`."""
    return [one for kind in FIGURES for one in _of(kind, job) if kind.lacks(one.job) is None]


def undrawn_figures(job: FigureJob) -> dict[FigureName, str]:
    """The figures a study chooses but cannot have anywhere, by name, with what it lacks."""
    found: dict[FigureName, str] = {}
    for kind in FIGURES:
        lacks = [kind.lacks(one.job) for one in _of(kind, job)]
        if lacks and None not in lacks:
            found[kind.name] = "; ".join(dict.fromkeys(filter(None, lacks)))
        elif not lacks and (job.figures is None or kind.name in job.figures):
            found[kind.name] = "no scale of numbers"
    return found


def _of(kind: FigureKind, job: FigureJob) -> Iterator[PlannedFigure]:
    """A figure for each place there may be one, whether the study lacks something or not."""
    if job.figures is not None and kind.name not in job.figures:
        return
    for dataset, scale in _places(kind.level, job):
        yield PlannedFigure(kind, job.within(kind.name, dataset, scale), dataset, scale)


def _places(level: Level, job: FigureJob) -> Iterator[tuple[str | None, str | None]]:
    match level:
        case "study":
            yield None, None
        case "dataset":
            yield from ((dataset, None) for dataset in sorted(job.datasets))
        case "scale":
            for name in sorted(job.datasets):
                dataset = job.datasets[name]
                for scale in sorted([*dataset.scales, *dataset.labels]):
                    yield name, scale
