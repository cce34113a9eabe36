"""The tables of reliability and alignment: how human-like each condition is, with intervals."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.analyses.alignment.analysis import AlignmentJob
from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.items.human_agreement import (
    Drawing,
    HumanAgreement,
    ScaleNorms,
    human_agreement,
    reliability_row,
)
from emoalign.items.rated_items import drawn_items, of_scales, read_items, unique_items
from emoalign.statistics.correlation import (
    concordance,
    errors,
    fisher_limits,
    pearson,
    spearman,
)
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.reliability import disattenuated, summary_sums
from emoalign.statistics.replicates import (
    Replicates,
    bias_replicates,
    calibration_slope_replicates,
    log_rms_sd_ratio_replicates,
    log_sd_ratio_replicates,
    pearson_replicates,
)
from emoalign.statistics.resampling import Clusters, root_mean_square
from emoalign.statistics.significance import (
    benjamini_hochberg,
    equal_spread,
    rank_sum,
    signed_rank,
)
from emoalign.statistics.undecided import MUCH, Bounded, pearson_bounds
from emoalign.study.fields import WRITTEN
from emoalign.tables import ALIGNMENT, CELL_KEY, NORMS, RELIABILITY, STATUSES, groups

_TESTED = ("pearson", "signflip", "ranksum", "signedrank")


def align(job: AlignmentJob, files: AnalysisFiles) -> None:
    """Write reliability and alignment."""
    items = of_scales(read_items(files.by_dataset("items").values()), job.scales)
    norms = {dataset: NORMS.read(path) for dataset, path in files.by_dataset("norms").items()}
    files.write(RELIABILITY, reliability(items, norms, job))
    files.write(ALIGNMENT, alignment(items, norms, job))


def reliability(
    items: pd.DataFrame, norms: Mapping[str, pd.DataFrame], job: AlignmentJob
) -> pd.DataFrame:
    """One row per scale, over all of its items with a norm; see the columns of `RELIABILITY`."""
    rows = []
    for dataset, of_dataset in norms.items():
        of_models = items[items["dataset"] == dataset]
        item_ids, clusters = drawn_items(of_models, also=unique_items(of_dataset))
        rows += [
            reliability_row(
                scale, ScaleNorms.of(of_dataset, scale, item_ids), _drawing(dataset, clusters, job)
            )
            for scale in sorted(job.scales[dataset])
        ]
    return pd.DataFrame(rows, columns=RELIABILITY.schema.names)


def _drawing(dataset: str, clusters: Clusters, job: AlignmentJob) -> Drawing:
    return Drawing(job.seed, dataset, clusters, job.bootstrap_resamples, job.split_halves)


class _People:
    """Agreement of people on the items of a cell, computed once for cells with the same items."""

    def __init__(self, norms: ScaleNorms, drawing: Drawing) -> None:
        self._norms, self._drawing = norms, drawing
        self._known: dict[bytes, HumanAgreement] = {}

    def on(self, used: NDArray[np.bool_]) -> HumanAgreement:
        key = used.tobytes()
        if key not in self._known:
            self._known[key] = human_agreement(self._norms.at(used), self._drawing)
        return self._known[key]


def alignment(
    items: pd.DataFrame, norms: Mapping[str, pd.DataFrame], job: AlignmentJob
) -> pd.DataFrame:
    """One row per cell; see the columns of `tables.ALIGNMENT`. `norms` are those of datasets."""
    rows: list[dict[str, object]] = []
    # Dataset by dataset: the resamples of a dataset's items are drawn once.
    for (dataset,), of_dataset in groups(items, ["dataset"]):
        item_ids, clusters = drawn_items(of_dataset)
        drawing = _drawing(dataset, clusters, job)
        people = {
            scale: _People(ScaleNorms.of(norms[dataset], scale, item_ids), drawing)
            for scale in job.scales[dataset]
        }
        rows += [
            dict(zip(CELL_KEY, key, strict=True))
            | _cell_row(cell, people[key[3]], item_ids, drawing)
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
    cell: pd.DataFrame, people: _People, item_ids: NDArray[np.str_], drawing: Drawing
) -> dict[str, object]:
    """The numbers of one cell. Items of the dataset that it lacks are missing in its resamples."""
    cell = cell.sort_values("item_id")
    columns = ["mean", "human_mean", "sd", "human_sd", "n_ok", "mean_se"]
    numbers = cell.set_index("item_id")[columns].reindex(item_ids).to_numpy(dtype=float).T
    model, human, model_sd, human_sd, n_ok, mean_se = numbers
    compared = np.isfinite(model) & np.isfinite(human)
    means = np.where(compared, model, np.nan)
    own = _model_reliability(cell, means, mean_se, n_ok, drawing)
    spread = compared & np.isfinite(model_sd) & np.isfinite(human_sd)
    model_sd, human_sd = (np.where(spread, sds, np.nan) for sds in (model_sd, human_sd))
    # The resamples of the comparisons, so that all tables say the same of a cell.
    drawn = drawing.resamples, drawing.items, drawing.clusters
    (of_r,) = pearson_replicates(model, human, *drawn)
    (of_bias,) = bias_replicates(model, human, *drawn)
    (of_slope,) = calibration_slope_replicates(model, human, *drawn)
    (of_variances,) = log_rms_sd_ratio_replicates(model_sd, human_sd, *drawn)
    (of_sds,) = log_sd_ratio_replicates(model_sd, human_sd, *drawn)
    (flipped,) = equal_spread(model_sd, human_sd, *drawn)
    r, limits = pearson(model, human), of_r.interval()
    bias_limits, slope_limits = of_bias.interval(), of_slope.interval()
    variance_limits, sd_limits = of_variances.interval(), of_sds.interval()
    fisher_low, fisher_high = map(float, fisher_limits(r.r, r.n))
    error = errors(model, human)
    least, most = _bounds_of_r(cell)
    ranks, signs = rank_sum(model_sd, human_sd), signed_rank(model_sd, human_sd)
    agreement = people.on(compared)
    free_of_error = disattenuated(of_r, agreement.reliability, own)
    own_limits, free_limits = own.interval(), free_of_error.interval()
    return {
        "n_items": int(compared.sum()),
        "n_items_excluded": len(cell) - int(compared.sum()),
        "pearson_r": r.r,
        "pearson_low": limits.low,
        "pearson_high": limits.high,
        "pearson_fisher_low": fisher_low,
        "pearson_fisher_high": fisher_high,
        "pearson_least": least,
        "pearson_most": most,
        "pearson_p": r.p,
        "spearman_rho": spearman(model, human).r,
        "ccc": concordance(model, human),
        "mae": error.mae,
        "rmse": error.rmse,
        "rmse_constant": error.rmse_constant,
        "bias": error.bias,
        "bias_low": bias_limits.low,
        "bias_high": bias_limits.high,
        "slope": error.slope,
        "intercept": error.intercept,
        "calibration_slope": of_slope.estimate,
        "calibration_slope_low": slope_limits.low,
        "calibration_slope_high": slope_limits.high,
        **agreement.columns("reliability_human"),
        "reliability_model": own.estimate,
        "reliability_model_low": own_limits.low,
        "reliability_model_high": own_limits.high,
        "pearson_disattenuated": free_of_error.estimate,
        "pearson_disattenuated_low": free_limits.low,
        "pearson_disattenuated_high": free_limits.high,
        "disattenuated_above_1": bool(free_of_error.estimate > 1),
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
        **_undecided(cell),
        **{f"n_{status}": int(cell[f"n_{status}"].sum()) for status in STATUSES},
    }


def _bounds_of_r(cell: pd.DataFrame) -> tuple[float, float]:
    """The least and the most that r may be; NaN of sampled answers, which leave nothing open."""
    human, *ends = (
        cell[name].to_numpy(dtype=float) for name in ("human_mean", "mean", "mean_low", "mean_high")
    )
    return pearson_bounds(Bounded(*ends), Bounded(human, human, human))


def _undecided(cell: pd.DataFrame) -> dict[str, float]:
    """How much was not returned, and how far it can move item means."""
    cell = cell[cell["readout"] == "exact"]
    mass = (1 - cell["returned_mass"]).clip(lower=0)
    return {
        "undecided_mass": mass.mean(),
        "share_undecided_above_01": mass.dropna().gt(MUCH).mean(),
        "mean_width": (cell["mean_high"] - cell["mean_low"]).mean(),
    }


def _model_reliability(
    cell: pd.DataFrame, means: FloatArray, errors: FloatArray, ns: FloatArray, drawing: Drawing
) -> Replicates:
    """Reliability of the model's means of the items it is compared on, 1 - mean(se²)/Var(means).

    The squared standard errors are pooled, as variances of one answer. Of probabilities that
    nobody's answers precede, which have no error, it is 1.
    """
    sums = summary_sums(means, errors * np.sqrt(ns), ns, pooled=True)
    if cell["readout"].isin(WRITTEN).any() or (errors[np.isfinite(means)] != 0).any():
        return drawing.replicates(sums)
    n_clusters = int(drawing.clusters.max(initial=-1)) + 1
    return Replicates(
        1.0, np.ones(drawing.resamples), np.ones(n_clusters), sums.present[0], drawing.clusters
    )


def _median(values: FloatArray) -> float:
    return float(np.median(values)) if len(values) else np.nan
