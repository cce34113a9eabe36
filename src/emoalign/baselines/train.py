"""Training a baseline once: data, partition, weights, and a record of it all."""

from __future__ import annotations

import hashlib
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import orjson

from emoalign.baselines.baseline_cards import (
    PACKAGES,
    TrainingJob,
    located_weights,
    name_of,
    require_packages,
)
from emoalign.baselines.examples import (
    Examples,
    Gain,
    answer_names,
    divergence,
    examples,
    gain,
    learned_from,
    source_items,
    spread,
)
from emoalign.baselines.partition import Partition, PartitionCounts
from emoalign.errors import BaselineError
from emoalign.locks import alone
from emoalign.study.fields import Entry, FileSource
from emoalign.study.source_files import installed_versions
from emoalign.tables import atomic
from emoalign.wording import coefficient, percent

_FINISHED = "training.json"
_WEIGHTS = "weights"
_OTHER_JOB = "%s: another job is running this training. Waiting for it to end."
_log = logging.getLogger(__name__)


def train(
    job: TrainingJob,
    output: Path,
    trainings: Path,
    stimuli: Path | None = None,
    files: Mapping[str, FileSource] | None = None,
    checkpoint_steps: int = 500,
    threads: int = 1,
) -> None:
    """Train a baseline, or take the training that is already there, and write its record.

    What is learned from the same texts, shares, weights and settings stands in one folder of
    `trainings`, whatever study asked for it; there a training that was killed goes on. `stimuli`
    are the items of the study, needed for evaluate: held_out. Raises BaselineError when the extra
    `finetune` is not installed or the weights cannot be loaded.
    """
    require_packages("training a baseline")
    items = source_items(job.data, files)
    learnable = learned_from(job.data, items, stimuli)
    _tell(job, learnable)
    learned, tested = examples(learnable.train, job.data), examples(learnable.dev, job.data)
    folder = trainings / _identity(job, learned, tested)[:16]
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder, 0.5, lambda: _log.warning(_OTHER_JOB, folder)):
        if (folder / _FINISHED).exists():
            _log.info("%s: this training has ended before, and is used again", folder)
        else:
            _fit(job, learnable, learned, tested, folder, checkpoint_steps, threads)
    # What it was asked for by this study: the same texts can have been left out for other reasons.
    record = TrainingRecord.read(folder / _FINISHED)
    asked = {
        "counts": learnable.counts,
        "not_drawn": learnable.not_drawn,
        "partition_sha256": learnable.digest,
    }
    record.model_copy(update=asked).write(output)


def _tell(job: TrainingJob, learnable: Partition) -> None:
    counts = learnable.counts
    _log.info(
        "%s: %d items held out; train: %d items, left out %d of the same id, %d with the text of "
        "one held out and %d with that of one in dev, %d not drawn; dev: %d items, left out %d "
        "and %d",
        job.data.dataset,
        counts.held_out,
        counts.train,
        counts.train_same_item,
        counts.train_same_text,
        counts.train_text_in_dev,
        learnable.not_drawn,
        counts.dev,
        counts.dev_same_item,
        counts.dev_same_text,
    )


def _identity(job: TrainingJob, train: Examples, dev: Examples) -> str:
    """The identity of a training, as sha256: all that its weights depend on."""
    weights, checksum = located_weights(job.weights)
    identity = {
        "version": job.version,
        "weights": checksum or weights,
        "revision": job.revision,
        "pooling": job.pooling,
        "answers": answer_names(job.data.scale),
        "max_tokens": job.max_tokens,
        "training": job.training.model_dump(),
        "seed": job.seed,
    }
    digest = hashlib.sha256(orjson.dumps(identity, option=orjson.OPT_SORT_KEYS))
    for part in (train, dev):
        digest.update(orjson.dumps(part.texts))
        digest.update(part.shares.tobytes())
    return digest.hexdigest()


def _fit(
    job: TrainingJob,
    learnable: Partition,
    train: Examples,
    dev: Examples,
    folder: Path,
    checkpoint_steps: int,
    threads: int,
) -> None:
    # The packages of the extra are loaded only where something is computed with them.
    import torch

    from emoalign.baselines.classifiers import load, output_of
    from emoalign.baselines.fitting import Checkpoints, Fitting
    from emoalign.baselines.heads import start_at

    torch.set_num_threads(threads)
    torch.manual_seed(job.seed)
    scale = job.data.scale
    weights, _ = located_weights(job.weights)
    classifier = load(weights, job.revision, job.max_tokens, answer_names(scale), job.pooling)
    if not start_at(classifier.model, train.shares, scale):
        _log.info("the layer for answers has no bias: training does not start at the mean shares")
    _log.info("training on %s", classifier.device)
    (tokens, cut), (dev_tokens, dev_cut) = (
        classifier.tokens(split.texts) for split in (train, dev)
    )
    checkpoints = Checkpoints(folder)
    fitting = Fitting(
        classifier, output_of(scale), job.training, job.seed, checkpoints, checkpoint_steps
    )
    # The new layer was drawn from the seed; what dropout draws is not to depend on its size.
    torch.manual_seed(job.seed)
    position = fitting.fit(
        (tokens, torch.from_numpy(train.shares).float()),
        (dev_tokens, torch.from_numpy(dev.shares).float()),
        f"{job.data.dataset} {job.data.scale_name} seed {job.seed}",
    )
    constant = train.shares.mean(axis=0, keepdims=True)
    predicted = classifier.predicted(dev_tokens, output_of(scale))
    sd, saved = spread(predicted), gain(dev.shares, predicted, constant, scale)
    doubt = doubts(sd, saved)
    if doubt:
        _log.warning(
            "%s %s: the classifier %s. %s", job.data.dataset, job.data.scale_name, doubt, _TRY
        )
    shutil.rmtree(folder / _WEIGHTS, ignore_errors=True)
    classifier.model.save_pretrained(folder / _WEIGHTS)
    classifier.tokenizer.save_pretrained(folder / _WEIGHTS)
    TrainingRecord(
        weights=name_of(job.weights),
        weights_revision=classifier.revision,
        dataset=job.data.dataset,
        scale=job.data.scale_name,
        seed=job.seed,
        counts=learnable.counts,
        not_drawn=learnable.not_drawn,
        partition_sha256=learnable.digest,
        texts=len(train),
        dev_texts=len(dev),
        cut_texts=cut + dev_cut,
        most_raters=int(train.raters.max()),
        constant_dev_loss=divergence(dev.shares, constant, scale),
        gain=saved.share,
        gain_low=saved.low,
        gain_high=saved.high,
        dev_sd=sd,
        warning=doubt,
        history=tuple(position.history),
        best_epoch=position.best_epoch,
        stopped="max_epochs" if len(position.history) == job.training.max_epochs else "patience",
        device=_device_name(classifier.device),
        versions=installed_versions(PACKAGES),
        folder=str(folder / _WEIGHTS),
    ).write(folder / _FINISHED)
    checkpoints.remove()


LEAST_SD = 0.01
"""Below it, predicted shares hardly differ between texts: by a hundredth of all answers."""

LEAST_GAIN = 0.01
"""Below it, predictions are hardly better than the mean human shares for every text."""

_TRY = (
    "Try a larger learning_rate (below `training` in the baseline's card), more epochs or more "
    "texts; where texts do not tell what people answer, nothing helps"
)


def doubts(sd: float | None, saved: Gain | None) -> str | None:
    """Why a classifier seems to know nothing of texts, as the end of a sentence; None otherwise.

    `sd` is the spread of its predictions between texts, `saved` its gain on the dev split, where
    they are known.
    """
    found = []
    if sd is not None and sd < LEAST_SD:
        found.append(f"predicts almost the same for every text (SD of shares {coefficient(sd, 3)})")
    if saved is not None and (saved.share < LEAST_GAIN or saved.low <= 0):
        by = f"only {percent(saved.share)} closer" if saved.share > 0 else "no closer"
        ends = (percent(end).replace("-", "−") for end in (saved.low, saved.high))
        found.append(
            f"comes {by} to people on the dev split than the mean human shares predicted for every "
            f"text (95% CI [{', '.join(ends)}])"
        )
    return " and ".join(found) or None


def _device_name(device: object) -> str:
    import torch

    if str(device).startswith("cuda"):
        return str(torch.cuda.get_device_name(0))
    return f"CPU, {torch.get_num_threads()} threads"


class Epoch(Entry):
    """The losses when all texts had been seen once more: KL divergence from people, in nats."""

    train_loss: float
    dev_loss: float


class TrainingRecord(Entry):
    """The record of a training; `folder` holds its weights."""

    weights: str
    weights_revision: str | None
    """Commit on the hub, or checksum of the folder the training began with."""
    dataset: str
    scale: str
    seed: int
    counts: PartitionCounts
    not_drawn: int = 0
    """Items of `counts.train` that a limit on training texts leaves out."""
    partition_sha256: str
    texts: int
    """Texts trained on: items of the train split that the shares of people are known of."""
    most_raters: int | None = None
    """Most people who answered to one training text; with 1, shares are single choices."""
    dev_texts: int
    cut_texts: int
    """Texts of both that are longer than max_tokens."""
    constant_dev_loss: float
    """Loss of the mean shares of the train split as prediction for every text."""
    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None
    """Share of that loss which the training saves, with its 95% interval over texts."""
    dev_sd: float | None = None
    """How much predictions differ between texts of the dev split: `spread`."""
    warning: str | None = None
    """Why the training seems to have learnt nothing; None where it has."""
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
            raise BaselineError(f"{path}: this is not a record of a training: {error}") from error
