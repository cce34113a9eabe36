"""Where does the variance of sampled ratings come from?"""

from __future__ import annotations

import pandas as pd

from emoalign.report.grid import Column, Row, count, grid, model_column
from emoalign.report.report_job import ReportJob
from emoalign.report.section import Absent, Results, Section, View
from emoalign.tables import VARIANCE, groups
from emoalign.wording import listed, percent

BY = ["model", "dataset", "scale"]


def _view(results: Results) -> View | Absent:
    rows = results.table(VARIANCE)
    if rows.empty:
        return Absent(_why_nothing(results.job))
    sources = list(dict.fromkeys(rows["source"]))
    wide = pd.DataFrame([_split(some) for _, some in groups(rows, BY, sort=False)])
    where = Column("Scale", lambda row: f"{row['dataset']} {row['scale']}", "dataset", False)
    columns = (
        model_column(results.job),
        where,
        count("Ratings", "n_ratings"),
        *(_share(source) for source in sources),
    )
    untold = rows.dropna(subset="reason")
    return View(
        {
            "grid": grid("variance-table", "Variance by source", wide, columns, VARIANCE),
            "reasons": [
                {"source": source, "reason": reason, "cells": len(some)}
                for (source, reason), some in groups(untold, ["source", "reason"])
            ],
        },
        methods=_methods(rows),
    )


def _why_nothing(job: ReportJob) -> str:
    if not any("sampled" in protocol.readouts for protocol in job.protocols.values()):
        return "No protocol asked for sampled answers, so there is no variance to split."
    return "No sampled answer is a rating on a scale of numbers, so there is no variance to split."


def _methods(rows: pd.DataFrame) -> list[str]:
    known = [str(source) for source in rows.dropna(subset="share")["source"].unique()]
    if not known:
        return []
    return [
        f"The variance of single sampled ratings was split into components of {listed(known)} by "
        "the method of moments [@searle1992]."
    ]


def _split(rows: pd.DataFrame) -> Row:
    first = rows.iloc[0]
    shares = dict(zip(rows["source"], rows["share"], strict=True))
    return {**{name: first[name] for name in BY}, "n_ratings": rows["n_ratings"].max(), **shares}


def _share(source: str) -> Column:
    return Column(source.capitalize(), lambda row: percent(row[source]), source)


SECTION = Section(
    id="variance",
    heading="Where does the variance of sampled ratings come from?",
    label="Variance",
    view=_view,
    figures=("temperatures", "personas", "wordings"),
)
