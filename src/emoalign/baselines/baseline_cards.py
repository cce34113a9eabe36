"""Baselines: config/baselines/<name>.yaml, their jobs, and the extra `finetune` that they need."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from emoalign.errors import BaselineError
from emoalign.stimuli.dataset_cards import DatasetSource
from emoalign.study.fields import Entry, Job, Name
from emoalign.study.reading import Kinds
from emoalign.study.scales import DatasetScale, LabelScale, Scale

Evaluated = Literal["test_split", "held_out"]


class Splits(Entry):
    """Names of the splits of the dataset, as its reader gives them."""

    train: Name = Field("train", description="The split that is learned from.")
    dev: Name = Field("dev", description="The split that says when to stop.")
    test: Name = Field("test", description="The split that is never learned from.")

    @model_validator(mode="after")
    def _apart(self) -> Splits:
        if len({self.train, self.dev, self.test}) < 3:
            raise ValueError("train, dev and test must be three different splits")
        return self


class TrainingSettings(Entry):
    """Training of a baseline: AdamW, a learning rate that rises and then falls linearly."""

    batch_size: int = Field(32, ge=1, description="Texts in one step.")
    learning_rate: float = Field(2e-5, gt=0, description="The highest learning rate.")
    warmup: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="Share of all steps in which the learning rate rises; in the others it falls "
        "to 0.",
    )
    weight_decay: float = Field(
        0.01, ge=0, description="Decay of weights; biases and normalisation are left out."
    )
    gradient_norm: float = Field(
        1.0, gt=0, description="Longest gradient; a longer one is made as long."
    )
    max_epochs: int = Field(6, ge=1, description="Times every text is seen, at most.")
    patience: int = Field(
        2,
        ge=1,
        description="Training stops after this many epochs without a lower loss on the dev "
        "split; the weights of the best epoch are used.",
    )
    precision: Literal["float32", "bfloat16"] = Field(
        "float32",
        description="Numbers that are computed with: bfloat16 is faster on a GPU and coarser. "
        "Weights are kept in float32 either way.",
    )


class PublishedClassifier(Entry):
    """A classifier as it was published: what it has seen, and what its outputs mean."""

    weights: str
    revision: str | None
    seen: tuple[str, ...]
    labels: dict[str, str]
    output: Literal["sigmoid", "softmax"]


class _Baseline(Entry):
    title: str = Field(description="Name of the baseline as the report shows it.")
    weights: str = Field(
        description="Name on the Hugging Face hub, or path of a folder with the weights "
        "(safetensors), config.json and the tokenizer."
    )
    revision: str | None = Field(
        None,
        description="Commit of the hub's repository. Without it, whatever is newest is taken, and "
        "nothing notices when that changes. A folder is known by the checksum of its files.",
    )
    dataset: Name = Field(
        description="Name of the dataset that the baseline was trained on and is evaluated on. "
        "It must be a dataset of the study."
    )
    scale: Name = Field(description="The scale of that dataset that it predicts.")
    splits: Splits = Field(
        default_factory=Splits, description="What the splits of the dataset are called."
    )
    evaluate: Evaluated = Field(
        "test_split",
        description="Which items of the study it is compared with people on. test_split: those of "
        "the test split. held_out: all that it has not learned from.",
    )
    max_tokens: int = Field(128, ge=8, description="Tokens of a text that are read, at most.")
    gpus: int = Field(
        1, ge=0, le=1, description="GPUs a job asks a cluster for; one is used where there is one."
    )
    memory_gb: float = Field(16, gt=0, description="Main memory a job asks a cluster for, in GB.")

    def weight_files(self) -> list[Path]:
        """The files of weights in a folder; none of weights on the hub."""
        return sorted(path for path in Path(self.weights).glob("*") if path.is_file())


class FinetunedBaseline(_Baseline):
    """An encoder that is trained here, on the answers of the people who rated the train split."""

    kind: Literal["finetune"] = Field(description="The kind of baseline: trained by the study.")
    seeds: tuple[int, ...] = Field(
        (1,),
        min_length=1,
        description="It is trained once with each; how much results differ between them is part "
        "of the result.",
    )
    training: TrainingSettings = Field(
        default_factory=TrainingSettings, description="How it is trained."
    )
    checkpoint_steps: int = Field(
        500,
        ge=1,
        description="Steps after which the state of the training is written, so that a job that "
        "was killed goes on from there. It changes no result.",
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
    """A classifier that somebody has published, as it is."""

    kind: Literal["checkpoint"] = Field(description="The kind of baseline: published weights.")
    seen: tuple[Name, ...] = Field(
        ("train",),
        description="The splits it has learned from or was chosen by: items that are in them, or "
        "that have the text of one of them, are never used to evaluate it.",
    )
    leakage: str = Field(
        description="What it may have seen of the data that it is compared on; the report shows "
        "it beside every number."
    )
    labels: dict[str, str] = Field(
        default_factory=dict,
        description="The scale's label for each label of the classifier that has another name.",
    )
    output: Literal["sigmoid", "softmax"] = Field(
        "sigmoid",
        description="How its outputs become shares. sigmoid: each label by itself. softmax: all "
        "labels together, which sum to 1.",
    )

    seeds: ClassVar[tuple[int, ...]] = ()
    training: ClassVar[None] = None

    def predicts(self, scale: Scale) -> bool:
        """Tell whether it can predict answers on a scale: those that choose labels."""
        return isinstance(scale, LabelScale)

    @property
    def published(self) -> PublishedClassifier:
        """The settings that its predictions depend on, beside the data."""
        return PublishedClassifier(
            weights=self.weights,
            revision=self.revision,
            seen=tuple(sorted(self.seen)),
            labels=dict(sorted(self.labels.items())),
            output=self.output,
        )


BaselineCard = FinetunedBaseline | CheckpointBaseline

BASELINES: Kinds[BaselineCard] = Kinds(
    "kind", {"finetune": FinetunedBaseline, "checkpoint": CheckpointBaseline}
)


def trained(baselines: Mapping[str, BaselineCard]) -> dict[str, FinetunedBaseline]:
    """Those that the study trains itself."""
    return {name: card for name, card in baselines.items() if isinstance(card, FinetunedBaseline)}


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


class TrainingJob(Job):
    """Train one baseline with one seed."""

    data: BaselineData
    weights: str
    revision: str | None
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
