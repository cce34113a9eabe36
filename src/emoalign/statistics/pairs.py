"""Items that both the model and the humans have a value for, and which values are equal."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

ROUNDING = 1e-12
"""Values that differ by no more are one value seen through rounding.

Ratings, shares, their moments and their distances are known to about 1e-14. Two that are equal may
differ in their last digit, by the order in which they were summed.
"""


class Pair(NamedTuple):
    """Distributions that stand for people's and for a model's, and how many answers they are of.

    Attributes:
        human, model: shares, shape (items, K).
        raters, answers: how many each item's are of, shape (items,); infinite for probabilities.
    """

    human: FloatArray
    model: FloatArray
    raters: FloatArray | float = np.inf
    answers: FloatArray | float = np.inf


def levels(values: ArrayLike) -> NDArray[np.int64]:
    """Number the values from 0, the lowest, along the last axis; equals to `ROUNDING` share one.

    Neighbours in order are compared, not digits: rounding would tear apart two equal values on
    either side of a half. NaN is no level: leave missing values out.
    """
    found = np.asarray(values, dtype=np.float64)
    order = np.argsort(found, axis=-1)
    ordered = np.take_along_axis(found, order, axis=-1)
    level = np.empty(found.shape, dtype=np.int64)
    steps = np.diff(ordered, axis=-1, prepend=ordered[..., :1]) > ROUNDING
    np.put_along_axis(level, order, np.cumsum(steps, axis=-1), axis=-1)
    return level


def ranks(values: ArrayLike) -> FloatArray:
    """Rank the values from 1 along the last axis; equals to `ROUNDING` share their mean rank."""
    from scipy.stats import rankdata  # half a second that a job without ranks can do without

    found: FloatArray = rankdata(levels(values), axis=-1).astype(np.float64)
    return found


def signs(difference: ArrayLike) -> FloatArray:
    """Tell the side of 0 that each difference is on: -1, 1, or 0 within `ROUNDING` of it."""
    found = np.asarray(difference, dtype=np.float64)
    side: FloatArray = np.where(np.abs(found) <= ROUNDING, 0.0, np.sign(found))
    return side


def complete_pairs(model: ArrayLike, human: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the two columns restricted to items where both are finite.

    `model` and `human` have shape (items,) and the same item order. An excluded item (every answer
    refused, or no norm) is NaN and is left out of both.

    Raises:
        ValueError: the two are not vectors of one length.
    """
    x, y = np.asarray(model, dtype=np.float64), np.asarray(human, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(
            f"found shapes {x.shape} (model) and {y.shape} (human), expected two vectors of one "
            "length, one value per item in the same order"
        )
    complete = np.isfinite(x) & np.isfinite(y)
    return x[complete], y[complete]


def is_constant(values: FloatArray) -> bool:
    """Tell whether a vector has no spread beyond rounding error (an empty one has none).

    The mean of twenty identical ratings may differ from them in the last digit; correlating such
    residues would report noise of the arithmetic as agreement.
    """
    if values.size == 0:
        return True
    return bool(np.ptp(values) <= ROUNDING * np.abs(values).max())
