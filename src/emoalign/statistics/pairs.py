"""Items that both the model and the humans have a value for."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


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
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max())
