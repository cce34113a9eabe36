"""Are the distributions of answers like those of human ratings?"""

from __future__ import annotations

from typing import Self

from emoalign.analyses.base import (
    ITEMS,
    NORMS,
    PREDICTIONS,
    RIDGE_PREDICTIONS,
    STIMULI,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    Settings,
    statistics,
)
from emoalign.figures.kinds import FigureKind, distributions
from emoalign.report.contents import PageSection
from emoalign.study.scales import DatasetScale
from emoalign.study.settings import DistributionSettings

TABLES = statistics("distributions", "entropy", "categories", "distribution_contrasts")


class DistributionJob(AnalysisJob):
    """Compare distributions of answers with those of human ratings: all scales, by dataset."""

    version: int = 7
    scales: dict[str, dict[str, DatasetScale]]
    seed: int
    bootstrap_resamples: int
    settings: DistributionSettings

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All scales of a study."""
        return cls(
            scales=study.scales,
            seed=study.seed,
            bootstrap_resamples=study.resamples,
            settings=study.set_by(DistributionSettings),
        )


ANALYSIS = Analysis(
    "distributions",
    computes=(
        Computation(
            rule="compare_distributions",
            does="Items, norms, stimuli and predictions of baselines in; distances, entropies, "
            "labels and contrasts out.",
            run="emoalign.analyses.distributions.compare:compare_distributions",
            job=DistributionJob,
            reads=(ITEMS, NORMS, STIMULI, PREDICTIONS, RIDGE_PREDICTIONS),
            makes=(*TABLES, *statistics("item_entropies")),
        ),
    ),
    figures=(
        FigureKind(
            "entropy",
            "scale",
            draw="emoalign.analyses.distributions.figure:draw",
            title="Entropy: {dataset}, {scale}",
            caption="{dataset}, {scale}: entropy of the human ratings and of the model's answers "
            "for each item; larger points stand for several items. Dashed: equal entropy. Above "
            "each panel: ρ, the rank correlation over items, with its 95% bootstrap interval, and "
            "the value to expect of a perfect model with as many answers.",
            alt="Entropy of human ratings and of models' answers for {dataset}, {scale}, a panel "
            "per condition; the correlations are in the table of entropy.",
            reads=statistics("entropy", "item_entropies"),
            needs=("statistics/entropy.parquet", ("human_entropy",)),
            lacks=distributions,
        ),
    ),
    section=PageSection(
        "emoalign.analyses.distributions.section:SECTION", (*TABLES, *statistics("alignment"))
    ),
    settings=Settings("distributions", DistributionSettings, "Comparison of distributions."),
)
