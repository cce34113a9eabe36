"""Names beside points: of the few that lie apart, or of all such that none hides another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import ArrayLike, NDArray

from emoalign.figures.style import FAINT, PEOPLE, SMALLEST, shortened

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
