"""Do the correlations hold when looked at more closely? In words, and check by check."""

from __future__ import annotations

import math

import pandas as pd

from emoalign.analyses.robustness.in_words import answers, findings, verdict
from emoalign.report.grid import (
    Column,
    Grid,
    Row,
    between,
    cell_columns,
    count,
    grid,
    reason,
    share,
    text,
    value,
)
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.study.fields import part
from emoalign.study.settings import StatisticsSettings
from emoalign.tables import CELL_KEY, ROBUSTNESS, groups, records
from emoalign.wording import counted, number


def _view(results: Results) -> View | Absent | None:
    job, rows = results.job, results.table(ROBUSTNESS)
    if rows.empty:
        return None
    rows = rows.assign(part=rows["part"].fillna(""))
    if rows["r"].isna().all():
        return Absent(
            "No cell has a correlation with people, so there is none to look at more closely."
        )
    values = {
        "verdict": verdict(rows),
        "answers": answers(rows, job),
        "summary": _summary(rows, job),
        "checks": _checks(rows, job),
    }
    return View(values, list(findings(rows, job)), [_methods(job)])


def _methods(job: ReportJob) -> str:
    least = part(job, StatisticsSettings).min_answers
    return (
        "Correlations were also computed within thirds of the items by human valence (by the scale "
        "itself where valence was not rated) and on either side of the middle of the scale of "
        "valence, pooled within these parts after centring; on items with at least "
        f"{counted(least, 'usable answer')}, and with items weighted by the number of answers; on "
        "the items that all cells of a scale and readout have; and, in the exact readout, on items "
        "with at least half of the probability on the scale. Differences from r over all items "
        "have paired BCa intervals [@efron1987]. r was corrected for restriction of range in the "
        "human means (case 2) [@thorndike1949]. Where items had no rating, the lowest and the "
        "highest r that any ratings of them could have yielded were computed."
    )


def _summary(rows: pd.DataFrame, job: ReportJob) -> Grid:
    """A row per cell, with the r of each check."""
    cells = []
    for key, of_cell in groups(rows, CELL_KEY, sort=False):
        found = records(of_cell)
        row = dict(zip(CELL_KEY, key, strict=True)) | found[0]
        row |= {f"r {one['check']} {one['part']}".strip(): one["r"] for one in found}
        cells.append(row)
    wide = pd.DataFrame(cells)
    least = part(job, StatisticsSettings).min_answers
    checks = {
        "thirds low": (
            "Lowest third",
            "Items that people rated lowest on valence, or on the scale itself.",
        ),
        "thirds middle": ("Middle third", ""),
        "thirds high": ("Highest third", ""),
        "thirds pooled": ("Within thirds", "Pooled, after means of thirds are centred."),
        "sides below": ("Negative", "Items below the middle of the scale of valence."),
        "sides above": ("Positive", "Items above it."),
        "sides pooled": ("Within sides", "Pooled, after means of both sides are centred."),
        "answers": (f"{least} or more answers", "Items with at least so many usable answers."),
        "weighted": ("Weighted", "Items weighted by their number of usable answers."),
        "common": ("Common items", "Items that all cells of the scale and readout have."),
        "mass": ("Mass on scale", "Items with at least half of the probability on the scale."),
    }
    columns = (
        *cell_columns(job),
        text("Readout", "readout"),
        count("Items", "n_items", "Items with a model mean and a human mean."),
        between("r [95% CI]", "r", "low", "high", "Over all items, as in alignment."),
        *(
            value(title, f"r {name}", meaning)
            for name, (title, meaning) in checks.items()
            if f"r {name}" in wide
        ),
        Column(
            "If none were missing",
            _possible,
            "r_least",
            meaning="Lowest and highest r possible, whatever ratings the missing items had.",
            optional=True,
        ),
    )
    return grid("robustness-table", "r on parts of the items", wide, columns)


def _possible(row: Row) -> str:
    """Where r could be: no confidence interval, and not written as one."""
    if not row["n_missing"] or math.isnan(row["r_least"]):
        return ""
    return f"{number(row['r_least'])} to {number(row['r_most'])}"


CHECK_NAMES = {
    "all": "all items",
    "thirds low": "lowest third by {}",
    "thirds middle": "middle third by {}",
    "thirds high": "highest third by {}",
    "thirds pooled": "within thirds by {}",
    "sides below": "negative",
    "sides above": "positive",
    "sides pooled": "within negative and positive",
    "answers": "enough answers",
    "weighted": "weighted by number of answers",
    "common": "common to all cells",
    "mass": "at least half of the mass on the scale",
}


def _check_name(row: Row) -> str:
    return CHECK_NAMES[f"{row['check']} {row['part']}".strip()].format(row["parted_by"])


def _checks(rows: pd.DataFrame, job: ReportJob) -> Grid:
    """A row per check, with all that is known of it."""
    columns = (
        *cell_columns(job),
        text("Readout", "readout"),
        Column("Items", _check_name, "check", numeric=False),
        count("Number of items", "n_items", "Items that r is over."),
        count("Left out", "n_left_out", "Items with both means that r is not over."),
        between("r [95% CI]", "r", "low", "high", "Bootstrap over items (BCa)."),
        between(
            "Difference [95% CI]",
            "difference",
            "difference_low",
            "difference_high",
            "From r over all items; paired bootstrap over items (BCa).",
        ),
        value("SD ratio", "sd_ratio", "SD of the human means, divided by that of all rated items."),
        value(
            "Corrected", "r_corrected", "r corrected for restriction of range (Thorndike's case 2)."
        ),
        share("No rating", "no_rating", "Answers that are no rating."),
        share("Refused", "refused", "Refusals by the model, a filter or the provider."),
        share("Mass on scale", "on_scale_mass", "Exact: mean probability of ratings."),
        reason(),
    )
    return grid("robustness-checks-table", "Every check", rows, columns, ROBUSTNESS)


SECTION = Section(
    id="robustness",
    heading="Do the correlations hold when looked at more closely?",
    label="Robustness",
    view=_view,
    figures=("robustness",),
)
