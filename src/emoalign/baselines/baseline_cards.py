"""Baselines: config/baselines/<name>.yaml, their jobs, and the extra `finetune` that they need."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from emoalign.errors import BaselineError
from emoalign.stimuli.dataset_cards import DatasetSource
from emoalign.study.fields import Entry, FileSource, FolderSource, Job, Name
from emoalign.study.reading import Kinds
from emoalign.study.scales import DatasetScale, LabelScale, Scale
from emoalign.study.source_files import folder_files, folder_sha256, locate, locate_verified

Evaluated = Literal["test_split", "held_out"]
Pooling = Literal["mean", "cls"]


class Splits(Entry):
    """Names of the dataset's splits."""

    train: Name = Field("train", description="Split for training.")
    dev: Name = Field("dev", description="Split for early stopping.")
    test: Name = Field("test", description="Split for evaluation.")

    @model_validator(mode="after")
    def _apart(self) -> Splits:
        if len({self.train, self.dev, self.test}) < 3:
            raise ValueError("train, dev and test must be three different splits")
        return self


class TrainingSettings(Entry):
    """Training with AdamW and a learning rate that rises and falls linearly."""

    batch_size: int = Field(32, ge=1, description="Texts per step.")
    learning_rate: float = Field(2e-5, gt=0, description="Highest learning rate of the encoder.")
    head_learning_rate: float | None = Field(
        None,
        gt=0,
        description=(
            "Highest learning rate of the new layer for answers. Default: 0.001, or learning_rate "
            "where that is larger."
        ),
    )
    warmup: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="Share of steps in which the learning rate rises.",
    )
    weight_decay: float = Field(
        0.01, ge=0, description="Weight decay, except for biases and normalisation."
    )
    gradient_norm: float = Field(1.0, gt=0, description="Norm at which gradients are clipped.")
    max_epochs: int = Field(6, ge=1, description="Most epochs.")
    patience: int = Field(
        2,
        ge=1,
        description=("Epochs without a lower dev loss before stopping; the best epoch counts."),
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32",
        description=(
            "Number format of computations (weights: float32); bfloat16 is faster on a GPU and on "
            "processors with AVX-512 BF16."
        ),
    )

    @property
    def head_rate(self) -> float:
        """The highest learning rate of the new layer for answers."""
        return self.head_learning_rate or max(0.001, self.learning_rate)


Weights = str | FolderSource
"""Weights with their tokenizer: a name on the hub, a path, or a folder that is verified."""


class PublishedClassifier(Entry):
    """A classifier as it was published: what it has seen, and what its outputs mean."""

    weights: Weights
    revision: str | None
    seen: tuple[str, ...]
    labels: dict[str, str]
    output: Literal["sigmoid", "softmax"]


class _Baseline(Entry):
    title: str = Field(description="Name in the report.")
    weights: Weights = Field(
        description=(
            "Name on the Hugging Face hub, or folder with safetensors, config.json and tokenizer; "
            "of a folder in a Python package its package and file."
        )
    )
    revision: str | None = Field(
        None,
        description="Commit on the hub. Without it the newest is used, unnoticed.",
    )
    dataset: Name = Field(description="Dataset of the study it was trained on and is evaluated on.")
    scale: Name = Field(description="Scale it predicts.")
    splits: Splits = Field(default_factory=Splits, description="Names of the splits.")
    evaluate: Evaluated = Field(
        "test_split",
        description="test_split: evaluate on that split. held_out: on items not used in training.",
    )
    max_tokens: int = Field(128, ge=8, description="Tokens read per text.")
    gpus: int = Field(1, ge=0, le=1, description="GPUs requested per job; one is used if present.")
    memory_gb: float = Field(16, gt=0, description="Main memory per job, in GB.")

    @model_validator(mode="after")
    def _revision_of_the_hub(self) -> Self:
        if self.revision is not None and isinstance(self.weights, FolderSource):
            raise ValueError("revision: weights in a folder have none; give their sha256 instead")
        return self

    @property
    def named_weights(self) -> str:
        """What the weights are called in records and in the report."""
        return name_of(self.weights)

    def weight_files(self) -> list[FileSource]:
        """The files and folders that weights are read from; none of weights on the hub."""
        if isinstance(self.weights, FolderSource):
            return [self.weights]
        return [FileSource(file=str(path)) for path in folder_files(Path(self.weights))]


class FinetunedBaseline(_Baseline):
    """An encoder trained here on the human ratings of the train split."""

    kind: Literal["finetune"] = Field(description="Trained by the study.")
    seeds: tuple[int, ...] = Field(
        (1,),
        min_length=1,
        description="Seeds, one training each.",
    )
    pooling: Pooling = Field(
        "cls",
        description=(
            "What the new layer reads. cls: the first token, as the model's own classifier does. "
            "mean: the mean over tokens."
        ),
    )
    max_texts: int | None = Field(
        None,
        ge=1,
        description="Most training texts, drawn at random by the study's seed. Default: all.",
    )
    training: TrainingSettings = Field(
        default_factory=TrainingSettings, description="Settings of the training."
    )
    checkpoint_steps: int = Field(
        500,
        ge=1,
        description="Steps between checkpoints, from which an interrupted job resumes.",
    )

    leakage: ClassVar[None] = None
    published: ClassVar[None] = None

    @field_validator("seeds")
    @classmethod
    def _seeds_once(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(seeds)) < len(seeds):
            raise ValueError("named more than once")
        if min(seeds) < 0:
            raise ValueError("a seed is 0 or more")
        return seeds

    def predicts(self, scale: Scale) -> bool:
        """Tell whether it can predict answers on a scale: it learns any."""
        return True


class CheckpointBaseline(_Baseline):
    """A published classifier, used as it is."""

    kind: Literal["checkpoint"] = Field(description="Published weights.")
    seen: tuple[Name, ...] = Field(
        ("train",),
        description=("Splits it was trained or selected on; not used for evaluation."),
    )
    leakage: str = Field(description="What it may have seen of the data, for the report.")
    labels: dict[str, str] = Field(
        default_factory=dict,
        description="The scale's label for each label with another name.",
    )
    output: Literal["sigmoid", "softmax"] = Field(
        "sigmoid",
        description="Outputs to shares. sigmoid: each label. softmax: over all.",
    )

    seeds: ClassVar[tuple[int, ...]] = ()
    training: ClassVar[None] = None
    pooling: ClassVar[None] = None
    max_texts: ClassVar[None] = None

    def predicts(self, scale: Scale) -> bool:
        """Tell whether it can predict answers on a scale: those that choose labels."""
        return isinstance(scale, LabelScale)

    @property
    def published(self) -> PublishedClassifier:
        """The settings that its predictions depend on, beside the data."""
        return PublishedClassifier(
            weights=without_directions(self.weights),
            revision=self.revision,
            seen=tuple(sorted(self.seen)),
            labels=dict(sorted(self.labels.items())),
            output=self.output,
        )


BaselineCard = FinetunedBaseline | CheckpointBaseline

BASELINES: Kinds[BaselineCard] = Kinds(
    "kind", {"finetune": FinetunedBaseline, "checkpoint": CheckpointBaseline}
)


def name_of(weights: Weights) -> str:
    """What weights are called in records and in the report."""
    if isinstance(weights, str):
        return weights
    return f"{weights.package}/{weights.file}" if weights.package else weights.file


def located_weights(weights: Weights) -> tuple[str, str | None]:
    """The name on the hub, or the path of the folder and the checksum of its files.

    Raises DataError when a folder in a package is missing, or has other files than expected.
    """
    if isinstance(weights, str):
        folder = Path(weights)
        return weights, folder_sha256(folder) if folder.is_dir() else None
    path, checksum = locate_verified(weights)
    return str(path), checksum


def without_directions(weights: Weights) -> Weights:
    """The same without how to get them, which changes nothing of what is learned."""
    if isinstance(weights, str):
        return weights
    return weights.model_copy(update={"obtain": None})


def trained(baselines: Mapping[str, BaselineCard]) -> dict[str, FinetunedBaseline]:
    """Those that the study trains itself."""
    return {name: card for name, card in baselines.items() if isinstance(card, FinetunedBaseline)}


class DrawnTexts(Entry):
    """A limit on the texts to learn from, and the seed of the study that draws them."""

    most: int
    seed: int


class BaselineData(Entry):
    """The dataset that a baseline knows, the scale that it predicts, and what it may learn from."""

    dataset: str
    restricted: bool = False
    source: DatasetSource
    keep: str | None
    scale_name: str
    scale: DatasetScale
    splits: Splits
    evaluate: Evaluated
    drawn: DrawnTexts | None = None


class TrainingJob(Job):
    """Train one baseline with one seed."""

    version: int = 2
    data: BaselineData
    weights: Weights
    revision: str | None
    pooling: Pooling = "cls"
    max_tokens: int
    training: TrainingSettings
    seed: int


class PredictionJob(Job):
    """Apply a baseline to the items of a study: that of its training records, or a published one.

    `published` is None for a baseline that was trained here.
    """

    baseline: str
    data: BaselineData
    max_tokens: int
    published: PublishedClassifier | None


REQUIREMENTS = ("torch>=2.8", "transformers>=5.0", "safetensors>=0.6")
"""The extra, as pyproject.toml has it."""


PACKAGES = tuple(requirement.split(">")[0] for requirement in REQUIREMENTS)


def missing_packages() -> tuple[str, ...]:
    """The packages that are not installed; none of them is imported."""
    return tuple(package for package in PACKAGES if find_spec(package) is None)


def require_packages(asked_by: str) -> None:
    """Raise BaselineError with what to install unless all packages are there."""
    if lacking := missing_packages():
        raise BaselineError(
            f"{asked_by} needs {' and '.join(lacking)}, which this Python does not have. In the "
            f"same environment: pip install {' '.join(map(repr, REQUIREMENTS))}; or take "
            "`baselines` out of the study. docs/baselines.md has the steps"
        )


def require_weights(baselines: Mapping[str, BaselineCard]) -> None:
    """Raise DataError with how to get the first weights in a package that are missing."""
    for card in baselines.values():
        for source in card.weight_files():
            locate(source)
