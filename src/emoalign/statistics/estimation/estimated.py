"""Estimated norms of one scale: means, intervals and SDs of all items, and how good they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.estimation.curve import CurvePoint, learning_curve
from emoalign.statistics.estimation.embedding_ridge import components
from emoalign.statistics.estimation.flags import domain_auc, flags
from emoalign.statistics.estimation.held_out import (
    N_FOLDS,
    AllHeldOut,
    HeldOut,
    Learnt,
    Sources,
    held_out,
    other_intervals,
    rated_intervals,
)
from emoalign.statistics.estimation.intervals import regions, terciles
from emoalign.statistics.estimation.known import FEWEST_OK, FEWEST_RATED, Known, TooFewRated
from emoalign.statistics.estimation.quality import CONSTANT, Judged, Limits, Quality, qualities
from emoalign.statistics.estimation.spread import Means, spreads
from emoalign.statistics.estimation.to_rate import to_rate
from emoalign.statistics.out_of_fold import FEWEST_LEARNT
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import Folds, dealt_folds

__all__ = ["CurvePoint", "Estimated", "Known", "Limits", "Quality", "TooFewRated", "estimated"]

EMBEDDING = "embedding"
"""The name of the embedding among predictors."""


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

    What people rated alone decides what is learnt, so further unrated items change no estimate; nor
    does the order of items or cells.

    Raises:
        TooFewRated: people rated too few items, or no predictor is left.
    """
    known.check()
    rated, used = known.rated, known.used
    features = None if known.vectors is None else components(known.vectors, rated)
    sources = Sources(known.means[:, used], features, known.ends)
    folds = dealt_folds(known.keys[rated], N_FOLDS, seed, "estimates")
    learnt = Learnt(sources.of(rated), known.human[rated], known.keys[rated], folds)
    predicted = held_out(learnt, sources.of(~rated))
    stack = predicted.of["stack"]
    inside = {
        method: rated_intervals(of, learnt, coverage, by_region=method != CONSTANT)
        for method, of in predicted.of.items()
    }
    outside = other_intervals(stack, learnt, coverage)
    mean = _placed(rated, stack.rated, stack.means)
    region = regions(mean, terciles(stack.rated))
    judged = _judged(known, region)
    sd, sd_quality = _spreads(known, stack, judged, folds, seed)
    drawn = to_rate(mean, rated, known.keys, seed)
    return Estimated(
        mean=mean,
        low=_placed(rated, inside["stack"].low, outside.low),
        high=_placed(rated, inside["stack"].high, outside.high),
        sd=sd,
        fold=_placed(rated, folds, np.full((~rated).sum(), -1)).astype(np.int64),
        region=region,
        flags=flags(known, mean)
        | {"cut": _placed(rated, inside["stack"].cut, outside.cut).astype(np.bool_)},
        drawn=drawn.drawn,
        stratum=drawn.stratum,
        inclusion=drawn.inclusion,
        qualities=qualities(
            {method: of.rated for method, of in predicted.of.items()}, inside, judged, seed
        ),
        sd_quality=sd_quality,
        weights=_weights(known, predicted),
        dropped=tuple(name for name, kept in zip(known.names, used, strict=True) if not kept),
        domain_auc=domain_auc(sources.means, known.vectors, rated, known.keys, seed),
        curve=learning_curve(learnt.sources, learnt.human, learnt.keys, coverage, seed),
    )


def _judged(known: Known, region: NDArray[np.int64]) -> Judged:
    rated = known.rated
    return Judged(
        human=known.human[rated],
        noise=known.human_sd[rated] ** 2 / known.human_n[rated],
        clusters=np.unique(known.keys[rated], return_inverse=True)[1],
        region=region[rated],
        of_others=region[~rated],
    )


def _weights(known: Known, predicted: AllHeldOut) -> dict[str, float]:
    """The weight of each predictor of the stack, mean over folds."""
    names = [name for name, kept in zip(known.names, known.used, strict=True) if kept]
    names += [] if known.vectors is None else [EMBEDDING]
    return dict(zip(names, predicted.weights.mean(axis=0).tolist(), strict=True))


def _placed(
    rated: NDArray[np.bool_], of_rated: NDArray[Any], of_others: NDArray[Any]
) -> NDArray[Any]:
    """Values of rated and of other items in the order of all."""
    values = np.empty(len(rated), dtype=np.result_type(of_rated, of_others))
    values[rated], values[~rated] = of_rated, of_others
    return values


def _spreads(
    known: Known,
    stack: HeldOut,
    judged: Judged,
    folds: Folds,
    seed: int,
) -> tuple[FloatArray, Quality | None]:
    """SDs of all items and how good they are, where people's SDs are known of enough items."""
    rated = known.rated
    human_sd = known.human_sd[rated]
    of = np.isfinite(human_sd)
    if of.sum() < FEWEST_RATED or len(np.unique(known.keys[rated][of])) < FEWEST_LEARNT:
        return np.full(len(rated), np.nan), None
    sds = known.sds[:, known.used & (np.isfinite(known.sds[rated]).mean(axis=0) >= FEWEST_OK)]
    means = Means(stack.rated, stack.nested, stack.means)
    found = spreads(human_sd, means, (sds[rated], sds[~rated]), folds, known.ends)
    of_sd = replace(judged, human=human_sd, noise=np.full(len(folds), np.nan))
    (quality,) = qualities({"sd": found[0]}, {}, of_sd, seed, n_regions=0)
    return _placed(rated, *found), quality
