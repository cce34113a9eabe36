"""What a page carries inside itself: its scripts, its data, and its figures for a screen.

Data are compressed and in letters that cannot end the element they stand in: base64 knows no <, >
or &, so that whatever a stimulus, an answer or a title holds, it stays data. The page's
`assets/packing.js` reads it again.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
from markupsafe import Markup
from PIL import Image
from plotly.offline import get_plotlyjs

from emoalign.figures.style import EMPTY, PAGES

ASSETS = Path(__file__).parent / "assets"

SCRIPTS = ("packing.js", "texts.js", "tables.js", "items.js", "page.js")
"""The page's own code, in the order in which the files need each other."""

NO_SHARE = 255
"""Byte of a share that is not given."""

NO_NUMBER = 65535
"""Two bytes of a number that is not given."""

Numbers = npt.NDArray[np.float64]

PIXELS_PER_INCH = 125
"""Size on the page: a figure as wide as a printed page (180 mm) takes 886 pixels."""

SHARPNESS = 1.55
"""Pixels kept for each pixel on the page, for dense screens."""

COLOURS = 64

ROOM = 4_000_000
"""Characters that all figures of a page may take: further ones are named, not shown."""


def packed(content: bytes) -> str:
    """Bytes as the page holds them: gzip, then base64. The same bytes give the same text."""
    return base64.b64encode(gzip.compress(content, 6, mtime=0)).decode()


def packed_json(value: Any) -> str:
    """A value as the page holds it; NaN becomes null."""
    return packed(orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY))


def shares(values: Numbers) -> bytes:
    """Shares from 0 to 1 as a byte each, exact to a 250th; NaN is kept."""
    given = ~np.isnan(values)
    coded = np.full(values.shape, NO_SHARE, dtype=np.uint8)
    coded[given] = np.rint(np.clip(values[given], 0, 1) * (NO_SHARE - 1))
    return coded.tobytes()


def fractions(values: Numbers, low: float, high: float) -> bytes:
    """Numbers from `low` to `high` as two bytes each (little-endian), exact to 1/65,534 of the
    range; NaN is kept."""
    given = ~np.isnan(values)
    coded = np.full(values.shape, NO_NUMBER, dtype="<u2")
    coded[given] = np.rint(np.clip((values[given] - low) / (high - low), 0, 1) * (NO_NUMBER - 1))
    return coded.tobytes()


@dataclass(frozen=True)
class Script:
    """Code in the page. Other code, however it came into the page, has no such checksum in the
    page's Content-Security-Policy and does not run."""

    code: Markup
    sha256: str

    @property
    def packed(self) -> str:
        """The code as data: the page unpacks it when it is first needed, and may still run it."""
        return packed(self.code.encode())

    @classmethod
    def of(cls, code: str) -> Script:
        """Code as it stands in the page. Raises ValueError where it would end its own element."""
        text = code.replace("\r\n", "\n")
        if "</script" in text.lower() or "<!--" in text:
            raise ValueError("a script of the page would end its own element")
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        return cls(Markup(text), digest)  # noqa: S704 - the project's own code, or plotly's


@cache
def plotly() -> Script:
    """The library that draws what is interactive, whole: nothing is fetched."""
    return Script.of(get_plotlyjs())


@cache
def own_script() -> Script:
    """The page's own code, file after file."""
    return Script.of("\n".join((ASSETS / name).read_text(encoding="utf-8") for name in SCRIPTS))


@dataclass(frozen=True)
class Picture:
    """The pages of a figure as data URLs, and its width on the page in pixels."""

    urls: tuple[str, ...]
    width: int

    @property
    def letters(self) -> int:
        """How much of the page it takes."""
        return sum(map(len, self.urls))


class Pictures:
    """The figures of one page, as long as there is room for them."""

    def __init__(self, room: int = ROOM) -> None:
        self.room = room

    def shown(self, path: Path) -> Picture | None:
        """A figure; None where the page has no room for it."""
        picture = screen_picture(path)
        if picture.letters > self.room:
            return None
        self.room -= picture.letters
        return picture


def is_empty(path: Path) -> bool:
    """Whether the picture of a figure shows nothing but a sentence."""
    name, text = EMPTY
    with Image.open(path) as picture:
        return picture.info.get(name) == text


def screen_picture(path: Path) -> Picture:
    """A figure as a PNG of few colours, in the size of its letters on paper.

    Drawings have few colours, so a palette keeps their edges and takes a third of the bytes; for
    print and papers there are the files of the figures themselves.
    """
    with Image.open(path) as picture:
        dots = float(picture.info.get("dpi", (300, 300))[0])
        whole = picture.convert("RGB")
        heights = [int(height) for height in picture.info.get(PAGES, "").split()]
    width = round(whole.width / dots * PIXELS_PER_INCH)
    edges = [0, *accumulate(heights or [whole.height])]
    pages = [whole.crop((0, top, whole.width, end)) for top, end in pairwise(edges)]
    return Picture(tuple(_data_url(page, round(width * SHARPNESS)) for page in pages), width)


def _data_url(shown: Image.Image, kept: int) -> str:
    """A picture in few colours, at most as many dots wide as are kept."""
    if shown.width > kept:
        size = (kept, round(shown.height * kept / shown.width))
        shown = shown.resize(size, Image.Resampling.LANCZOS)
    shown = shown.quantize(COLOURS, dither=Image.Dither.NONE)
    packed = io.BytesIO()
    shown.save(packed, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(packed.getvalue()).decode()}"
