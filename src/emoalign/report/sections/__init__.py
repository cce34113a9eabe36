"""The sections of the report, in the order in which readers meet them."""

from __future__ import annotations

from emoalign.report.section import Section
from emoalign.report.sections import (
    alignment,
    answers,
    arousal,
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


def tables() -> tuple[Table, ...]:
    """The tables that the sections read: inputs of the rule that writes the report, where the
    study has them."""
    return tuple({table.path: table for section in SECTIONS for table in section.tables}.values())
