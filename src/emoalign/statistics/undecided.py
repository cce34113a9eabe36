"""Bounds by probability that was not returned, wherever it may have gone.

A server that returns the likeliest tokens leaves a mass u undecided: any part of it may belong to
any point of the scale, the rest to no rating. With a mass M on the scale, `undecided` is
u/(M + u), from 0 to 1, shape (items,): the distribution over the points is then (1 - v)·q + v·n for
the distribution q that was read, some v from 0 to `undecided`, and some distribution n. Bounds hold
whatever n is; they are no intervals, and say nothing of chance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from emoalign.statistics.correlation import pearson
from emoalign.statistics.distances import rps
from emoalign.statistics.pairs import FloatArray

MUCH = 0.01
"""More undecided mass of an item is told."""


@dataclass(frozen=True, eq=False)
class Bounded:
    """Item means in scale points with the lowest and highest that each may be, (items,) each.

    All three are equal where nothing is undecided, and NaN where an item has no mean.
    """

    mean: FloatArray
    low: FloatArray
    high: FloatArray

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether an item has a mean, shape (items,)."""
        return np.isfinite(self.mean) & np.isfinite(self.low) & np.isfinite(self.high)

    def at(self, items: NDArray[np.bool_]) -> Bounded:
        """The means of some items."""
        return Bounded(self.mean[items], self.low[items], self.high[items])


@dataclass(frozen=True)
class MeansCompared:
    """Item means of two readouts over the items that have both.

    Attributes:
        n_items: items with both means.
        r: Pearson r over items, `r_least` and `r_most` as `pearson_bounds` has them.
        difference: mean absolute difference, in scale points; `least` and `most` it may be.
        share_within: share of items whose two means may be equal; NaN where nothing is undecided.
    """

    n_items: int
    r: float
    r_least: float
    r_most: float
    difference: float
    least: float
    most: float
    share_within: float


def compare_means(first: Bounded, second: Bounded) -> MeansCompared:
    """Compare the means of two readouts, in the same item order; items missing in one are left out.

    The bounds of a difference are those of two numbers that lie anywhere within their own.
    """
    known = first.known & second.known
    if not known.any():
        return MeansCompared(0, *[np.nan] * 7)
    first, second = first.at(known), second.at(known)
    least = np.maximum(0, np.maximum(first.low - second.high, second.low - first.high))
    most = np.maximum(first.high - second.low, second.high - first.low)
    decided = (first.low == first.high) & (second.low == second.high)
    r_least, r_most = pearson_bounds(first, second)
    return MeansCompared(
        n_items=int(known.sum()),
        r=pearson(first.mean, second.mean).r,
        r_least=r_least,
        r_most=r_most,
        difference=float(np.abs(first.mean - second.mean).mean()),
        least=float(least.mean()),
        most=float(most.mean()),
        share_within=np.nan if decided.all() else float((least == 0).mean()),
    )


def pearson_bounds(first: Bounded, second: Bounded) -> tuple[float, float]:
    """The least and the most that Pearson r of two columns of means may be, over items with both.

    r is the cosine of the angle between the two centred columns. With h the half widths of its
    bounds and x its centred middle, a column turns by no more than arcsin(|h|/|x|): the bounds are
    the cosines of the angle between the middles plus and minus both turns. They hold always and may
    be wider than need be. NaN where r is undefined.
    """
    known = first.known & second.known
    first, second = first.at(known), second.at(known)
    if np.isnan(r := pearson(first.mean, second.mean).r):
        return np.nan, np.nan
    middles = [(each.low + each.high) / 2 for each in (first, second)]
    halves = [(each.high - each.low) / 2 for each in (first, second)]
    if not any(half.any() for half in halves):
        return r, r
    turned = 0.0
    for middle, half in zip(middles, halves, strict=True):
        length, moved = np.linalg.norm(middle - middle.mean()), np.linalg.norm(half)
        if moved >= length:
            return -1.0, 1.0
        turned += float(np.arcsin(moved / length))
    angle = float(np.arccos(np.clip(pearson(*middles).r, -1, 1)))
    return float(np.cos(min(angle + turned, np.pi))), float(np.cos(max(angle - turned, 0)))


def favourable(counts: FloatArray, shares: FloatArray, undecided: FloatArray) -> FloatArray:
    """The distributions under which the counts are likeliest, shape (items, K).

    `counts` are answers per point and `shares` the distributions read, both (items, K). The
    undecided mass fills up the points that have least for their counts, as water would: a point
    gets max(share, level·count), at the one level at which all of it is used. Without any it is the
    distribution that was read. NaN without answers or distribution.
    """
    read = (1 - undecided[:, None]) * shares
    with np.errstate(divide="ignore", invalid="ignore"):
        order = np.argsort(np.where(counts > 0, read / counts, np.inf), axis=1)
        poured, levelled = (np.take_along_axis(each, order, axis=1) for each in (counts, read))
        # The level if the first k points are filled, for each k; the lowest is the one that fits.
        dry = levelled.sum(axis=1, keepdims=True) - np.cumsum(levelled, axis=1)
        levels = (1 - dry) / np.cumsum(poured, axis=1)
        level = np.where(np.cumsum(poured, axis=1) > 0, levels, np.inf).min(axis=1, keepdims=True)
        found = np.maximum(read, level * counts)
    return np.where(undecided[:, None] > 0, found, shares)


def rps_bounds(
    human: FloatArray, shares: FloatArray, undecided: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The least and the most that the ranked probability score may be, shape (items,) each.

    `human` and `shares` have shape (items, K). The score is convex, and the distributions allowed
    are mixtures of K + 1: what was read, and this with all that is undecided on one point. The most
    is therefore at one of these; the least is a problem of non-negative least squares.
    """
    least = rps(human, shares)
    most = least.copy()
    points = shares.shape[1]
    for place in np.flatnonzero((undecided > 0) & np.isfinite(least)):
        on_one = (1 - undecided[place]) * shares[place] + undecided[place] * np.eye(points)
        corners = np.vstack((shares[place], on_one))
        most[place] = rps(human[place], corners).max()
        apart = np.cumsum(corners - human[place], axis=1)[:, :-1]
        least[place] = _nearest(apart) / max(points - 1, 1)
    return least, most


def _nearest(corners: FloatArray) -> float:
    """The least squared length of a mixture of the corners, shape (corners, dimensions).

    Weights of the sum s that minimise |Σ w·corner|² + (s - 1)² are s times those of the mixture:
    for a squared length L, s²L + (s - 1)² has its minimum L/(1 + L), which grows with L.
    """
    weights, _ = optimize.nnls(
        np.vstack((corners.T, np.ones(len(corners)))), np.append(np.zeros(corners.shape[1]), 1.0)
    )
    mixture = weights @ corners / weights.sum()
    return float(mixture @ mixture)
