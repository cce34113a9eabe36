"""p-values adjusted for the number of tests in their family.

A family is an array of any shape. A p-value that is NaN (its test was undefined) stays NaN and does
not count as a member.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emoalign.statistics.pairs import FloatArray


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
