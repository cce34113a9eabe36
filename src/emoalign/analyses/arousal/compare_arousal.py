"""The tables of arousal: its errors in each condition, and the items of the largest errors."""

from __future__ import annotations

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.arousal.analysis import ArousalJob
from emoalign.items.rated_items import RatedItems, Rater, rated_items, read_items
from emoalign.statistics.arousal import arousal_errors, extremity, residuals
from emoalign.statistics.correlation import FEWEST_ITEMS
from emoalign.statistics.pairs import FloatArray, levels
from emoalign.statistics.resampling import FEWEST_CLUSTERS
from emoalign.statistics.seeds import seed_of
from emoalign.study.scales import AROUSED, VALENCE
from emoalign.tables import AROUSAL, AROUSAL_ITEMS, RESIDUALS
from emoalign.wording import listed, only

_CELL = ["model", "protocol", "dataset", "readout"]

_CORRELATIONS = {
    "v_human": "V shape of people",
    "v_model": "V shape of the model",
    "residual_human": "residuals with human extremity of valence",
    "residual_model": "residuals with the model's extremity of valence",
    "error_arousal": "errors with human arousal",
}
"""The correlations of a condition, as its reason names them."""


def compare_arousal(job: ArousalJob, files: AnalysisFiles) -> None:
    """Write the tables of arousal, of its items and of residuals."""
    items = read_items(files.by_dataset("items").values())
    rated = list(rated_items(items, job.datasets))
    files.write(AROUSAL, arousal_rows(rated, job))
    arousal_items = arousal_item_rows(rated, job)
    files.write(AROUSAL_ITEMS, arousal_items)
    files.write(RESIDUALS, residual_rows(arousal_items, job.worst_items))


def arousal_rows(rated: list[RatedItems], job: ArousalJob) -> pd.DataFrame:
    """One row per cell of arousal; see `tables.AROUSAL`."""
    rows = [
        _named(dataset, rater) | _errors_row(dataset, rater, job)
        for dataset in rated
        if AROUSED in dataset.scales
        for rater in dataset.raters
    ]
    table = pd.DataFrame(rows, columns=AROUSAL.schema.names)
    return table.sort_values(_CELL, ignore_index=True)


def arousal_item_rows(rated: list[RatedItems], job: ArousalJob) -> pd.DataFrame:
    """The items of each cell of arousal that both people and model rated; see
    `tables.AROUSAL_ITEMS`."""
    cells = [
        _items(dataset, rater, job)
        for dataset in rated
        if AROUSED in dataset.scales
        for rater in dataset.raters
    ]
    if not cells:
        return pd.DataFrame(columns=AROUSAL_ITEMS.schema.names)
    return pd.concat(cells).sort_values([*_CELL, "item_id"], ignore_index=True)


def residual_rows(arousal_items: pd.DataFrame, worst_items: int) -> pd.DataFrame:
    """The items of each cell with the largest residuals, at most so many; see `tables.RESIDUALS`.

    Items of the same residual, up to the digits of the arithmetic, stand by their ids.
    """
    known = arousal_items.dropna(subset="residual")
    known = known.assign(size=levels(known["residual"].abs()))
    known = known.sort_values([*_CELL, "size", "item_id"], ascending=[True] * 4 + [False, True])
    rank = known.groupby(_CELL).cumcount() + 1
    worst = known.assign(rank=rank)[rank <= worst_items]
    return worst.reindex(columns=RESIDUALS.schema.names).reset_index(drop=True)


def _named(rated: RatedItems, rater: Rater) -> dict[str, object]:
    return {
        "model": rater[0],
        "protocol": rater[1],
        "dataset": rated.dataset,
        "readout": rated.readout,
    }


def _extremities(rated: RatedItems, rater: Rater, job: ArousalJob) -> tuple[FloatArray, FloatArray]:
    """Extremity of the model's and of human valence; NaN where valence was not rated."""
    if VALENCE not in rated.scales:
        unknown = np.full(len(rated.item_ids), np.nan)
        return unknown, unknown
    scale = job.datasets[rated.dataset].scales[VALENCE]
    middle = (scale.min + scale.max) / 2
    return (
        extremity(rated.of(rater, VALENCE), middle),
        extremity(rated.people(VALENCE), middle),
    )


def _errors_row(rated: RatedItems, rater: Rater, job: ArousalJob) -> dict[str, object]:
    arousal = rated.of(rater, AROUSED), rated.people(AROUSED)
    extremities = _extremities(rated, rater, job)
    shape = arousal_errors(
        *arousal,
        *extremities,
        job.bootstrap_resamples,
        seed_of(job.seed, rated.dataset, "items"),
        rated.clusters,
    )
    complete = np.isfinite([*arousal, *extremities]).all(axis=0)
    n_items, n_clusters = int(complete.sum()), len(np.unique(rated.clusters[complete]))
    row: dict[str, object] = {"n_items": n_items}
    undefined = []
    for name, related in vars(shape).items():
        row[name] = related.r
        row[f"{name}_low"], row[f"{name}_high"] = related.interval.low, related.interval.high
        row[f"{name}_slope"], row[f"{name}_intercept"] = related.line.slope, related.line.intercept
        if np.isnan(related.r):
            undefined.append(name)
    reason = None
    if VALENCE not in rated.scales:
        reason = f"valence of {rated.dataset} was not rated"
    elif n_items < FEWEST_ITEMS:
        reason = (
            f"{only(n_items, 'item')} with arousal and valence by model and people; "
            f"{FEWEST_ITEMS} are needed"
        )
    elif undefined:
        without = listed(_CORRELATIONS[name] for name in undefined)
        reason = f"one of the two variables does not vary: {without}"
    elif n_clusters < FEWEST_CLUSTERS:
        clusters = only(n_clusters, "cluster")
        reason = f"{clusters} of items; a bootstrap interval needs {FEWEST_CLUSTERS}"
    return row | {"reason": reason}


def _items(rated: RatedItems, rater: Rater, job: ArousalJob) -> pd.DataFrame:
    model, human = rated.of(rater, AROUSED), rated.people(AROUSED)
    of_model, of_human = _extremities(rated, rater, job)
    rows = pd.DataFrame(
        {
            **_named(rated, rater),
            "item_id": rated.item_ids,
            "human_arousal": human,
            "model_arousal": model,
            "error": model - human,
            "residual": residuals(model, human),
            "human_extremity": of_human,
            "model_extremity": of_model,
        }
    )
    return rows.dropna(subset="error")
