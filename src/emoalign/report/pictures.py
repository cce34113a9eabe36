"""Figures as a page carries them: small enough to send, sharp enough for a screen."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

PIXELS_PER_INCH = 125
"""Size on the page: a figure as wide as a printed page (7.2 inches) takes 900 pixels."""

SHARPNESS = 1.55
"""Pixels kept for each pixel on the page, for dense screens."""

COLOURS = 128

ROOM = 4_000_000
"""Characters that all figures of a page may take: further ones are named, not shown."""


@dataclass(frozen=True)
class Picture:
    """A figure as a data URL, and its width on the page in pixels."""

    url: str
    width: int


class Pictures:
    """The figures of one page, as long as there is room for them."""

    def __init__(self, room: int = ROOM) -> None:
        self.room = room

    def shown(self, path: Path) -> Picture | None:
        """A figure; None where the page has no room for it."""
        picture = screen_picture(path)
        if len(picture.url) > self.room:
            return None
        self.room -= len(picture.url)
        return picture


def screen_picture(path: Path) -> Picture:
    """A figure as a PNG of few colours, in the size of its letters on paper.

    Drawings have few colours, so a palette keeps their edges and takes a third of the bytes; for
    print and papers there are the files of the figures themselves.
    """
    with Image.open(path) as picture:
        dots = float(picture.info.get("dpi", (300, 300))[0])
        shown = picture.convert("RGB")
    width = round(shown.width / dots * PIXELS_PER_INCH)
    kept = round(width * SHARPNESS)
    if shown.width > kept:
        size = (kept, round(shown.height * kept / shown.width))
        shown = shown.resize(size, Image.Resampling.LANCZOS)
    shown = shown.quantize(COLOURS, dither=Image.Dither.NONE)
    packed = io.BytesIO()
    shown.save(packed, "PNG", optimize=True)
    letters = base64.b64encode(packed.getvalue()).decode()
    return Picture(f"data:image/png;base64,{letters}", width)
