"""Conditions in sentences: combinations of model, protocol and readout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from emoalign.report.report_job import ReportJob
from emoalign.wording import READOUTS, listed

Row = Mapping[str, Any]


def condition(row: Row, job: ReportJob) -> str:
    """The condition of a row: Model m under sheet (exact probabilities)."""
    return conditions([row], job)


def conditions(rows: Iterable[Row], job: ReportJob) -> str:
    """The conditions of rows, each model and protocol named once."""
    models: dict[str, dict[str, list[str]]] = {}
    for row in rows:
        protocols = models.setdefault(row["model"], {})
        protocols.setdefault(row["protocol"], []).append(READOUTS[row["readout"]])
    return listed(
        f"{job.titles.get(model, model)} "
        + listed(f"under {name} ({listed(readouts)})" for name, readouts in protocols.items())
        for model, protocols in models.items()
    )
