"""Do models choose labels as people do?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from emoalign.report.answers import unusable
from emoalign.report.grid import cell_columns, count, grid, share, text, value
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Finding, Results, Section, View
from emoalign.tables import LABELS, groups, records
from emoalign.wording import counted, number, percent

METHODS = [
    "For scales of labels, the share of a label for an item is that of the usable answers, or of "
    "the human raters, that chose it; rates are means of these shares over items, and their rank "
    "correlation over items was computed for each label [@inoshita2026]."
]


def _view(results: Results) -> View | None:
    job = results.job
    rows = results.table(LABELS)
    if rows.empty:
        return None
    columns = (
        *cell_columns(job),
        text("Label", "label"),
        count("Items", "n_items", "Items with a usable answer of the model and human raters."),
        share("People", "human_rate", "Mean share of an item's human raters who chose it."),
        share("Model", "model_rate", "Mean share of the model's usable answers that chose it."),
        value("Difference", "rate_difference", "Above 0: the model says it more often.", 3),
        value("ρ over items", "spearman_rho", "Of the shares; a dash where one is constant."),
    )
    shown = grid("labels-table", "Use of labels", rows, columns, LABELS)
    return View({"grid": shown}, findings(rows, results.answers.counts, job), METHODS)


def findings(labels: pd.DataFrame, answers: pd.DataFrame, job: ReportJob) -> list[list[str]]:
    """The answer for scales of labels: one paragraph per cell; `answers` counts statuses."""
    cell = ["dataset", "scale", "model", "protocol"]
    counts = {key: records(rows)[0] for key, rows in groups(answers, cell)}
    return [
        Finding(
            _label_finding(rows, job, counts[key]["n_ok"] > 0)
            + unusable(counts[key], "a choice of labels"),
            **dict(zip(cell, key, strict=True)),
        )
        for key, rows in groups(labels, cell, sort=False)
    ]


def _label_finding(rows: pd.DataFrame, job: ReportJob, usable: bool) -> list[str]:
    cell = records(rows)[0]
    model, dataset = job.models[cell["model"]].title, job.datasets[cell["dataset"]]
    if not cell["n_items"]:
        why = (
            "no item has both a choice of labels by the model and one by people"
            if usable
            else "none of its answers was a choice of labels"
        )
        return [
            f"{model} cannot be compared with people for {dataset.title}, {cell['scale']}, under "
            f"{cell['protocol']}: {why}."
        ]
    rho = rows["spearman_rho"].dropna()
    mean = "undefined for every label, as shares are the same for all items"
    if len(rho):
        mean = f"on average ρ = {number(rho.mean())} over {counted(len(rho), 'label')}"
    sentences = [
        f"{model} chose from {len(rows)} labels for {counted(cell['n_items'], dataset.modality)} "
        f"of {dataset.title} ({cell['scale']}, under {cell['protocol']}); correlation of each "
        f"label's shares with people's: {mean}."
    ]
    ordered = records(rows.sort_values(["rate_difference", "label"]))
    least, most = ordered[0], ordered[-1]
    if most["rate_difference"] > 0:
        sentences.append(f"Chosen more often than by people, most of all: {_use(most)}.")
    if least["rate_difference"] < 0:
        sentences.append(f"Chosen less often than by people, most of all: {_use(least)}.")
    return sentences


def _use(row: Mapping[str, Any]) -> str:
    return (
        f"{row['label']} ({percent(row['model_rate'])} of its answers, "
        f"{percent(row['human_rate'])} of people's)"
    )


SECTION = Section(
    id="labels",
    heading="Do models choose labels as people do?",
    label="Labels",
    view=_view,
)
