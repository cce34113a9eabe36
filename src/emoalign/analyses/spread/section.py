"""Spread: the variation of a model's ratings of an item beside that of people's ratings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from emoalign.report.conditions import condition
from emoalign.report.grid import (
    CELL_ORDER,
    Row,
    between,
    cell_columns,
    gaps,
    grid,
    p,
    readout,
    value,
)
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import ALIGNMENT, CELL_KEY, read_parquet, records
from emoalign.wording import ci, number, out_of

METHODS = {
    "log_rms_sd_ratio": "The spread of the model's ratings of an item was compared with that of "
    "the human ratings by item variances, which are unbiased for any number of ratings. The "
    "natural logarithm of the ratio of the root mean square standard deviations has a 95% "
    "BCa bootstrap interval over items [@efron1987]; the difference in variance was tested by "
    "randomly flipping the signs of the item differences [@fisher1935].",
    "log_sd_ratio": "To replicate published analyses [@ogg2025], the item standard deviations "
    "(SDs) themselves were compared by the logarithm of the ratio of their means, by Wilcoxon's "
    "rank-sum test and, paired by item, by the signed-rank test [@wilcoxon1945]. SDs of few "
    "ratings are biased downwards, so these comparisons overstate the spread of the model where an "
    "item has fewer human ratings than model answers, and understate it where it has more.",
}
"""The sentences on methods, each by a column that has a number where the method was used."""


def _view(results: Results) -> View | Absent | None:
    rows = results.table(ALIGNMENT)
    if rows.empty:
        return None
    rows = _with_counts(rows, results)
    missing = gaps(
        rows,
        {
            "SD of human ratings": _people,
            "SD of the model's ratings": _model,
            "Ratio of SDs": _no_ratio,
            "Interval of the ratio": _no_interval,
        },
    )
    if rows[["sd_human_rms", "sd_model_rms"]].isna().any(axis=1).all():
        why = "; ".join(dict.fromkeys(gap.why for gap in missing))
        return Absent(f"The spread cannot be compared: {why}.")
    cell = (*cell_columns(results.job), readout())
    adjusted = (
        "Adjusted over all conditions with the same readout (Benjamini–Hochberg false discovery "
        "rate)."
    )
    columns = (
        *cell,
        value(
            "SD, people",
            "sd_human_rms",
            "Standard deviation of the human ratings of an item: root mean square over items, in "
            "points of the scale.",
        ),
        value(
            "SD, model",
            "sd_model_rms",
            "Standard deviation of the model's ratings of an item: root mean square over items, in "
            "points of the scale.",
        ),
        between(
            "ln ratio [95% CI]",
            "log_rms_sd_ratio",
            "log_rms_sd_ratio_low",
            "log_rms_sd_ratio_high",
            "Natural logarithm of the model's SD divided by the human SD. Below 0, the model's "
            "ratings vary too little; above 0, too much. Bootstrap interval over items (BCa).",
        ),
        p("p", "signflip_p", "Sign-flipping test of equal variances, unadjusted."),
        p("p (FDR)", "signflip_p_adjusted", adjusted),
    )
    replication = (
        *cell,
        value("Median SD, people", "sd_human_median", "Over items, in points of the scale."),
        value("Median SD, model", "sd_model_median", "Over items, in points of the scale."),
        between(
            "ln ratio of mean SDs [95% CI]",
            "log_sd_ratio",
            "log_sd_ratio_low",
            "log_sd_ratio_high",
            "Biased upwards where an item has fewer human ratings than model answers, downwards "
            "where it has more. Bootstrap interval over items (BCa).",
        ),
        value("Rank-sum W", "ranksum_w", "Wilcoxon rank-sum test of item SDs.", 0),
        value("Rank-sum z", "ranksum_z", "Negative if the model's SDs are smaller."),
        p("Rank-sum p (FDR)", "ranksum_p_adjusted", adjusted),
        value("Signed-rank z", "signedrank_z", "Wilcoxon signed-rank test, paired by item."),
        p("Signed-rank p (FDR)", "signedrank_p_adjusted", adjusted),
    )
    return View(
        {
            "grid": grid("spread-table", "Spread by condition", rows, columns, ALIGNMENT),
            "replication": grid(
                "replication-table",
                "Spread by condition, compared as by Ogg et al. (2025)",
                rows,
                replication,
                ALIGNMENT,
            ),
            "gaps": missing,
            "stated": bool((rows["readout"] == "stated").any()),
        },
        findings(rows, results.job),
        [" ".join(told)] if (told := _methods(rows)) else [],
    )


def _methods(rows: pd.DataFrame) -> list[str]:
    return [text for column, text in METHODS.items() if rows[column].notna().any()]


def findings(rows: pd.DataFrame, job: ReportJob) -> list[list[str]]:
    """The number of conditions that vary more or less than people, and by how much; maybe none."""
    known = rows[np.isfinite(rows["log_rms_sd_ratio_low"])]
    if known.empty:
        return []
    ordered = records(known.sort_values(["log_rms_sd_ratio", *CELL_ORDER], kind="stable"))
    more = int((known["log_rms_sd_ratio_low"] > 0).sum())
    less = int((known["log_rms_sd_ratio_high"] < 0).sum())
    least, most = (_ratio(cell, job) for cell in (ordered[0], ordered[-1]))
    if len(ordered) == 1:
        verdict = (
            "more than" if more else "less than" if less else "neither clearly more nor less than"
        )
        return [
            [
                f"Model ratings of an item varied {verdict} human ratings: the ratio of the "
                f"model's SD to the human SD was {least}."
            ]
        ]
    counts = [(more, "more"), (less, "less")]
    (often, first), (others, second) = counts if more >= less else counts[::-1]
    rest = "" if often == len(ordered) else f" and {second} in {others or 'none'}"
    where = f"in {out_of(often, len(ordered))} conditions{rest}"
    if not often:
        first, where = "neither clearly more nor less", f"in any of {len(ordered)} conditions"
    return [
        [
            f"Model ratings of an item varied {first} than human ratings {where} (95% intervals).",
            f"The ratio of the model's SD to the human SD ranged from {least} to {most}.",
        ]
    ]


def _ratio(cell: Mapping[str, Any], job: ReportJob) -> str:
    """The ratio of the model's SD to people's in a condition, with its interval."""
    of, low, high = (math.exp(cell[f"log_rms_sd_ratio{end}"]) for end in ("", "_low", "_high"))
    return f"{number(of)}, {ci(low, high)} ({condition(job, cell)})"


SDS = {"n_model_sds": "sd", "n_human_sds": "human_sd"}
"""The columns of items that are counted, by the names of their counts."""


def _with_counts(rows: pd.DataFrame, results: Results) -> pd.DataFrame:
    """The rows with the numbers of items that have an SD of the model, and of people, as
    n_model_sds and n_human_sds; only datasets with a condition without SDs are counted."""
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
    return "no item has two or more human ratings, or an SD in the norms"


def _model(row: Row) -> str | None:
    if not math.isnan(row["sd_model_rms"]) or row["n_model_sds"]:
        return None
    if row["readout"] == "exact":
        return "the model gives no probability to the ratings of the scale"
    if row["readout"] == "decision":
        return "no decision was given"
    if row["readout"] == "stated":
        return "no answer of the model was a distribution"
    return (
        "no item has two or more ratings by the model"
        if row["n_ok"]
        else "no answer of the model was a rating"
    )


def _no_ratio(row: Row) -> str | None:
    if math.isnan(row["sd_model_rms"]):
        known = row["n_model_sds"] and row["n_human_sds"]
        return "no item has both a human SD and an SD of the model" if known else None
    if row["sd_model_rms"] == 0:
        return (
            "all of the model's ratings of an item are the same: the ratio is 0 and has no "
            "logarithm"
        )
    return "all people agree on each item" if row["sd_human_rms"] == 0 else None


def _no_interval(row: Row) -> str | None:
    known = not math.isnan(row["log_rms_sd_ratio"])
    return (
        "it rests on too few items (or clusters of items), or on a single one"
        if known and math.isnan(row["log_rms_sd_ratio_low"])
        else None
    )


SECTION = Section(
    id="spread",
    heading="Do models' ratings of an item vary as much as people's?",
    label="Spread",
    view=_view,
    figures=("spread",),
)
