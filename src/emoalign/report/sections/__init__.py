"""The sections of the report, in the order in which readers meet them."""

from __future__ import annotations

from emoalign.report.report_job import ReportJob
from emoalign.report.section import Section
from emoalign.report.sections import (
    alignment,
    answers,
    arousal,
    baselines,
    calibration,
    contrasts,
    disagreements,
    distributions,
    framework,
    items,
    labels,
    manifest,
    meaning,
    methods,
    people,
    readouts,
    scorecard,
    spread,
    structure,
    transparency,
    variance,
)
from emoalign.tables import Table

SECTIONS: tuple[Section, ...] = (
    alignment.SECTION,
    labels.SECTION,
    transparency.SECTION,
    items.SECTION,
    disagreements.SECTION,
    spread.SECTION,
    distributions.SECTION,
    baselines.SECTION,
    calibration.SECTION,
    scorecard.SECTION,
    contrasts.SECTION,
    framework.SECTION,
    arousal.SECTION,
    structure.SECTION,
    variance.SECTION,
    answers.SECTION,
    readouts.SECTION,
    people.SECTION,
    methods.SECTION,
    meaning.SECTION,
    manifest.SECTION,
)


def sections_of(job: ReportJob) -> tuple[Section, ...]:
    """The sections of the report of a study."""
    return tuple(section for section in SECTIONS if section.concerns(job))


def tables(job: ReportJob | None = None) -> tuple[Table, ...]:
    """The tables that sections read: inputs of the rule that writes the report of a study, or
    those of all sections."""
    sections = SECTIONS if job is None else sections_of(job)
    return tuple({table.path: table for section in sections for table in section.tables}.values())
