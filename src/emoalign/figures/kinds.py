"""What there is to say of a figure without drawing it, and what a study needs to have it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from emoalign.figures.figure_job import FigureJob, ShownDataset, Varied, varying
from emoalign.study.scales import HumanDetail

Level = Literal["study", "dataset", "scale"]
"""What there is one figure for: the whole study, each dataset, or each scale of each dataset."""

Lack = Callable[[FigureJob], str | None]
"""What a study lacks for a figure, in words; None where it lacks nothing.

It is asked about the part of the study that the figure is of (`FigureJob.within`).
"""


def numbers(job: FigureJob) -> str | None:
    """Whether anything was rated with numbers, by people too."""
    shown = [(one, scale) for one in job.datasets.values() for scale in one.scales]
    if not shown:
        return "no scale of numbers"
    return None if any(one.rated(scale) for one, scale in shown) else "no human ratings"


def several_scales_and_models(job: FigureJob) -> str | None:
    """Whether there is a table to make: two scales of numbers at least, and two models."""
    rated = [scale for one in job.datasets.values() for scale in one.scales if one.rated(scale)]
    if len(rated) < 2:
        return "fewer than two scales of numbers that people rated"
    return None if len(job.models) > 1 else "fewer than two models"


def spread(job: FigureJob) -> str | None:
    """Whether ratings of one item can differ: of people, and of models."""
    if numbers(job) is not None:
        return numbers(job)
    if not _known(job, "SDs", "distributions"):
        return "no standard deviations of human ratings"
    several = any(asked.several for asked in job.protocols.values())
    return None if several or not job.protocols else "no protocol with several answers per item"


def distributions(job: FigureJob) -> str | None:
    """Whether enough single ratings of an item are known to be compared with a model's answers."""
    return None if _known(job, "distributions") else "no single human ratings, or too few per item"


def _known(job: FigureJob, *details: HumanDetail) -> bool:
    """Whether people rated in one of these details on any scale."""
    return any(
        one.rated(scale, *details)
        for one in job.datasets.values()
        for scale in (*one.scales, *one.labels)
    )


def labels(job: FigureJob) -> str | None:
    """Whether anything was described with labels."""
    described = any(dataset.labels for dataset in job.datasets.values())
    return None if described else "no scale of labels"


def rater_groups(job: FigureJob) -> str | None:
    """Whether a dataset tells groups of raters apart."""
    told = all(dataset.groups for dataset in job.datasets.values())
    return None if told else "no groups of raters"


def sessions(job: FigureJob) -> str | None:
    """Whether answers on a scale of numbers are known by their place in a session."""
    if not any(dataset.scales for dataset in job.datasets.values()):
        return "no scale of numbers"
    told = any(dataset.sessions for dataset in job.datasets.values())
    return None if told else "no sessions"


def estimated(job: FigureJob) -> str | None:
    """Whether norms are estimated on a scale of numbers that people rated."""
    if numbers(job) is not None:
        return numbers(job)
    told = any(dataset.estimated for dataset in job.datasets.values())
    return None if told else "no estimated norms (estimates in the study)"


def scales(*names: str) -> Lack:
    """Whether a dataset was rated on all of these scales."""

    def lack(job: FigureJob) -> str | None:
        missing = [
            name
            for name in names
            if not all(
                name in dataset.scales and dataset.rated(name) for dataset in job.datasets.values()
            )
        ]
        return f"no ratings of {' and '.join(missing)}" if missing else None

    return lack


def both_frameworks(job: FigureJob) -> str | None:
    """Whether datasets of one modality have discrete emotions as well as dimensions."""

    def of(modality: str) -> list[ShownDataset]:
        return [shown for shown in job.datasets.values() if shown.modality == modality]

    for modality in {dataset.modality for dataset in job.datasets.values()}:
        shown = of(modality)
        emotions = any(one.rated(name) for one in shown for name in one.frameworks.emotions)
        if emotions and any(one.rated(name) for one in shown for name in one.frameworks.dimensions):
            return None
    return "no ratings of both discrete emotions and dimensions"


def both_in_each(job: FigureJob) -> str | None:
    """Whether a dataset was rated both on discrete emotions and on dimensions."""
    both = all(
        names and all(map(shown.rated, names))
        for shown in job.datasets.values()
        for names in (shown.frameworks.emotions, shown.frameworks.dimensions)
    )
    return None if both else "no ratings of both discrete emotions and dimensions"


def differing(varied: Varied) -> Lack:
    """Whether protocols differ in one thing alone."""

    def lack(job: FigureJob) -> str | None:
        if numbers(job) is not None:
            return numbers(job)
        if any(varying(job.protocols, dataset, varied) for dataset in job.datasets):
            return None
        return f"no protocols that differ in {varied} alone"

    return lack


def several_ways(job: FigureJob) -> str | None:
    """Whether a scale of numbers is asked about in several ways: protocols, forms or readouts."""
    if numbers(job) is not None:
        return numbers(job)
    ways = (
        sum(
            asked.readouts * asked.forms_of(name, [scale]).get(scale, 1)
            for asked in job.protocols.values()
        )
        for name, dataset in job.datasets.items()
        for scale in dataset.scales
    )
    return None if any(n > 1 for n in ways) else "only one way of asking"


def several_forms(job: FigureJob) -> str | None:
    """Whether a protocol asks in several forms."""
    several = any(
        n > 1
        for asked in job.protocols.values()
        for forms in asked.forms.values()
        for n in forms.values()
    )
    return None if several else "no protocol with several forms"


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
        needs: the path of one of these tables, and columns of it: without a number in any of
            these there is nothing to see, and a sentence stands in the place of the picture.
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
