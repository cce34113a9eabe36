"""What there is to say of a figure without drawing it, and what a study needs to have it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from emoalign.figures.figure_job import FigureJob, ShownDataset, Varied, varying

Level = Literal["study", "dataset", "scale"]
"""What there is one figure for: the whole study, each dataset, or each scale of each dataset."""

Lack = Callable[[FigureJob], str | None]
"""What a study lacks for a figure, in words; None where it lacks nothing.

It is asked about the part of the study that the figure is of (`FigureJob.within`).
"""


def numbers(job: FigureJob) -> str | None:
    """Whether anything was rated with numbers."""
    rated = any(dataset.scales for dataset in job.datasets.values())
    return None if rated else "no scale of numbers"


def always(job: FigureJob) -> str | None:
    """For figures that every study has."""
    return None


def labels(job: FigureJob) -> str | None:
    """Whether anything was described with labels."""
    described = any(dataset.labels for dataset in job.datasets.values())
    return None if described else "no scale of labels"


def scales(*names: str) -> Lack:
    """Whether a dataset was rated on all of these scales."""

    def lack(job: FigureJob) -> str | None:
        missing = [
            name
            for name in names
            if not all(name in dataset.scales for dataset in job.datasets.values())
        ]
        return f"no ratings of {' and '.join(missing)}" if missing else None

    return lack


def both_frameworks(job: FigureJob) -> str | None:
    """Whether datasets of one modality have single emotions as well as dimensions."""

    def of(modality: str) -> list[ShownDataset]:
        return [shown for shown in job.datasets.values() if shown.modality == modality]

    for modality in {dataset.modality for dataset in job.datasets.values()}:
        emotions = any(dataset.frameworks.emotions for dataset in of(modality))
        if emotions and any(dataset.frameworks.dimensions for dataset in of(modality)):
            return None
    return "no ratings of both single emotions and dimensions"


def both_in_each(job: FigureJob) -> str | None:
    """Whether a dataset was rated both on single emotions and on dimensions."""
    both = all(d.frameworks.emotions and d.frameworks.dimensions for d in job.datasets.values())
    return None if both else "no ratings of both single emotions and dimensions"


def differing(varied: Varied) -> Lack:
    """Whether protocols differ in one thing alone."""

    def lack(job: FigureJob) -> str | None:
        if numbers(job) is not None:
            return numbers(job)
        if any(varying(job.protocols, dataset, varied) for dataset in job.datasets):
            return None
        return f"no protocols that differ in {varied} alone"

    return lack


@dataclass(frozen=True)
class FigureKind:
    """A figure that studies can have.

    Attributes:
        name: its name in `figures:` of a study, and of its file.
        level: what there is one for.
        draw: the function that draws it, as module:name; it takes a `subject.Subject` and returns
            the pages of the figure: one, unless there is too much for a page to stay readable.
        title: a heading; {dataset} and {scale} stand for what it is of.
        caption: what is seen, in words for readers of the report; placeholders as above.
        alt: what stands for the picture where it cannot be seen; placeholders as above.
        reads: paths of the tables it is drawn from, as in `emoalign.tables`.
        needs: the path of a table that the section of the figure reads, and columns of it: without
            a number in any of these, there is nothing to see.
        lacks: what a study lacks to have it.
    """

    name: str
    level: Level
    draw: str
    title: str
    caption: str
    alt: str
    reads: tuple[str, ...]
    needs: tuple[str, tuple[str, ...]]
    lacks: Lack = numbers
