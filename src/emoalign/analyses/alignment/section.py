"""Do models order and place items as people do?"""

from __future__ import annotations

from emoalign.analyses.alignment.findings import alignment_gaps, findings
from emoalign.report.grid import (
    CELL_ORDER,
    Column,
    Row,
    between,
    cell_columns,
    count,
    grid,
    p,
    text,
    value,
)
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Results, Section, View
from emoalign.study.fields import part
from emoalign.study.settings import StatisticsSettings
from emoalign.tables import ALIGNMENT
from emoalign.wording import number


def columns(job: ReportJob) -> tuple[Column, ...]:
    """What the page shows of a cell."""
    return (
        *cell_columns(job),
        text("Readout", "readout"),
        count("Items", "n_items", "Items with a model mean and a human mean."),
        between(
            "r [95 % CI]",
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
        value("Ceiling", "ceiling", "Highest r a perfect model can expect."),
        Column("r disatt.", _disattenuated, "pearson_disattenuated"),
    )


def _errors(row: Row) -> str:
    return f"{number(row['rmse'])} ({number(row['rmse_constant'])})"


def _disattenuated(row: Row) -> str:
    marked = " (above 1)" if row["disattenuated_above_1"] else ""
    return number(row["pearson_disattenuated"]) + marked


def _view(results: Results) -> View | None:
    rows = results.table(ALIGNMENT).sort_values(CELL_ORDER, ignore_index=True)
    if rows.empty:
        return None
    job = results.job
    shown = grid("alignment-table", "Alignment by cell", rows, columns(job), ALIGNMENT)
    return View(
        {"grid": shown, "gaps": alignment_gaps(rows)}, findings(rows, job), methods=[_methods(job)]
    )


def _methods(job: ReportJob) -> str:
    resamples = part(job, StatisticsSettings).bootstrap_resamples
    return (
        "Models were compared with people over items, by item means: Pearson's r with 95 % "
        "intervals by the bias-corrected and accelerated (BCa) bootstrap over items [@efron1987], "
        f"{resamples:,} resamples; Spearman's rank correlation; Lin's "
        "concordance correlation [@lin1989]; mean absolute and root mean squared error, the latter "
        "beside that of a rater who gives every item the average of the human item means. p-values "
        "of one test were adjusted over the cells of a readout [@benjamini1995]."
    )


SECTION = Section(
    id="alignment",
    heading="Do models order and place items as people do?",
    label="Alignment",
    view=_view,
    figures=("correlations", "heatmap", "means"),
)
