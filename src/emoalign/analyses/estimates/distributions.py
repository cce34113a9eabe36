"""Distributions of people's ratings, estimated as a pool of models' calibrated ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.estimates.analysis import EstimatesJob
from emoalign.analyses.estimates.known import CELL, KnownDataset
from emoalign.items.cells import runs, shares
from emoalign.statistics.estimation.known import FEWEST_OK
from emoalign.statistics.estimation.pooling import SMALLEST, pooled
from emoalign.statistics.pairs import FloatArray
from emoalign.stimuli.norms import human_answers
from emoalign.study.scales import HumanScale
from emoalign.tables import read_parquet


def pooled_distributions(
    files: AnalysisFiles,
    dataset: str,
    scale_name: str,
    scale: HumanScale,
    known: KnownDataset,
    job: EstimatesJob,
    seed: int,
) -> list[list[float] | None] | None:
    """The estimated share of each point, item by item; None for an item of which no model has a
    distribution, and for all without single ratings by people or calibrated distributions.

    Of each model, protocol and readout the method counts whose distributions, each calibrated
    without the item, make people's ratings likeliest. What has distributions of too few items is
    left out, as it is of means.
    """
    people = human_answers(known.norms, scale_name, scale)
    calibrated = files.by_dataset("calibrated").get(dataset)
    if calibrated is None or not len(people.item_ids):
        return None
    counts = np.zeros((len(known.item_ids), len(scale.points)))
    counts[np.searchsorted(known.item_ids, people.item_ids)] = people.counts
    rows = read_parquet(
        calibrated,
        columns=[*CELL, "method", "item_id", "distribution"],
        filters=[("scale", "=", scale_name)],
    )
    if job.predictors is not None:
        rows = rows.filter(pc.is_in(rows["model"], value_set=pa.array(job.predictors, pa.string())))
    cells = list(_best(rows, known.item_ids, counts))
    if not cells:
        return None
    found = pooled(np.stack(cells), counts, known.keys, seed).shares
    return [None if np.isnan(of_item).any() else of_item.tolist() for of_item in found]


def _best(rows: pa.Table, item_ids: NDArray[np.str_], counts: FloatArray) -> Iterator[FloatArray]:
    """The distributions of each cell by its best method, shape (items, K)."""
    order = [(name, "ascending") for name in (*CELL, "method")]
    for cell in runs(rows.sort_by(order), CELL):
        methods = (_enough(one, item_ids, counts) for one in runs(cell, ["method"]))
        whole = [found for found in methods if found is not None]
        if whole:
            likely = [np.nansum(counts * np.log(np.maximum(one, SMALLEST))) for one in whole]
            yield whole[int(np.argmax(likely))]


def _enough(rows: pa.Table, item_ids: NDArray[np.str_], counts: FloatArray) -> FloatArray | None:
    """The distributions of one method, ordered as the items; None where too few that people rated
    have any."""
    found = np.full(counts.shape, np.nan)
    ids = rows["item_id"].to_numpy().astype(str)
    found[np.searchsorted(item_ids, ids)] = shares(rows["distribution"], counts.shape[1])
    rated = counts.any(axis=1)
    return found if np.isfinite(found[rated, 0]).mean() >= FEWEST_OK else None
