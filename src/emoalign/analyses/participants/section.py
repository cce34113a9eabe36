"""Participants: how far they agree with each other and with people, and who does not."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from emoalign.report.grid import (
    Column,
    Grid,
    Row,
    bounded,
    cell_columns,
    count,
    grid,
    value,
)
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import CELL_KEY, PARTICIPANTS, groups
from emoalign.wording import counted, listed, span

METHODS = (
    "For each participant, the ratings were correlated with human item means and with the means of "
    "the other participants' ratings of the same items. No participant was excluded."
)


def _view(results: Results) -> View | Absent | None:
    job, rows = results.job, results.table(PARTICIPANTS)
    if rows.empty:
        return None
    if rows["r_others"].isna().all():
        why = listed(sorted(set(rows["reason"].dropna())))
        return Absent(f"Participants cannot be compared with each other: {why}.")
    low = rows[rows["low"].eq(True)]
    values = {
        "verdict": _verdict(rows),
        "summary": _summary(rows, job),
        "low": _listed(low, job) if len(low) else None,
    }
    return View(values, methods=[METHODS])


def _verdict(rows: pd.DataFrame) -> str:
    known = rows.dropna(subset="r_others")
    n_low = int(known["low"].eq(True).sum())
    unknown = len(rows) - len(known)
    other = f" {counted(unknown, 'other')} cannot be compared." if unknown else ""
    if not n_low:
        return (
            f"Each of the {len(known):,} participants agreed with the others: correlations of .10 "
            f"or more with their means.{other}"
        )
    return (
        f"The ratings of {n_low:,} of {counted(len(known), 'participant')} correlate below .10 "
        f"with the means of the others.{other} Nobody is excluded."
    )


def _cells(rows: pd.DataFrame) -> Iterator[dict[str, object]]:
    for key, of_cell in groups(rows, CELL_KEY, sort=False):
        known = of_cell.dropna(subset="r_others")
        yield {
            **dict(zip(CELL_KEY, key, strict=True)),
            "n": len(of_cell),
            "n_ok": of_cell["n_ok"].median(),
            "mean_sd": of_cell["mean"].std(),
            "sd": of_cell["sd"].median(),
            "r_human": of_cell["r_human"].median(),
            "r_others": known["r_others"].median(),
            "range": span([known["r_others"].min(), known["r_others"].max()], bounded=True),
            "n_low": int(known["low"].eq(True).sum()),
        }


def _summary(rows: pd.DataFrame, job: ReportJob) -> Grid:
    columns = (
        *cell_columns(job),
        count("Participants", "n", "Participants; in sessions, each session is one."),
        count("Ratings each", "n_ok", "Median number of ratings."),
        value("SD of means", "mean_sd", "How much participants differ in level, in points."),
        value("SD within", "sd", "Median SD of a participant's ratings, in points."),
        bounded("r with people", "r_human", "Median correlation with human item means."),
        bounded("r with the others", "r_others", "Median correlation with the others' item means."),
        Column("Range", _range, "r_others", meaning="Lowest and highest of these correlations."),
        count("Below .10", "n_low", "Participants whose correlation with the others is lower."),
    )
    cells = pd.DataFrame(list(_cells(rows)))
    return grid("participants-table", "Participants by condition", cells, columns)


def _range(row: Row) -> str:
    return str(row["range"])


def _listed(rows: pd.DataFrame, job: ReportJob) -> Grid:
    columns = (
        *cell_columns(job),
        count("Participant", "participant"),
        Column("Persona", _persona, "persona", numeric=False, optional=True),
        count("Ratings", "n_ok"),
        value("Mean", "mean", "Of the ratings, in points."),
        value("SD", "sd", "Of the ratings, in points."),
        bounded("r with people", "r_human", "Correlation with human item means."),
        bounded("r with the others", "r_others", "Correlation with the others' item means."),
    )
    name = "Participants unlike the others"
    return grid("low-participants-table", name, rows, columns, PARTICIPANTS)


def _persona(row: Row) -> str:
    return "" if pd.isna(row["persona"]) else str(row["persona"])


SECTION = Section(
    id="participants",
    heading="Does each participant rate like the others?",
    label="Participants",
    view=_view,
)
