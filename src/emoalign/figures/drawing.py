"""The jobs of the figures stage."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from matplotlib.figure import Figure

from emoalign.figures.drawing_job import FigureJob, FigureName
from emoalign.figures.saving import save
from emoalign.figures.style import style
from emoalign.figures.subject import Subject, subjects


class Drawing(Protocol):
    """What draws a figure: a pure function, `draw` in the module that is named after it."""

    def __call__(self, subject: Subject) -> Sequence[Figure]:
        """The pages of the figure; one, unless there is too much for a page to stay readable."""


def drawing(figure: FigureName) -> Drawing:
    """What draws a figure."""
    module = import_module(f"emoalign.figures.{figure.replace('-', '_')}")
    return cast(Drawing, module.draw)


def draw_figures(job: FigureJob, results: Path) -> None:
    """Draw all figures of a job, each as PDF and PNG, into the folder figures of `results`, from
    the tables there."""
    with style():
        for planned, subject in subjects(job, results):
            save(drawing(planned.kind.name)(subject), results / "figures" / planned.path)
