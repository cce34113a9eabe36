"""What is known of a training when it has ended."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from emoalign.baselines.partition import PartitionCounts
from emoalign.errors import BaselineError
from emoalign.study.fields import Entry
from emoalign.tables import atomic


class Epoch(Entry):
    """The losses when all texts had been seen once more: KL divergence from people, in nats."""

    train_loss: float
    dev_loss: float


class TrainingRecord(Entry):
    """How a baseline was trained; `folder` holds its weights."""

    weights: str
    weights_revision: str | None
    """Commit on the hub, or checksum of the folder the training began with."""
    dataset: str
    scale: str
    seed: int
    counts: PartitionCounts
    partition_sha256: str
    texts: int
    """Texts trained on: items of the train split that the shares of people are known of."""
    dev_texts: int
    cut_texts: int
    """Texts of both that are longer than max_tokens."""
    constant_dev_loss: float
    """Loss of the mean shares of the train split as prediction for every text."""
    history: tuple[Epoch, ...]
    best_epoch: int
    """Counted from 1."""
    stopped: Literal["patience", "max_epochs"]
    device: str
    versions: dict[str, str]
    folder: str

    @property
    def dev_loss(self) -> float:
        """The lowest loss on the dev split: that of the weights that are used."""
        return self.history[self.best_epoch - 1].dev_loss

    def write(self, path: Path) -> None:
        """Write the record; the file appears whole or not at all."""
        with atomic(path) as partial:
            partial.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> TrainingRecord:
        """The record in a file. Raises BaselineError when it is none."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except ValueError as error:
            raise BaselineError(f"{path}: this is no record of a training: {error}") from error
