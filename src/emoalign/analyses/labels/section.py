"""Do models choose labels as people do?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from emoalign.report.answers import unusable
from emoalign.report.grid import bounded, cell_columns, count, grid, share, text
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Finding, Results, Section, View
from emoalign.tables import LABELS, groups, records
from emoalign.wording import coefficient, counted, percent, span

METHODS = [
    "On scales of labels, the share of a label for an item is the proportion of usable answers, or "
    "of human raters, that chose it. Rates are means of these shares over items; for each label, "
    "the shares of model and raters were correlated over items (rank correlation) [@inoshita2026]."
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
        bounded("Difference", "rate_difference", "Above 0: the model chose it more often.", 3),
        bounded(
            "ρ over items",
            "spearman_rho",
            "Rank correlation of the shares of model and "
            "raters; a dash where one of them is the same for all items.",
        ),
    )
    shown = grid("labels-table", "Use of labels", rows, columns, LABELS)
    return View({"grid": shown}, findings(rows, results.answers.counts, job), METHODS)


def findings(labels: pd.DataFrame, answers: pd.DataFrame, job: ReportJob) -> list[list[str]]:
    """The findings on scales of labels: one paragraph per cell; `answers` counts statuses."""
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
    model, dataset = job.short_names[cell["model"]], job.datasets[cell["dataset"]]
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
    return [
        f"{model} chose from {len(rows)} labels for {counted(cell['n_items'], dataset.modality)} "
        f"of {dataset.title} ({cell['scale']}, under {cell['protocol']}, sampled answers); "
        f"{_correlated(rows)}.",
        *_use(rows),
    ]


def _correlated(rows: pd.DataFrame) -> str:
    """The correlation of the shares of model and raters, over labels."""
    rho = rows["spearman_rho"].dropna()
    if rho.empty:
        return (
            "the shares of its answers and of raters do not correlate for any label, because they "
            "are the same for all items"
        )
    told = f"the share of its answers that chose a label correlated ρ = {coefficient(rho.mean())}"
    if len(rho) == 1:
        return f"{told} with the share of raters who did (1 label)"
    apart = f"; {ends}" if " to " in (ends := span(rho, bounded=True)) else ""
    return f"{told} with the share of raters who did (mean of {len(rho)} labels{apart})"


def _use(rows: pd.DataFrame) -> Iterator[str]:
    """The labels that were chosen too often and too rarely, most of all."""
    ordered = records(rows.sort_values(["rate_difference", "label"]))
    least, most = ordered[0], ordered[-1]
    if most["rate_difference"] > 0:
        yield f"The label it overused most was {_rates(most)}."
    if least["rate_difference"] < 0:
        yield f"The label it underused most was {_rates(least)}."


def _rates(row: Mapping[str, Any]) -> str:
    return (
        f"{row['label']} ({percent(row['model_rate'])} of its answers, "
        f"{percent(row['human_rate'])} of raters)"
    )


SECTION = Section(
    id="labels",
    heading="Do models choose labels as people do?",
    label="Labels",
    view=_view,
)
