"""How every figure looks."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

COLUMN_INCHES = 85 / 25.4
PAGE_INCHES = 180 / 25.4
PAGE_HEIGHT = 9.4
"""Figures are as wide as a column (85 mm) or a page (180 mm) of a journal, so that letters keep
their size in print: a single panel has a column, everything else the page."""

SMALLEST = 6.0
"""The least size of letters, in points."""

DPI = 300
EMPTY = ("Description", "nothing is drawn")
"""The mark within the file of a picture that shows nothing but a sentence."""

PAGES = "Pages"
"""The mark within it of how high its pages are, in dots: paper breaks between them."""

PEOPLE = "#5f6368"
FAINT = "#c7cacd"

LETTER = 0.0078
"""Mean width of a letter, in inches per point of its size."""

_WHOLE = re.compile(r"\[[^\]]*\]|\w+ [=<] \S+|sampled answers|exact probabilities")
_NO_BREAK = "\N{NO-BREAK SPACE}"

# Okabe & Ito (2008), told apart by readers with any common colour vision.
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#b8a800")

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")

_STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "legend.frameon": False,
    "figure.dpi": 100,
    "savefig.dpi": DPI,
    "pdf.fonttype": 42,
    "text.parse_math": False,
}


@dataclass(frozen=True)
class Mark:
    """How a model is drawn: more models than colours are told apart by the shape of points."""

    colour: str
    marker: str


def model_marks(models: Sequence[str]) -> dict[str, Mark]:
    """A mark for each model; it does not depend on the order they are named in."""
    shades = len(PALETTE)
    return {
        model: Mark(PALETTE[place % shades], MARKERS[place // shades % len(MARKERS)])
        for place, model in enumerate(sorted(models))
    }


@contextmanager
def style() -> Iterator[None]:
    """The common look, inside the block."""
    import matplotlib as mpl  # only to draw: the report takes colours and names from here

    with mpl.rc_context(_STYLE):
        yield


def wrapped(text: str, inches: float, size: float = 8) -> str:
    """A text whose lines are no longer than `inches`, in letters of `size` points. What
    belongs together stays on one line: an interval, a number and its letter, a readout."""
    most = max(8, int(inches / (LETTER * size)))
    whole = _WHOLE.sub(lambda found: found[0].replace(" ", _NO_BREAK), text)
    lines = [
        textwrap.wrap(line, most, break_on_hyphens=False) or [""] for line in whole.split("\n")
    ]
    return "\n".join(part for parts in lines for part in parts).replace(_NO_BREAK, " ")


def width_of(text: str, size: float = 8) -> float:
    """About how wide a text on one line is, in inches, in letters of `size` points."""
    return LETTER * size * len(text)


def filling(readout: str, colour: str) -> dict[str, Any]:
    """Settings for matplotlib of the marks of a readout: open for sampled answers, filled for exact
    probabilities, half filled for decisions and for stated distributions."""
    face = "white" if readout == "sampled" else colour
    look: dict[str, Any] = {"color": colour, "markerfacecolor": face, "markeredgecolor": colour}
    half = {"decision": "left", "stated": "bottom"}.get(readout)
    return look if half is None else look | {"fillstyle": half, "markerfacecoloralt": "white"}


def shortened(text: str, inches: float, size: float = 8) -> str:
    """A text on one line, cut where it would be longer than `inches`."""
    line, most = " ".join(text.split()), int(inches / (LETTER * size))
    return line if len(line) <= most else f"{line[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
