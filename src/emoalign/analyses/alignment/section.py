"""Do models order and place items as people do? In a table and in words, and what is missing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from emoalign.report.answers import little, on_scale, unusable
from emoalign.report.asked_differently import sentence as differing
from emoalign.report.grid import (
    Column,
    Gap,
    Row,
    between,
    cell_columns,
    count,
    gaps,
    grid,
    p,
    text,
    value,
)
from emoalign.report.nearest import nearer
from emoalign.report.report_job import ReportJob, is_asked
from emoalign.report.section import Finding, Results, Section, View
from emoalign.study.fields import part
from emoalign.study.settings import StatisticsSettings
from emoalign.tables import ALIGNMENT, CONTRASTS, groups, records
from emoalign.wording import R_INTERVAL, counted, interval, number, span, with_p

FEW = 4
"""Findings about correlations that can be read one by one."""


def columns(job: ReportJob) -> tuple[Column, ...]:
    """What the page shows of a cell."""
    return (
        *cell_columns(job),
        text("Readout", "readout"),
        count("Items", "n_items", "Items with a model mean and a human mean."),
        between(
            "r [95% CI]",
            "pearson_r",
            "pearson_low",
            "pearson_high",
            "Pearson correlation of item means; bootstrap over items (BCa).",
        ),
        p("p adj.", "pearson_p_adjusted", "Against 0, Benjamini–Hochberg over cells."),
        value("ρ", "spearman_rho", "Spearman rank correlation."),
        value("CCC", "ccc", "Lin's concordance correlation."),
        value("MAE", "mae", "Mean absolute error, in points of the scale."),
        Column("RMSE (constant)", _errors, "rmse", meaning="In points of the scale."),
        value("Bias", "bias", "Mean of the model minus mean of people."),
        value("Slope", "slope", "Below 1: the model's ratings are compressed."),
        value("Ceiling", "ceiling", "Highest r a perfect model can expect on these items."),
        Column(
            "r disatt. [95% CI]",
            _disattenuated,
            "pearson_disattenuated",
            meaning="r without the noise of few ratings; bootstrap over items (BCa).",
        ),
    )


def _errors(row: Row) -> str:
    return f"{number(row['rmse'])} ({number(row['rmse_constant'])})"


def _disattenuated(row: Row) -> str:
    marked = "(above 1)" if row["disattenuated_above_1"] else ""
    ends = interval(row["pearson_disattenuated_low"], row["pearson_disattenuated_high"])
    return " ".join(filter(None, (number(row["pearson_disattenuated"]), ends, marked)))


def _view(results: Results) -> View | None:
    rows = results.table(ALIGNMENT)
    if rows.empty:
        return None
    job = results.job
    shown = grid("alignment-table", "Alignment by cell", rows, columns(job), ALIGNMENT)
    told = findings(rows, results.table(CONTRASTS), job)
    return View(
        {"grid": shown, "gaps": alignment_gaps(rows)},
        told,
        methods=[_methods(job)] if rows["pearson_r"].notna().any() else [],
        summed=len(told) > FEW,
    )


def _methods(job: ReportJob) -> str:
    resamples = part(job, StatisticsSettings).bootstrap_resamples
    return (
        "Models were compared with people over items, by item means: Pearson's r with 95% "
        "intervals by the bias-corrected and accelerated (BCa) bootstrap over items [@efron1987], "
        f"{resamples:,} resamples, by cluster (items with the same text or image, and those that "
        "the dataset's card puts together, such as sentences of one document, were drawn as one); "
        "Spearman's rank correlation; Lin's "
        "concordance correlation [@lin1989]; mean absolute and root mean squared error, the latter "
        "beside that of a rater who gives every item the average of the human item means. p-values "
        "of one test were adjusted over the cells of a readout [@benjamini1995]."
    )


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
    if cell["n_items"] == 0:
        return "no item has both a rating of the model and a human norm"
    if cell["n_items"] < 3:
        return f"only {counted(cell['n_items'], 'item')} can be compared"
    return "the model's means, or people's, are the same for all items"


def why_no_interval(cell: Mapping[str, Any]) -> str:
    """Why a cell has a correlation without an interval."""
    if abs(cell["pearson_r"]) > 1 - 1e-9:
        return "all items lie on one line"
    return "r rests on too few items or clusters of items, or on one of them"


def findings(alignment: pd.DataFrame, contrasts: pd.DataFrame, job: ReportJob) -> list[list[str]]:
    """The answer: for each model a list of sentences, one paragraph per dataset and scale."""
    each: list[list[str]] = [
        Finding(_finding(rows, contrasts, job), dataset=dataset, scale=scale, model=model)
        for (dataset, scale, model), rows in groups(
            alignment, ["dataset", "scale", "model"], sort=False
        )
    ]
    return each if len(each) <= FEW else [_range(alignment, job), *each]


def _range(alignment: pd.DataFrame, job: ReportJob) -> list[str]:
    """From the worst to the best cell, where there are too many to read them one by one."""
    compared = alignment.dropna(subset="pearson_r").sort_values("pearson_r", kind="stable")
    if compared.empty:
        return [f"None of {len(alignment)} cells has a correlation with people."]
    worst, best = records(compared.iloc[[0, -1]])
    cells, median = counted(len(compared), "cell"), number(compared["pearson_r"].median())
    return [
        f"Over {cells}, correlations with people go from {_placed(worst, job)} to "
        f"{_placed(best, job)}; their median is {median}."
    ]


def _placed(cell: Mapping[str, Any], job: ReportJob) -> str:
    model, dataset = job.models[cell["model"]].title, job.datasets[cell["dataset"]].title
    where = f"{model}, {dataset}, {cell['scale']}, {cell['protocol']}, {cell['readout']}"
    return f"r = {number(cell['pearson_r'])} ({where})"


def _finding(rows: pd.DataFrame, contrasts: pd.DataFrame, job: ReportJob) -> list[str]:
    cells = _one_per_protocol(rows)
    best = cells[0]
    model, dataset = job.models[best["model"]].title, job.datasets[best["dataset"]]
    if not _compared(cells) and any(cell["n_ok"] for cell in cells):
        excluded = counted(int(rows["n_items_excluded"].max()), dataset.modality)
        return [
            f"Of {excluded} of {dataset.title}, none has both a {best['scale']} rating by {model} "
            "and a human one, so there is no comparison: the ratings are in the item table."
        ]
    items = {int(cell["n_items"]) for cell in cells}
    over = counted(max(items), dataset.modality)
    sentences = [
        f"Over {over if len(items) == 1 else f'up to {over}'} of {dataset.title}, mean "
        f"{best['scale']} ratings of {model} correlated with human means as follows"
        f"{_named_interval(cells)}: "
        + ", ".join(f"{correlation(cell)} under {cell['protocol']}" for cell in cells)
        + "."
    ]
    sentences += _between_protocols(cells, contrasts, job)
    if ceiling := span(cell["ceiling"] for cell in cells):
        sentences.append(
            f"Given the reliability of the human ratings, the highest r to expect is {ceiling}"
            f"{_one_of_them(cells)}."
        )
    for cell in records(rows[rows["readout"] == "sampled"]):
        sentences += unusable(cell, "a rating")
    for cell in cells:
        if cell["readout"] == "exact" and (few := little(on_scale(cell), "exact")):
            sentences.append(f"Under {cell['protocol']}, {few}.")
    return sentences


def _between_protocols(
    cells: Sequence[Mapping[str, Any]], contrasts: pd.DataFrame, job: ReportJob
) -> Iterator[str]:
    """Which protocols of a model differ, as far as contrasts tell, and what sets them apart.

    Only readouts that the cells are told in are compared.
    """
    readout = {cell["protocol"]: cell["readout"] for cell in cells}
    first = cells[0]
    own = contrasts[
        (contrasts["kind"] == "protocol")
        & (contrasts["within"] == first["model"])
        & (contrasts["dataset"] == first["dataset"])
        & (contrasts["scale"] == first["scale"])
    ]
    told = [
        row
        for row in records(own)
        if {readout.get(row["a"]), readout.get(row["b"])} == {row["readout"]}
    ]
    decided = [(row, nearer(row)) for row in told]
    apart = sum(better is not None for _, better in decided)
    if len(told) > FEW:
        yield (
            f"Between protocols, r differs in {apart or 'none'} of {len(told)} pairs (p < .05 "
            "after Holm's correction); protocols may differ in more than one way."
        )
        return
    for row, better in sorted(decided, key=lambda pair: pair[1] is None):
        worse = row["a"] if better == row["b"] else row["b"]
        ends = interval(row["difference_low"], row["difference_high"])
        p_holm = f"{with_p(row['p_holm'])} after Holm's correction"
        if better is not None:
            yield (
                f"r is higher under {better} than under {worse}, by "
                f"{number(abs(row['difference']))} ({p_holm})."
            )
        elif not math.isnan(row["p_holm"]):
            yield (
                f"r does not differ clearly between {row['a']} and {row['b']} (difference "
                f"{' '.join(filter(None, (number(row['difference']), ends)))}; {p_holm})."
            )
        else:
            continue
        if is_asked(job.models[first["model"]]):
            both = better or row["a"], worse if better else row["b"]
            yield from filter(None, [differing(job, *both, first["dataset"], first["scale"])])


def _one_of_them(cells: Sequence[Mapping[str, Any]]) -> str:
    """How well one person agrees with the others, or one rating where that is not known."""
    if person := span(cell["one_human_r"] for cell in cells):
        return (
            f"; a single rater correlates {person} with the mean of the others, averaged over "
            "raters"
        )
    if rating := span(cell["one_rating_r"] for cell in cells):
        return (
            f"; a single rating per item correlates {rating} with the mean of the item's other "
            "ratings (how single raters agree with the others is not known)"
        )
    return ""


def _compared(cells: Sequence[Mapping[str, Any]]) -> bool:
    """Whether any item of the cells has both a rating of the model and a human norm."""
    return any(cell["n_items"] for cell in cells)


def _one_per_protocol(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """The exact readout of each protocol where there is one, else the sampled; best r first."""
    chosen = rows.sort_values("readout").drop_duplicates("protocol")
    ordered = chosen.sort_values(["pearson_r", "protocol"], ascending=[False, True])
    return records(ordered)


def _named_interval(cells: Sequence[Mapping[str, Any]]) -> str:
    """What stands in brackets behind an r, where any does."""
    any_known = any(not math.isnan(cell["pearson_low"]) for cell in cells)
    return f" ({R_INTERVAL})" if any_known else ""


def alignment_gaps(rows: pd.DataFrame) -> list[Gap]:
    """What is missing of correlations, their intervals and ceilings."""
    asked = {
        "Correlation with people": _no_correlation,
        "Interval of r": _no_interval,
        "Ceiling": _no_ceiling,
    }
    return gaps(rows, asked)


def _no_correlation(row: Row) -> str | None:
    return why_undefined(row) if math.isnan(row["pearson_r"]) else None


def _no_interval(row: Row) -> str | None:
    if math.isnan(row["pearson_r"]) or not math.isnan(row["pearson_low"]):
        return None
    return why_no_interval(row)


def _no_ceiling(row: Row) -> str | None:
    if not math.isnan(row["ceiling"]):
        return None
    if row["n_items"] == 0:
        return why_undefined(row)
    return (
        "the reliability of people's ratings cannot be estimated: that takes several items with "
        "two or more ratings each, or with SDs and numbers of raters"
    )


SECTION = Section(
    id="alignment",
    heading="Do models order and place items as people do?",
    label="Alignment",
    view=_view,
    figures=("correlations", "heatmap", "means"),
)
