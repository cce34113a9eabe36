"""How good estimates would be with fewer rated items: a learning curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.estimation.held_out import (
    N_FOLDS,
    Learnt,
    Sources,
    held_out,
    other_intervals,
)
from emoalign.statistics.pairs import FloatArray, is_constant
from emoalign.statistics.resampling import Keys, dealt_folds

SIZES = (50, 100, 200, 400)
"""Numbers of rated items that are learnt from."""

DRAWS = 20
"""Random parts of each size."""

FEWEST_OTHERS, MOST_OTHERS = 50, 1_000
"""Rated items that are left to judge by, and that are used of them."""

COMPONENTS = 64
"""Principal components of the embedding that are learnt from: fewer, because items are few."""


@dataclass(frozen=True)
class CurvePoint:
    """Estimates from random parts of the rated items, judged by the others.

    Attributes:
        n_rated: items that were learnt from.
        draws: random parts behind the numbers.
        r: mean correlation with people's means; `r_low` and `r_high` are its 10th and 90th
            percentiles over draws.
        width: mean width of the intervals in points, with percentiles likewise.
        coverage: share of people's means within the intervals.
    """

    n_rated: int
    draws: int
    r: float
    r_low: float
    r_high: float
    width: float
    width_low: float
    width_high: float
    coverage: float


def learning_curve(
    sources: Sources, human: FloatArray, keys: Keys, coverage: float, seed: int
) -> tuple[CurvePoint, ...]:
    """Estimate rated items from parts of them, of each size that leaves enough to judge by.

    `sources`, `human` and `keys` are of all rated items. Clusters are drawn whole, so that a part
    may have an item less.
    """
    if sources.features is not None:
        sources = Sources(sources.means, sources.features[:, :COMPONENTS], sources.ends)
    points = []
    for size in SIZES:
        if size + FEWEST_OTHERS > len(human):
            break
        tried = [
            _tried(sources, human, keys, part, coverage, seed)
            for part in _parts(keys, size, seed)
            if len(np.unique(keys[part])) >= N_FOLDS and not part.all()
        ]
        if tried:
            points.append(_point(size, np.array(tried)))
    return tuple(points)


def _parts(keys: Keys, size: int, seed: int) -> list[NDArray[np.bool_]]:
    """Random parts of `size` items, in whole clusters."""
    clusters, cluster, sizes = np.unique(keys, return_inverse=True, return_counts=True)
    parts = []
    for draw in range(DRAWS):
        order = np.random.default_rng([seed, size, draw]).permutation(len(clusters))
        taken = np.zeros(len(clusters), dtype=np.bool_)
        taken[order[np.cumsum(sizes[order]) <= size]] = True
        parts.append(taken[cluster])
    return parts


def _tried(
    sources: Sources,
    human: FloatArray,
    keys: Keys,
    part: NDArray[np.bool_],
    coverage: float,
    seed: int,
) -> tuple[float, float, float]:
    """Correlation, mean width and coverage of the others, learnt from a part."""
    folds = dealt_folds(keys[part], N_FOLDS, seed, "estimates")
    learnt = Learnt(sources.of(part), human[part], keys[part], folds)
    # In the order of their clusters, others are the same whatever the order of the items.
    others = np.flatnonzero(~part)
    others = others[np.argsort(keys[others], kind="stable")][:MOST_OTHERS]
    stack = held_out(learnt, sources.of(others), nested=False).of["stack"]
    intervals = other_intervals(stack, learnt, coverage)
    judged = human[others]
    constant = is_constant(stack.means) or is_constant(judged)
    r = np.nan if constant else float(np.corrcoef(stack.means, judged)[0, 1])
    inside = (intervals.low <= judged) & (judged <= intervals.high)
    return r, float(np.mean(intervals.high - intervals.low)), float(inside.mean())


def _point(size: int, tried: FloatArray) -> CurvePoint:
    """The mean over draws, shape (draws, 3), with percentiles."""
    defined = tried[np.isfinite(tried[:, 0])]
    r, width = defined[:, 0], tried[:, 1]
    limits = [np.quantile(of, (0.1, 0.9)) if len(of) else (np.nan, np.nan) for of in (r, width)]
    return CurvePoint(
        n_rated=size,
        draws=len(tried),
        r=float(r.mean()) if len(r) else np.nan,
        r_low=float(limits[0][0]),
        r_high=float(limits[0][1]),
        width=float(width.mean()),
        width_low=float(limits[1][0]),
        width_high=float(limits[1][1]),
        coverage=float(tried[:, 2].mean()),
    )
