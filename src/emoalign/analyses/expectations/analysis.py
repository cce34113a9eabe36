"""Do the results match published findings?"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from emoalign.analyses.base import (
    ITEMS,
    AnalysedStudy,
    Analysis,
    ComparisonJob,
    Computation,
    statistics,
)
from emoalign.report.contents import PageSection

SCORECARDS = statistics("scorecard", "distribution_scorecard")


class ExpectationJob(ComparisonJob):
    """Check published expectations; labels: names of scales of labels by dataset."""

    version: int = 8
    labels: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @classmethod
    def further(cls, study: AnalysedStudy) -> dict[str, Any]:
        """The scales of labels of datasets that have any."""
        return {"labels": {name: tuple(labels) for name, labels in study.labels.items() if labels}}


ANALYSIS = Analysis(
    "expectations",
    computes=(
        Computation(
            rule="check_expectations",
            does="Items and tables of other analyses in; a comparison with published findings out.",
            run="emoalign.analyses.expectations.check:check_expectations",
            job=ExpectationJob,
            reads=(
                ITEMS,
                *statistics("alignment", "framework", "arousal", "entropy", "calibration"),
                *statistics("distribution_contrasts", "transparency_gradient"),
            ),
            makes=SCORECARDS,
        ),
    ),
    section=PageSection("emoalign.analyses.expectations.section:SECTION", SCORECARDS),
)
