"""Tests of paired differences, and p-values adjusted for the number of tests in their family.

The sign-flip test asks whether differences sum to more than chance would have it. The rank tests
ask whether a model's answers to an item vary less than people's; both are two-sided, by normal
approximation with the tie correction and the continuity correction, as R's
`wilcox.test(exact = FALSE)`. A negative z = the model's SDs are smaller.

A family is an array of any shape. A p-value that is NaN (its test was undefined) stays NaN and does
not count as a member.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from emoalign.statistics.pairs import ROUNDING, FloatArray, complete_pairs, ranks, signs
from emoalign.statistics.resampling import Clusters, log_rms_sd_ratio_sums, row_blocks


@dataclass(frozen=True)
class RankSum:
    """Wilcoxon rank-sum test.

    `w` is the Mann-Whitney U of the model's SDs, from 0 (all smaller) to n_model·n_human.
    """

    w: float
    z: float
    p: float
    n_model: int
    n_human: int


@dataclass(frozen=True)
class SignedRank:
    """Wilcoxon signed-rank test; `w` sums the ranks of items where the model's SD is larger.

    `n` counts the items whose two SDs differ.
    """

    w: float
    z: float
    p: float
    n: int


def rank_sum(model_sd: ArrayLike, human_sd: ArrayLike) -> RankSum:
    """Compare the item SDs as two independent samples, as study A does (Wilcoxon 1945).

    SDs have shape (items,), in scale points; missing ones (NaN) are left out on their side, and the
    two may have different lengths. SDs equal up to rounding share their rank. z and p are NaN when
    one side is empty or all SDs are equal.

    Raises:
        ValueError: one side is not a vector.
    """
    model, human = np.asarray(model_sd, dtype=np.float64), np.asarray(human_sd, dtype=np.float64)
    if model.ndim != 1 or human.ndim != 1:
        raise ValueError(
            f"found shapes {model.shape} (model) and {human.shape} (human), expected two vectors "
            "of item SDs"
        )
    model, human = model[np.isfinite(model)], human[np.isfinite(human)]
    n, m = model.size, human.size
    if n == 0 or m == 0:
        return RankSum(np.nan, np.nan, np.nan, n, m)
    ranked = ranks(np.concatenate((model, human)))
    w = float(ranked[:n].sum()) - n * (n + 1) / 2
    total = n + m
    variance = n * m / 12 * (total + 1 - _ties(ranked) / (total * (total - 1)))
    z, p = _normal_test(w - n * m / 2, variance)
    return RankSum(w, z, p, n, m)


def signed_rank(model_sd: ArrayLike, human_sd: ArrayLike) -> SignedRank:
    """Compare the item SDs pairwise, which the same items on both sides call for (Wilcoxon 1945).

    SDs have shape (items,), in scale points and the same item order; items missing on either side
    (NaN) are left out. Items whose two SDs are equal up to rounding are left out too, as Wilcoxon
    and R do, and so are differences tied. All NaN when no two SDs differ.

    Raises:
        ValueError: the two are not vectors of one length.
    """
    model, human = complete_pairs(model_sd, human_sd)
    difference = (model - human)[signs(model - human) != 0]
    n = difference.size
    if n == 0:
        return SignedRank(np.nan, np.nan, np.nan, n)
    ranked = ranks(np.abs(difference))
    w = float(ranked[difference > 0].sum())
    variance = n * (n + 1) * (2 * n + 1) / 24 - _ties(ranked) / 48
    z, p = _normal_test(w - n * (n + 1) / 4, variance)
    return SignedRank(w, z, p, n)


def _ties(ranked: FloatArray) -> float:
    """Return Σ(t³ - t) over groups of t tied ranks (Lehmann 1975)."""
    sizes = np.unique(ranked, return_counts=True)[1].astype(np.float64)
    return float(np.sum(sizes**3 - sizes))


def _normal_test(excess: float, variance: float) -> tuple[float, float]:
    """Return z and two-sided p of a rank statistic's excess over its expectation.

    Ranks come in halves, so that half a rank towards 0 is the continuity correction.
    """
    if variance <= 0:
        return np.nan, np.nan
    z = float((excess - 0.5 * np.sign(excess)) / np.sqrt(variance))
    return z, float(2 * stats.norm.sf(abs(z)))


def sign_flip(differences: FloatArray, n_flips: int, seed: int) -> FloatArray:
    """Two-sided p of each row's sum of differences against 0, shape (rows,).

    `differences` has shape (rows, units). A unit is what is independent of the others, such as a
    text with all of its items: one number, the sum over these. If nothing differs systematically,
    each is as likely to have the opposite sign. p = (1 + count) / (1 + n_flips), where `count` is
    of flips whose sum is at least as far from 0, or equally far but for rounding (Fisher 1935,
    section 21; Davison & Hinkley 1997, section 4.3). All rows have the same flips, which follow
    from the seed and the number of units. NaN where no unit differs beyond rounding.
    """
    flips = _signs(differences.shape[1], n_flips, seed)
    differences = np.where(signs(differences) == 0, 0.0, differences)
    # Sums of the same numbers in another order differ in their last digits.
    as_far = np.abs(differences.sum(axis=1)) - ROUNDING * np.abs(differences).sum(axis=1)
    count = np.zeros(len(differences))
    for rows in row_blocks(n_flips, differences.shape[1]):
        sums = flips[rows].astype(np.float64) @ differences.T
        count += np.sum(np.abs(sums) >= as_far, axis=0)
    p: FloatArray = np.where(differences.any(axis=1), (1 + count) / (1 + n_flips), np.nan)
    return p


def equal_spread(
    model_sd: ArrayLike,
    human_sd: ArrayLike,
    n_flips: int,
    seed: int,
    clusters: Clusters | None = None,
) -> FloatArray:
    """Two-sided p of equal variances in each cell, by flipping signs of s² of model less people.

    Item SDs in scale points, shape (cells, items) or (items,); an item without one of its SDs
    (NaN) weighs nothing. `clusters`, shape (items,), are those of the items, whose signs are
    flipped together; without them each item is flipped by itself. Unlike SDs, sample
    variances of few ratings are as large on average as those of many, so that equal spread is found
    equal; see `sign_flip` for NaN.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    sums = log_rms_sd_ratio_sums(model_sd, human_sd)
    model, human = (sums if clusters is None else sums.by_cluster(clusters)).values
    same = np.isclose(model, human, rtol=ROUNDING, atol=0)
    return sign_flip(np.where(same, 0.0, model - human), n_flips, seed)


@lru_cache(maxsize=2)
def _signs(n_units: int, n_flips: int, seed: int) -> NDArray[np.int8]:
    """+1 or -1 for each unit, shape (n_flips, n_units)."""
    rng = np.random.default_rng((seed, n_units))
    signs = rng.integers(0, 2, (n_flips, n_units), dtype=np.int8)
    signs *= 2
    signs -= 1
    signs.flags.writeable = False
    return signs


def benjamini_hochberg(p: ArrayLike) -> FloatArray:
    """Adjust for the false discovery rate, step-up, in [0, 1], shape of `p`.

    Source: Benjamini & Hochberg (1995).

    Raises:
        ValueError: a p-value is outside [0, 1].
    """
    adjusted, tested = _family(p)
    family = adjusted[tested]
    order = np.argsort(family)
    steps = family[order] * (family.size / np.arange(1, family.size + 1))
    family[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1)
    adjusted[tested] = family
    return adjusted


def holm(p: ArrayLike) -> FloatArray:
    """Adjust for the family-wise error rate, step-down (Holm 1979), in [0, 1], shape of `p`.

    Raises:
        ValueError: a p-value is outside [0, 1].
    """
    adjusted, tested = _family(p)
    family = adjusted[tested]
    order = np.argsort(family)
    steps = family[order] * np.arange(family.size, 0, -1)
    family[order] = np.minimum(np.maximum.accumulate(steps), 1)
    adjusted[tested] = family
    return adjusted


def _family(p: ArrayLike) -> tuple[FloatArray, NDArray[np.bool_]]:
    values = np.array(p, dtype=np.float64)
    tested = ~np.isnan(values)
    outside = values[tested & ~((values >= 0) & (values <= 1))]
    if outside.size:
        raise ValueError(f"found the p-value {outside[0]}, expected numbers from 0 to 1, or NaN")
    return values, tested
