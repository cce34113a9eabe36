"""Writing figures: a PDF for papers, a picture for everything else."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from PIL import Image

from emoalign.figures.panels import only_words
from emoalign.figures.style import DPI
from emoalign.tables import atomic

PICTURE_PAGES = 8
"""Pages in the picture; programs refuse to open pictures that are much larger."""


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
        size = max(one.width for one in pictures), sum(one.height for one in pictures)
        whole = Image.new("RGB", size, "white")
        top = 0
        for one in pictures:
            whole.paste(one, (0, top))
            top += one.height
        whole.save(partial, format="png", dpi=(DPI, DPI), optimize=True)


def _picture(page: Figure) -> Image.Image:
    stream = BytesIO()
    page.savefig(stream, format="png", dpi=DPI, bbox_inches="tight")
    return Image.open(stream)
