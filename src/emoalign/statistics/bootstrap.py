"""Bootstrap intervals over items, for one cell or for many that share the same resamples.

Item values have shape (cells, items) for many cells and (items,) for one; see `resampling`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from emoalign.statistics.bca import Interval, bca_interval
from emoalign.statistics.resampling import (
    ItemSums,
    log_sd_ratio_sums,
    pearson_sums,
    resample_counts,
)

__all__ = [
    "Interval",
    "LogSdRatio",
    "bca_interval",
    "bootstrap_log_sd_ratio",
    "bootstrap_log_sd_ratio_cells",
    "bootstrap_pearson",
    "bootstrap_pearson_cells",
    "resample_counts",
]


@dataclass(frozen=True)
class LogSdRatio:
    """ln(mean model SD / mean human SD) with its interval; below 0 = the model varies less."""

    log_ratio: float
    low: float
    high: float


def bootstrap_pearson(
    model: ArrayLike,
    human: ArrayLike,
    n_resamples: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
) -> Interval:
    """Return the BCa interval of Pearson r of one cell, from item means of shape (items,).

    NaN when r is undefined, when it is ±1, and when more than 5 % of the resamples are constant.

    Raises:
        ValueError: the two are not vectors of one length.
    """
    _require_vectors(model, human)
    return bootstrap_pearson_cells(model, human, n_resamples, seed, level)[0]


def bootstrap_pearson_cells(
    model: ArrayLike,
    human: ArrayLike,
    n_resamples: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[Interval, ...]:
    """Return the interval of `bootstrap_pearson` for every cell, from means (cells, items).

    Raises:
        ValueError: the shapes do not fit each other.
    """
    return _intervals(pearson_sums(model, human), n_resamples, seed, level)


def bootstrap_log_sd_ratio(
    model_sd: ArrayLike,
    human_sd: ArrayLike,
    n_resamples: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
) -> LogSdRatio:
    """Return ln(mean model SD / mean human SD) of one cell with its BCa interval.

    Item SDs have shape (items,), in scale points. All NaN when one side has no spread on any item.

    Raises:
        ValueError: the two are not vectors of one length.
    """
    _require_vectors(model_sd, human_sd)
    return bootstrap_log_sd_ratio_cells(model_sd, human_sd, n_resamples, seed, level)[0]


def bootstrap_log_sd_ratio_cells(
    model_sd: ArrayLike,
    human_sd: ArrayLike,
    n_resamples: int = 10_000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[LogSdRatio, ...]:
    """Return the result of `bootstrap_log_sd_ratio` for every cell, from SDs (cells, items).

    Raises:
        ValueError: the shapes do not fit each other.
    """
    sums = log_sd_ratio_sums(model_sd, human_sd)
    return tuple(
        LogSdRatio(float(ratio), limits.low, limits.high)
        for ratio, limits in zip(
            sums.estimate(), _intervals(sums, n_resamples, seed, level), strict=True
        )
    )


def _intervals(sums: ItemSums, n_resamples: int, seed: int, level: float) -> tuple[Interval, ...]:
    n_items = sums.present.shape[1]
    if n_items == 0:
        return tuple(Interval(np.nan, np.nan) for _ in sums.present)
    replicates = sums.replicates(resample_counts(n_items, n_resamples, seed))
    return tuple(
        bca_interval(estimate, resampled, left_out[present], level)
        for estimate, resampled, left_out, present in zip(
            sums.estimate(), replicates, sums.jackknife(), sums.present, strict=True
        )
    )


def _require_vectors(model: ArrayLike, human: ArrayLike) -> None:
    if np.ndim(model) != 1 or np.ndim(human) != 1:
        raise ValueError(
            f"found shapes {np.shape(model)} (model) and {np.shape(human)} (human), expected two "
            "vectors (items,); for many cells use the function that ends in _cells"
        )
