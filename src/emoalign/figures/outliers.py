"""Names of the few items that lie apart, beside their points."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke

from emoalign.figures.style import PEOPLE
from emoalign.figures.wording import shortened

HEIGHT = 0.065
"""Height of a name, as a share of a panel of 2.3 inches."""

LONGEST = 1.05
"""Inches of a name; longer texts (sentences) are cut."""

SIZE = 6


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
        if any(abs(across - a) < width and abs(along - b) < HEIGHT for a, b in named):
            continue
        named.append((across, along))
        before, above = across > 0.5, along < 0.5
        axis.plot(x, y, "o", ms=3.6, mfc="none", mec=PEOPLE, mew=0.6, zorder=4)
        axis.annotate(
            shortened(text, LONGEST, SIZE),
            (x, y),
            xytext=(-3 if before else 3, 2 if above else -2),
            textcoords="offset points",
            ha="right" if before else "left",
            va="bottom" if above else "top",
            fontsize=SIZE,
            color=PEOPLE,
            parse_math=False,
            path_effects=[withStroke(linewidth=1.6, foreground="white")],
            zorder=5,
        )
