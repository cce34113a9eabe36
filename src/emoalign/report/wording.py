"""Numbers and findings in words. Pure: the same tables always give the same sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from emoalign.figures.wording import ABSENT, R_INTERVAL, number
from emoalign.report.report_job import ReportJob
from emoalign.tables import STATUSES, groups, records

FEW = 5
"""Findings about correlations that can be read one by one."""


def p_value(p: float | None) -> str:
    """A p-value as papers print it."""
    if p is None:
        return ABSENT
    return "< .001" if p < 0.001 else number(p, 3)


def percent(share: float) -> str:
    """A share in percent, with a decimal where it is small or nearly everything."""
    if math.isnan(share):
        return ABSENT
    digits = 0 if 0.01 <= share <= 0.99 or share in (0, 1) else 2
    return f"{100 * share:.{digits}f} %"


def counted(n: int, thing: str) -> str:
    """A number of things: 1 item, 2 items."""
    return f"{n} {thing}" if n == 1 else f"{n} {thing}s"


def interval(low: float, high: float) -> str:
    """A confidence interval, or nothing where it is undefined."""
    return "" if math.isnan(low) else f"[{number(low)}, {number(high)}]"


def correlation(cell: Mapping[str, Any]) -> str:
    """r of a cell with its interval, or why it has none."""
    r, low, high = cell["pearson_r"], cell["pearson_low"], cell["pearson_high"]
    if math.isnan(r):
        return f"r undefined ({why_undefined(cell)})"
    if math.isnan(low):
        return f"r = {number(r)} (no interval: {why_no_interval(cell)})"
    return f"r = {number(r)} {interval(low, high)}"


def why_undefined(cell: Mapping[str, Any]) -> str:
    """Why a cell has no correlation."""
    if not _compared([cell]) and cell["n_ok"]:
        return "no human ratings to compare with"
    if cell["n_items"] == 0:
        return "no item has both a rating of the model and a human norm"
    if cell["n_items"] < 3:
        return f"only {counted(cell['n_items'], 'item')} can be compared"
    return "all ratings are the same"


def why_no_interval(cell: Mapping[str, Any]) -> str:
    """Why a cell has a correlation without an interval."""
    if abs(cell["pearson_r"]) > 1 - 1e-9:
        return "all items lie on one line"
    return "r hangs on too few items"


def findings(alignment: pd.DataFrame, job: ReportJob) -> list[list[str]]:
    """The answer: for each model a list of sentences, one paragraph per dataset and scale."""
    told = [_finding(rows, job) for _, rows in groups(alignment, ["model", "dataset", "scale"])]
    return told if len(told) <= FEW else [_range(alignment, job), *told]


def _range(alignment: pd.DataFrame, job: ReportJob) -> list[str]:
    """From the worst to the best cell, where there are too many to read them one by one."""
    known = alignment.dropna(subset="pearson_r").sort_values("pearson_r", kind="stable")
    if known.empty:
        return [f"None of {len(alignment)} cells can be compared with people."]
    worst, best = records(known.iloc[[0, -1]])
    cells, median = counted(len(known), "cell"), number(known["pearson_r"].median())
    return [
        f"Over {cells}, correlations with people go from {_placed(worst, job)} to "
        f"{_placed(best, job)}; their median is {median}."
    ]


def _placed(cell: Mapping[str, Any], job: ReportJob) -> str:
    model, dataset = job.models[cell["model"]].title, job.datasets[cell["dataset"]].title
    where = f"{model}, {dataset}, {cell['scale']}, {cell['protocol']}, {cell['readout']}"
    return f"r = {number(cell['pearson_r'])} ({where})"


def _finding(rows: pd.DataFrame, job: ReportJob) -> list[str]:
    cells = _one_per_protocol(rows)
    best = cells[0]
    model, dataset = job.models[best["model"]].title, job.datasets[best["dataset"]]
    if not _compared(cells) and any(cell["n_ok"] for cell in cells):
        return [
            f"{model} rated {counted(int(rows['n_items_excluded'].max()), dataset.modality)} of "
            f"{dataset.title} for {best['scale']}. There are no human ratings of them, so there is "
            "no comparison: the ratings are in the item table."
        ]
    sentences = [
        f"{model} rated {counted(int(rows['n_items'].max()), dataset.modality)} of "
        f"{dataset.title} for "
        f"{best['scale']}; correlation of its means with people's{_named_interval(cells)}: "
        + ", ".join(f"{correlation(cell)} under {cell['protocol']}" for cell in cells)
        + "."
    ]
    if len(cells) > 1 and best["pearson_low"] > cells[-1]["pearson_high"]:
        sentences.append(
            "What this model seems to know depends on how it is asked: between the protocols the "
            f"intervals do not overlap. A correlation reported for {model} without its protocol "
            "would say little."
        )
    if not math.isnan(best["ceiling"]):
        limits = f"The reliability of people's ratings allows r up to {number(best['ceiling'])}"
        if not math.isnan(best["one_human_r"]):
            limits += f", and one human rater reaches {number(best['one_human_r'])}"
        sentences.append(f"{limits}.")
    for cell in records(rows[rows["readout"] == "sampled"]):
        sentences += _unusable(cell, "a rating")
    return sentences


def _unusable(cell: Mapping[str, Any], wanted: str) -> list[str]:
    """That many answers of a cell were none, where they were."""
    share = _ok_share(cell)
    if not share < 0.9:
        return []
    return [
        f"With {cell['protocol']} only {percent(share)} of its sampled answers were {wanted}; "
        "the others are counted below and were neither repaired nor asked again."
    ]


def _compared(cells: Sequence[Mapping[str, Any]]) -> bool:
    """Whether any item of the cells has both a rating of the model and a human norm."""
    return any(cell["n_items"] for cell in cells)


def label_findings(labels: pd.DataFrame, answers: pd.DataFrame, job: ReportJob) -> list[list[str]]:
    """The answer for scales of labels: one paragraph per cell; `answers` counts statuses."""
    cell = ["model", "dataset", "scale", "protocol"]
    counts = {key: records(rows)[0] for key, rows in groups(answers, cell)}
    return [
        _label_finding(rows, job, counts[key]["n_ok"] > 0)
        + _unusable(counts[key], "a choice of labels")
        for key, rows in groups(labels, cell)
    ]


def _label_finding(rows: pd.DataFrame, job: ReportJob, usable: bool) -> list[str]:
    cell = records(rows)[0]
    model, dataset = job.models[cell["model"]].title, job.datasets[cell["dataset"]]
    if not cell["n_items"]:
        why = (
            "there are no human choices of labels to compare with"
            if usable
            else "none of its answers was a choice of labels"
        )
        return [
            f"{model} cannot be compared with people for {dataset.title}, {cell['scale']}, under "
            f"{cell['protocol']}: {why}."
        ]
    known = rows["spearman_rho"].dropna()
    mean = f"on average ρ = {number(known.mean())}" if len(known) else "undefined"
    told = [
        f"{model} chose from {len(rows)} labels for {cell['n_items']} {dataset.modality}s of "
        f"{dataset.title} ({cell['scale']}, under {cell['protocol']}); correlation of each label's "
        f"shares with people's: {mean} over {len(known)} labels."
    ]
    ordered = records(rows.sort_values(["rate_difference", "label"]))
    least, most = ordered[0], ordered[-1]
    if most["rate_difference"] > 0:
        told.append(f"Most overused: {_use(most)}.")
    if least["rate_difference"] < 0:
        told.append(f"Most underused: {_use(least)}.")
    return told


def _use(row: Mapping[str, Any]) -> str:
    return (
        f"{row['label']} ({percent(row['model_rate'])} of its answers, "
        f"{percent(row['human_rate'])} of people's)"
    )


def _one_per_protocol(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """The exact readout of each protocol where there is one, else the sampled; best r first."""
    chosen = rows.sort_values("readout").drop_duplicates("protocol")
    ordered = chosen.sort_values(["pearson_r", "protocol"], ascending=[False, True])
    return records(ordered)


def _named_interval(cells: Sequence[Mapping[str, Any]]) -> str:
    """What stands in brackets behind an r, where any does."""
    known = any(not math.isnan(cell["pearson_low"]) for cell in cells)
    return f" ({R_INTERVAL})" if known else ""


def _ok_share(cell: Mapping[str, Any]) -> float:
    answers = sum(cell[f"n_{status}"] for status in STATUSES)
    return float(cell["n_ok"] / answers) if answers else math.nan
