"""Names of conditions in sentences: model, protocol, readout and, if needed, scale and dataset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emoalign.report.grid import Column
from emoalign.report.report_job import ReportJob
from emoalign.wording import READOUTS


def condition(job: ReportJob, cell: Mapping[str, Any]) -> str:
    """A condition to put into brackets: Model m under p, sampled answers.

    Scale and dataset follow where the study has several.
    """
    name = f"{asked(job, cell)}, {READOUTS[cell['readout']]}"
    scales = sum(len(card.scales) + len(card.labels) for card in job.datasets.values())
    return name if scales == 1 else f"{name}, {scale(job, cell)}"


def asked(job: ReportJob, cell: Mapping[str, Any]) -> str:
    """The model and protocol of a condition: Model m under p."""
    return f"{job.titles[cell['model']]} under {cell['protocol']}"


def scale(job: ReportJob, cell: Mapping[str, Any]) -> str:
    """The scale that a condition is about: valence of Words."""
    return f"{cell['scale']} of {job.datasets[cell['dataset']].title}"


def datasets_column(job: ReportJob, name: str) -> Column:
    """The titles of the datasets that a column names, joined with + where they are several."""

    def titles(row: Mapping[str, Any]) -> str:
        return " + ".join(job.datasets[one].title for one in row[name].split("+"))

    return Column("Dataset", titles, name, numeric=False)
