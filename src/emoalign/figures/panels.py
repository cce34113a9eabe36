"""Grids of panels over as many pages as it takes to stay readable."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emoalign.figures.style import PAGE_HEIGHT, PAGE_INCHES, PEOPLE, wrapped

PartT = TypeVar("PartT")


def pages_of(parts: Sequence[PartT], most: int) -> list[Sequence[PartT]]:
    """The parts in order, at most so many on a page and about as many on each."""
    n_pages = max(1, -(-len(parts) // most))
    length = -(-len(parts) // n_pages)
    return [parts[page * length : (page + 1) * length] for page in range(n_pages)]


def panels(
    parts: Sequence[PartT],
    columns: int,
    height: float,
    *,
    width: float | None = None,
    legend: float = 0.0,
    alike: bool = True,
) -> Iterator[tuple[Figure, list[tuple[Axes, PartT]]]]:
    """Pages with a panel for each part, row by row.

    Args:
        parts: what the panels show.
        columns: the most panels beside each other.
        height: of a panel, in inches.
        width: of a panel, in inches; without it a `columns`-th of the page. Fewer parts make a
            smaller figure, never wider panels.
        legend: inches of a page that are kept for a legend.
        alike: whether the panels share their axes.
    """
    across_page = PAGE_INCHES / columns if width is None else width
    rows = [parts[start : start + columns] for start in range(0, len(parts), columns)]
    for page in pages_of(rows, int((PAGE_HEIGHT - legend) / height)):
        shown = [part for row in page for part in row]
        across = max(1, min(columns, len(shown)))
        down = max(1, -(-len(shown) // across))
        size = (across_page * across, height * down + legend)
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(down, across, squeeze=False, sharex=alike, sharey=alike)
        axes = list(grid.flat)
        for axis in axes[len(shown) :]:
            axis.set_axis_off()
        if alike:
            _label_ends(axes, len(shown), across)
        yield figure, list(zip(axes, shown, strict=False))


def _label_ends(axes: Sequence[Axes], shown: int, across: int) -> None:
    """The lowest panel of each column has the numbers of its axis, also above an empty place."""
    for place in range(max(0, shown - across), shown):
        axes[place].tick_params(axis="x", labelbottom=True)


def headed(axis: Axes, text: str, columns: int, size: float = 8) -> None:
    """Give a panel a heading that stays within its column."""
    axis.set_title(wrapped(text, 0.97 * PAGE_INCHES / columns, size), fontsize=size)


def instead(axis: Axes, text: str) -> None:
    """Say in the middle of an empty panel why it is empty."""
    axis.text(
        0.5, 0.5, text, transform=axis.transAxes, ha="center", va="center", color=PEOPLE, wrap=True
    )


def only_words(text: str) -> Figure:
    """A figure that says why there is nothing to see."""
    figure = Figure(figsize=(PAGE_INCHES, 0.8), layout="constrained")
    figure.text(0.5, 0.5, text, color=PEOPLE, ha="center", va="center", wrap=True)
    return figure
