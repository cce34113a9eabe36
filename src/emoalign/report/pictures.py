"""Figures as a page carries them: small enough to send, sharp enough for a screen."""

from __future__ import annotations

import base64
import io
from pathlib import Path

from PIL import Image

WIDTH = 1400
"""Pixels across: sharp at the 700 or so that a page gives a figure on a dense screen."""

COLOURS = 128


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
