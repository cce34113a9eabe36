"""Where a model's arousal goes wrong, and whether arousal rises towards both ends of valence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from emoalign.statistics.correlation import FEWEST_ITEMS, Line, errors, least_squares
from emoalign.statistics.pairs import ROUNDING, FloatArray
from emoalign.statistics.replicates import Interval, pearson_replicates
from emoalign.statistics.resampling import Clusters


@dataclass(frozen=True)
class Related:
    """A correlation over items with its BCa interval, and the line of the first on the second."""

    r: float
    interval: Interval
    line: Line


@dataclass(frozen=True)
class ArousalErrors:
    """Correlations over items that tell where arousal is missed.

    Attributes:
        v_human, v_model: extremity of valence with arousal, each within people or the model; above
            0: arousal is higher towards both ends of valence (the V shape).
        residual_human, residual_model: the model's arousal residual with the extremity of the human
            valence, or of the model's own; above 0: too much arousal for extreme items.
        error_arousal: model minus human arousal with human arousal; below 0: high arousal is rated
            too low and low arousal too high.
    """

    v_human: Related
    v_model: Related
    residual_human: Related
    residual_model: Related
    error_arousal: Related


def extremity(valence: ArrayLike, middle: float) -> FloatArray:
    """Distance of valence from the middle of its scale, |V - mid|, in scale points."""
    return np.abs(np.asarray(valence, dtype=np.float64) - middle)


def residuals(model: ArrayLike, human: ArrayLike) -> FloatArray:
    """What the line through all items leaves of the model's means, shape (items,).

    The line is the least-squares line of model means on human means, so that residuals are free of
    a general bias and of a compressed scale. NaN where a mean is missing; all NaN for fewer than
    three items or constant human means.

    Raises:
        ValueError: the two are not vectors of one length.
    """
    line = errors(model, human)
    x, y = np.asarray(model, dtype=np.float64), np.asarray(human, dtype=np.float64)
    if (np.isfinite(x) & np.isfinite(y)).sum() < FEWEST_ITEMS:
        return np.full(x.shape, np.nan)
    left = x - (line.intercept + line.slope * y)
    # Items on the line must not differ by the last digits of the arithmetic.
    return np.where(np.abs(left) <= ROUNDING * np.nanmax(np.abs(x)), 0.0, left)


def arousal_errors(
    model_arousal: ArrayLike,
    human_arousal: ArrayLike,
    model_extremity: ArrayLike,
    human_extremity: ArrayLike,
    n_resamples: int = 10_000,
    seed: int = 0,
    clusters: Clusters | None = None,
) -> ArousalErrors:
    """Relate arousal and its errors to valence, from item values of shape (items,).

    `clusters` are those of the items; without them, each stands alone.
    Items that lack one of the four values are left out throughout. In resamples residuals are not
    computed anew: with the line through hundreds of items this makes no visible difference.

    Raises:
        ValueError: the four are not vectors of one length.
    """
    values = np.stack(
        [
            np.asarray(column, dtype=np.float64)
            for column in (model_arousal, human_arousal, model_extremity, human_extremity)
        ]
    )
    values = np.where(np.isfinite(values).all(axis=0), values, np.nan)
    model, human, of_model, of_human = values
    residual = residuals(model, human)
    related = np.stack((human, model, residual, residual, model - human))
    to = np.stack((of_human, of_model, of_human, of_model, human))
    correlations = pearson_replicates(related, to, n_resamples, seed, clusters)
    return ArousalErrors(
        *(
            Related(r.estimate, r.interval(), least_squares(y, x))
            for r, y, x in zip(correlations, related, to, strict=True)
        )
    )
