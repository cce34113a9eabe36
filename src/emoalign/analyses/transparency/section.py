"""The section on explicit labels: agreement with people by explicitness in the texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from emoalign.analyses.transparency.label_order import ordered_by
from emoalign.report.conditions import conditions
from emoalign.report.grid import (
    Column,
    between,
    bounded,
    cell_columns,
    count,
    grid,
    in_order,
    p,
    reason,
    scale_column,
    share,
    text,
)
from emoalign.report.nearest import FEW
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import TRANSPARENCY, TRANSPARENCY_GRADIENT, groups, records
from emoalign.wording import ci, coefficient, listed, out_of, span

PREDICTORS = {
    "t": "T (E and L)",
    "e": "E (embedding)",
    "l": "L (seed words)",
    "probe_auc": "Probe AUC",
}
"""The measures that labels are ordered by, as readers see them, in the order of the rows."""

MEASURED = {
    "t": "Explicitness (transparency T) combines the share of a label's texts that contain one of "
    "its seed words with the similarity of its texts to its name.",
    "probe_auc": "Explicitness was measured by how well a classifier tells a label's texts from "
    "others by their words alone.",
}
"""The measure of the findings in a sentence."""


def _view(results: Results) -> View | Absent:
    job = results.job
    labels = results.table(TRANSPARENCY)
    gradients = results.table(TRANSPARENCY_GRADIENT)
    if labels[["e", "l", "t", "probe_auc"]].isna().all(axis=None):
        reasons = dict.fromkeys(labels["reason"].dropna())
        return Absent(f"The explicitness of labels could not be measured: {_first(reasons)}.")
    place = {name: number for number, name in enumerate(PREDICTORS)}
    ranked = gradients.sort_values("predictor", key=lambda column: column.map(place), kind="stable")
    gradients = in_order(ranked, job)
    return View(
        {
            "gradients": grid(
                "gradient-table",
                "Agreement by explicitness",
                gradients,
                _gradient_columns(job),
                TRANSPARENCY_GRADIENT,
            ),
            "labels": grid(
                "transparency-table",
                "Explicitness of labels",
                labels,
                _label_columns(results.job),
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
        count("Labels", "n_labels", "Labels for which both values are known."),
        between(
            "Gradient ρ [95% CI]",
            "rho",
            "rho_low",
            "rho_high",
            "Rank correlation, over labels, with the model's agreement with people; BCa bootstrap "
            "over labels.",
            bounded=True,
        ),
        p("p", "p_permutation", "Two-sided, by permutation of labels."),
        bounded(
            "Partial ρ",
            "partial_rho",
            "The same with the logarithm of the label's prevalence held constant.",
        ),
        p("p of partial ρ", "partial_p", "Two-sided, t distribution."),
        reason(),
    )


def _label_columns(job: ReportJob) -> tuple[Column, ...]:
    return (
        scale_column(job),
        text("Label", "label"),
        share("Prevalence", "prevalence", "Mean share of a text's raters who chose it."),
        count("Texts", "n_texts", "Texts for which enough raters chose it."),
        bounded("E", "e", "Cosine of the label's name with the mean embedding of its texts.", 3),
        share("L", "l", "Share of its texts that contain one of its seed words."),
        bounded("T", "t", "Mean of E and L, each rescaled to 0–1 over the labels."),
        bounded(
            "Probe AUC",
            "probe_auc",
            "How well words alone tell its texts from others: .50 not at all, 1.00 perfectly.",
        ),
        reason(),
    )


def _findings(gradients: pd.DataFrame, labels: pd.DataFrame, job: ReportJob) -> list[list[str]]:
    """A paragraph for each scale of labels that has a gradient."""
    paragraphs = []
    for (name, scale), rows in groups(gradients, ["dataset", "scale"], sort=False):
        own = labels[(labels["dataset"] == name) & (labels["scale"] == scale)]
        predictor = ordered_by(own)
        gradient = rows[rows["predictor"] == predictor].dropna(subset=["rho"])
        if gradient.empty:
            continue
        where = f"{job.datasets[name].title}, {scale}"
        paragraphs.append([_message(gradient, where), MEASURED[predictor], *_cells(gradient, job)])
    return paragraphs


def _message(gradient: pd.DataFrame, where: str) -> str:
    """The direction of the correlation over labels, and the cells in which it is clear."""
    higher = int((gradient["rho_low"] > 0).sum())
    lower = int((gradient["rho_high"] < 0).sum())
    n = len(gradient)
    opening = f"Explicit labels ({where}): agreement with people was"
    labels = "for labels that the texts express more explicitly"
    if not higher and not lower:
        among = "" if n == 1 else f", in any of {n} conditions"
        return f"{opening} neither clearly higher nor clearly lower {labels}{among}."
    if n == 1:
        return f"{opening} {'higher' if higher else 'lower'} {labels}."
    found = {"higher": higher, "lower": lower}
    counts = [f"{how} in {out_of(some, n)} conditions" for how, some in found.items() if some]
    return f"{opening} {' and '.join(counts)} {labels} (95% CI excludes 0)."


def _cells(gradient: pd.DataFrame, job: ReportJob) -> Iterator[str]:
    """The correlations, cell by cell where they are few."""
    over = f"Over {span(gradient['n_labels'], 0)} labels, the rank correlation"
    if len(gradient) > FEW:
        yield f"{over} ranged from {span(gradient['rho'], bounded=True)}."
        return
    told = [
        ", ".join(
            filter(
                None,
                (
                    f"ρ = {coefficient(row['rho'])}",
                    ci(row["rho_low"], row["rho_high"], bounded=True),
                ),
            )
        )
        + f", for {conditions(job, [row])}"
        for row in records(gradient)
    ]
    yield f"{over} was {listed(told)}."


def _first(reasons: Mapping[str, None]) -> str:
    """The reasons of labels in a few words."""
    return "; ".join(list(reasons)[:3])


SECTION = Section(
    id="transparency",
    heading="Do models agree better with people on labels that the texts express explicitly?",
    label="Transparency",
    view=_view,
    figures=("transparency",),
)
