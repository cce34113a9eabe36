"""The table of readouts: sampled answers of a cell beside its exact probabilities."""

from __future__ import annotations

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.readouts.analysis import ReadoutsJob
from emoalign.items.rated_items import of_scales, read_items
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.readouts import agreement
from emoalign.statistics.seeds import seed_of
from emoalign.tables import CELL_KEY, READOUTS, STATUSES, groups


def compare_readouts(job: ReadoutsJob, files: AnalysisFiles) -> None:
    """Write the table of readouts."""
    items = of_scales(read_items(files.by_dataset("items").values()), job.scales)
    files.write(READOUTS, readouts(items, job))


def readouts(items: pd.DataFrame, job: ReadoutsJob) -> pd.DataFrame:
    """One row per cell that was asked in both readouts; see `tables.READOUTS`."""
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
            rows.append(dict(zip(cell, key, strict=True)) | row)
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
