"""Do models order and place items as people do, and how well do people agree with people?"""

from __future__ import annotations

from typing import Self

from emoalign.analyses.base import (
    ITEMS,
    NORMS,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    statistics,
)
from emoalign.report.contents import PageSection
from emoalign.study.scales import HumanScale
from emoalign.study.settings import StatisticsSettings


class AlignmentJob(AnalysisJob):
    """Compare models with people, cell by cell: scales of numbers by dataset."""

    version: int = 3
    scales: dict[str, dict[str, HumanScale]]
    seed: int
    bootstrap_resamples: int
    split_halves: int

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All scales of numbers of a study."""
        settings = study.set_by(StatisticsSettings)
        return cls(
            scales={name: dict(dataset.numbers) for name, dataset in study.datasets.items()},
            seed=study.seed,
            bootstrap_resamples=settings.bootstrap_resamples,
            split_halves=settings.split_halves,
        )


ANALYSIS = Analysis(
    "alignment",
    computes=(
        Computation(
            rule="align",
            does="Item tables and norms in; a row per cell, and per scale people rated, out.",
            run="emoalign.analyses.alignment.cells:align",
            job=AlignmentJob,
            reads=(ITEMS, NORMS),
            makes=statistics("reliability", "alignment"),
        ),
    ),
    section=PageSection("emoalign.analyses.alignment.section", statistics("alignment")),
)
