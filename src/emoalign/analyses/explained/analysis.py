"""What else explains the agreement?

Length and frequency of words may explain it, or whatever an embedding knows of a text.
"""

from __future__ import annotations

from typing import Self

from emoalign.analyses.base import (
    ITEMS,
    STIMULI,
    AnalysedStudy,
    Analysis,
    ComparisonJob,
    Computation,
    statistics,
)
from emoalign.embeddings.embedding_cards import EmbeddingCard
from emoalign.report.contents import PageSection
from emoalign.study.scales import Frameworks

TABLES = statistics("explained", "explained_scales")


class ExplainedJob(ComparisonJob):
    """Predict human means from covariates and embeddings, and hold covariates constant.

    `languages` has the language of each dataset.
    """

    version: int = 1
    languages: dict[str, str]
    embedding: EmbeddingCard | None = None

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All datasets of a study; the card of the embedding without what changes nothing."""
        return cls(
            datasets={
                name: dataset.compared.model_copy(update={"frameworks": Frameworks()})
                for name, dataset in study.datasets.items()
            },
            seed=study.seed,
            bootstrap_resamples=study.resamples,
            languages={name: dataset.language for name, dataset in study.datasets.items()},
            embedding=None if study.embedding is None else study.embedding.plain(),
        )


ANALYSIS = Analysis(
    "explained",
    computes=(
        Computation(
            rule="explain",
            does="Items and their texts in; agreement with covariates held constant, and beside "
            "a ridge regression on embeddings, out.",
            run="emoalign.analyses.explained.explain:explain",
            job=ExplainedJob,
            reads=(ITEMS, STIMULI),
            makes=TABLES,
            threads=lambda study: study.embedding.threads if study.embedding else 1,
            sources=lambda study: study.embedding.files() if study.embedding else (),
        ),
    ),
    section=PageSection(
        "emoalign.analyses.explained.section:SECTION",
        (*TABLES, *statistics("distributions", "distribution_contrasts")),
    ),
    concerns=lambda dataset: bool(dataset.numbers) or dataset.embedded,
)
