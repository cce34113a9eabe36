"""Do a model's answers to an item vary as much as people's?"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from emoalign.report.grid import CELL_ORDER, Row, between, cell_columns, gaps, grid, p, text, value
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Results, Section, View
from emoalign.tables import ALIGNMENT, CELL_KEY, read_parquet, records
from emoalign.wording import counted, interval, number

METHODS = {
    "log_rms_sd_ratio": "The spread of a model's answers to an item was compared with that of "
    "people by the variances of items, which are unbiased with any number of ratings: by the "
    "logarithm of the ratio of root mean square standard deviations, with its bootstrap interval "
    "(BCa) [@efron1987], and by a test that flips the signs of the differences of variances at "
    "random [@fisher1935].",
    "log_sd_ratio": "To replicate published analyses [@ogg2025], the standard deviations "
    "themselves were compared by the logarithm of the ratio of their means, by Wilcoxon's rank-sum "
    "test and, respecting the pairing by item, by the signed-rank test [@wilcoxon1945]. Standard "
    "deviations of few ratings are too small, so that these overstate the spread of the model "
    "where an item has fewer raters than answers.",
}
"""What was done, by the column that has a number where it was."""


def _view(results: Results) -> View | None:
    rows = results.table(ALIGNMENT)
    if rows.empty:
        return None
    rows = _with_counts(rows, results)
    cell = (*cell_columns(results.job), text("Readout", "readout"))
    columns = (
        *cell,
        value("RMS SD people", "sd_human_rms", "Root mean square over items, in points."),
        value("RMS SD model", "sd_model_rms", "Root mean square over items, in points."),
        between(
            "ln of their ratio [95% CI]",
            "log_rms_sd_ratio",
            "log_rms_sd_ratio_low",
            "log_rms_sd_ratio_high",
            "Below 0: too homogeneous; above 0: too varied. Bootstrap over items (BCa).",
        ),
        p("p", "signflip_p", "Test of equal mean variances, by flipping signs."),
        p("p adj.", "signflip_p_adjusted", "Benjamini–Hochberg over cells."),
    )
    replication = (
        *cell,
        value("Median SD people", "sd_human_median", "Over items, in points of the scale."),
        value("Median SD model", "sd_model_median", "Over items, in points of the scale."),
        between(
            "ln ratio of mean SDs [95% CI]",
            "log_sd_ratio",
            "log_sd_ratio_low",
            "log_sd_ratio_high",
            "Too high where an item has fewer raters than answers.",
        ),
        value("Rank-sum W", "ranksum_w", "Wilcoxon rank-sum test of item SDs.", 0),
        value("z", "ranksum_z", "Negative: the model's SDs are smaller."),
        p("p adj.", "ranksum_p_adjusted", "Benjamini–Hochberg over cells."),
        value("Signed-rank z", "signedrank_z", "Of paired item SDs."),
        p("p adj.", "signedrank_p_adjusted", "Benjamini–Hochberg over cells."),
    )
    return View(
        {
            "grid": grid("spread-table", "Spread by cell", rows, columns, ALIGNMENT),
            "replication": grid(
                "replication-table",
                "Spread by cell as Ogg et al. (2025) compare it",
                rows,
                replication,
                ALIGNMENT,
            ),
            "gaps": gaps(
                rows,
                {
                    "Spread of people": _people,
                    "Spread of the model": _model,
                    "Ratio of SDs": _no_ratio,
                    "Interval of the ratio": _no_interval,
                },
            ),
        },
        findings(rows, results.job),
        [" ".join(told)] if (told := _methods(rows)) else [],
    )


def _methods(rows: pd.DataFrame) -> list[str]:
    return [text for column, text in METHODS.items() if rows[column].notna().any()]


def findings(rows: pd.DataFrame, job: ReportJob) -> list[list[str]]:
    """In how many cells answers vary more or less than people's, and by how much; maybe none."""
    known = rows[np.isfinite(rows["log_rms_sd_ratio_low"])]
    if known.empty:
        return []
    ordered = records(known.sort_values(["log_rms_sd_ratio", *CELL_ORDER], kind="stable"))
    more = int((known["log_rms_sd_ratio_low"] > 0).sum())
    less = int((known["log_rms_sd_ratio_high"] < 0).sum())
    least, most = (_ratio(cell, job) for cell in (ordered[0], ordered[-1]))
    if len(ordered) == 1:
        verdict = "more than" if more else "less than" if less else "not clearly more or less than"
        return [
            [
                f"Answers to an item vary {verdict} people's: their standard deviation (root mean "
                f"square over items) is {least}."
            ]
        ]
    return [
        [
            f"Answers to an item vary clearly more than people's in {more} of "
            f"{counted(len(ordered), 'cell')}, and clearly less in {less}.",
            f"Their standard deviation (root mean square over items) ranges from {least} to "
            f"{most}.",
        ]
    ]


def _ratio(cell: Mapping[str, Any], job: ReportJob) -> str:
    """How many times people's SD that of a cell is, with its interval, and which cell it is."""
    of, low, high = (math.exp(cell[f"log_rms_sd_ratio{end}"]) for end in ("", "_low", "_high"))
    model, dataset = job.models[cell["model"]].title, job.datasets[cell["dataset"]].title
    where = f"{model}, {dataset}, {cell['scale']}, {cell['protocol']}, {cell['readout']}"
    return f"{number(of)} times people's {interval(low, high)} ({where})"


SDS = {"n_model_sds": "sd", "n_human_sds": "human_sd"}
"""Columns of items that are counted, by what their counts are called."""


def _with_counts(rows: pd.DataFrame, results: Results) -> pd.DataFrame:
    """The rows with the numbers of items of the cell that have an SD of the model, and of people,
    as n_model_sds and n_human_sds; only datasets with a cell without SDs are counted."""
    found = [pd.DataFrame(columns=[*CELL_KEY, *SDS])]
    for dataset in rows.loc[rows["sd_human_rms"].isna(), "dataset"].unique():
        file = results.folder / f"items/{dataset}.parquet"
        items = read_parquet(file, columns=[*CELL_KEY, *SDS.values()]).to_pandas()
        counts = items.groupby(CELL_KEY)[list(SDS.values())].count().reset_index()
        found.append(counts.rename(columns={column: name for name, column in SDS.items()}))
    return rows.merge(pd.concat(found[1:] or found), on=CELL_KEY, how="left")


def _people(row: Row) -> str | None:
    if not math.isnan(row["sd_human_rms"]) or row["n_human_sds"]:
        return None
    return "no item has two human ratings, or an SD in the norms"


def _model(row: Row) -> str | None:
    if not math.isnan(row["sd_model_rms"]) or row["n_model_sds"]:
        return None
    if row["readout"] == "exact":
        return "no item has probability on the scale"
    return (
        "no item has two usable answers of the model"
        if row["n_ok"]
        else "no answer of the model was a rating"
    )


def _no_ratio(row: Row) -> str | None:
    if math.isnan(row["sd_model_rms"]):
        known = row["n_model_sds"] and row["n_human_sds"]
        return "no item has both an SD of people and one of the model" if known else None
    if row["sd_model_rms"] == 0:
        return (
            "all answers of the model to an item are the same: the ratio is 0 and has no logarithm"
        )
    return "all people agree on each item" if row["sd_human_rms"] == 0 else None


def _no_interval(row: Row) -> str | None:
    known = not math.isnan(row["log_rms_sd_ratio"])
    return (
        "it rests on too few items or clusters of items, or on one of them"
        if known and math.isnan(row["log_rms_sd_ratio_low"])
        else None
    )


SECTION = Section(
    id="spread",
    heading="Do a model's answers to an item vary as much as people's?",
    label="Spread",
    view=_view,
    figures=("spread",),
)
