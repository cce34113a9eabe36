"""Do sampled answers and exact probabilities agree?"""

from __future__ import annotations

from typing import Self

from emoalign.analyses.base import (
    ITEMS,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    statistics,
)
from emoalign.report.contents import PageSection
from emoalign.study.scales import HumanScale
from emoalign.study.settings import StatisticsSettings


class ReadoutsJob(AnalysisJob):
    """Compare the readouts of each cell: scales of numbers by dataset."""

    version: int = 2
    scales: dict[str, dict[str, HumanScale]]
    seed: int
    simulations: int

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All scales of numbers of a study."""
        return cls(
            scales={name: dict(dataset.numbers) for name, dataset in study.datasets.items()},
            seed=study.seed,
            simulations=study.set_by(StatisticsSettings).simulations,
        )


ANALYSIS = Analysis(
    "readouts",
    computes=(
        Computation(
            rule="align",
            does="Item tables in; a row per cell that was asked in both readouts out.",
            run="emoalign.analyses.readouts.agreement:compare_readouts",
            job=ReadoutsJob,
            reads=(ITEMS,),
            makes=statistics("readouts"),
        ),
    ),
    section=PageSection("emoalign.analyses.readouts.section:SECTION", statistics("readouts")),
)
