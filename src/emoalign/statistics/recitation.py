"""Does a model recite published norms? Its completions of a table of norms, beside them.

A model that has seen a table can complete it: shown some rows, it gives the next published mean to
its last decimal. By judgement alone it would come near, so near misses are no evidence; hits to the
decimal are, where they are more than such completions have by chance. Chance takes the decimals of
a completion for arbitrary: a model whose judgement is finer than a point hits more often, too. In
600 simulated studies of 300 items, judgement within .8 points of the norm (SD) had p <= .05 in 7%,
within .5 points in 31%. Its hits are spread evenly over the numbers within the tolerance; those of
a model that recites are exact.
A negative result never proves that the norms were not seen.

Norms, completions and ratings are published means, what the model wrote in place of them, and what
it rates when asked as a rater; all of shape (items,), in scale points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.correlation import pearson
from emoalign.statistics.pairs import ROUNDING, FloatArray
from emoalign.statistics.resampling import ItemSums, row_blocks

FEWEST_COMPLETIONS = 20
"""Completions from which anything is said."""

TOLERANCE = 0.05
"""A completion this near to the norm hits it, in scale points."""

PERMUTATIONS = 9_999
"""Permutations behind the p-value."""


@dataclass(frozen=True)
class Recitation:
    """How many norms a model completes, and how many it would by chance.

    Attributes:
        n: items with a completion.
        exact: completions that are the norm, as far as it is printed.
        hits: completions within the tolerance of the norm.
        hits_by_chance, hits_by_chance_sd: mean and SD of hits where norms are permuted among items
            whose completions have the same whole part.
        p: share of permutations with at least as many hits, from 1/(PERMUTATIONS + 1) to 1.
        decimals: correlation of the parts behind the decimal point, in [−1, 1].
        with_norms: correlation of completions with norms.
        beyond_judgement: the same with the model's own ratings partialled out; NaN without any.
    """

    n: int
    exact: int
    hits: int
    hits_by_chance: float
    hits_by_chance_sd: float
    p: float
    decimals: float
    with_norms: float
    beyond_judgement: float


def recitation(
    norms: FloatArray,
    completions: FloatArray,
    ratings: FloatArray,
    seed: int,
    tolerance: float = TOLERANCE,
) -> Recitation | None:
    """Compare completions with norms; None for fewer than FEWEST_COMPLETIONS, or where permuting
    norms changes nothing, because completions with the same whole part, or their norms, are equal:
    of whole numbers, a judge and a model that recites have the same hits.

    Items without a completion are left out; `ratings` may be missing (NaN).
    """
    known = np.isfinite(norms) & np.isfinite(completions)
    norms, completions, ratings = norms[known], completions[known], ratings[known]
    strata = np.floor(completions)
    if (
        len(norms) < FEWEST_COMPLETIONS
        or not (_differ(completions, strata) & _differ(norms, strata)).any()
    ):
        return None
    apart = np.abs(norms - completions)
    hits = int((apart <= tolerance + ROUNDING).sum())
    rng = np.random.default_rng(seed)
    order = np.argsort(strata, kind="stable")
    drawn = np.zeros(PERMUTATIONS, dtype=np.int64)
    for stratum in np.split(order, np.flatnonzero(np.diff(strata[order])) + 1):
        of_norms, of_completions = norms[stratum], completions[stratum]
        for rows in row_blocks(PERMUTATIONS, len(stratum), 2**18):
            shuffled = np.tile(of_norms, (len(drawn[rows]), 1))
            rng.permuted(shuffled, axis=1, out=shuffled)
            near = np.abs(shuffled - of_completions) <= tolerance + ROUNDING
            drawn[rows] += near.sum(axis=1)
    return Recitation(
        n=len(norms),
        exact=int((apart <= ROUNDING).sum()),
        hits=hits,
        hits_by_chance=float(drawn.mean()),
        hits_by_chance_sd=float(drawn.std(ddof=1)),
        p=float((1 + (drawn >= hits).sum()) / (PERMUTATIONS + 1)),
        decimals=pearson(norms % 1, completions % 1).r,
        with_norms=pearson(norms, completions).r,
        beyond_judgement=partial_correlation(norms, completions, ratings),
    )


def _differ(values: FloatArray, strata: FloatArray) -> NDArray[np.bool_]:
    """Whether the values of each stratum differ, in ascending order of strata."""
    _, place = np.unique(strata, return_inverse=True)
    lowest, highest = np.full(place.max() + 1, np.inf), np.full(place.max() + 1, -np.inf)
    np.minimum.at(lowest, place, values)
    np.maximum.at(highest, place, values)
    apart: NDArray[np.bool_] = highest - lowest > ROUNDING
    return apart


def partial_sums(x: FloatArray, y: FloatArray, given: FloatArray) -> ItemSums:
    """Prepare the correlation of x and y with a third partialled out, for replicates.

    All of shape (items,); over the items that have all three. NaN where one of them does not vary,
    or nothing is left of x or y.
    """
    three = np.stack((x, y, given)).astype(np.float64)
    present = np.isfinite(three[0]) & np.isfinite(three[1]) & np.isfinite(three[2])
    scaled = np.zeros_like(three)
    if present.any():
        of_items = three[:, present]
        spread = of_items.std(axis=1, keepdims=True)
        # Moments lose digits by subtraction unless they are of centred and scaled numbers.
        scaled[:, present] = (of_items - of_items.mean(axis=1, keepdims=True)) / np.where(
            spread > ROUNDING, spread, np.inf
        )
    pairs = [scaled[a] * scaled[b] for a in range(3) for b in range(a, 3)]
    values = np.stack((present.astype(np.float64), *scaled, *pairs))[:, np.newaxis]
    return ItemSums(values, present[np.newaxis], _partial)


def _partial(sums: FloatArray) -> FloatArray:
    moments = sums[1:] / np.where(sums[0] > 0, sums[0], np.nan)
    (x, y, z), (xx, xy, xz, yy, yz, zz) = moments[:3], moments[3:]
    spread_x, spread_y, spread_z = (
        np.where(spread > ROUNDING, spread, np.nan) for spread in (xx - x**2, yy - y**2, zz - z**2)
    )
    r_xy = (xy - x * y) / np.sqrt(spread_x * spread_y)
    r_xz = (xz - x * z) / np.sqrt(spread_x * spread_z)
    r_yz = (yz - y * z) / np.sqrt(spread_y * spread_z)
    left = (1 - r_xz**2) * (1 - r_yz**2)
    partial: FloatArray = (r_xy - r_xz * r_yz) / np.sqrt(np.where(left > ROUNDING, left, np.nan))
    return np.clip(partial, -1, 1)


def partial_correlation(x: FloatArray, y: FloatArray, given: FloatArray) -> float:
    """Correlation of x and y with a third, or several (items, k), partialled out; in [−1, 1].

    Over the items that have all of them. NaN where nothing is left to correlate.
    """
    others = given[:, np.newaxis] if given.ndim == 1 else given
    known = np.isfinite(x) & np.isfinite(y) & np.isfinite(others).all(axis=1)
    if known.sum() < others.shape[1] + 3:
        return np.nan
    design = np.column_stack([np.ones(int(known.sum())), others[known]])
    left = []
    for values in (x[known], y[known]):
        fitted, *_ = np.linalg.lstsq(design, values, rcond=None)
        left.append(values - design @ fitted)
        if np.abs(left[-1]).max() <= ROUNDING * max(1.0, float(np.abs(values).max())):
            return np.nan
    return pearson(*left).r
