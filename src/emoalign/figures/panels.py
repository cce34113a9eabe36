"""Grids of panels over as many pages as stay readable, and names beside the points in them: of the
few that lie apart, or of all such that none hides another.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import Formatter, MaxNLocator
from numpy.typing import ArrayLike, NDArray

from emoalign.figures.style import (
    COLUMN_INCHES,
    FAINT,
    PAGE_HEIGHT,
    PAGE_INCHES,
    PEOPLE,
    SMALLEST,
    shortened,
    wrapped,
)
from emoalign.wording import coefficient, number

PartT = TypeVar("PartT")

NAME_SIZE = SMALLEST
"""Size of a name in points."""

POINT = 2.5
"""Half the side of the square that a point is taken for, in points."""

GAP = 2.5
"""White space after a name, so that two beside each other do not read as one, in points."""

DISTANCES = (4.0, 7.0, 11.0, 16.0, 22.0, 30.0, 40.0, 52.0)
"""How far from its point a name may be, in points; the nearer the better."""

NEAR = 7.0
"""A name no farther than this needs no line to its point."""

_DIRECTIONS = np.linspace(0, 2 * math.pi, 16, endpoint=False)

LONGEST = 1.05
"""Inches of a name; longer texts (sentences) are cut."""

Box = tuple[float, float, float, float]
"""Left, bottom, right, top."""


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


@dataclass(frozen=True)
class Outliers:
    """Points of a panel to be named once it has its place, the first ones first."""

    axis: Axes
    points: Sequence[tuple[float, float, str]]


def name_outliers(figure: Figure, outliers: Iterable[Outliers]) -> None:
    """Name points of the panels of a page, on which nothing else moves afterwards; one whose name
    finds no room goes without."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")
    for of_panel in outliers:
        axis = of_panel.axis
        axis.apply_aspect()
        x, y = [point[0] for point in of_panel.points], [point[1] for point in of_panel.points]
        names = [shortened(text, LONGEST, NAME_SIZE) for _, _, text in of_panel.points]
        axis.plot(x, y, "o", ms=3.6, mfc="none", mec=PEOPLE, mew=0.6, zorder=4, ls="none")
        name_points(axis, x, y, names)


def name_points(axis: Axes, x: ArrayLike, y: ArrayLike, names: Sequence[str]) -> list[str]:
    """Write names beside points; returns those for which there was no room.

    The figure must have its final layout: `figure.draw_without_rendering()` makes it.
    """
    figure = axis.get_figure(root=True)
    if figure is None or not names:
        return []
    scale = figure.dpi / 72
    points = axis.transData.transform(np.column_stack((x, y))) / scale
    drawn = [
        axis.text(
            0,
            0,
            name,
            fontsize=NAME_SIZE,
            color=PEOPLE,
            parse_math=False,
            path_effects=[withStroke(linewidth=1.6, foreground="white")],
            zorder=5,
        )
        for name in names
    ]
    extents = [text.get_window_extent() for text in drawn]
    sizes = np.array([[extent.width, extent.height] for extent in extents]) / scale + (GAP, 0)
    frame = axis.get_window_extent()
    bounds = (frame.x0 / scale, frame.y0 / scale, frame.x1 / scale, frame.y1 / scale)
    left_out = []
    for place, box in enumerate(places(points, sizes, bounds)):
        text = drawn[place]
        if box is None:
            text.remove()
            left_out.append(names[place])
            continue
        corner = axis.transData.inverted().transform(np.array(box[:2]) * scale)
        text.set_position((corner[0], corner[1]))
        text.set(ha="left", va="bottom")
        nearest = np.clip(points[place], box[:2], box[2:])
        if np.hypot(*(nearest - points[place])) > NEAR:
            ends = axis.transData.inverted().transform(np.stack((points[place], nearest)) * scale)
            axis.plot(ends[:, 0], ends[:, 1], color=FAINT, linewidth=0.5, zorder=1)
    return left_out


def places(
    points: NDArray[np.float64], sizes: NDArray[np.float64], bounds: Box
) -> list[Box | None]:
    """A box for the name of each point, all in one unit; None where there is no room.

    Points and sizes (width, height) have shape (points, 2). Boxes lie within the bounds and touch
    neither each other nor any point. Names of crowded points choose first.
    """
    apart = np.linalg.norm(points[:, np.newaxis] - points, axis=-1)
    order = np.argsort(np.sort(apart, axis=1)[:, : min(4, len(points))].sum(axis=1), kind="stable")
    taken = np.column_stack((points - POINT, points + POINT))
    boxed: list[Box | None] = [None] * len(points)
    for place in order:
        boxes = _candidates(points[place], sizes[place])
        inside = np.all(boxes[:, :2] >= bounds[:2], axis=1)
        inside &= np.all(boxes[:, 2:] <= bounds[2:], axis=1)
        before = boxes[:, np.newaxis, 2:] <= taken[:, :2]
        after = boxes[:, np.newaxis, :2] >= taken[:, 2:]
        free = np.flatnonzero(inside & np.all(np.any(before | after, axis=2), axis=1))
        if free.size:
            left, bottom, right, top = map(float, boxes[free[0]])
            boxed[place] = (left, bottom, right, top)
            taken = np.vstack((taken, boxes[free[0]]))
    return boxed


def _candidates(point: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes around a point, nearest first: at each distance the right, then around it."""
    directions = np.column_stack((np.cos(_DIRECTIONS), np.sin(_DIRECTIONS)))
    reach = np.array(DISTANCES)[:, np.newaxis, np.newaxis]
    # The box touches, from outside, the ring around the point in its direction.
    centres = point + directions * (reach + size / 2)
    centres = centres.reshape(-1, 2)
    return np.column_stack((centres - size / 2, centres + size / 2))
