"""Drawing: all figures of a job, each as a PDF for papers and a picture for everything else."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Protocol, cast

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from PIL import Image

from emoalign.figures.figure_job import FigureJob
from emoalign.figures.kinds import FigureKind
from emoalign.figures.panels import only_words
from emoalign.figures.style import DPI, style
from emoalign.figures.subject import Subject, subjects
from emoalign.tables import atomic

PICTURE_PAGES = 8
"""Pages in the picture; programs refuse to open pictures that are much larger."""


class Drawing(Protocol):
    """What draws a figure: a pure function."""

    def __call__(self, subject: Subject) -> Sequence[Figure]:
        """The pages of the figure."""


def draw_figures(kinds: Sequence[FigureKind], job: FigureJob, results: Path) -> None:
    """Draw all figures of a job, each as PDF and PNG, into the folder figures of `results`, from
    the tables there."""
    with style():
        for planned, subject in subjects(kinds, job, results):
            save(drawing(planned.kind)(subject), results / "figures" / planned.path)


def drawing(kind: FigureKind) -> Drawing:
    """What draws a figure."""
    module, function = kind.draw.split(":")
    return cast(Drawing, getattr(import_module(module), function))


def save(pages: Sequence[Figure], path: Path) -> None:
    """Write the pages of a figure as `path`.pdf, a page each, and as one `path`.png, under each
    other. There is no date in them, so that the same figure is the same file."""
    undated = {"CreationDate": None}
    with atomic(path.with_suffix(".pdf")) as partial, PdfPages(partial, metadata=undated) as pdf:
        for page in pages:
            pdf.savefig(page, bbox_inches="tight")
    shown = list(pages[:PICTURE_PAGES])
    if len(pages) > len(shown):
        left_out = len(pages) - len(shown)
        shown.append(only_words(f"The PDF of this figure has {left_out} more pages."))
    with atomic(path.with_suffix(".png")) as partial:
        pictures = [_picture(page) for page in shown]
        width = max(picture.width for picture in pictures)
        whole = Image.new("RGB", (width, sum(picture.height for picture in pictures)), "white")
        top = 0
        for picture in pictures:
            whole.paste(picture, (0, top))
            top += picture.height
        whole.save(partial, format="png", dpi=(DPI, DPI), optimize=True)


def _picture(page: Figure) -> Image.Image:
    stream = BytesIO()
    unpacked = {"compress_level": 0}  # it is packed once, with the other pages
    page.savefig(stream, format="png", dpi=DPI, bbox_inches="tight", pil_kwargs=unpacked)
    return Image.open(stream)
