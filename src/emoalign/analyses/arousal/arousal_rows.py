"""The tables of arousal: where it goes wrong in a cell, and the items that went most wrong."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from emoalign.analyses.contrasts.analysis import ComparisonJob
from emoalign.items.rated_items import RatedItems, Rater
from emoalign.statistics.arousal import arousal_errors, extremity, residuals
from emoalign.statistics.correlation import FEWEST_ITEMS
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.seeds import seed_of
from emoalign.tables import AROUSAL, RESIDUALS

VALENCE, AROUSED = "valence", "arousal"
"""Scales are known by these names, as prompt sets know them too."""

_CELL = ["model", "protocol", "dataset", "readout"]


def arousal_rows(rated: list[RatedItems], job: ComparisonJob) -> pd.DataFrame:
    """One row per cell of arousal; see `tables.AROUSAL`."""
    rows = [
        _named(one, rater) | _errors_row(one, rater, job)
        for one in rated
        if AROUSED in one.scales
        for rater in one.raters
    ]
    table = pd.DataFrame(rows, columns=AROUSAL.schema.names)
    return table.sort_values(_CELL, ignore_index=True)


def residual_rows(rated: list[RatedItems], job: ComparisonJob) -> pd.DataFrame:
    """The items of each cell of arousal with the largest residuals; see `tables.RESIDUALS`."""
    rows = [
        _named(one, rater) | row
        for one in rated
        if AROUSED in one.scales
        for rater in one.raters
        for row in _worst(one, rater, job)
    ]
    table = pd.DataFrame(rows, columns=RESIDUALS.schema.names)
    return table.sort_values([*_CELL, "rank"], ignore_index=True)


def _named(rated: RatedItems, rater: Rater) -> dict[str, object]:
    return {
        "model": rater[0],
        "protocol": rater[1],
        "dataset": rated.dataset,
        "readout": rated.readout,
    }


def _extremities(
    rated: RatedItems, rater: Rater, job: ComparisonJob
) -> tuple[FloatArray, FloatArray]:
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


def _errors_row(rated: RatedItems, rater: Rater, job: ComparisonJob) -> dict[str, object]:
    arousal = rated.of(rater, AROUSED), rated.people(AROUSED)
    extremities = _extremities(rated, rater, job)
    found = arousal_errors(
        *arousal, *extremities, job.bootstrap_resamples, seed_of(job.seed, rated.dataset, "items")
    )
    n_items = int(np.isfinite([*arousal, *extremities]).all(axis=0).sum())
    row: dict[str, object] = {"n_items": n_items}
    undefined = []
    for name, related in vars(found).items():
        row[name] = related.r
        row[f"{name}_low"], row[f"{name}_high"] = related.interval.low, related.interval.high
        if np.isnan(related.r):
            undefined.append(name)
    reason = None
    if VALENCE not in rated.scales:
        reason = f"{rated.dataset} was not rated for valence"
    elif n_items < FEWEST_ITEMS:
        reason = f"{n_items} items with arousal and valence of both; 3 are needed"
    elif undefined:
        reason = f"what is correlated does not vary: {', '.join(undefined)}"
    return row | {"reason": reason}


def _worst(rated: RatedItems, rater: Rater, job: ComparisonJob) -> Iterator[dict[str, object]]:
    model, human = rated.of(rater, AROUSED), rated.people(AROUSED)
    residual = residuals(model, human)
    of_model, of_human = _extremities(rated, rater, job)
    known = np.flatnonzero(np.isfinite(residual))
    # A stable order: items of the same residual stay in the order of their ids.
    worst = known[np.argsort(-np.abs(residual[known]).round(9), kind="stable")]
    for rank, item in enumerate(worst[: job.worst_items], 1):
        yield {
            "rank": rank,
            "item_id": rated.item_ids[item],
            "human_arousal": human[item],
            "model_arousal": model[item],
            "error": model[item] - human[item],
            "residual": residual[item],
            "human_extremity": of_human[item],
            "model_extremity": of_model[item],
        }
