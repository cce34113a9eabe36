"""Do the results match published findings?"""

from __future__ import annotations

from typing import Self

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
    def of(cls, study: AnalysedStudy) -> Self:
        """All datasets of a study."""
        labels = {
            name: tuple(dataset.labels)
            for name, dataset in study.datasets.items()
            if dataset.labels
        }
        compared = ComparisonJob.of(study)
        return cls(
            datasets=compared.datasets,
            seed=compared.seed,
            bootstrap_resamples=compared.bootstrap_resamples,
            labels=labels,
        )


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
