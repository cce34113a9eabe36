"""What the training of a baseline, and its predictions, are told."""

from __future__ import annotations

from emoalign.baselines.cards import (
    Evaluated,
    PublishedClassifier,
    Splits,
    TrainingSettings,
)
from emoalign.stimuli.readers.known import DatasetSource
from emoalign.study.fields import Entry, Job
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
