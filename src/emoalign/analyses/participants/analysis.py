"""Does each participant rate like the others?"""

from __future__ import annotations

from typing import Self

from emoalign.analyses.base import (
    NORMS,
    RATINGS,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    Condition,
    statistics,
)
from emoalign.report.contents import PageSection
from emoalign.study.fields import Entry


class DatasetOfParticipants(Entry):
    """A dataset whose participants are told apart: its scales of numbers, and the conditions."""

    scales: tuple[str, ...]
    conditions: tuple[Condition, ...]


class ParticipantsJob(AnalysisJob):
    """Compare the ratings of each participant with the others and with people."""

    datasets: dict[str, DatasetOfParticipants]

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All datasets whose participants are told apart."""
        return cls(
            datasets={
                name: DatasetOfParticipants(
                    scales=tuple(dataset.numbers), conditions=dataset.participants
                )
                for name, dataset in study.datasets.items()
            }
        )


ANALYSIS = Analysis(
    "participants",
    computes=(
        Computation(
            rule="compare_sessions",
            does="Ratings and norms in; a row per participant or session out.",
            run="emoalign.analyses.participants.agreement:compare_participants",
            job=ParticipantsJob,
            reads=(RATINGS, NORMS),
            makes=statistics("participants"),
        ),
    ),
    section=PageSection(
        "emoalign.analyses.participants.section:SECTION", statistics("participants")
    ),
    concerns=lambda dataset: bool(dataset.participants and dataset.numbers),
)
