"""Grids of panels over as many pages as stay readable, with headings and numbers along axes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import Formatter, MaxNLocator

from emoalign.figures.style import (
    COLUMN_INCHES,
    PAGE_HEIGHT,
    PAGE_INCHES,
    PEOPLE,
    wrapped,
)
from emoalign.wording import coefficient, number

PartT = TypeVar("PartT")


def pages_of(parts: Sequence[PartT], most: int) -> list[Sequence[PartT]]:
    """The parts in order, at most so many on a page and about as many on each."""
    n_pages = max(1, -(-len(parts) // most))
    length = -(-len(parts) // n_pages)
    return [parts[page * length : (page + 1) * length] for page in range(n_pages)]


def panels(
    parts: Sequence[PartT],
    columns: int,
    ratio: float,
    heading: float = 0.7,
    *,
    legend: float = 0.0,
    alike: bool = True,
) -> Iterator[tuple[Figure, list[tuple[Axes, PartT]]]]:
    """Pages with a panel for each part, row by row: a panel alone is as wide as a column, several
    share the width of the page.

    Args:
        parts: what the panels show.
        columns: the most panels beside each other; four stand two by two.
        ratio: height of a panel without its heading, as a share of its width.
        heading: inches above each panel for its heading.
        legend: inches of a page that are kept for a legend.
        alike: whether the panels share their axes.
    """
    columns = max(1, min(columns, 2 if len(parts) == 4 else len(parts)))
    page_width = COLUMN_INCHES if columns == 1 else PAGE_INCHES
    height = ratio * page_width / columns + heading
    rows = [parts[start : start + columns] for start in range(0, len(parts), columns)]
    for page in pages_of(rows, max(1, int((PAGE_HEIGHT - legend) / height))):
        shown = [part for row in page for part in row]
        down = max(1, len(page))
        size = (page_width, height * down + legend)
        figure = Figure(figsize=size, layout="constrained")
        grid = figure.subplots(down, columns, squeeze=False, sharex=alike, sharey=alike)
        axes = list(grid.flat)
        for axis in axes[len(shown) :]:
            axis.set_axis_off()
        if alike:
            _label_ends(axes, len(shown), columns)
        yield figure, list(zip(axes, shown, strict=False))


def _label_ends(axes: Sequence[Axes], shown: int, across: int) -> None:
    """The lowest panel of each column has the numbers of its axis, also above an empty place."""
    for place in range(max(0, shown - across), shown):
        axes[place].tick_params(axis="x", labelbottom=True)


def headed(axis: Axes, text: str, size: float = 8) -> None:
    """Give a panel of a grid a heading that stays within its column."""
    place, figure = axis.get_subplotspec(), axis.get_figure(root=True)
    if place is not None and figure is not None:
        width = figure.get_figwidth() / place.get_gridspec().ncols
        axis.set_title(wrapped(text, 0.95 * width, size), fontsize=size)


def same_ticks(axis: Axes, low: float, high: float) -> None:
    """The same limits and the same ticks on both axes, from `low` to `high` and a margin."""
    margin = 0.03 * (high - low)
    limits = (low - margin, high + margin)
    ticks = round_ticks(low, high)
    axis.set(xlim=limits, ylim=limits, xticks=ticks, yticks=ticks, aspect="equal")


def round_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Numbers at equal distances within a range: from end to end where a round distance allows
    that, as 1, 3, 5, 7, 9, else round numbers."""
    span = high - low
    steps = (base * 10.0**power for power in range(-6, 7) for base in (1, 2, 5))
    for step in steps:
        n = round(span / step)
        if 3 <= n <= most and abs(n * step - span) < 1e-9 * span:
            return [low + step * place for place in range(n + 1)]
    ticks = MaxNLocator(most, steps=[1, 2, 5, 10]).tick_values(low, high)
    return [float(tick) for tick in ticks if low <= tick <= high]


class _Coefficients(Formatter):
    """Numbers that cannot exceed 1, with as many decimals as they need, up to two."""

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """All numbers of an axis."""
        digits = 1 if all(abs(round(value, 1) - value) < 1e-9 for value in values) else 2
        return [self._written(value, digits) for value in values]

    def __call__(self, x: float, pos: int | None = None) -> str:
        """One number."""
        return self._written(x, 2)

    @staticmethod
    def _written(value: float, digits: int) -> str:
        whole = abs(value - round(value)) < 1e-9
        return number(value, 0) if whole else coefficient(value, digits)


def coefficients(axis: Axis) -> None:
    """Write the numbers along an axis of correlations, or of shares, as papers do: .5, 0, −.5."""
    axis.set_major_formatter(_Coefficients())


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
