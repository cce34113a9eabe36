"""What would people have said of the items that nobody rated?"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator

from emoalign.analyses.base import (
    CALIBRATED_TABLE,
    ITEMS,
    NORMS,
    STIMULI,
    AnalysedStudy,
    Analysis,
    AnalysisJob,
    Computation,
    Settings,
    statistics,
)
from emoalign.analyses.estimates.filed import FILES, FiledDataset
from emoalign.embeddings.embedding_cards import EmbeddingCard
from emoalign.figures.kinds import FigureKind, estimated
from emoalign.report.contents import PageSection
from emoalign.study.fields import Entry, Name
from emoalign.study.scales import HumanScale

EMBEDDING = "embedding"
"""The word that stands for the study's embedding among predictors."""

ESTIMATES = "estimates/<dataset>.parquet"

TABLES = statistics("estimation", "estimation_weights", "estimation_curve")


class EstimatesSettings(Entry):
    """Norms estimated from models' ratings, for items that nobody rated as well."""

    predictors: tuple[Name, ...] | None = Field(
        None,
        min_length=1,
        description="Models of the study to learn from, and `embedding`. Default: all, and the "
        "embedding where the study names one.",
    )
    coverage: float = Field(
        0.9, ge=0.5, lt=1, description="Share of people's means that intervals should contain."
    )
    cluster: Literal["dataset", "text"] = Field(
        "dataset",
        description="What stays together in a fold. dataset: clusters on the dataset's card, else "
        "the text. text: items with the same text.",
    )

    @field_validator("predictors")
    @classmethod
    def _once(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        twice = sorted({name for name in names or () if (names or ()).count(name) > 1})
        if twice:
            raise ValueError(f"named more than once: {', '.join(twice)}")
        return names


class EstimatesJob(AnalysisJob):
    """Estimate human means: scales by dataset, and what they are estimated from.

    `predictors` are names of models; None for all. Labels have no means and no estimates.
    """

    scales: dict[str, dict[str, HumanScale]]
    labels: dict[str, tuple[str, ...]]
    predictors: tuple[str, ...] | None = None
    embedding: EmbeddingCard | None = None
    coverage: float
    cluster: Literal["dataset", "text"] = "dataset"
    seed: int

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All scales of a study; the card of the embedding without what changes nothing."""
        settings = study.set_by(EstimatesSettings)
        chosen = settings.predictors
        models = None if chosen is None else sorted(name for name in chosen if name != EMBEDDING)
        embeds = study.embedding is not None and (chosen is None or EMBEDDING in chosen)
        return cls(
            scales={name: dict(dataset.numbers) for name, dataset in study.datasets.items()},
            labels={name: tuple(dataset.labels) for name, dataset in study.datasets.items()},
            predictors=None if models is None else tuple(models),
            embedding=study.embedding.plain() if study.embedding and embeds else None,
            coverage=settings.coverage,
            cluster=settings.cluster,
            seed=study.seed,
        )


class FilesJob(AnalysisJob):
    """Write estimated norms as files for people, with a codebook."""

    datasets: dict[str, FiledDataset]
    coverage: float

    @classmethod
    def of(cls, study: AnalysedStudy) -> Self:
        """All datasets of a study."""
        return cls(
            datasets={name: FiledDataset.of(dataset) for name, dataset in study.datasets.items()},
            coverage=study.set_by(EstimatesSettings).coverage,
        )


ANALYSIS = Analysis(
    "estimates",
    computes=(
        Computation(
            rule="estimate",
            does="Items, norms and calibrated distributions in; norms of all items, estimated from "
            "those that people rated, and how good they are, out.",
            run="emoalign.analyses.estimates.estimate:estimate",
            job=EstimatesJob,
            reads=(ITEMS, NORMS, STIMULI, CALIBRATED_TABLE),
            makes=(ESTIMATES, *TABLES),
            threads=lambda study: study.embedding.threads if study.embedding else 1,
            sources=lambda study: study.embedding.files() if study.embedding else (),
        ),
        Computation(
            rule="write_norms",
            does="Estimated norms, people's and models' means in; files for people, with a "
            "codebook and a script in R, out.",
            run="emoalign.analyses.estimates.files:write_files",
            job=FilesJob,
            reads=(
                ESTIMATES,
                ITEMS,
                NORMS,
                STIMULI,
                *statistics("estimation", "estimation_weights"),
            ),
            makes=FILES,
        ),
    ),
    figures=(
        FigureKind(
            "estimates",
            "dataset",
            draw="emoalign.analyses.estimates.figure:draw",
            title="Estimated norms: {dataset}",
            caption="{dataset}: human means of rated items by their estimates, which were made "
            "without them. Band: the interval in which people's mean should lie, by thirds of the "
            "estimates (vertical lines). Above each third: the share of human means that lie in "
            "the interval of their item, and the mean width of these intervals in points. Dashed: "
            "estimated and human means are equal.",
            alt="Human means by estimated means of {dataset}, a panel per scale, with intervals; "
            "the numbers are in the tables of estimates and of estimation.",
            reads=(ESTIMATES, NORMS, *statistics("estimation")),
            needs=("statistics/estimation.parquet", ("coverage",)),
            lacks=estimated,
        ),
    ),
    section=PageSection("emoalign.analyses.estimates.section:SECTION", TABLES),
    settings=Settings(
        "estimates",
        EstimatesSettings,
        "Norms are estimated for all items; those that nobody rated stay in the study "
        "(docs/estimates.md). Default: none.",
        optional=True,
    ),
    concerns=lambda dataset: bool(dataset.numbers),
    possible=lambda study: study.asks(EstimatesSettings),
)
