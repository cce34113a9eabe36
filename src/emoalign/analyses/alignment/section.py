"""Agreement of models' mean ratings with human means: in a table, and what is missing."""

from __future__ import annotations

import math

import pandas as pd

from emoalign.analyses.alignment.in_words import FEW, findings, why_no_interval, why_undefined
from emoalign.analyses.alignment.worth import with_worth
from emoalign.report.grid import (
    Column,
    Gap,
    Row,
    between,
    bounded,
    ceiling,
    cell_columns,
    count,
    gaps,
    grid,
    p,
    readout,
    value,
)
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Results, Section, View
from emoalign.report.undecided import METHOD, undecided
from emoalign.study.fields import part
from emoalign.study.settings import StatisticsSettings
from emoalign.tables import ALIGNMENT, CONTRASTS, RATERS_WORTH
from emoalign.wording import coefficient, interval, number


def columns(job: ReportJob) -> tuple[Column, ...]:
    """The columns of a condition on the page."""
    return (
        *cell_columns(job),
        readout(),
        count("Items", "n_items", "Items rated by both the model and people."),
        between(
            "r [95% CI]",
            "pearson_r",
            "pearson_low",
            "pearson_high",
            "Pearson correlation between the model's and the human item means, with its bootstrap "
            "interval over items (BCa).",
            bounded=True,
        ),
        p(
            "p (FDR)",
            "pearson_p_adjusted",
            "Test of r against 0, adjusted over all conditions with the same readout "
            "(Benjamini–Hochberg false discovery rate).",
        ),
        bounded("ρ", "spearman_rho", "Spearman rank correlation of the same means."),
        bounded(
            "CCC",
            "ccc",
            "Lin's concordance correlation: 1 only if both means are equal for every item.",
        ),
        value("MAE", "mae", "Mean absolute error, in points of the scale."),
        Column(
            "RMSE (baseline)",
            _errors,
            "rmse",
            meaning="Root mean squared error, in points of the scale; in brackets, the error of "
            "giving every item the average human mean.",
        ),
        between(
            "Bias [95% CI]",
            "bias",
            "bias_low",
            "bias_high",
            "Mean model rating minus mean human rating, in points of the scale. Bootstrap interval "
            "over items (BCa).",
        ),
        value(
            "Slope",
            "slope",
            "Slope of the regression of model means on human means: r times the ratio of their SDs "
            "(model to human). A low r alone makes it small; the model's means are compressed only "
            "if it is also closer to 0 than r.",
        ),
        between(
            "Calibration slope [95% CI]",
            "calibration_slope",
            "calibration_slope_low",
            "calibration_slope_high",
            "Slope of the regression of human means on model means: how many points human means "
            "rise for a point of the model's. Above 1, the model's differences between items are "
            "too small; below 1, too large. Bootstrap interval over items (BCa).",
        ),
        ceiling(
            "Highest r to expect of a perfect model, given the reliability of the human ratings of "
            "these items."
        ),
        Column(
            "r disattenuated [95% CI]",
            _disattenuated,
            "pearson_disattenuated",
            meaning="r corrected for the unreliability of both means; it can exceed 1 by chance. "
            "Bootstrap interval over items (BCa).",
        ),
    )


def _errors(row: Row) -> str:
    return f"{number(row['rmse'])} ({number(row['rmse_constant'])})"


def _disattenuated(row: Row) -> str:
    marked = "(above 1)" if row["disattenuated_above_1"] else ""
    ends = interval(
        row["pearson_disattenuated_low"], row["pearson_disattenuated_high"], bounded=True
    )
    return " ".join(filter(None, (coefficient(row["pearson_disattenuated"]), ends, marked)))


def _view(results: Results) -> View | None:
    rows = results.table(ALIGNMENT)
    if rows.empty:
        return None
    job = results.job
    shown = grid("alignment-table", "Alignment by condition", rows, columns(job), ALIGNMENT)
    told = findings(rows, results.table(CONTRASTS), job)
    told = with_worth(told, results.table(RATERS_WORTH), job)
    missing = undecided(rows, job)
    return View(
        {
            "grid": shown,
            "gaps": alignment_gaps(rows),
            "readouts": set(rows["readout"]),
            "undecided": missing,
        },
        told,
        methods=[
            *([_methods(results)] if rows["pearson_r"].notna().any() else []),
            *([METHOD] if missing else []),
        ],
        summed=len(told) > FEW,
    )


def _methods(results: Results) -> str:
    resamples = part(results.job, StatisticsSettings).bootstrap_resamples
    together = (
        " Items with the same text or image, and items that belong together according to the "
        "dataset's card, such as sentences of one document, were resampled together."
        if results.clustered
        else ""
    )
    return (
        "The mean model rating and the mean human rating of each item were compared by Pearson's "
        "r, Spearman's rank correlation, Lin's concordance correlation [@lin1989], the mean "
        "absolute error and the root mean squared error. The latter is shown beside the error of a "
        "rater who gives every item the average human mean. Pearson's r has a 95% "
        "bias-corrected and accelerated (BCa) bootstrap interval over items [@efron1987], from "
        f"{resamples:,} resamples.{together}"
    )


def alignment_gaps(rows: pd.DataFrame) -> list[Gap]:
    """Missing correlations, intervals and ceilings."""
    asked = {
        "Correlation with human means": _no_correlation,
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
        "the reliability of the human ratings cannot be estimated, which requires several items "
        "with two or more ratings each, or with SDs and numbers of raters"
    )


SECTION = Section(
    id="alignment",
    heading="Do models' mean ratings agree with human means?",
    label="Alignment",
    view=_view,
    figures=("correlations", "heatmap", "means", "temperatures", "personas", "wordings"),
)
