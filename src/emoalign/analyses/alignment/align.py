"""The tables of the statistics stage: how human-like each cell is, and how sure that is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.analyses.alignment.analysis import AlignmentSettings, StatisticsJob
from emoalign.items.rated_items import read_items, unique_items
from emoalign.statistics.correlation import concordance, errors, pearson, spearman
from emoalign.statistics.homogeneity import rank_sum, signed_rank
from emoalign.statistics.labels import label_agreement
from emoalign.statistics.multiplicity import benjamini_hochberg
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.readouts import agreement
from emoalign.statistics.reliability import (
    ceiling,
    disattenuate,
    icc1,
    one_human,
    split_half,
    summary_reliability,
)
from emoalign.statistics.replicates import log_sd_ratio_replicates, pearson_replicates
from emoalign.statistics.seeds import seed_of
from emoalign.tables import (
    ALIGNMENT,
    LABELS,
    NORMS,
    READOUTS,
    RELIABILITY,
    STATUSES,
    groups,
    records,
)

_CELL = ["model", "protocol", "dataset", "scale", "readout"]
_TESTED = ("pearson", "ranksum", "signedrank")


@dataclass(frozen=True)
class _Reliability:
    """What a cell needs to know of the norms it is compared with."""

    reliability: float
    ceiling: float
    one_human_r: float


def align(
    job: StatisticsJob, items: Sequence[Path], norms: Mapping[str, Path], folder: Path
) -> None:
    """Write reliability, alignment, labels and readouts, as Parquet and CSV, into `folder`.

    `norms` are the norm tables by dataset. The tables do not depend on the order of the files.
    """
    rows = read_items(items)
    numbered = _of_scales(rows, job.scales)
    reliability = pd.DataFrame(
        [
            reliability_row(dataset, scale, table[table["scale"] == scale], job.settings, job.seed)
            for dataset, path in sorted(norms.items())
            for table in (NORMS.read(path),)
            for scale in sorted(job.scales[dataset])
        ],
        columns=RELIABILITY.schema.names,
    )
    RELIABILITY.write_both(reliability, folder)
    ALIGNMENT.write_both(alignment(numbered, reliability, job), folder)
    LABELS.write_both(label_rows(_of_scales(rows, job.labels), job), folder)
    READOUTS.write_both(readouts(numbered, job), folder)


def _of_scales(items: pd.DataFrame, scales: Mapping[str, Collection[str]]) -> pd.DataFrame:
    """The rows of these scales, which are named by dataset."""
    wanted = {(dataset, scale) for dataset, names in scales.items() for scale in names}
    pairs = zip(items["dataset"], items["scale"], strict=True)
    return items[[pair in wanted for pair in pairs]]


def label_rows(items: pd.DataFrame, job: StatisticsJob) -> pd.DataFrame:
    """One row per label of each cell; see `tables.LABELS`."""
    rows = []
    for key, cell in groups(items, _CELL):
        labels = job.labels[key[2]][key[3]].labels
        used = cell.sort_values("item_id").dropna(subset=["distribution", "human_distribution"])
        shape = (len(used), len(labels))
        model, human = (
            np.array(used[column].tolist(), dtype=float).reshape(shape)
            for column in ("distribution", "human_distribution")
        )
        rows += [
            dict(zip(_CELL, key, strict=True))
            | {
                "label": found.label,
                "n_items": len(used),
                "human_rate": found.human_rate,
                "model_rate": found.model_rate,
                "rate_difference": found.rate_difference,
                "spearman_rho": found.rho,
            }
            for found in label_agreement(model, human, labels)
        ]
    return pd.DataFrame(rows, columns=LABELS.schema.names)


def reliability_row(
    dataset: str, scale: str, norms: pd.DataFrame, settings: AlignmentSettings, seed: int
) -> dict[str, object]:
    """How well people agree with people on one scale. NaN for what the norms cannot tell.

    `seed` is that of the study.
    """
    known = norms.dropna(subset=["mean"])
    summary = summary_reliability(
        known["mean"].to_numpy(), known["sd"].to_numpy(), known["n"].to_numpy(dtype=float)
    )
    row: dict[str, object] = {
        "dataset": dataset,
        "scale": scale,
        "n_items": len(known),
        "n_raters": float(known["n"].mean()) if len(known) else np.nan,
        "summary": summary,
    }
    if len(known) and known["ratings"].notna().all():
        ratings = _padded(list(known["ratings"]))
        of_raters = seed_of(seed, dataset, "raters")
        halves = split_half(ratings, settings.split_halves, of_raters)
        icc = icc1(ratings)
        row |= {
            "source": "ratings",
            "split_half_r": halves.r,
            "spearman_brown": halves.spearman_brown,
            "icc_single": icc.single,
            "icc_average": icc.average,
            "one_human_r": one_human(ratings, settings.split_halves, of_raters),
            "reliability": halves.spearman_brown,
        }
    else:
        unknown = ("split_half_r", "spearman_brown", "icc_single", "icc_average", "one_human_r")
        row |= dict.fromkeys(unknown, np.nan)
        row |= {"source": "none" if np.isnan(summary) else "summary", "reliability": summary}
    return row | {"ceiling": ceiling(float(str(row["reliability"])))}


def alignment(items: pd.DataFrame, reliability: pd.DataFrame, job: StatisticsJob) -> pd.DataFrame:
    """One row per cell; see the columns of `tables.ALIGNMENT`."""
    norms = {
        (row["dataset"], row["scale"]): _Reliability(
            row["reliability"], row["ceiling"], row["one_human_r"]
        )
        for row in records(reliability)
    }
    rows: list[dict[str, object]] = []
    # Dataset by dataset: the resamples of a dataset's items are drawn once.
    for (dataset,), of_dataset in groups(items, ["dataset"]):
        item_ids = unique_items(of_dataset)
        rows += [
            dict(zip(_CELL, key, strict=True))
            | _cell_row(dataset, cell, norms[dataset, key[3]], item_ids, job)
            for key, cell in groups(of_dataset, _CELL)
        ]
    cells = pd.DataFrame(rows, columns=ALIGNMENT.schema.names)
    cells = cells.sort_values(_CELL, ignore_index=True)
    for test in _TESTED:
        cells[f"{test}_p_adjusted"] = cells.groupby("readout")[f"{test}_p"].transform(
            lambda p: benjamini_hochberg(p.to_numpy())
        )
    return cells


def readouts(items: pd.DataFrame, job: StatisticsJob) -> pd.DataFrame:
    """One row per cell that was asked in both readouts; see `tables.READOUTS`."""
    cell = [name for name in _CELL if name != "readout"]
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


def _cell_row(
    dataset: str,
    cell: pd.DataFrame,
    norm: _Reliability,
    item_ids: NDArray[np.str_],
    job: StatisticsJob,
) -> dict[str, object]:
    """The numbers of one cell. Items of the dataset that it lacks are missing in its resamples."""
    cell = cell.sort_values("item_id")
    numbers = cell.set_index("item_id")[["mean", "human_mean", "sd", "human_sd"]]
    model, human, model_sd, human_sd = numbers.reindex(item_ids).to_numpy(dtype=float).T
    compared = np.isfinite(model) & np.isfinite(human)
    spread = compared & np.isfinite(model_sd) & np.isfinite(human_sd)
    model_sd, human_sd = (np.where(spread, sds, np.nan) for sds in (model_sd, human_sd))
    # The resamples of the comparisons, so that all tables say the same of a cell.
    drawn = job.settings.bootstrap_resamples, seed_of(job.seed, dataset, "items")
    (of_r,) = pearson_replicates(model, human, *drawn)
    (of_spread,) = log_sd_ratio_replicates(model_sd, human_sd, *drawn)
    r, limits, spread_limits = pearson(model, human), of_r.interval(), of_spread.interval()
    error = errors(model, human)
    ranks, signs = rank_sum(model_sd, human_sd), signed_rank(model_sd, human_sd)
    own = _model_reliability(cell)
    disattenuated = disattenuate(r.r, norm.reliability, own)
    return {
        "n_items": int(compared.sum()),
        "n_items_excluded": len(cell) - int(compared.sum()),
        "pearson_r": r.r,
        "pearson_low": limits.low,
        "pearson_high": limits.high,
        "pearson_p": r.p,
        "spearman_rho": spearman(model, human).r,
        "ccc": concordance(model, human),
        "mae": error.mae,
        "rmse": error.rmse,
        "rmse_constant": error.rmse_constant,
        "bias": error.bias,
        "slope": error.slope,
        "intercept": error.intercept,
        "reliability_human": norm.reliability,
        "reliability_model": own,
        "ceiling": norm.ceiling,
        "one_human_r": norm.one_human_r,
        "pearson_disattenuated": disattenuated,
        "disattenuated_above_1": bool(disattenuated > 1),
        "sd_human_median": _median(human_sd[spread]),
        "sd_model_median": _median(model_sd[spread]),
        "log_sd_ratio": of_spread.estimate,
        "log_sd_ratio_low": spread_limits.low,
        "log_sd_ratio_high": spread_limits.high,
        "ranksum_w": ranks.w,
        "ranksum_z": ranks.z,
        "ranksum_p": ranks.p,
        "signedrank_w": signs.w,
        "signedrank_z": signs.z,
        "signedrank_p": signs.p,
        "off_scale_mass": cell["off_scale_mass"].mean(),
        "returned_mass": cell["returned_mass"].mean(),
        **{f"n_{status}": int(cell[f"n_{status}"].sum()) for status in STATUSES},
    }


def _model_reliability(cell: pd.DataFrame) -> float:
    """Reliability of the model's item means: an exact mean has no sampling error."""
    if (cell["readout"] == "exact").all():
        return 1.0
    known = cell.dropna(subset=["mean", "sd"])
    return summary_reliability(
        known["mean"].to_numpy(), known["sd"].to_numpy(), known["n_ok"].to_numpy(dtype=float)
    )


def _readout_row(
    sampled: pd.DataFrame,
    exact: pd.DataFrame,
    points: FloatArray,
    seed: int,
    job: StatisticsJob,
) -> dict[str, object]:
    answers = sum(sampled[f"n_{status}"].sum() for status in STATUSES)
    on_scale = 1 - exact["off_scale_mass"] - (1 - exact["returned_mass"])
    both = sampled.assign(exact=exact["distribution"]).sort_index()
    both = both.dropna(subset=["distribution", "exact"])
    shape = (len(both), len(points))
    shares = np.array(both["distribution"].tolist(), dtype=float).reshape(shape)
    counts = np.rint(shares * both["n_ok"].to_numpy(dtype=float)[:, None])
    exact_shares = np.array(both["exact"].tolist(), dtype=float).reshape(shape)
    found = agreement(counts, exact_shares, points, seed, job.settings.simulations)
    return {
        "n_items": found.n_items,
        "r_means": found.r_means,
        "mean_abs_difference": found.mean_abs_difference,
        "ok_share_sampled": sampled["n_ok"].sum() / answers if answers else np.nan,
        "on_scale_mass_exact": on_scale.mean(),
        "g_total": found.g_total,
        "p_pooled": found.p_pooled,
        "share_below_05": found.share_below_05,
        "ks_p": found.ks_p,
        "sharpness": found.sharpness,
        "p_sharpness": found.p_sharpness,
    }


def _median(values: FloatArray) -> float:
    return float(np.median(values)) if len(values) else np.nan


def _padded(ratings: Sequence[Sequence[float]]) -> FloatArray:
    """Lists of ratings as a matrix (items, most raters of an item), NaN where there are fewer."""
    padded = np.full((len(ratings), max(map(len, ratings))), np.nan)
    for row, values in zip(padded, ratings, strict=True):
        row[: len(values)] = values
    return padded
