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
from emoalign.statistics.estimation.pooling import pooled
from emoalign.statistics.pairs import FloatArray
from emoalign.stimuli.norms import human_answers
from emoalign.study.scales import HumanScale
from emoalign.tables import read_parquet

LEAST_SHARE = 1e-6
"""No point is impossible: a share below this counts as this when methods are compared."""


def pooled_distributions(
    files: AnalysisFiles,
    dataset: str,
    scale_name: str,
    scale: HumanScale,
    known: KnownDataset,
    job: EstimatesJob,
    seed: int,
) -> list[list[float]] | None:
    """The estimated share of each point, item by item; None without single ratings by people, or
    without a model that has a calibrated distribution of every item.

    Of each model, protocol and readout the method counts whose distributions, each calibrated
    without the item, make people's ratings likeliest.
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
    found, _ = pooled(np.stack(cells), counts, known.keys, seed)
    return [of_item.tolist() for of_item in found]


def _best(rows: pa.Table, item_ids: NDArray[np.str_], counts: FloatArray) -> Iterator[FloatArray]:
    """The distributions of each cell by its best method, shape (items, K)."""
    order = [(name, "ascending") for name in (*CELL, "method")]
    for cell in runs(rows.sort_by(order), CELL):
        methods = (_all_items(one, item_ids, counts.shape[1]) for one in runs(cell, ["method"]))
        whole = [found for found in methods if found is not None]
        if whole:
            likely = [(counts * np.log(np.maximum(one, LEAST_SHARE))).sum() for one in whole]
            yield whole[int(np.argmax(likely))]


def _all_items(rows: pa.Table, item_ids: NDArray[np.str_], n_points: int) -> FloatArray | None:
    """The distributions of one method, ordered as the items; None where an item has none."""
    found = np.full((len(item_ids), n_points), np.nan)
    ids = rows["item_id"].to_numpy().astype(str)
    found[np.searchsorted(item_ids, ids)] = shares(rows["distribution"], n_points)
    return None if np.isnan(found).any() else found
