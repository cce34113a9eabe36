"""Applying a baseline to the items of a study: to those it is evaluated on, and to no others."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from emoalign.baselines.baseline_cards import (
    PredictionJob,
    PublishedClassifier,
    located_weights,
    require_packages,
)
from emoalign.baselines.examples import (
    Shares,
    answer_names,
    learned_from,
    published_seen,
    source_items,
)
from emoalign.baselines.partition import Seen
from emoalign.baselines.train import TrainingRecord
from emoalign.errors import BaselineError
from emoalign.study.fields import FileSource
from emoalign.tables import PREDICTIONS, STIMULI

_SEEN = "the baseline has learned from this item or from another with its text, or was chosen by it"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Run:
    """A baseline with certain weights."""

    seed: int | None
    weights: str
    revision: str | None

    def model(self, baseline: str) -> str:
        """The name it has beside the models of the study."""
        return baseline if self.seed is None else f"{baseline}.seed-{self.seed}"


def predict(
    job: PredictionJob,
    stimuli: Path,
    output: Path,
    records: Sequence[Path] = (),
    files: Mapping[str, FileSource] | None = None,
    threads: int = 1,
) -> None:
    """Write what a baseline predicts of the items of a study that it is evaluated on.

    `records` are those of its trainings, one for each seed; none for a published classifier.
    Raises BaselineError when the extra `finetune` is not installed, or when the weights are gone or
    were trained on other items than the job says.
    """
    require_packages(f"the baseline {job.baseline!r}")
    items = source_items(job.data, files)
    if job.published is not None:
        seen = published_seen(items, job.published.seen)
        weights, _ = located_weights(job.published.weights)
        runs = [_Run(None, weights, job.published.revision)]
    else:
        learned = learned_from(job.data, items, stimuli)
        seen = learned.seen
        runs = sorted(
            (_trained(path, learned.digest) for path in records), key=lambda run: run.seed or 0
        )
    rows = _rows(job, STIMULI.read(stimuli), seen)
    wanted = rows["reason"].isna().to_numpy()
    texts = rows.pop("text")
    _tell(job, rows)
    tables = []
    for run in runs:
        shares = _shares(job, run, texts[wanted].tolist(), threads)
        distribution = pd.Series(None, index=rows.index, dtype=object)
        distribution[wanted] = pd.Series(list(shares), index=rows.index[wanted], dtype=object)
        names = {"model": run.model(job.baseline), "baseline": job.baseline}
        seeds = pd.Series(run.seed, index=rows.index, dtype="Int32")
        tables.append(rows.assign(**names, seed=seeds, distribution=distribution))
    table = pd.concat(tables, ignore_index=True)[list(PREDICTIONS.schema.names)]
    PREDICTIONS.write(table, output)


def _rows(job: PredictionJob, stimuli: pd.DataFrame, seen: Seen) -> pd.DataFrame:
    """The items of the study, each with its flags, and why it is not evaluated on."""
    in_training = [
        seen.has(item_id, text)
        for item_id, text in zip(stimuli["item_id"], stimuli["text"], strict=True)
    ]
    reasons: list[str | None] = []
    for split, was_seen in zip(stimuli["split"], in_training, strict=True):
        if was_seen:
            reasons.append(_SEEN)
        elif job.data.evaluate == "test_split" and split != job.data.splits.test:
            where = "in no split" if pd.isna(split) else f"in the split {split!r}"
            reasons.append(f"it is {where}, and the baseline is evaluated on the test split only")
        else:
            reasons.append(None)
    return pd.DataFrame(
        {
            "dataset": job.data.dataset,
            "scale": job.data.scale_name,
            "item_id": stimuli["item_id"],
            "split": stimuli["split"],
            "in_training": in_training,
            "reason": pd.Series(reasons, index=stimuli.index, dtype=object),
            "text": stimuli["text"],
        }
    )


def _tell(job: PredictionJob, rows: pd.DataFrame) -> None:
    counts = rows["reason"].value_counts()
    _log.info(
        "%s: evaluated on %d of %d items%s",
        job.baseline,
        int(rows["reason"].isna().sum()),
        len(rows),
        "".join(f"; {number}: {reason}" for reason, number in counts.items()),
    )


def _trained(path: Path, digest: str) -> _Run:
    record = TrainingRecord.read(path)
    if record.partition_sha256 != digest:
        raise BaselineError(
            f"{path}: this training was on other items than the study has now; run it again: "
            f"snakemake --forcerun train_baseline"
        )
    if not Path(record.folder).is_dir():
        raise BaselineError(
            f"{record.folder}: the weights of this training are gone; make them again: snakemake "
            "--forcerun train_baseline"
        )
    return _Run(record.seed, record.folder, None)


def _shares(job: PredictionJob, run: _Run, texts: Sequence[str], threads: int) -> Shares:
    """The predicted shares of texts, in the order of the scale's answers."""
    names = answer_names(job.data.scale)
    if not texts:
        return np.empty((0, len(names)))
    import torch

    from emoalign.baselines.classifiers import load, output_of

    torch.set_num_threads(threads)
    classifier = load(run.weights, run.revision, job.max_tokens)
    published = job.published
    output = output_of(job.data.scale) if published is None else published.output
    predicted = classifier.shares(texts, output)
    return predicted[:, columns(names, classifier.model.config.id2label, published)]


def columns(
    names: Sequence[str], of_classifier: Mapping[int, str], published: PublishedClassifier | None
) -> list[int]:
    """The output of a classifier for each answer of the scale; capitals do not matter.

    Raises BaselineError when there is none for one of them.
    """
    renamed = {} if published is None else published.labels
    place = {renamed.get(label, label).casefold(): index for index, label in of_classifier.items()}
    lacking = [name for name in names if name.casefold() not in place]
    if lacking:
        raise BaselineError(
            f"the classifier has no label {', '.join(map(repr, lacking))}; its labels are "
            f"{', '.join(map(str, of_classifier.values()))}. Where it has other names for them, "
            "say so in the baseline's card: labels: {its name: name on the scale}"
        )
    return [int(place[name.casefold()]) for name in names]
