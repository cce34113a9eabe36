"""What published studies lead one to expect, and what was found here."""

from __future__ import annotations

import pandas as pd

from emoalign.report.grid import Column, Row, between, grid, model_column, text
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import DISTRIBUTION_SCORECARD, SCORECARD, groups

UNTOLD = "cannot be told"
TABLES = (SCORECARD, DISTRIBUTION_SCORECARD)
"""All titled like this: expectations about different things stand in one table of the page."""

ORDER = ["as expected", "not as expected", "unclear", UNTOLD]


CITED = {"Ogg et al. 2025": "ogg2025", "Inoshita et al. 2026": "inoshita2026"}
"""Keys of the studies in references.bib."""


def _view(results: Results) -> View | Absent:
    rows = pd.concat([results.table(table) for table in TABLES], ignore_index=True)
    checked = rows[rows["found"] != UNTOLD]
    if checked.empty:
        whys = "; ".join(sorted(set(rows["evidence"].dropna())))
        reason = whys or "no model and people have means of the same items"
        return Absent(f"No expectation from a published study can be checked here: {reason}.")
    job = results.job
    columns = (
        text("Expected", "expected"),
        text("By", "source", "The study that leads one to expect it."),
        model_column(job),
        text("Protocol", "protocol"),
        text("Data", "datasets"),
        text("Readout", "readout"),
        text("Found", "found"),
        Column("Evidence", lambda row: str(row["evidence"]), "evidence", numeric=False),
        between(
            "Deciding number [95% CI]",
            "estimate",
            "low",
            "high",
            "Above 0: as expected; an interval that holds 0 leaves it unclear. Bootstrap over "
            "items; for distributions over texts, for transparency over labels.",
        ),
    )
    place = checked["found"].map(ORDER.index)
    ordered = checked.assign(place=place).sort_values(["check", "place"], kind="stable")
    counts = [(kind, int((checked["found"] == kind).sum())) for kind in ORDER[:3]]
    return View(
        {
            "grid": grid("scorecard-table", "Scorecard", ordered, columns, SCORECARD),
            "counts": counts,
            "untold": _untold(rows),
        },
        findings=[[summary(counts)]],
        methods=[_methods(checked)],
    )


def _methods(checked: pd.DataFrame) -> str:
    keys = sorted(CITED[source] for source in checked["source"].unique())
    return (
        f"Expectations were taken from published studies [{'; '.join(f'@{key}' for key in keys)}]: "
        "one counts as met or not met where the 95% interval of the deciding number excludes 0."
    )


def summary(counts: list[tuple[str, int]]) -> str:
    """How many of the checks came out which way, as a sentence."""
    n = sum(number for _, number in counts)
    outcomes = ", ".join(f"{number} {kind}" for kind, number in counts if number)
    checks = "check" if n == 1 else "checks"
    return f"Of {n} {checks} against published studies: {outcomes}."


def _untold(rows: pd.DataFrame) -> list[Row]:
    """What could not be told, once for each reason."""
    untold = rows[rows["found"] == UNTOLD]
    return [
        {"expected": expected, "why": why, "cells": len(some)}
        for (expected, why), some in groups(untold, ["expected", "evidence"])
    ]


SECTION = Section(
    id="scorecard",
    heading="What was expected, and what was found",
    label="Scorecard",
    view=_view,
)
