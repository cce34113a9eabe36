"""The same items asked about in several forms: what each form does to the ratings.

In arrays, forms are rows: item means of shape (forms, items), on the scale of the card, NaN where a
form has no rating of an item.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from emoalign.statistics.pairs import FloatArray


def shifts(means: ArrayLike) -> FloatArray:
    """The mean of each form less the mean over forms, in points, shape (forms, items).

    NaN for items that a form lacks: over the others, shifts sum to 0.
    """
    given = _matrix(means)
    shifted: FloatArray = given - given.mean(axis=0)
    return shifted


def of_others(means: ArrayLike) -> FloatArray:
    """The mean over all other forms, for each form, shape (forms, items).

    NaN for items that a form lacks, and for a form alone.
    """
    given = _matrix(means)
    if len(given) < 2:
        return np.full_like(given, np.nan)
    others: FloatArray = (given.sum(axis=0) - given) / (len(given) - 1)
    return np.where(np.isfinite(given), others, np.nan)


def pull(upward: ArrayLike, downward: ArrayLike) -> FloatArray:
    """How far ratings are drawn towards higher numbers, whatever these mean, shape (items,).

    Half of the mean under forms in which high numbers mean what they mean on the card, `upward`,
    less that under forms with the scale reversed, `downward`; both mapped to the card, in points.
    What is drawn to higher numbers is drawn up in the one and down in the other. NaN for items that
    a form lacks.
    """
    apart: FloatArray = (_matrix(upward).mean(axis=0) - _matrix(downward).mean(axis=0)) / 2
    return apart


def _matrix(means: ArrayLike) -> FloatArray:
    given = np.asarray(means, dtype=np.float64)
    if given.ndim != 2 or not len(given):
        raise ValueError(f"found means of shape {given.shape}, expected (forms, items)")
    return given
