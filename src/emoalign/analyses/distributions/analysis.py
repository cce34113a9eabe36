"""Do models spread their answers as people do?"""

from __future__ import annotations

from typing import Self

from emoalign.analyses.base import (
    ITEMS,
    NORMS,
    PREDICTIONS,
    STIMULI,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    Settings,
    statistics,
)
from emoalign.figures.kinds import FigureKind, always
from emoalign.report.contents import PageSection
from emoalign.study.scales import DatasetScale
from emoalign.study.settings import DistributionSettings, StatisticsSettings

TABLES = statistics("distributions", "entropy", "categories", "distribution_contrasts")


class DistributionJob(AnalysisJob):
    """Compare how models spread their answers with how people do: all scales, by dataset."""

    version: int = 6
    scales: dict[str, dict[str, DatasetScale]]
    seed: int
    bootstrap_resamples: int
    settings: DistributionSettings

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All scales of a study."""
        return cls(
            scales={name: dataset.scales for name, dataset in study.datasets.items()},
            seed=study.seed,
            bootstrap_resamples=study.set_by(StatisticsSettings).bootstrap_resamples,
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
            reads=(ITEMS, NORMS, STIMULI, PREDICTIONS),
            makes=(*TABLES, *statistics("item_entropies")),
        ),
    ),
    figures=(
        FigureKind(
            "entropy",
            "scale",
            draw="emoalign.analyses.distributions.figure:draw",
            title="Entropy: {dataset}, {scale}",
            caption="{dataset}, {scale}: the entropy of people's answers and of the model's, for "
            "every item; larger points stand for several items. Dashed: the same entropy. ρ is "
            "the rank correlation over items, with its 95% bootstrap interval; in brackets what "
            "a perfect model would reach with as many answers.",
            alt="Entropy of people's answers and of the models' for {dataset}, {scale}, a panel "
            "per cell; the correlations are in the table of entropy.",
            reads=statistics("entropy", "item_entropies"),
            needs=("statistics/entropy.parquet", ("human_entropy",)),
            lacks=always,
        ),
    ),
    section=PageSection(
        "emoalign.analyses.distributions.section:SECTION", (*TABLES, *statistics("alignment"))
    ),
    settings=Settings("distributions", DistributionSettings, "Comparison of distributions."),
)
