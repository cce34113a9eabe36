"""Do models and people find the same items similar?"""

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
from emoalign.figures.kinds import FigureKind, both_in_each
from emoalign.items.item_jobs import ComparedDataset
from emoalign.report.contents import PageSection
from emoalign.study.settings import StatisticsSettings


class StructureJob(AnalysisJob):
    """Compare the similarity of items for people with that for models."""

    version: int = 5
    datasets: dict[str, ComparedDataset]
    seed: int
    permutations: int
    structure_items: int

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All datasets of a study."""
        settings = study.set_by(StatisticsSettings)
        return cls(
            datasets=study.compared,
            seed=study.seed,
            permutations=settings.permutations,
            structure_items=settings.structure_items,
        )


ANALYSIS = Analysis(
    "structure",
    computes=(
        Computation(
            rule="compare_structure",
            does="Item tables in; the similarity of the spaces of people and models out.",
            run="emoalign.analyses.structure.spaces:compare_structure",
            job=StructureJob,
            reads=(ITEMS,),
            makes=statistics("structure", "similarity"),
        ),
    ),
    figures=(
        FigureKind(
            "similarity",
            "dataset",
            draw="emoalign.analyses.structure.figure:draw",
            title="Similarity of items: {dataset}",
            caption="{dataset}: distances between items in the space of the dimensions and in that "
            "of the discrete emotions, for people and for models, as ranks from the most similar "
            "to the least similar pair. Items have the same order in all panels, with items that "
            "are similar for people side by side. ρ: rank correlation with the same space of "
            "people, over all compared items; p by permutation of items.",
            alt="Matrices of dissimilarity between items of {dataset}, for people and models; the "
            "correlations between them are in the table of structure.",
            reads=statistics("similarity", "structure"),
            needs=("statistics/structure.parquet", ("rho",)),
            lacks=both_in_each,
        ),
    ),
    section=PageSection("emoalign.analyses.structure.section:SECTION", statistics("structure")),
)
