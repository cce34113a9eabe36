"""The table of readouts: sampled answers of a cell compared with its exact probabilities.

Do the answers follow the probabilities, and which of the two is closer to people?
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.readouts.analysis import ReadoutsJob
from emoalign.items.cells import DistributionCell, Tables, read_cells
from emoalign.items.rated_items import of_scales, read_items
from emoalign.statistics.clustered import clustered_means
from emoalign.statistics.distances import rps_debiased
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.readouts import agreement
from emoalign.statistics.resampling import FEWEST_CLUSTERS
from emoalign.statistics.seeds import seed_of
from emoalign.study.scales import HumanScale
from emoalign.tables import CELL_KEY, READOUTS, STATUSES, groups

Cell = tuple[str, ...]
"""Model, protocol, dataset and scale."""


def compare_readouts(job: ReadoutsJob, files: AnalysisFiles) -> None:
    """Write the table of readouts."""
    items = of_scales(read_items(files.by_dataset("items").values()), job.scales)
    nearness = {
        key: beside
        for dataset, scales in job.scales.items()
        for key, beside in _nearness(dataset, scales, files.tables_of(dataset), job)
    }
    files.write(READOUTS, readouts(items, nearness, job))


def readouts(
    items: pd.DataFrame, nearness: Mapping[Cell, dict[str, object]], job: ReadoutsJob
) -> pd.DataFrame:
    """One row per cell that was asked in both readouts; see `tables.READOUTS`.

    `nearness` has for each of these cells how far its readouts are from people.
    """
    cell = [name for name in CELL_KEY if name != "readout"]
    rows = []
    for key, group in groups(items, cell):
        by_readout = {
            readout: part.set_index("item_id") for (readout,), part in groups(group, ["readout"])
        }
        if {"sampled", "exact"} <= set(by_readout):
            points = np.array(job.scales[key[2]][key[3]].points)
            seed = seed_of(job.seed, key[2], "answers")
            row = _readout_row(by_readout["sampled"], by_readout["exact"], points, seed, job)
            rows.append(dict(zip(cell, key, strict=True)) | row | nearness[key])
    return pd.DataFrame(rows, columns=READOUTS.schema.names)


def _readout_row(
    sampled: pd.DataFrame,
    exact: pd.DataFrame,
    points: FloatArray,
    seed: int,
    job: ReadoutsJob,
) -> dict[str, object]:
    answers = sum(sampled[f"n_{status}"].sum() for status in STATUSES)
    on_scale = 1 - exact["off_scale_mass"] - (1 - exact["returned_mass"])
    both = sampled.assign(exact=exact["distribution"]).sort_index()
    both = both.dropna(subset=["distribution", "exact"])
    shape = (len(both), len(points))
    shares = np.array(both["distribution"].tolist(), dtype=float).reshape(shape)
    counts = np.rint(shares * both["n_ok"].to_numpy(dtype=float)[:, None])
    exact_shares = np.array(both["exact"].tolist(), dtype=float).reshape(shape)
    agreed = agreement(counts, exact_shares, points, seed, job.simulations)
    return {
        "n_items": agreed.n_items,
        "r_means": agreed.r_means,
        "mean_abs_difference": agreed.mean_abs_difference,
        "ok_share_sampled": sampled["n_ok"].sum() / answers if answers else np.nan,
        "on_scale_mass_exact": on_scale.mean(),
        "g_total": agreed.g_total,
        "p_pooled": agreed.p_pooled,
        "share_below_05": agreed.share_below_05,
        "ks_p": agreed.ks_p,
        "sharpness": agreed.sharpness,
        "p_sharpness": agreed.p_sharpness,
    }


def _nearness(
    dataset: str, scales: Mapping[str, HumanScale], tables: Tables, job: ReadoutsJob
) -> Iterator[tuple[Cell, dict[str, object]]]:
    """The distances of both readouts from people, for each cell of a dataset that has both."""
    cells = {cell.key: cell for cell in read_cells(dataset, scales, tables, job.min_raters)}
    seed = seed_of(job.seed, dataset, "texts")
    for (model, protocol, _, scale, readout), sampled in cells.items():
        named = (model, protocol, dataset, scale)
        exact = cells.get((*named, "exact"))
        if readout == "sampled" and exact is not None:
            yield named, _nearer(sampled, exact, job.bootstrap_resamples, seed)


def _nearer(
    sampled: DistributionCell, exact: DistributionCell, n_resamples: int, seed: int
) -> dict[str, object]:
    """The debiased scores of both readouts on the items that both have, and their difference."""
    _, *places = np.intersect1d(sampled.item_ids, exact.item_ids, return_indices=True)
    of_sampled, of_exact = (
        rps_debiased(*cell.beside(cell.model_shares, cell.answers))[place]
        for cell, place in zip((sampled, exact), places, strict=True)
    )
    values = np.column_stack((of_sampled, of_exact, of_sampled - of_exact))
    values[np.isnan(values).any(axis=1)] = np.nan
    texts = np.unique(sampled.cluster_keys[places[0]], return_inverse=True)[1].astype(np.int64)
    found = clustered_means(values, texts, n_resamples, seed)
    interval = found.intervals[2]
    return {
        "rps_debiased_n_items": int(found.n_items[2]),
        "rps_debiased_sampled": float(found.means[0]),
        "rps_debiased_exact": float(found.means[1]),
        "rps_debiased_difference": float(found.means[2]),
        "rps_debiased_low": interval.low,
        "rps_debiased_high": interval.high,
        "reason": _why(sampled, int(found.n_items[2]), int(found.n_texts[2]), interval.low),
    }


def _why(sampled: DistributionCell, n_items: int, n_texts: int, low: float) -> str | None:
    """The reason why a distance from people, or its interval, is missing; None without any."""
    if not np.isnan(low):
        return None
    if n_items:
        few = f"only {n_texts} texts (or clusters), but an interval needs {FEWEST_CLUSTERS}"
        return few if n_texts < FEWEST_CLUSTERS else "no interval: the differences do not vary"
    left_out = sampled.left_out
    if not len(sampled.item_ids) and not left_out.few_raters and not left_out.no_answer:
        return "the human ratings are known only as summaries, not as single ratings"
    return "no item has enough single human ratings, two sampled answers and an exact distribution"
