"""Estimated norms of one scale: means, intervals and SDs of all items, and how good they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoalign.errors import EmoalignError
from emoalign.statistics.estimation.curve import CurvePoint
from emoalign.statistics.estimation.quality import Limits, Quality
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import Keys

__all__ = ["CurvePoint", "Estimated", "Known", "Limits", "Quality", "TooFewRated", "estimated"]


class TooFewRated(EmoalignError):
    """Too few items were rated to learn from; the message is the reason."""


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of the items of one scale. Rows are items, ascending by id.

    Attributes:
        human: means of people's ratings, shape (items,), NaN where nobody rated.
        human_sd: their SDs, shape (items,), NaN where unknown.
        human_n: people who rated, shape (items,), NaN where unknown.
        keys: what folds are dealt by, one for each cluster, shape (items,).
        names: the cells, ascending.
        means: the cells' means, shape (items, cells), NaN where missing.
        sds: the cells' SDs, shape (items, cells), NaN where unknown.
        answered: the share of answers that are ratings, shape (items, cells), 0–1.
        vectors: embeddings, shape (items, size).
        ends: the lowest and highest point of the scale.
    """

    human: FloatArray
    human_sd: FloatArray
    human_n: FloatArray
    keys: Keys
    names: tuple[str, ...]
    means: FloatArray
    sds: FloatArray
    answered: FloatArray
    vectors: FloatArray | None
    ends: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Estimated:
    """Estimates of all items of one scale, in scale points; arrays have shape (items,).

    Attributes:
        mean: of a rated item, by a regression that saw none of its cluster; of another, the mean
            of all folds' predictions.
        low, high: limits of the interval for the mean of as many new raters, within the scale.
        sd: the SD of people's ratings that is to be expected; NaN where no SDs are known.
        fold: the fold of a rated item, from 0; -1 for items that nobody rated.
        region: the third of the scale in which the mean lies, from 1 (low); rated items set it.
        flags: whether an item is `beyond_rated`, `far`, `extreme_source`, `few_answers`, `cut` or
            `imputed`.
        drawn: the items to have rated next.
        stratum: of items that nobody rated, from 1, among which they are drawn; 0 for rated items.
        inclusion: the probability of being drawn; NaN for rated items.
        qualities: per method and region ("all", "1" to "3").
        sd_quality: of the SDs, out of fold; None where no SDs are known.
        weights: points by which a mean rises with one SD of each predictor, by cell (and
            "embedding"); mean over folds.
        dropped: cells that rated too few of the items that people rated.
        domain_auc: the probability that a rated item looks more like rated ones than another does
            (.5 alike, 1 apart); NaN where all items are rated.
        curve: how good estimates are with fewer rated items.
    """

    mean: FloatArray
    low: FloatArray
    high: FloatArray
    sd: FloatArray
    fold: NDArray[np.int64]
    region: NDArray[np.int64]
    flags: Mapping[str, NDArray[np.bool_]]
    drawn: NDArray[np.bool_]
    stratum: NDArray[np.int64]
    inclusion: FloatArray
    qualities: tuple[Quality, ...]
    sd_quality: Quality | None
    weights: Mapping[str, float]
    dropped: tuple[str, ...]
    domain_auc: float
    curve: tuple[CurvePoint, ...]


def estimated(known: Known, coverage: float, seed: int) -> Estimated:
    """Estimate the norms of one scale with intervals that hold a share `coverage` of norms.

    Raises:
        TooFewRated: people rated too few items, or no predictor is left.
    """
    raise TooFewRated("nothing is estimated yet")
