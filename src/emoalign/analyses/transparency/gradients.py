"""The table of gradients: a row per cell and measure of explicitness."""

from __future__ import annotations

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.transparency.analysis import GradientJob
from emoalign.statistics.labels import FEWEST_LABELS, gradient, partial_spearman
from emoalign.statistics.seeds import seed_of
from emoalign.tables import CELL_KEY, LABELS, TRANSPARENCY, TRANSPARENCY_GRADIENT, groups

PREDICTORS = ("t", "e", "l", "probe_auc")


def compare_gradients(job: GradientJob, files: AnalysisFiles) -> None:
    """Write the table of gradients."""
    rows = gradient_rows(files.table(TRANSPARENCY), files.table(LABELS), job)
    files.write(TRANSPARENCY_GRADIENT, rows)


def gradient_rows(
    transparency: pd.DataFrame, labels: pd.DataFrame, job: GradientJob
) -> pd.DataFrame:
    """One row per cell and predictor; see `tables.TRANSPARENCY_GRADIENT`.

    It does not depend on the order of the rows of either table.
    """
    keys = ["dataset", "scale", "label"]
    both = labels.merge(transparency.drop(columns="reason"), on=keys, how="left")
    both = both.sort_values("label", kind="stable")
    rows = [
        dict(zip(CELL_KEY, key, strict=True))
        | {"predictor": predictor}
        | _row(cell, predictor, seed_of(job.seed, key[2], "labels"), job)
        for key, cell in groups(both, CELL_KEY)
        for predictor in PREDICTORS
    ]
    return pd.DataFrame(rows, columns=TRANSPARENCY_GRADIENT.schema.names)


def _row(cell: pd.DataFrame, predictor: str, seed: int, job: GradientJob) -> dict[str, object]:
    both = cell.dropna(subset=[predictor, "spearman_rho"])
    values, outcome = (both[column].to_numpy(dtype=float) for column in (predictor, "spearman_rho"))
    log_prevalence = np.log(both["prevalence"].to_numpy(dtype=float))
    over_labels = gradient(values, outcome, job.permutations, job.bootstrap_resamples, seed)
    partial = partial_spearman(values, outcome, log_prevalence)
    reason = None
    if len(both) < FEWEST_LABELS:
        reason = f"only {len(both)} labels with both values ({FEWEST_LABELS} are needed)"
    elif np.isnan(over_labels.rho):
        reason = "one of the two values is the same for all labels"
    elif np.isnan(partial.rho):
        reason = "partial_rho: prevalence orders the labels in the same way, or is equal for all"
    elif np.isnan(over_labels.interval.low):
        reason = "no interval: the correlation depends on a single label"
    return {
        "n_labels": len(both),
        "rho": over_labels.rho,
        "rho_low": over_labels.interval.low,
        "rho_high": over_labels.interval.high,
        "p_permutation": over_labels.p,
        "partial_rho": partial.rho,
        "partial_p": partial.p,
        "reason": reason,
    }
