"""Tests of whether item SDs differ, and p-values adjusted for the number of tests in their family.

The tests ask whether a model's answers to an item vary less than people's. Both are two-sided, by
normal approximation with the tie correction and the continuity correction, as R's
`wilcox.test(exact = FALSE)`. A negative z = the model's SDs are smaller.

A family is an array of any shape. A p-value that is NaN (its test was undefined) stays NaN and does
not count as a member.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from emoalign.statistics.pairs import FloatArray, complete_pairs, ranks, signs


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
