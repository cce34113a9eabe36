"""What the published study leads one to expect, and what was found here."""

from __future__ import annotations

import pandas as pd

from emoalign.report.grid import Column, Row, between, grid, model_column, text
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import SCORECARD, groups

UNTOLD = "cannot be told"
ORDER = ["as expected", "not as expected", "unclear", UNTOLD]


METHODS = [
    "What Ogg et al. found was taken as expectations [@ogg2025]: an expectation counts as met or "
    "not met where the 95 % interval of the deciding number excludes 0."
]


def _view(results: Results) -> View | Absent:
    rows = results.table(SCORECARD)
    told = rows[rows["found"] != UNTOLD]
    if told.empty:
        whys = "; ".join(sorted(set(rows["evidence"].dropna())))
        reason = whys or "no model and people have means of the same items"
        return Absent(f"None of the expectations from Ogg et al. (2025) can be checked: {reason}.")
    job = results.job
    columns = (
        text("Expected", "expected"),
        model_column(job),
        text("Protocol", "protocol"),
        text("Data", "datasets"),
        text("Readout", "readout"),
        text("Found", "found"),
        Column("Evidence", lambda row: str(row["evidence"]), "evidence", numeric=False),
        between(
            "Deciding number [95 % CI]",
            "estimate",
            "low",
            "high",
            "Above 0: as expected; an interval that holds 0 leaves it unclear.",
        ),
    )
    place = told["found"].map(ORDER.index)
    ordered = told.assign(place=place).sort_values(["check", "place"], kind="stable")
    counts = [(kind, int((told["found"] == kind).sum())) for kind in ORDER[:3]]
    return View(
        {
            "grid": grid("scorecard-table", "Scorecard", ordered, columns, SCORECARD),
            "counts": counts,
            "untold": _untold(rows),
        },
        findings=[[summary(counts)]],
        methods=METHODS,
    )


def summary(counts: list[tuple[str, int]]) -> str:
    """How many of the checks came out which way, as a sentence."""
    n = sum(number for _, number in counts)
    told = ", ".join(f"{number} {kind}" for kind, number in counts if number)
    checks = "check" if n == 1 else "checks"
    return f"Of {n} {checks} against the published study (Ogg et al. 2025): {told}."


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
    tables=(SCORECARD,),
)
