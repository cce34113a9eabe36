"""Which figures a study has, and the jobs that draw them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from emoalign.figures.figure_job import FigureJob
from emoalign.figures.kinds import FigureKind, Level

if TYPE_CHECKING:  # a study is planned without pandas
    import pandas as pd


from emoalign.wording import scale_name


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
    def named_apart(self) -> bool:
        """Whether the caption names dataset and scale first, and then says the same of each."""
        return self.kind.caption.partition(": ")[0] in ("{dataset}", "{dataset}, {scale}")

    @property
    def caption_parts(self) -> tuple[str, str]:
        """What it is of, and what is seen."""
        of, _, seen = self.kind.caption.partition(": ")
        return self._filled(of), seen[:1].upper() + self._filled(seen)[1:]

    @property
    def alt(self) -> str:
        """What stands for the picture where it cannot be seen."""
        return self._filled(self.kind.alt)

    def shows(self, rows: pd.DataFrame) -> bool:
        """Whether there is anything to see, from the rows of the table that it needs."""
        for name, values in (
            ("dataset", [self.dataset]),
            ("scale", [self.scale]),
            ("model", list(self.job.models)),
        ):
            if values != [None] and name in rows:
                rows = rows[rows[name].isin(values)]
        return bool(rows[list(self.kind.needs[1])].notna().any(axis=None))

    def files(self, table: str) -> list[str]:
        """The files of one table that it is drawn from, in the folder of results."""
        names = sorted(self.job.datasets) if "<dataset>" in table else [""]
        return [table.replace("<dataset>", name) for name in names]

    def _filled(self, text: str) -> str:
        title = "" if self.dataset is None else self.job.datasets[self.dataset].title
        filled = text.format(dataset=title, scale=scale_name(self.scale or ""))
        return f"The{filled[3:]}" if filled.startswith("the ") else filled


@dataclass(frozen=True)
class FigureSet:
    """Figures that one job draws.

    Attributes:
        dataset: the dataset they are of, or of whose scales; None for those of the study.
        job: the part of the study that they are of; it has their names.
        figures: the figures.
    """

    dataset: str | None
    job: FigureJob
    figures: tuple[PlannedFigure, ...]

    def tables(self, results: str) -> list[str]:
        """The files they are drawn from, in the folder of results."""
        return sorted(
            {
                f"{results}/{path}"
                for figure in self.figures
                for table in figure.kind.reads
                for path in figure.files(table)
            }
        )

    def files(self, results: str, *kinds: str) -> list[str]:
        """The files they are drawn into: of some kinds, pdf or png, or of both."""
        return [
            f"{results}/figures/{figure.path}.{kind}"
            for figure in self.figures
            for kind in kinds or ("pdf", "png")
        ]


def planned_figures(kinds: Sequence[FigureKind], job: FigureJob) -> list[PlannedFigure]:
    """The figures of a study: those it chooses that lack nothing, in the order of the kinds."""
    return [
        figure
        for kind in kinds
        for figure in _of(kind, job)
        if figure.kind.lacks(figure.job) is None
    ]


def figure_sets(kinds: Sequence[FigureKind], job: FigureJob) -> list[FigureSet]:
    """The figures of a study by the job that draws them: its own, then those of each dataset."""
    sets = []
    for dataset in (None, *sorted(job.datasets)):
        part = job.within(dataset)
        planned = [figure for figure in planned_figures(kinds, part) if figure.dataset == dataset]
        if planned:
            names = tuple(dict.fromkeys(figure.kind.name for figure in planned))
            job_of_set = part.model_copy(update={"figures": names})
            sets.append(FigureSet(dataset, job_of_set, tuple(planned)))
    return sets


def undrawn_figures(kinds: Sequence[FigureKind], job: FigureJob) -> dict[str, str]:
    """The figures a study chooses but cannot have anywhere, by name, with what it lacks."""
    undrawn: dict[str, str] = {}
    for kind in kinds:
        lacks = [kind.lacks(figure.job) for figure in _of(kind, job)]
        if lacks and None not in lacks:
            undrawn[kind.name] = "; ".join(dict.fromkeys(filter(None, lacks)))
    return undrawn


def _of(kind: FigureKind, job: FigureJob) -> Iterator[PlannedFigure]:
    """A figure for each place there may be one, whether the study lacks something or not."""
    if job.figures is not None and kind.name not in job.figures:
        return
    for dataset, scale in _places(kind.level, job):
        yield PlannedFigure(kind, job.within(dataset, scale), dataset, scale)


def _places(level: Level, job: FigureJob) -> Iterator[tuple[str | None, str | None]]:
    match level:
        case "study":
            yield None, None
        case "dataset":
            yield from ((dataset, None) for dataset in job.datasets)
        case "scale":
            for name, dataset in job.datasets.items():
                for scale in (*dataset.scales, *dataset.labels):
                    yield name, scale
