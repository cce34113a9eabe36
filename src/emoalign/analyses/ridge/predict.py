"""Predictions of distributions, in the form of those of other baselines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.base import RIDGE_PREDICTIONS
from emoalign.analyses.ridge.analysis import RidgeJob
from emoalign.embeddings.embedding import embedded
from emoalign.embeddings.embedding_cards import RIDGE
from emoalign.items.clusters import ItemClusters
from emoalign.statistics.out_of_fold import FEWEST_LEARNT, nested_ridge
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.seeds import seed_of
from emoalign.stimuli.norms import human_answers
from emoalign.study.scales import DatasetScale, LabelScale
from emoalign.tables import PREDICTIONS, STIMULI, read_parquet


def predict_distributions(job: RidgeJob, files: AnalysisFiles) -> None:
    """Write a table for each dataset; embeddings are kept in the journal, none is made twice."""
    for name, scales in sorted(job.scales.items()):
        rows = [
            row
            for scale_name, scale in sorted(scales.items())
            for row in _rows(job, name, scale_name, scale, files)
        ]
        table = pd.DataFrame(rows, columns=PREDICTIONS.schema.names)
        PREDICTIONS.write(table, files.folder / RIDGE_PREDICTIONS.replace("<dataset>", name))


def _rows(
    job: RidgeJob, dataset: str, name: str, scale: DatasetScale, files: AnalysisFiles
) -> list[dict[str, object]]:
    """The items of a scale with single ratings, and what is predicted of them; none where they are
    images, or too few to learn from."""
    stimuli = files.by_dataset("stimuli")[dataset]
    people = human_answers(read_parquet(files.by_dataset("norms")[dataset]), name, scale)
    keys = ItemClusters.read(stimuli).keys_of(people.item_ids)
    texts = STIMULI.read(stimuli).set_index("item_id")["text"].reindex(people.item_ids)
    if job.embedding is None or texts.isna().any() or len(np.unique(keys)) < FEWEST_LEARNT:
        return []
    vectors = embedded(job.embedding, texts.tolist(), _store(files))
    seed = seed_of(job.seed, dataset, "folds")
    predicted = nested_ridge(vectors, people.shares, keys, seed).predicted
    of_labels = isinstance(scale, LabelScale)
    shares = np.clip(predicted, 0, 1) if of_labels else nearest_shares(predicted)
    same = {"model": RIDGE, "baseline": RIDGE, "seed": None, "dataset": dataset, "scale": name}
    return [
        same
        | {"item_id": str(item), "split": None, "in_training": False, "reason": None}
        | {"distribution": of_item.tolist()}
        for item, of_item in zip(people.item_ids, shares, strict=True)
    ]


def _store(files: AnalysisFiles) -> Path:
    return files.journal / "embeddings"


def nearest_shares(values: FloatArray) -> FloatArray:
    """The distributions nearest to rows of numbers, shape (items, K), by squared distance.

    The numbers lose one amount each, and at most all they have (Duchi et al. 2008). No distribution
    is farther from what is nearest than from the numbers themselves.
    """
    falling = -np.sort(-values, axis=1)
    beyond = (np.cumsum(falling, axis=1) - 1) / np.arange(1, values.shape[1] + 1)
    last = (falling > beyond).sum(axis=1) - 1
    shares: FloatArray = np.maximum(values - beyond[np.arange(len(values)), last][:, None], 0)
    return shares
