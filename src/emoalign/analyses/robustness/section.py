"""Robustness of the correlations: in words, and check by check."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from emoalign.analyses.robustness.in_words import answers, findings, shared_items, verdict
from emoalign.report.grid import (
    Column,
    Grid,
    Row,
    between,
    bounded,
    cell_columns,
    count,
    grid,
    readout,
    reason,
    share,
    value,
)
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.statistics.robustness import range_corrected
from emoalign.study.fields import part
from emoalign.study.scales import VALENCE
from emoalign.study.settings import StatisticsSettings
from emoalign.tables import CELL_KEY, ROBUSTNESS, groups, records
from emoalign.wording import coefficient, counted, interval, listed


def _view(results: Results) -> View | Absent | None:
    job, rows = results.job, results.table(ROBUSTNESS)
    if rows.empty:
        return None
    rows = rows.assign(part=rows["part"].fillna(""))
    if rows["r"].isna().all():
        return Absent("No condition has a correlation with human means, so there is none to check.")
    values = {
        "verdict": verdict(rows),
        "answers": answers(rows, job),
        "counted": rows.loc[rows["check"] == "answers", "n_items"].gt(0).any(),
        "summary": _summary(rows, job),
        "checks": _checks(rows, job),
    }
    return View(values, list(findings(rows, job)), [_methods(rows, job)])


def _methods(rows: pd.DataFrame, job: ReportJob) -> str:
    """What was done in this study, told by the rows that have a number."""
    known = rows.dropna(subset="r")
    done = set(known["check"])
    told = []
    if within := [words for check, words in _parts(known) if check in done]:
        told.append(
            f"To check their robustness, correlations were recomputed {' and '.join(within)}, "
            "pooled within these parts after centring."
        )
    # Equal weights change nothing.
    weighed = known.loc[known["check"] == "weighted", "difference"].abs().gt(1e-9).any()
    least = counted(part(job, StatisticsSettings).min_answers, "usable answer")
    others = {
        f"on items with at least {least}": "answers" in done,
        "with items weighted by their number of answers": weighed,
        f"on {shared_items(job)}": "common" in done,
        "for exact probabilities, on items with at least half of the probability on the scale": (
            "mass" in done
        ),
    }
    if also := [words for words, there in others.items() if there]:
        opening = "They were also" if told else "To check their robustness, correlations were"
        told.append(f"{opening} recomputed {listed(also)}.")
    if known["difference_low"].notna().any():
        told.append("Differences from r over all items have paired BCa intervals [@efron1987].")
    if known["r_corrected"].notna().any():
        told.append(
            "Correlations were corrected for restriction of range in the human means (Thorndike's "
            "case 2) by the ratio of standard deviations [@thorndike1949]."
        )
    if rows["r_least"].notna().any() and rows["n_missing"].gt(0).any():
        told.append(
            "Where items had no rating, the lowest and the highest r that any ratings of them "
            "could have yielded were computed."
        )
    return " ".join(told)


def _parts(rows: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """The parts of the items by check, in words; thirds are by valence where that was rated."""
    by_valence = rows["parted_by"].eq(VALENCE)
    if by_valence.all():
        by = "human valence"
    elif by_valence.any():
        by = "human valence (by the scale itself where valence was not rated)"
    else:
        by = "the human means of the scale itself"
    yield "thirds", f"within thirds of the items by {by}"
    yield (
        "sides",
        "within negative and positive items (below and above the middle of the valence scale)",
    )


def _summary(rows: pd.DataFrame, job: ReportJob) -> Grid:
    """A row per condition, with the r of each check."""
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
            "r on the third of the items that people rated lowest on valence, or on the scale "
            "itself where they did not rate valence.",
        ),
        "thirds middle": ("Middle third", "r on the middle third of the items."),
        "thirds high": ("Highest third", "r on the highest third of the items."),
        "thirds pooled": (
            "Within thirds",
            "r within all thirds together, after the mean of each third was subtracted.",
        ),
        "sides below": ("Negative", "r on items below the middle of the valence scale."),
        "sides above": ("Positive", "r on items above the middle of the valence scale."),
        "sides pooled": (
            "Within neg./pos.",
            "r within negative and positive items together, after the mean of each was subtracted.",
        ),
        "answers": (
            f"{least} or more answers",
            f"r on items with at least {counted(least, 'usable answer')}.",
        ),
        "weighted": ("Weighted", "r with items weighted by their number of usable answers."),
        "common": (
            "Shared items",
            f"r on {shared_items(job)}.",
        ),
        "mass": (
            "On the scale",
            "r on items with at least half of the model's probability on the ratings of the scale.",
        ),
    }
    columns = (
        *cell_columns(job),
        readout(),
        count("Items", "n_items", "Items rated by both the model and people."),
        between(
            "r [95% CI]",
            "r",
            "low",
            "high",
            "Pearson correlation over all items, as in the table of alignment.",
            bounded=True,
        ),
        *(
            bounded(title, f"r {name}", meaning)
            for name, (title, meaning) in checks.items()
            if f"r {name}" in wide
        ),
        Column(
            "Possible r",
            _possible,
            "r_least",
            meaning="Lowest and highest r possible if the items without a rating had one.",
            optional=True,
        ),
    )
    return grid("robustness-table", "r on parts of the items", wide, columns)


def _possible(row: Row) -> str:
    """The range in which r could lie: no confidence interval, and not written as one."""
    if not row["n_missing"] or math.isnan(row["r_least"]):
        return ""
    return f"{coefficient(row['r_least'])} to {coefficient(row['r_most'])}"


def _corrected(row: Row) -> str:
    ratio = row["sd_ratio"]
    low, high = (range_corrected(row[end], ratio) for end in ("low", "high"))
    return f"{coefficient(row['r_corrected'])} {interval(low, high, bounded=True)}".rstrip()


CHECK_NAMES = {
    "all": "all items",
    "thirds low": "lowest third by {}",
    "thirds middle": "middle third by {}",
    "thirds high": "highest third by {}",
    "thirds pooled": "within thirds by {}",
    "sides below": "negative items",
    "sides above": "positive items",
    "sides pooled": "within negative and positive items",
    "answers": "items with enough answers",
    "weighted": "weighted by number of answers",
    "common": "shared by all conditions",
    "mass": "at least half of the probability on the scale",
}


def _check_name(row: Row) -> str:
    return CHECK_NAMES[f"{row['check']} {row['part']}".strip()].format(row["parted_by"])


def _checks(rows: pd.DataFrame, job: ReportJob) -> Grid:
    """A row per check, with all of its numbers."""
    columns = (
        *cell_columns(job),
        readout(),
        Column("Check", _check_name, "check", numeric=False, meaning="The items that r is over."),
        count("Items", "n_items", "Number of these items."),
        count("Left out", "n_left_out", "Other items rated by both the model and people."),
        between(
            "r [95% CI]",
            "r",
            "low",
            "high",
            "Pearson correlation on these items. Bootstrap interval over items (BCa).",
            bounded=True,
        ),
        between(
            "Difference [95% CI]",
            "difference",
            "difference_low",
            "difference_high",
            "This r minus r over all items. Paired bootstrap interval over items (BCa).",
            bounded=True,
        ),
        value(
            "SD ratio",
            "sd_ratio",
            "SD of the human means of these items divided by that of all rated items.",
        ),
        Column(
            "r corrected [95% CI]",
            _corrected,
            "r_corrected",
            meaning="r corrected for restriction of range (Thorndike case 2). The ends of its "
            "interval are those of r, corrected alike; the SD ratio is taken as known.",
        ),
        share("Not a rating", "no_rating", "Share of answers that are not ratings."),
        share(
            "Refused",
            "refused",
            "Share of answers refused by the model, blocked by a filter or rejected by the "
            "provider.",
        ),
        share(
            "On the scale",
            "on_scale_mass",
            "Exact readout: mean probability that the model gives to ratings of the scale.",
        ),
        reason(),
    )
    return grid("robustness-checks-table", "Every check", rows, columns, ROBUSTNESS)


SECTION = Section(
    id="robustness",
    heading="Are the correlations robust?",
    label="Robustness",
    view=_view,
    figures=("robustness",),
)
