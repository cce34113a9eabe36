"""What each rule of the workflow is told: exactly the configuration its output depends on.

A job is what Snakemake compares to decide whether to run a rule again. So a title, a price or a
rate limit is in none of them, and `version` is raised whenever a stage would make something else
of the same input.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from pydantic import Field

from emoalign.study.baselines import Evaluated, Splits, TrainingSettings
from emoalign.study.calibration import CalibrationSettings
from emoalign.study.datasets import DatasetScale, Frameworks, HumanScale
from emoalign.study.embeddings import EmbeddingCard
from emoalign.study.fields import Entry, FigureName, LabelScale, Modality, Range
from emoalign.study.lexicons import SeedLexicon
from emoalign.study.models import ModelCard, RecordedModel
from emoalign.study.prompt_sets import AnswerForm, PromptSet, ScaleInstruction
from emoalign.study.readers import DatasetSource
from emoalign.study.strata import Strata
from emoalign.study.studies import (
    AlignmentSettings,
    DistributionSettings,
    PrecisionSettings,
    Protocol,
    StatisticsSettings,
    TransparencySettings,
)


class PreparationJob(Entry):
    """Read one dataset, draw the sample, write items and norms."""

    version: int = 1
    dataset: str
    modality: Modality
    source: DatasetSource
    images: str | None = None
    keep: str | None
    scales: dict[str, DatasetScale]
    sample: int | None
    strata: Strata | None = None
    min_raters: int = 1
    seed: int
    excluded_texts: tuple[str, ...]
    shard_items: int | None


class PromptForm(Entry):
    """The part of a prompt set that reaches the model in one request.

    `wording` has the scales asked about, in their order: one, or all of a joint question.
    """

    form: str
    system: str | None
    template: str
    image: str = "first"
    answer: AnswerForm
    wording: dict[str, ScaleInstruction]

    def key(self, scale: str) -> str:
        """The key of a scale in joint answers."""
        return self.wording[scale].key or scale


class RatingJob(Entry):
    """Ask one model about one scale of one dataset, or a few jointly, under one protocol."""

    version: int = 1
    model: str
    card: dict[str, Any]
    protocol: Protocol
    prompts: PromptForm
    personas: tuple[str, ...] = ()
    dataset: str
    scales: dict[str, DatasetScale]

    @property
    def asked(self) -> str:
        """What the job asks about, as it stands in the names of its files."""
        return together(self.scales)


class BaselineData(Entry):
    """The dataset that a baseline knows, the scale that it predicts, and what it may learn from."""

    dataset: str
    source: DatasetSource
    keep: str | None
    scale_name: str
    scale: DatasetScale
    splits: Splits
    evaluate: Evaluated


class TrainingJob(Entry):
    """Train one baseline with one seed."""

    version: int = 1
    data: BaselineData
    weights: str
    revision: str | None
    max_tokens: int
    training: TrainingSettings
    seed: int


class PublishedClassifier(Entry):
    """A classifier as it was published: what it has seen, and what its outputs mean."""

    weights: str
    revision: str | None
    seen: tuple[str, ...]
    labels: dict[str, str]
    output: Literal["sigmoid", "softmax"]


class PredictionJob(Entry):
    """Apply a baseline to the items of a study: that of its training records, or a published one.

    `published` is None for a baseline that was trained here.
    """

    version: int = 1
    baseline: str
    data: BaselineData
    max_tokens: int
    published: PublishedClassifier | None


class AggregationJob(Entry):
    """Bring the ratings of one dataset together with the norms, item by item."""

    version: int = 2
    dataset: str
    scales: dict[str, DatasetScale]


class CalibrationJob(Entry):
    """Learn to say what people say from what models say, on the rated items of one dataset."""

    version: int = 1
    dataset: str
    scales: dict[str, DatasetScale]
    min_raters: int
    seed: int
    settings: CalibrationSettings


class CalibrationReviewJob(Entry):
    """Judge what calibration gained on items that were held out."""

    version: int = 1
    datasets: dict[str, dict[str, DatasetScale]]
    min_raters: int
    seed: int
    bootstrap_resamples: int
    settings: CalibrationSettings


class StatisticsJob(Entry):
    """Compare models with people, cell by cell: scales of numbers, and of labels, by dataset."""

    version: int = 1
    scales: dict[str, dict[str, HumanScale]]
    labels: dict[str, dict[str, LabelScale]] = Field(default_factory=dict)
    seed: int
    settings: AlignmentSettings


class DistributionJob(Entry):
    """Compare how models spread their answers with how people do: all scales, by dataset."""

    version: int = 1
    scales: dict[str, dict[str, DatasetScale]]
    seed: int
    bootstrap_resamples: int
    settings: DistributionSettings


class ComparedDataset(Entry):
    """What comparisons over scales need to know of a dataset: scales of numbers alone."""

    modality: Modality
    scales: dict[str, Range]
    frameworks: Frameworks


class ComparisonJob(Entry):
    """Compare models, protocols, scales and frameworks with each other."""

    version: int = 2
    datasets: dict[str, ComparedDataset]
    seed: int
    bootstrap_resamples: int
    worst_items: int


class StructureJob(Entry):
    """Compare what is alike for people with what is alike for models."""

    version: int = 1
    datasets: dict[str, ComparedDataset]
    seed: int
    permutations: int
    structure_items: int


class Asked(Entry):
    """What a protocol varies: how sharply it samples, and with which words it asks a dataset."""

    temperature: float
    prompts: dict[str, str]


class DecompositionJob(Entry):
    """Split the variance of sampled ratings by where it comes from."""

    version: int = 1
    protocols: dict[str, Asked]


class LabelledDataset(Entry):
    """What transparency needs to know of a dataset: its scales of labels, and its language."""

    language: str
    labels: dict[str, LabelScale]


class TransparencyJob(Entry):
    """Tell for each label whether texts say it outright."""

    version: int = 1
    datasets: dict[str, LabelledDataset]
    lexicon: SeedLexicon | None
    embedding: EmbeddingCard | None
    settings: TransparencySettings
    seed: int


class ExpectationJob(Entry):
    """Hold what was found about distributions against expectations; labels: scales by dataset."""

    version: int = 1
    labels: dict[str, tuple[str, ...]]


class GradientJob(Entry):
    """Compare how transparent labels are with how well models follow people on them."""

    version: int = 1
    permutations: int
    bootstrap_resamples: int
    seed: int


class PrecisionJob(Entry):
    """Say how wide the intervals of the study will be, and what makes them narrower.

    `participants` are the numbers that protocols sample, `exact` says whether one is exact.
    """

    datasets: dict[str, dict[str, DatasetScale]]
    participants: tuple[int, ...]
    exact: bool
    seed: int
    split_halves: int
    settings: PrecisionSettings


class ShownDataset(Entry):
    """What figures need to know of a dataset."""

    title: str
    modality: Modality
    show_items: bool
    scales: dict[str, HumanScale]
    labels: dict[str, LabelScale] = Field(default_factory=dict)
    frameworks: Frameworks = Field(default_factory=Frameworks)


class AskedOf(Asked):
    """What figures need to know of a protocol: what it varies, and who is asked."""

    personas: str | None
    wave: int


class FigureJob(Entry):
    """Draw figures: what things are called, what may be shown, what protocols differ in.

    The job of one figure is that of a study which has nothing but what the figure is of.
    """

    version: int = 1
    figures: tuple[FigureName, ...] | None
    models: dict[str, str]
    datasets: dict[str, ShownDataset]
    protocols: dict[str, AskedOf]
    seed: int

    def within(self, figure: FigureName, dataset: str | None, scale: str | None) -> FigureJob:
        """The part of it that concerns one figure, of a dataset and a scale where these are named.

        A study-wide figure has all datasets; one of a dataset has all scales of it.
        """
        if dataset is None:
            return self.model_copy(update={"figures": (figure,)})
        shown = self.datasets[dataset]
        if scale is not None:
            scales = {name: found for name, found in shown.scales.items() if name == scale}
            labels = {name: found for name, found in shown.labels.items() if name == scale}
            frameworks = shown.frameworks.within([scale])
            only = {"scales": scales, "labels": labels, "frameworks": frameworks}
            shown = shown.model_copy(update=only)
        protocols = {
            name: asked.model_copy(update={"prompts": {dataset: asked.prompts[dataset]}})
            for name, asked in self.protocols.items()
        }
        part = {"figures": (figure,), "datasets": {dataset: shown}, "protocols": protocols}
        return self.model_copy(update=part)


class ReportedDataset(ShownDataset):
    """What the report tells of a dataset."""

    keep: str | None
    sample: int | None
    licence: str
    citation: str
    caveats: tuple[str, ...]


class ReportedModel(Entry):
    """What the report tells of a model."""

    title: str
    card: dict[str, Any]


class ReportedBaseline(Entry):
    """What the report tells of a baseline; `training` is None for a published classifier."""

    title: str
    dataset: str
    scale: str
    evaluate: Evaluated
    weights: str
    revision: str | None
    seeds: tuple[int, ...]
    training: TrainingSettings | None
    leakage: str | None

    def titles(self, name: str) -> dict[str, str]:
        """What it is called in tables, with each of its seeds, and how the report calls that."""
        if self.training is None:
            return {name: self.title}
        return {f"{name}.seed-{seed}": f"{self.title}, seed {seed}" for seed in self.seeds}


class ReportJob(Entry):
    """Write manifest and report: the whole study, in an order of its own, without limits."""

    version: int = 2
    study: str
    title: str
    seed: int
    settings: StatisticsSettings
    distributions: DistributionSettings = Field(default_factory=DistributionSettings)
    calibration: CalibrationSettings = Field(default_factory=CalibrationSettings)
    models: dict[str, ReportedModel]
    datasets: dict[str, ReportedDataset]
    protocols: dict[str, Protocol]
    prompts: dict[str, PromptSet]
    personas: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    figures: tuple[FigureName, ...] | None = None
    baselines: dict[str, ReportedBaseline] = Field(default_factory=dict)

    @property
    def titles(self) -> dict[str, str]:
        """What readers know models and baselines by, by their names in tables."""
        models = {name: model.title for name, model in self.models.items()}
        return models | {
            name: title
            for baseline, card in self.baselines.items()
            for name, title in card.titles(baseline).items()
        }

    def drawing(self) -> FigureJob:
        """The job of all figures of the study: what `study.figures.planned_figures` takes."""
        return FigureJob(
            figures=self.figures,
            models={name: model.title for name, model in self.models.items()},
            datasets={
                name: ShownDataset(
                    **{field: getattr(dataset, field) for field in ShownDataset.model_fields}
                )
                for name, dataset in self.datasets.items()
            },
            protocols={
                entry.name: AskedOf(
                    temperature=entry.temperature,
                    prompts={name: str(entry.prompt_set(name)) for name in self.datasets},
                    personas=entry.personas,
                    wave=entry.wave,
                )
                for entry in self.protocols.values()
            },
            seed=self.seed,
        )

    def prompt_form(self, protocol: str, dataset: str, scale: str) -> PromptForm:
        """What a model is shown of a protocol when it is asked about a scale of a dataset."""
        name = self.protocols[protocol].prompt_set(dataset)
        return prompt_form(self.prompts[str(name)], scale)


def together(scales: Iterable[str]) -> str:
    """What scales asked about in one request are called in names of files: arousal+valence."""
    return "+".join(sorted(scales))


def prompt_form(prompts: PromptSet, scale: str) -> PromptForm:
    """The part of a prompt set that reaches the model when `scale` is asked about."""
    return PromptForm(
        form=prompts.form,
        system=prompts.system,
        template=prompts.template,
        image=prompts.image,
        answer=prompts.answer,
        wording={name: prompts.scales[name] for name in prompts.asked_with(scale)},
    )


def answering(model: ModelCard) -> Mapping[str, Any]:
    """The part of a model card that decides what the model answers.

    Its title, address, key and limits are not in it, nor how to get its weights: they are read when
    the job runs.
    """
    if isinstance(model, RecordedModel):
        return model.model_dump(mode="json", exclude={"title": True, "source": {"obtain", "url"}})
    kept = {"engine", "weights", "model", "revision", "extra_body"}
    kept |= {"dtype", "head_dtype", "chat_template_kwargs"}
    card = model.model_dump(mode="json", include=kept, exclude={"weights": {"obtain", "url"}})
    capabilities = model.capabilities.model_dump(
        mode="json",
        include={
            "top_logprobs",
            "seed_bits",
            "sampling_extras",
            "image_longest_side",
            "system_role",
        },
    )
    return {**card, "capabilities": capabilities}
