"""Do models agree better with people on labels that the texts express explicitly?

Only scales of labels are concerned.
"""

from __future__ import annotations

from typing import Self

from pydantic import Field

from emoalign.analyses.base import (
    NORMS,
    STIMULI,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    Settings,
    statistics,
)
from emoalign.embeddings.embedding_cards import EmbeddingCard
from emoalign.figures.kinds import FigureKind, labels
from emoalign.report.contents import PageSection
from emoalign.study.fields import Entry, Name
from emoalign.study.lexicons import SeedLexicon
from emoalign.study.scales import LabelScale
from emoalign.study.settings import StatisticsSettings

TABLES = statistics("transparency", "transparency_gradient")


class TransparencySettings(Entry):
    """How explicitly texts express labels."""

    seeds: Name | None = Field(
        "emotion-seeds",
        description="A seed lexicon; null for none.",
    )
    chosen_by: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Least share of raters who chose a label, for a text to count.",
    )
    min_texts: int = Field(10, ge=2, description="Texts a label needs.")
    folds: int = Field(5, ge=2, description="Cross-validation folds of the classifier.")


class LabelledDataset(Entry):
    """The parts of a dataset that transparency needs: its scales of labels, and its language."""

    language: str
    labels: dict[str, LabelScale]


class TransparencyJob(AnalysisJob):
    """Measure for each label how explicitly texts express it."""

    version: int = 4
    datasets: dict[str, LabelledDataset]
    lexicon: SeedLexicon | None
    embedding: EmbeddingCard | None
    settings: TransparencySettings
    seed: int

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All datasets with labels; cards without what changes nothing, settings without names."""
        settings = study.set_by(TransparencySettings)
        return cls(
            datasets={
                name: LabelledDataset(language=dataset.language, labels=dict(dataset.labels))
                for name, dataset in study.datasets.items()
            },
            lexicon=study.lexicon,
            embedding=None if study.embedding is None else study.embedding.plain(),
            settings=settings.model_copy(update={"seeds": None}),
            seed=study.seed,
        )


class GradientJob(AnalysisJob):
    """Correlate the transparency of labels with models' agreement with people on them."""

    version: int = 4
    permutations: int
    bootstrap_resamples: int
    seed: int

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All datasets with labels."""
        settings = study.set_by(StatisticsSettings)
        return cls(
            permutations=settings.permutations,
            bootstrap_resamples=settings.bootstrap_resamples,
            seed=study.seed,
        )


ANALYSIS = Analysis(
    "transparency",
    computes=(
        Computation(
            rule="describe_labels",
            does="Texts and single human ratings in; a row per label, with how explicitly texts "
            "express it, out.",
            run="emoalign.analyses.transparency.outright:describe_labels",
            job=TransparencyJob,
            reads=(STIMULI, NORMS),
            makes=statistics("transparency"),
            threads=lambda study: study.embedding.threads if study.embedding else 1,
            sources=lambda study: study.embedding.files() if study.embedding else (),
        ),
        Computation(
            rule="compare_gradients",
            does="Transparency and agreement by label in; their correlation over labels, cell by "
            "cell, out.",
            run="emoalign.analyses.transparency.gradients:compare_gradients",
            job=GradientJob,
            reads=statistics("transparency", "labels"),
            makes=statistics("transparency_gradient"),
            local=True,
        ),
    ),
    figures=(
        FigureKind(
            "transparency",
            "scale",
            draw="emoalign.analyses.transparency.figure:draw",
            title="Explicitness of labels: {dataset}, {scale}",
            caption="{dataset}, {scale}: each point is a label. Horizontal axis: how explicitly "
            "its texts express it, by seed words and embeddings, or by the probe where these are "
            "not known. Vertical axis: rank correlation, over texts, of the shares of answers and "
            "of raters that chose it. The gradient is the rank correlation of the two axes over "
            "labels.",
            alt="Agreement with people by transparency of the label for {dataset}, {scale}, a "
            "panel per condition; the numbers are in the table of transparency.",
            reads=statistics("labels", "transparency", "transparency_gradient"),
            needs=("statistics/transparency_gradient.parquet", ("rho",)),
            lacks=labels,
        ),
    ),
    section=PageSection("emoalign.analyses.transparency.section:SECTION", TABLES),
    settings=Settings(
        "transparency",
        TransparencySettings,
        "Lexical transparency of labels.",
    ),
    concerns=lambda dataset: bool(dataset.labels),
)
