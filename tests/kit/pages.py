"""Pages of figures as a printer sees them: what leaves the page, is too small, or overlaps."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text

from emoalign.figures.style import COLUMN_INCHES, PAGE_HEIGHT, PAGE_INCHES, SMALLEST

TOUCHING = 1.0
"""Points by which the boxes of two texts may overlap: letters do not fill them."""


def problems(page: Figure) -> list[str]:
    """What is wrong with a page, in words; nothing if all is well."""
    page.draw_without_rendering()
    return [*_size(page), *_leaving(page), *_small(page), *_overlapping(page)]


def written(page: Figure) -> list[Text]:
    """Every text that a reader sees."""
    unseen = {label for axis in _axes(page) for label in _undrawn(axis)}
    return [
        text
        for text in page.findobj(Text)
        if isinstance(text, Text)
        and text.get_text().strip()
        and text.get_visible()
        and text not in unseen
    ]


def _axes(page: Figure) -> Iterator[Axis]:
    for panel in page.axes:
        yield panel.xaxis
        yield panel.yaxis


def _undrawn(axis: Axis) -> Iterator[Text]:
    """The labels of ticks that lie outside the limits, and all of a panel that is not shown."""
    low, high = sorted(axis.get_view_interval())
    room = 1e-6 * (high - low)
    hidden = not (axis.get_visible() and axis.axes.axison)
    for tick in axis.get_major_ticks():
        if hidden or not low - room <= tick.get_loc() <= high + room:
            yield tick.label1
            yield tick.label2
    if hidden:
        yield axis.label


def _size(page: Figure) -> Iterator[str]:
    width, height = page.get_size_inches()
    if not any(abs(width - known) < 1e-6 for known in (COLUMN_INCHES, PAGE_INCHES)):
        yield f"{width:.2f} inches are neither a column nor a page"
    if height > PAGE_HEIGHT:
        yield f"{height:.2f} inches are higher than a page"


def _leaving(page: Figure) -> Iterator[str]:
    width, height = page.get_size_inches() * page.dpi
    for text in written(page):
        left, bottom, right, top = text.get_window_extent().extents
        if min(left, bottom, width - right, height - top) < -TOUCHING:
            yield f"leaves the page: {text.get_text()!r}"


def _small(page: Figure) -> Iterator[str]:
    for text in written(page):
        if text.get_fontsize() < SMALLEST:
            yield f"{text.get_fontsize()} points: {text.get_text()!r}"


def _overlapping(page: Figure) -> Iterator[str]:
    texts = written(page)
    boxes = [text.get_window_extent().extents for text in texts]
    allowed = TOUCHING * page.dpi / 72
    for (one, a), (other, b) in combinations(zip(texts, boxes, strict=True), 2):
        if np.all(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]) > allowed):
            yield f"overlap: {one.get_text()!r} and {other.get_text()!r}"
