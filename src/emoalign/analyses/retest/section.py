"""Agreement of the waves of a protocol."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from emoalign.report.grid import (
    Column,
    Row,
    between,
    count,
    grid,
    model_column,
    readout,
    reason,
    scale_column,
    text,
)
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import RETEST
from emoalign.wording import ABSENT, coefficient, counted, span

CHANGED = {True: "yes", False: "no"}


def _view(results: Results) -> View | Absent:
    rows = results.table(RETEST)
    if rows.empty:
        return Absent(
            "No model rated the same items on a numerical scale in two waves, so nothing is known "
            "of how it rates them again."
        )
    told = rows.dropna(subset="icc_agreement")
    shown = grid("retest-table", "Two waves", rows, _columns(results.job), RETEST)
    return View(
        {
            "grid": shown,
            "summary": None if told.empty else _summary(told),
            "changed": int(rows["model_changed"].eq(True).sum()),
            "of": len(rows),
        },
        methods=[] if told.empty else list(_methods()),
    )


def _summary(rows: pd.DataFrame) -> str:
    values = rows["icc_agreement"]
    if len(rows) == 1:
        return f"ICC(A,1) was {coefficient(values.iloc[0])}"
    return f"ICC(A,1) ranged {span(values, bounded=True)} over {counted(len(rows), 'comparison')}"


def _methods() -> Iterator[str]:
    yield (
        "Item means of two waves, which were asked alike, were compared by Pearson's r and by "
        "two-way intraclass correlations of single measurements for consistency, ICC(C,1), and "
        "absolute agreement, ICC(A,1) [@mcgraw1996]. The standard error of measurement is the "
        "standard deviation of the means times √(1 − ICC(C,1)). Intervals are BCa bootstrap "
        "intervals over items [@efron1987]."
    )


def _changed(row: Row) -> str:
    return ABSENT if pd.isna(row["model_changed"]) else CHANGED[bool(row["model_changed"])]


def _columns(job: ReportJob) -> tuple[Column, ...]:
    def estimate(title: str, name: str, meaning: str, bounded: bool = True) -> Column:
        ends = f"{name}_low", f"{name}_high"
        return between(f"{title} [95% CI]", name, *ends, meaning, bounded=bounded)

    return (
        model_column(job),
        text("First wave", "first", "Protocol that asked first."),
        text("Second wave", "second", "Protocol that asked the same again."),
        scale_column(job),
        readout(),
        count("Items", "n_items", "Items with a mean in both waves."),
        estimate("r", "r", "Correlation of the item means of both waves."),
        estimate("ICC(C,1)", "icc_consistency", "Agreement that ignores a shift of all items."),
        estimate("ICC(A,1)", "icc_agreement", "Agreement that counts a shift of all items."),
        estimate("Change", "change", "Mean of second minus first, in points.", bounded=False),
        estimate(
            "SEM",
            "sem",
            "Standard error of measurement: how far an item mean is off in a wave, in points.",
            bounded=False,
        ),
        count("Days", "days", "Days between the middle answers of both waves."),
        Column(
            "Model changed",
            _changed,
            "model_changed",
            numeric=False,
            meaning="Whether the server named another model or fingerprint in the second wave.",
        ),
        reason(),
    )


SECTION = Section(
    id="retest",
    heading="Does a model rate items alike when it is asked again?",
    label="Retest",
    view=_view,
)
