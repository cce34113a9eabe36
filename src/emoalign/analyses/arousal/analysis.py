"""Where is arousal wrong?"""

from __future__ import annotations

from typing import Self

from emoalign.analyses.base import (
    ITEMS,
    AnalysedStudy,
    Analysis,
    ComparisonJob,
    Computation,
    statistics,
)
from emoalign.report.contents import PageSection
from emoalign.study.settings import StatisticsSettings


class ArousalJob(ComparisonJob):
    """Tell where arousal goes wrong, and name so many items of each cell where it does most."""

    version: int = 4
    worst_items: int

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All datasets of a study."""
        worst_items = study.set_by(StatisticsSettings).worst_items
        compared = ComparisonJob.of(study)
        return cls(
            datasets=compared.datasets,
            seed=compared.seed,
            bootstrap_resamples=compared.bootstrap_resamples,
            worst_items=worst_items,
        )


ANALYSIS = Analysis(
    "arousal",
    computes=(
        Computation(
            rule="compare",
            does="Item tables in; errors of arousal by cell, and the worst items, out.",
            run="emoalign.analyses.arousal.errors:compare_arousal",
            job=ArousalJob,
            reads=(ITEMS,),
            makes=statistics("arousal", "arousal_items", "residuals"),
        ),
    ),
    section=PageSection("emoalign.analyses.arousal.section", statistics("arousal", "residuals")),
)
