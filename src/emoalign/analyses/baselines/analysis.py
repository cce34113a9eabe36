"""What did the fine-tuned baselines learn from?"""

from __future__ import annotations

from typing import Self

from pydantic import Field

from emoalign.analyses.base import (
    PREDICTIONS,
    TRAININGS,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    statistics,
)
from emoalign.report.contents import PageSection


class BaselinesJob(AnalysisJob):
    """Describe what each baseline learnt from; `leakage` has what published ones may have seen."""

    version: int = 2
    leakage: dict[str, str] = Field(default_factory=dict)

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All baselines of a study."""
        return cls(leakage=dict(study.leakage))


ANALYSIS = Analysis(
    "baselines",
    computes=(
        Computation(
            rule="describe_baselines",
            does="Predictions and records of trainings in; a table of what each baseline "
            "learnt from and is evaluated on, out.",
            run="emoalign.analyses.baselines.describe:describe_baselines",
            job=BaselinesJob,
            reads=(PREDICTIONS, TRAININGS),
            makes=statistics("trainings"),
            local=True,
        ),
    ),
    section=PageSection(
        "emoalign.analyses.baselines.section:SECTION",
        statistics("trainings", "distribution_contrasts"),
    ),
    concerns=lambda dataset: bool(dataset.baselines),
)
