"""The scorecard: expectations from published studies, and the findings of this study."""

from __future__ import annotations

import re
from dataclasses import replace

import pandas as pd

from emoalign.report.conditions import nothing_asked
from emoalign.report.grid import Column, Row, datasets, grid, model_column, readout, text
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import DISTRIBUTION_SCORECARD, SCORECARD, groups
from emoalign.wording import coefficient, interval, listed, number

UNTOLD = "cannot be told"
TABLES = (SCORECARD, DISTRIBUTION_SCORECARD)
"""The tables of expectations, which are one table on the page."""

ORDER = ["as expected", "not as expected", "unclear", UNTOLD]


OF_PEOPLE = "V shape of people"
"""The check of human ratings alone, which is the same whatever the model."""

_YEAR = re.compile(r" (\d{4})$")

CITED = {"Ogg et al. 2025": "ogg2025", "Inoshita et al. 2026": "inoshita2026"}
"""Keys of the studies in references.bib."""


def _view(results: Results) -> View | Absent:
    rows = pd.concat([results.table(table) for table in TABLES], ignore_index=True)
    checked = once(rows[rows["found"] != UNTOLD])
    if checked.empty:
        whys = "; ".join(sorted(set(rows["evidence"].dropna())))
        reason = whys or "no item has both a model mean and a human mean"
        return Absent(f"No expectation from a published study could be checked: {reason}.")
    job, recorded = results.job, nothing_asked(results.job)
    columns = (
        text("Expectation", "expected"),
        Column(
            "Source",
            lambda row: _YEAR.sub(r" (\1)", str(row["source"])),
            "source",
            False,
            "The published study that the expectation comes from.",
        ),
        _blank_of_people(model_column(job)),
        *(() if recorded else [_blank_of_people(text("Protocol", "protocol"))]),
        datasets(job, "datasets"),
        *(() if recorded else [_blank_of_people(readout())]),
        text("Found", "found"),
        Column("Evidence", lambda row: str(row["evidence"]), "evidence", numeric=False),
        Column(
            "Estimate [95% CI]",
            _estimate,
            "estimate",
            meaning="The number that tests the expectation: above 0 if it holds. An interval that "
            "includes 0 leaves it unclear. Bootstrap interval over items; for transparency, over "
            "labels.",
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


def once(checked: pd.DataFrame) -> pd.DataFrame:
    """The checks without repetitions: that of human ratings stands in every condition, and is kept
    once for each dataset, where its interval is narrowest."""
    of_people = checked["check"] == OF_PEOPLE
    width = (checked["high"] - checked["low"])[of_people]
    kept = width.groupby(checked["datasets"]).idxmin()
    return checked[~of_people | checked.index.isin(kept)]


def _blank_of_people(column: Column) -> Column:
    """A column of what was asked, which says nothing of people."""
    shown = "people" if column.sort == "model" else ""
    return replace(
        column, text=lambda row: shown if row["check"] == OF_PEOPLE else column.text(row)
    )


def _methods(checked: pd.DataFrame) -> str:
    keys = sorted(CITED[source] for source in checked["source"].unique())
    return (
        f"Expectations were taken from published studies [{'; '.join(f'@{key}' for key in keys)}]. "
        "Each was tested by an estimate that is above 0 if the expectation holds; it was counted "
        "as met or not met only where the 95% interval of the estimate excluded 0. These checks "
        "are descriptive."
    )


def _estimate(row: Row) -> str:
    """The estimate with its interval; as a coefficient unless it can exceed 1."""
    unbounded = row["check"] == "less spread than people"
    written = number if unbounded else coefficient
    ends = interval(row["low"], row["high"], bounded=not unbounded)
    return f"{written(row['estimate'])} {ends}".rstrip()


def summary(counts: list[tuple[str, int]]) -> str:
    """The number of checks with each outcome, as a sentence."""
    n = sum(number for _, number in counts)
    if n == 1:
        (outcome,) = (kind for kind, number in counts if number)
        return f"In the one check against published findings, the result was {outcome}."
    outcomes = listed(f"{kind} in {number}" for kind, number in counts if number)
    return f"In {n} checks against published findings, the result was {outcomes}."


def _untold(rows: pd.DataFrame) -> list[Row]:
    """The expectations that could not be checked, once for each reason."""
    untold = rows[rows["found"] == UNTOLD]
    return [
        {"expected": expected, "why": why, "cells": len(some)}
        for (expected, why), some in groups(untold, ["expected", "evidence"])
    ]


SECTION = Section(
    id="scorecard",
    heading="Do the results match published findings?",
    label="Scorecard",
    view=_view,
)
