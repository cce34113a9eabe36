"""Figures as a page carries them: small enough to send, sharp enough for a screen."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from PIL import Image

WIDTH = 1400
"""Pixels across: sharp at the 700 or so that a page gives a figure on a dense screen."""

COLOURS = 128

ROOM = 4_000_000
"""Characters that all figures of a page may take: further ones are named, not shown."""


class Pictures:
    """The figures of one page, as long as there is room for them."""

    def __init__(self, room: int = ROOM) -> None:
        self.room = room

    def shown(self, path: Path) -> str | None:
        """A figure as a data URL; None where the page has no room for it."""
        url = data_url(path)
        if len(url) > self.room:
            return None
        self.room -= len(url)
        return url


def data_url(path: Path) -> str:
    """A figure as a data URL: a PNG of few colours, at most WIDTH pixels wide.

    Drawings have few colours, so a palette keeps their edges and takes a third of the bytes; for
    print and papers there are the files of the figures themselves.
    """
    with Image.open(path) as picture:
        shown = picture.convert("RGB")
    if shown.width > WIDTH:
        size = (WIDTH, round(shown.height * WIDTH / shown.width))
        shown = shown.resize(size, Image.Resampling.LANCZOS)
    shown = shown.quantize(COLOURS, dither=Image.Dither.NONE)
    packed = io.BytesIO()
    shown.save(packed, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(packed.getvalue()).decode()}"
