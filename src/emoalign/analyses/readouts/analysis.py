"""Do the readouts of a model agree?"""

from __future__ import annotations

from typing import Self

from emoalign.analyses.base import (
    ITEMS,
    NORMS,
    STIMULI,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    statistics,
)
from emoalign.report.contents import PageSection
from emoalign.study.scales import HumanScale
from emoalign.study.settings import DistributionSettings, StatisticsSettings


class ReadoutsJob(AnalysisJob):
    """Compare the readouts of each cell: scales of numbers by dataset."""

    version: int = 5
    scales: dict[str, dict[str, HumanScale]]
    seed: int
    simulations: int
    bootstrap_resamples: int
    min_raters: int

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All scales of numbers of a study."""
        numerics = study.set_by(StatisticsSettings)
        return cls(
            scales=study.numbers,
            seed=study.seed,
            simulations=numerics.simulations,
            bootstrap_resamples=numerics.bootstrap_resamples,
            min_raters=study.set_by(DistributionSettings).min_raters,
        )


ANALYSIS = Analysis(
    "readouts",
    computes=(
        Computation(
            rule="align",
            does="Items, norms and stimuli in; a row per pair of readouts out.",
            run="emoalign.analyses.readouts.agreement:compare_readouts",
            job=ReadoutsJob,
            reads=(ITEMS, NORMS, STIMULI),
            makes=statistics("readouts"),
        ),
    ),
    section=PageSection("emoalign.analyses.readouts.section:SECTION", statistics("readouts")),
)
