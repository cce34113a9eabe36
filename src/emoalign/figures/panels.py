"""Grids of panels over as many pages as stay readable, and names beside the points in them: of the
few that lie apart, or of all such that none hides another.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, MaxNLocator
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
from emoalign.wording import coefficient

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

NAME_HEIGHT = 0.065
"""Height of a name, as a share of a panel of 2.3 inches."""

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
    ticks = [tick for tick in round_ticks(low, high) if low <= tick <= high]
    axis.set(xlim=limits, ylim=limits, xticks=ticks, yticks=ticks, aspect="equal")


def round_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers at equal distances around a range, one per whole number where these are few."""
    return [float(tick) for tick in MaxNLocator(most, steps=[1, 2, 5, 10]).tick_values(low, high)]


def coefficients(axis: Axis, digits: int = 1) -> None:
    """Write the numbers along an axis of correlations, or of shares, as papers do: .5, 0, −.5."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: _coefficient(value, digits)))


def _coefficient(value: float, digits: int) -> str:
    return f"{value:.0f}" if abs(value - round(value)) < 1e-9 else coefficient(value, digits)


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


def name_outliers(
    axis: Axes, points: Iterable[tuple[float, float, str]], most: int, width: float = 0.5
) -> None:
    """Name points, the first ones first, on the side where there is room.

    A point whose name would lie on that of one before goes without. The limits of the axes must
    stand. `width` is the longest name's share of the panel.
    """
    named: list[tuple[float, float]] = []
    (left, right), (bottom, top) = axis.get_xlim(), axis.get_ylim()
    for x, y, text in points:
        if len(named) == most:
            return
        across, along = (x - left) / (right - left), (y - bottom) / (top - bottom)
        if any(abs(across - a) < width and abs(along - b) < NAME_HEIGHT for a, b in named):
            continue
        named.append((across, along))
        before, above = across > 0.5, along < 0.5
        axis.plot(x, y, "o", ms=3.6, mfc="none", mec=PEOPLE, mew=0.6, zorder=4)
        axis.annotate(
            shortened(text, LONGEST, NAME_SIZE),
            (x, y),
            xytext=(-3 if before else 3, 2 if above else -2),
            textcoords="offset points",
            ha="right" if before else "left",
            va="bottom" if above else "top",
            fontsize=NAME_SIZE,
            color=PEOPLE,
            parse_math=False,
            path_effects=[withStroke(linewidth=1.6, foreground="white")],
            zorder=5,
        )


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
        axis.text(0, 0, name, fontsize=NAME_SIZE, color=PEOPLE, parse_math=False) for name in names
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
