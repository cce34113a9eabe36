"""Variance components of sampled ratings."""

from __future__ import annotations

import pandas as pd

from emoalign.report.grid import Column, Row, count, grid, model_column, scale_column
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import VARIANCE, groups
from emoalign.wording import listed, percent

BY = ["model", "dataset", "scale"]

SOURCES = {
    "item": "Item",
    "form": "Form",
    "temperature": "Temperature",
    "thinking": "Thinking",
    "wave": "Wave",
    "persona": "Persona",
    "participant": "Participant",
    "item x form": "Item × form",
    "item x temperature": "Item × temperature",
    "item x thinking": "Item × thinking",
    "item x wave": "Item × wave",
    "residual": "Residual",
}
"""The sources of variance, as the page calls them."""

BETWEEN = {
    "item": "items",
    "form": "forms (prompt sets)",
    "temperature": "temperatures",
    "thinking": "levels of thinking",
    "wave": "waves",
    "persona": "personas",
    "participant": "participants",
}
"""What ratings of different sources differ in, in a sentence."""

MEANINGS = {
    "item": "Differences between items, the same under all protocols and personas.",
    "form": "Differences in level between forms (prompt sets).",
    "temperature": "Differences in level between temperatures.",
    "thinking": "Differences in level between levels of thinking.",
    "wave": "Differences in level between waves.",
    "persona": "Differences in level between personas.",
    "participant": "Differences in level between participants, each a session.",
    "item x form": "Differences between items that depend on the form.",
    "item x temperature": "Differences between items that depend on the temperature.",
    "item x thinking": "Differences between items that depend on the level of thinking.",
    "item x wave": "Differences between items that depend on the wave.",
    "residual": "The rest: chance in sampling and, with personas, differences between items that "
    "depend on the persona.",
}


WHY_NO_RESIDUAL = {
    "changes only together with another source": "no item has two or more ratings given in "
    "the same way, so chance cannot be told apart from differences between items",
}
"""What a reason of the table means where it is that of the residual."""


def _view(results: Results) -> View | Absent:
    rows = results.table(VARIANCE)
    if rows.empty:
        return Absent(_why_nothing(results.job))
    if rows["share"].isna().all():
        reasons = rows.loc[rows["source"] == "residual", "reason"].dropna()
        why = "; ".join(dict.fromkeys(reasons.replace(WHY_NO_RESIDUAL)))
        return Absent(f"The variance of sampled ratings could not be decomposed: {why}.")
    known = set(rows.dropna(subset="share")["source"])
    if known == {"residual"}:
        return Absent(
            "The variance of sampled ratings could not be decomposed: no source but chance could "
            "be estimated."
        )
    sources = [source for source in SOURCES if rows["source"].eq(source).any()]
    wide = pd.DataFrame([_split(some) for _, some in groups(rows, BY, sort=False)])
    columns = (
        model_column(results.job),
        scale_column(results.job),
        count(
            "Ratings",
            "n_ratings",
            "Single sampled ratings, over all protocols; an answer that several share counts once.",
        ),
        *(_share(source) for source in sources),
    )
    between = [BETWEEN[name] for name in BETWEEN if name in known]
    untold = rows.dropna(subset="reason")
    return View(
        {
            "grid": grid("variance-table", "Share of variance by source", wide, columns, VARIANCE),
            "between": listed(between),
            "by_persona": "persona" in known,
            "by_form": rows.loc[rows["source"] == "item x form", "share"].notna().any(),
            "reasons": [
                {"source": SOURCES[source], "reason": reason, "cells": len(some)}
                for (source, reason), some in groups(untold, ["source", "reason"])
            ],
        },
        methods=_methods(rows),
    )


def _why_nothing(job: ReportJob) -> str:
    if not any("sampled" in protocol.readouts for protocol in job.protocols.values()):
        return "No protocol asked for sampled answers, so there is no variance to decompose."
    return (
        "No sampled answer is a rating on a numerical scale, so there is no variance to decompose."
    )


def _methods(rows: pd.DataFrame) -> list[str]:
    known = [str(source) for source in rows.dropna(subset="share")["source"].unique()]
    return [
        "The variance of single sampled ratings was decomposed into components due to "
        f"{listed(SOURCES[source].lower() for source in known)} by the method of moments "
        "[@searle1992]."
    ]


def _split(rows: pd.DataFrame) -> Row:
    first = rows.iloc[0]
    shares = dict(zip(rows["source"], rows["share"], strict=True))
    return {**{name: first[name] for name in BY}, "n_ratings": rows["n_ratings"].max(), **shares}


def _share(source: str) -> Column:
    return Column(
        SOURCES[source],
        lambda row: percent(row[source]),
        source,
        meaning=MEANINGS[source],
        optional=True,
    )


SECTION = Section(
    id="variance",
    heading="Where does the variance of sampled ratings come from?",
    label="Variance",
    view=_view,
)
