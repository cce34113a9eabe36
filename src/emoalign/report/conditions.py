"""Conditions in sentences: which model was asked with which protocol, and how it was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from emoalign.report.report_job import ReportJob
from emoalign.wording import READOUTS, listed


def condition(job: ReportJob, cell: Mapping[str, Any]) -> str:
    """A condition to put into brackets: Model m under p, sampled answers.

    Scale and dataset follow where the study has several.
    """
    name = f"{asked(job, cell)}, {READOUTS[cell['readout']]}"
    scales = sum(len(card.scales) + len(card.labels) for card in job.datasets.values())
    return name if scales == 1 else f"{name}, {scale(job, cell)}"


def asked(job: ReportJob, cell: Mapping[str, Any]) -> str:
    """The model and protocol of a condition: Model m under p."""
    return f"{job.short_names[cell['model']]} under {cell['protocol']}"


def scale(job: ReportJob, cell: Mapping[str, Any]) -> str:
    """The scale that a condition is about: valence of Words."""
    return f"{cell['scale']} of {job.datasets[cell['dataset']].title}"


def conditions(job: ReportJob, cells: Iterable[Mapping[str, Any]]) -> str:
    """Conditions of one scale, each model named once: Model m under p (sampled answers and exact
    probabilities) and under q (sampled answers)."""
    models: dict[str, dict[str, list[str]]] = {}
    for cell in cells:
        protocols = models.setdefault(cell["model"], {})
        protocols.setdefault(cell["protocol"], []).append(READOUTS[cell["readout"]])
    return listed(
        f"{job.short_names.get(model, model)} "
        + listed(f"under {name} ({listed(readouts)})" for name, readouts in protocols.items())
        for model, protocols in models.items()
    )
