"""How near to people's distributions does a ridge regression on embeddings come?

Its predictions are compared with people beside those of the models, where distributions are.
"""

from __future__ import annotations

from typing import Self

from emoalign.analyses.base import (
    NORMS,
    RIDGE_PREDICTIONS,
    STIMULI,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
)
from emoalign.embeddings.embedding_cards import EmbeddingCard
from emoalign.study.scales import DatasetScale


class RidgeJob(AnalysisJob):
    """Predict the distributions of all scales with single ratings, from embeddings of texts."""

    version: int = 1
    scales: dict[str, dict[str, DatasetScale]]
    embedding: EmbeddingCard | None
    seed: int

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All scales of a study; the card of the embedding without what changes nothing."""
        return cls(
            scales=study.scales,
            embedding=None if study.embedding is None else study.embedding.plain(),
            seed=study.seed,
        )


ANALYSIS = Analysis(
    "ridge",
    computes=(
        Computation(
            rule="predict_ridge",
            does="Texts and single human ratings in; distributions predicted by ridge regression "
            "on embeddings, out.",
            run="emoalign.analyses.ridge.predict:predict_distributions",
            job=RidgeJob,
            reads=(STIMULI, NORMS),
            makes=(RIDGE_PREDICTIONS,),
            threads=lambda study: study.embedding.threads if study.embedding else 1,
            sources=lambda study: study.embedding.files() if study.embedding else (),
        ),
    ),
    concerns=lambda dataset: dataset.embedded,
)
