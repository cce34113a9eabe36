"""How well people agree with people, from a table of norms: a row of `tables.RELIABILITY`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.reliability import (
    ceiling,
    icc1,
    one_human,
    split_half,
    summary_reliability,
)
from emoalign.statistics.seeds import seed_of


def reliability_row(
    dataset: str, scale: str, norms: pd.DataFrame, split_halves: int, seed: int
) -> dict[str, object]:
    """How well people agree with people on one scale. NaN for what the norms cannot tell.

    `split_halves` are the random splits of raters, `seed` is that of the study.
    """
    rated = norms.dropna(subset=["mean"])
    summary = summary_reliability(
        rated["mean"].to_numpy(), rated["sd"].to_numpy(), rated["n"].to_numpy(dtype=float)
    )
    row: dict[str, object] = {
        "dataset": dataset,
        "scale": scale,
        "n_items": len(rated),
        "n_raters": float(rated["n"].mean()) if len(rated) else np.nan,
        "summary": summary,
    }
    if len(rated) and rated["ratings"].notna().all():
        ratings = _padded(list(rated["ratings"]))
        of_raters = seed_of(seed, dataset, "raters")
        halves = split_half(ratings, split_halves, of_raters)
        icc = icc1(ratings)
        row |= {
            "source": "ratings",
            "split_half_r": halves.r,
            "spearman_brown": halves.spearman_brown,
            "icc_single": icc.single,
            "icc_average": icc.average,
            "one_human_r": one_human(ratings, split_halves, of_raters),
            "reliability": halves.spearman_brown,
        }
    else:
        unknown = ("split_half_r", "spearman_brown", "icc_single", "icc_average", "one_human_r")
        row |= dict.fromkeys(unknown, np.nan)
        row |= {"source": "none" if np.isnan(summary) else "summary", "reliability": summary}
    return row | {"ceiling": ceiling(float(str(row["reliability"])))}


def _padded(ratings: Sequence[Sequence[float]]) -> FloatArray:
    """Lists of ratings as a matrix (items, most raters of an item), NaN where there are fewer."""
    padded = np.full((len(ratings), max(map(len, ratings))), np.nan)
    for row, values in zip(padded, ratings, strict=True):
        row[: len(values)] = values
    return padded
