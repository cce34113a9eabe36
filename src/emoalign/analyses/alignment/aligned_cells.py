"""The tables of reliability and alignment: how human-like each cell is, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.analyses.alignment.analysis import AlignmentJob
from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.items.rated_items import of_scales, read_items, reliability_row, unique_items
from emoalign.statistics.correlation import concordance, errors, pearson, spearman
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.reliability import disattenuate, summary_reliability
from emoalign.statistics.replicates import (
    log_rms_sd_ratio_replicates,
    log_sd_ratio_replicates,
    pearson_replicates,
)
from emoalign.statistics.resampling import root_mean_square
from emoalign.statistics.seeds import seed_of
from emoalign.statistics.significance import (
    benjamini_hochberg,
    equal_spread,
    rank_sum,
    signed_rank,
)
from emoalign.tables import ALIGNMENT, CELL_KEY, NORMS, RELIABILITY, STATUSES, groups, records

_TESTED = ("pearson", "signflip", "ranksum", "signedrank")


@dataclass(frozen=True)
class _Reliability:
    """What a cell needs to know of the norms it is compared with."""

    reliability: float
    ceiling: float
    one_human_r: float


def align(job: AlignmentJob, files: AnalysisFiles) -> None:
    """Write reliability and alignment."""
    items = of_scales(read_items(files.by_dataset("items").values()), job.scales)
    reliability = pd.DataFrame(
        [
            reliability_row(
                dataset, scale, norms[norms["scale"] == scale], job.split_halves, job.seed
            )
            for dataset, path in files.by_dataset("norms").items()
            for norms in (NORMS.read(path),)
            for scale in sorted(job.scales[dataset])
        ],
        columns=RELIABILITY.schema.names,
    )
    files.write(RELIABILITY, reliability)
    files.write(ALIGNMENT, alignment(items, reliability, job))


def alignment(items: pd.DataFrame, reliability: pd.DataFrame, job: AlignmentJob) -> pd.DataFrame:
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
            dict(zip(CELL_KEY, key, strict=True))
            | _cell_row(dataset, cell, norms[dataset, key[3]], item_ids, job)
            for key, cell in groups(of_dataset, CELL_KEY)
        ]
    cells = pd.DataFrame(rows, columns=ALIGNMENT.schema.names)
    cells = cells.sort_values(CELL_KEY, ignore_index=True)
    for test in _TESTED:
        cells[f"{test}_p_adjusted"] = cells.groupby("readout")[f"{test}_p"].transform(
            lambda p: benjamini_hochberg(p.to_numpy())
        )
    return cells


def _cell_row(
    dataset: str,
    cell: pd.DataFrame,
    norm: _Reliability,
    item_ids: NDArray[np.str_],
    job: AlignmentJob,
) -> dict[str, object]:
    """The numbers of one cell. Items of the dataset that it lacks are missing in its resamples."""
    cell = cell.sort_values("item_id")
    numbers = cell.set_index("item_id")[["mean", "human_mean", "sd", "human_sd"]]
    model, human, model_sd, human_sd = numbers.reindex(item_ids).to_numpy(dtype=float).T
    compared = np.isfinite(model) & np.isfinite(human)
    spread = compared & np.isfinite(model_sd) & np.isfinite(human_sd)
    model_sd, human_sd = (np.where(spread, sds, np.nan) for sds in (model_sd, human_sd))
    # The resamples of the comparisons, so that all tables say the same of a cell.
    drawn = job.bootstrap_resamples, seed_of(job.seed, dataset, "items")
    (of_r,) = pearson_replicates(model, human, *drawn)
    (of_variances,) = log_rms_sd_ratio_replicates(model_sd, human_sd, *drawn)
    (of_sds,) = log_sd_ratio_replicates(model_sd, human_sd, *drawn)
    (flipped,) = equal_spread(model_sd, human_sd, *drawn)
    r, limits = pearson(model, human), of_r.interval()
    variance_limits, sd_limits = of_variances.interval(), of_sds.interval()
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
        "sd_human_rms": root_mean_square(human_sd[spread]),
        "sd_model_rms": root_mean_square(model_sd[spread]),
        "log_rms_sd_ratio": of_variances.estimate,
        "log_rms_sd_ratio_low": variance_limits.low,
        "log_rms_sd_ratio_high": variance_limits.high,
        "signflip_p": flipped,
        "sd_human_median": _median(human_sd[spread]),
        "sd_model_median": _median(model_sd[spread]),
        "log_sd_ratio": of_sds.estimate,
        "log_sd_ratio_low": sd_limits.low,
        "log_sd_ratio_high": sd_limits.high,
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
    rated = cell.dropna(subset=["mean", "sd"])
    return summary_reliability(
        rated["mean"].to_numpy(), rated["sd"].to_numpy(), rated["n_ok"].to_numpy(dtype=float)
    )


def _median(values: FloatArray) -> float:
    return float(np.median(values)) if len(values) else np.nan
