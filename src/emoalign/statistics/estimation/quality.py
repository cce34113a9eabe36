"""How good estimates are, measured on rated items by folds that did not see them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Limits:
    """A statistic with the limits of its 95% interval over clusters; NaN where undefined."""

    value: float
    low: float
    high: float


UNKNOWN = Limits(np.nan, np.nan, np.nan)


@dataclass(frozen=True)
class Quality:
    """How good the estimates of a method are in a region, out of fold.

    Attributes:
        method: `stack` (that which is written), `models` (the stack without the embedding),
            `best`, `average`, `embedding`, `constant`; `sd` for SDs.
        region: "all", or the third of the scale from "1".
        n_rated, n_unrated, n_clusters: items of the region, and clusters of the rated ones.
        r, rmse, mae, ccc: agreement with people's means, in points where it is an error.
        coverage: share of people's means within their intervals.
        width: mean width of the intervals in points.
        noise_share: the share of the squared error that people's own sampling error makes up.
    """

    method: str
    region: str
    n_rated: int
    n_unrated: int
    n_clusters: int
    r: Limits
    rmse: Limits
    mae: Limits
    ccc: Limits
    coverage: Limits
    width: float
    noise_share: float
