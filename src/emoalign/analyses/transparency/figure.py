"""Agreement with people over how outright texts say a label, label by label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from emoalign.analyses.transparency.label_order import ordered_by
from emoalign.figures.drawing import Subject
from emoalign.figures.panels import coefficients, headed, instead, panels
from emoalign.figures.point_names import name_points
from emoalign.figures.style import FAINT, Mark
from emoalign.tables import LABELS, TRANSPARENCY, TRANSPARENCY_GRADIENT, groups, records
from emoalign.wording import ci, coefficient, with_p

COLUMNS, RATIO, HEADING = 2, 0.75, 0.65

AXES = {
    "t": "Transparency T: how outright texts say the label",
    "probe_auc": "AUC of the probe: how well mere words tell the label",
}
"""What labels are ordered by: T where it is known, else the probe, which needs no other model."""


def draw(subject: Subject) -> list[Figure]:
    """A panel per cell: each point a label, its name beside it."""
    by = ordered_by(subject.rows(TRANSPARENCY))
    placed = subject.rows(LABELS).merge(
        subject.rows(TRANSPARENCY)[["dataset", "scale", "label", by]],
        on=["dataset", "scale", "label"],
    )
    cells = [
        (key, rows.dropna(subset=[by, "spearman_rho"]).sort_values("label"))
        for key, rows in groups(placed, ["model", "protocol"])
    ]
    gradients = {
        (row["model"], row["protocol"]): row
        for row in records(subject.rows(TRANSPARENCY_GRADIENT))
        if row["predictor"] == by
    }
    pages = []
    for figure, shown in panels(cells, COLUMNS, RATIO, HEADING):
        for axis, ((model, protocol), points) in shown:
            _panel(axis, points, by, subject.marks[model])
            summary = _summary(gradients[model, protocol])
            headed(axis, f"{subject.cell_name(model, protocol)}\n{summary}")
        coefficients(shown[0][0].yaxis)
        coefficients(shown[0][0].xaxis)
        _margins(shown[0][0], pd.concat([points for _, (_, points) in shown]), by)
        figure.supxlabel(AXES[by], fontsize=8)
        figure.supylabel("Correlation with people's shares, Spearman's ρ", fontsize=8)
        # Names are placed where they do not collide on the page as it will be.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        for axis, (_, points) in shown:
            name_points(axis, points[by], points["spearman_rho"], list(points["label"]))
        pages.append(figure)
    return pages


def _panel(axis: Axes, points: pd.DataFrame, by: str, mark: Mark) -> None:
    axis.axhline(0, color=FAINT, linewidth=0.8, zorder=0)
    axis.plot(
        points[by],
        points["spearman_rho"],
        mark.marker,
        color=mark.colour,
        markersize=3.5,
        linestyle="none",
    )
    if points.empty:
        instead(axis, "no label has both")


def _margins(axis: Axes, every: pd.DataFrame, by: str) -> None:
    """Room for names at the sides; all panels share their axes."""
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
    rho = f"gradient ρ = {coefficient(row['rho'])}"
    interval = ci(row["rho_low"], row["rho_high"], bounded=True)
    estimate = ", ".join(filter(None, (rho, interval)))
    return f"{estimate}\n{with_p(row['p_permutation'])}, {row['n_labels']} labels"
