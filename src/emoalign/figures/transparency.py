"""Agreement with people over how outright texts say a label, label by label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emoalign.figures.label_order import ordered_by
from emoalign.figures.naming import name_points
from emoalign.figures.style import FAINT, PAGE_HEIGHT, PAGE_INCHES
from emoalign.figures.subject import Subject
from emoalign.tables import LABELS, TRANSPARENCY, TRANSPARENCY_GRADIENT, groups, records

COLUMNS = 2
PANEL_INCHES = 3.1
ROWS = int(PAGE_HEIGHT / PANEL_INCHES)

AXES = {
    "t": "Transparency T: how outright texts say the label",
    "probe_auc": "AUC of the probe: how well mere words tell the label",
}
"""What labels are ordered by: T where it is known, else the probe, which needs no other model."""


def draw(subject: Subject) -> list[Figure]:
    """A panel per cell: each point a label, its name beside it; a page has six."""
    by = ordered_by(subject.rows(TRANSPARENCY))
    known = subject.rows(LABELS).merge(
        subject.rows(TRANSPARENCY)[["dataset", "scale", "label", by]],
        on=["dataset", "scale", "label"],
    )
    cells = list(groups(known, ["model", "protocol"]))
    gradients = {
        (row["model"], row["protocol"]): row
        for row in records(subject.rows(TRANSPARENCY_GRADIENT))
        if row["predictor"] == by
    }
    on_page = COLUMNS * ROWS
    pages = [cells[start : start + on_page] for start in range(0, len(cells), on_page)]
    return [_page(subject, page, by, gradients) for page in pages]


def _page(
    subject: Subject,
    cells: list[tuple[tuple[str, ...], pd.DataFrame]],
    by: str,
    gradients: Mapping[tuple[str, str], Mapping[str, Any]],
) -> Figure:
    rows = -(-len(cells) // COLUMNS)
    columns = min(COLUMNS, len(cells))
    size = (PAGE_INCHES / COLUMNS * columns, PANEL_INCHES * rows)
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axis in axes.flat[len(cells) :]:
        axis.set_axis_off()
    shown = []
    for axis, ((model, protocol), cell) in zip(axes.flat, cells, strict=False):
        points = cell.dropna(subset=[by, "spearman_rho"]).sort_values("label")
        axis.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
        axis.plot(
            points[by],
            points["spearman_rho"],
            subject.marks[model].marker,
            color=subject.marks[model].colour,
            markersize=3.5,
            linestyle="none",
        )
        axis.set_title(
            f"{subject.cell_name(model, protocol)}\n{_summary(gradients[model, protocol])}"
        )
        if points.empty:
            axis.text(0.5, 0.5, "no label has both", transform=axis.transAxes, ha="center")
        shown.append((axis, points))
    _margins(axes.flat[0], shown, by)
    figure.supxlabel(AXES[by], fontsize=8)
    figure.supylabel("Correlation ρ of the label's shares with people's", fontsize=8)
    # Names are placed where they do not collide on the page as it will be.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for axis, points in shown:
        name_points(axis, points[by], points["spearman_rho"], list(points["label"]))
    return figure


def _margins(axis: Axes, shown: list[tuple[Axes, pd.DataFrame]], by: str) -> None:
    """Room for names at the sides; all panels share their axes."""
    every = pd.concat([points for _, points in shown])
    if every.empty:
        return
    left, right = every[by].min(), every[by].max()
    bottom, top = min(0, every["spearman_rho"].min()), max(0, every["spearman_rho"].max())
    across, along = max(right - left, 0.05), max(top - bottom, 0.05)
    axis.set_xlim(left - 0.08 * across, right + 0.2 * across)
    axis.set_ylim(bottom - 0.08 * along, top + 0.1 * along)


def _summary(row: Mapping[str, Any]) -> str:
    if pd.isna(row["rho"]):
        return f"no gradient: {row['reason']}"
    ends = (
        f" [{row['rho_low']:.2f}, {row['rho_high']:.2f}]" if pd.notna(row["rho_low"]) else ""
    ).replace("-", "\N{MINUS SIGN}")
    told = f"gradient {row['rho']:.2f}".replace("-", "\N{MINUS SIGN}")
    p = "p < .001" if row["p_permutation"] < 0.0005 else f"p = {row['p_permutation']:.3f}"
    return f"{told}{ends}, {p.replace('0.', '.')}, {row['n_labels']} labels"
