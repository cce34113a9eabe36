"""What the training of a baseline, and its predictions, are told."""

from __future__ import annotations

from typing import Literal

from emoalign.baselines.cards import Evaluated, Splits, TrainingSettings
from emoalign.stimuli.readers.sources import DatasetSource
from emoalign.study.fields import Entry
from emoalign.study.scales import DatasetScale


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
