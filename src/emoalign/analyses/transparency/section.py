"""Do models follow people better on labels that texts say outright?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from emoalign.analyses.transparency.label_order import ordered_by
from emoalign.report.grid import (
    Column,
    between,
    cell_columns,
    count,
    grid,
    in_order,
    p,
    share,
    text,
    value,
)
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import TRANSPARENCY, TRANSPARENCY_GRADIENT, groups
from emoalign.wording import span

PREDICTORS = {
    "t": "T (both)",
    "e": "E (embedding)",
    "l": "L (seed words)",
    "probe_auc": "probe (AUC)",
}
"""What labels are ordered by, as readers see it, in the order of the rows."""


def _view(results: Results) -> View | Absent:
    job = results.job
    labels = results.table(TRANSPARENCY)
    gradients = results.table(TRANSPARENCY_GRADIENT)
    if labels[["e", "l", "t", "probe_auc"]].isna().all(axis=None):
        reasons = dict.fromkeys(labels["reason"].dropna())
        return Absent(f"It could not be told how outright texts say a label: {_first(reasons)}.")
    place = {name: number for number, name in enumerate(PREDICTORS)}
    ranked = gradients.sort_values("predictor", key=lambda column: column.map(place), kind="stable")
    gradients = in_order(ranked, job)
    return View(
        {
            "gradients": grid(
                "gradient-table",
                "Gradients of transparency",
                gradients,
                _gradient_columns(job),
                TRANSPARENCY_GRADIENT,
            ),
            "labels": grid(
                "transparency-table",
                "Transparency of labels",
                labels,
                _label_columns(),
                TRANSPARENCY,
            ),
        },
        _findings(gradients, labels, job),
    )


def _gradient_columns(job: ReportJob) -> tuple[Column, ...]:
    def by(row: Mapping[str, Any]) -> str:
        return PREDICTORS[row["predictor"]]

    return (
        *cell_columns(job),
        Column("Labels ordered by", by, "predictor", False),
        count("Labels", "n_labels", "Labels for which both are known."),
        between(
            "Gradient ρ [95% CI]",
            "rho",
            "rho_low",
            "rho_high",
            "Rank correlation over labels with the model's agreement; bootstrap over labels.",
        ),
        p("p", "p_permutation", "Two-sided, by permutation of labels."),
        value("ρ at equal prevalence", "partial_rho", "The logarithm of prevalence held constant."),
        p("p", "partial_p", "Two-sided, t distribution."),
        text("Why something is missing", "reason"),
    )


def _label_columns() -> tuple[Column, ...]:
    where = Column("Scale", lambda row: f"{row['dataset']} {row['scale']}", "dataset", False)
    return (
        where,
        text("Label", "label"),
        share("Prevalence", "prevalence", "Mean share of a text's raters who chose it."),
        count("Texts", "n_texts", "Texts for which enough raters chose it."),
        value("E", "e", "Cosine of the label's name with the mean embedding of its texts.", 3),
        share("L", "l", "Share of its texts that have one of its seed words."),
        value("T", "t", "Mean of E and L, each stretched from 0 to 1 over the labels."),
        value("Probe AUC", "probe_auc", "Do words alone tell its texts from others? .5: no."),
        text("Why something is missing", "reason"),
    )


def _findings(gradients: pd.DataFrame, labels: pd.DataFrame, job: ReportJob) -> list[list[str]]:
    """A paragraph for each scale of labels that has a gradient."""
    paragraphs = []
    for (name, scale), rows in groups(gradients, ["dataset", "scale"], sort=False):
        own = labels[(labels["dataset"] == name) & (labels["scale"] == scale)]
        gradient = rows[rows["predictor"] == ordered_by(own)].dropna(subset=["rho"])
        if gradient.empty:
            continue
        sure = int((gradient["rho_low"] > 0).sum())
        cells = "one cell" if len(gradient) == 1 else f"{len(gradient)} cells"
        paragraphs.append(
            [
                f"{job.datasets[name].title}, {scale}: do models follow people better on labels "
                f"that texts say outright? Over {span(gradient['n_labels'], 0)} labels the rank "
                f"correlation is {span(gradient['rho'])} ({cells}; the interval lies above 0 "
                f"in {sure})."
            ]
        )
    return paragraphs


def _first(reasons: Mapping[str, None]) -> str:
    """The reasons of labels in a few words."""
    return "; ".join(list(reasons)[:3])


SECTION = Section(
    id="transparency",
    heading="Do models follow people better on labels that texts say outright?",
    label="Transparency",
    view=_view,
    figures=("transparency",),
)
