"""Does the model recite the norms?"""

from __future__ import annotations

from typing import Self

from pydantic import Field

from emoalign.analyses.base import (
    COMPLETIONS,
    ITEMS,
    NORMS,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    Settings,
    statistics,
)
from emoalign.report.contents import PageSection
from emoalign.study.fields import Entry, Modality
from emoalign.study.scales import HumanScale


class RecitationSettings(Entry):
    """The nearness of a completion to the norm that counts."""

    tolerance: float = Field(
        0.05,
        gt=0,
        description="Distance from the norm up to which a completion hits it, in points.",
    )


class RecitedDataset(Entry):
    """A dataset whose norms were asked for: its scales of numbers, and the protocols."""

    modality: Modality
    scales: dict[str, HumanScale]
    protocols: tuple[str, ...]


class RecitationJob(AnalysisJob):
    """Compare completions of tables of norms with the norms."""

    version: int = 8
    datasets: dict[str, RecitedDataset]
    tolerance: float
    seed: int
    bootstrap_resamples: int

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All datasets that a protocol of kind recitation is about."""
        return cls(
            datasets={
                name: RecitedDataset(
                    modality=dataset.modality,
                    scales=dict(dataset.numbers),
                    protocols=dataset.recited,
                )
                for name, dataset in study.datasets.items()
            },
            tolerance=study.set_by(RecitationSettings).tolerance,
            seed=study.seed,
            bootstrap_resamples=study.resamples,
        )


ANALYSIS = Analysis(
    "recitation",
    computes=(
        Computation(
            rule="compare_completions",
            does="Completions of tables of norms, norms and item tables in; how many completions "
            "are the norm, and how many by chance, out.",
            run="emoalign.analyses.recitation.completed:compare_completions",
            job=RecitationJob,
            reads=(ITEMS, NORMS, COMPLETIONS),
            makes=statistics("recitation", "recitation_items"),
        ),
    ),
    section=PageSection("emoalign.analyses.recitation.section:SECTION", statistics("recitation")),
    settings=Settings("recitation", RecitationSettings, "Completions of tables of norms."),
    concerns=lambda dataset: bool(dataset.recited and dataset.numbers),
)
