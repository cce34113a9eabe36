"""The table of gradients: each cell, and each way of telling how outright labels are said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from emoalign.analyses.transparency.analysis import GradientJob
from emoalign.statistics.seeds import seed_of
from emoalign.statistics.transparency import FEWEST_LABELS, gradient, partial_spearman
from emoalign.tables import LABELS, TRANSPARENCY, TRANSPARENCY_GRADIENT, groups

PREDICTORS = ("t", "e", "l", "probe_auc")

_CELL = ["model", "protocol", "dataset", "scale", "readout"]


def compare_gradients(job: GradientJob, transparency: Path, labels: Path, folder: Path) -> None:
    """Write the table of gradients, as Parquet and CSV, into `folder`."""
    rows = gradient_rows(TRANSPARENCY.read(transparency), LABELS.read(labels), job)
    TRANSPARENCY_GRADIENT.write_both(rows, folder)


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
        dict(zip(_CELL, key, strict=True))
        | {"predictor": predictor}
        | _row(cell, predictor, seed_of(job.seed, key[2], "labels"), job)
        for key, cell in groups(both, _CELL)
        for predictor in PREDICTORS
    ]
    return pd.DataFrame(rows, columns=TRANSPARENCY_GRADIENT.schema.names)


def _row(cell: pd.DataFrame, predictor: str, seed: int, job: GradientJob) -> dict[str, object]:
    known = cell.dropna(subset=[predictor, "spearman_rho"])
    values, outcome = (
        known[column].to_numpy(dtype=float) for column in (predictor, "spearman_rho")
    )
    log_prevalence = np.log(known["prevalence"].to_numpy(dtype=float))
    found = gradient(values, outcome, job.permutations, job.bootstrap_resamples, seed)
    partial = partial_spearman(values, outcome, log_prevalence)
    reason = None
    if len(known) < FEWEST_LABELS:
        reason = f"{len(known)} labels with both; {FEWEST_LABELS} are needed"
    elif np.isnan(found.rho):
        reason = "one of the two is the same for all labels"
    elif np.isnan(partial.rho):
        reason = "partial_rho: prevalence alone orders the labels, or is the same for all"
    elif np.isnan(found.interval.low):
        reason = "rho_low, rho_high: the correlation hangs on one label"
    return {
        "n_labels": len(known),
        "rho": found.rho,
        "rho_low": found.interval.low,
        "rho_high": found.interval.high,
        "p_permutation": found.p,
        "partial_rho": partial.rho,
        "partial_p": partial.p,
        "reason": reason,
    }
