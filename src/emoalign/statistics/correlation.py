"""Agreement of a model's item means with the human item means, per cell.

Every function takes `model` and `human`, shape (items,), in scale points and the same item order.
Items missing on either side (NaN) are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from emoalign.statistics.pairs import ROUNDING, FloatArray, complete_pairs, is_constant, ranks

# Two items always correlate perfectly, so that a correlation says something from three on.
FEWEST_ITEMS = 3

FEWEST_FOR_FISHER = 4
"""Fisher's interval has n - 3 in a denominator."""


@dataclass(frozen=True)
class Correlation:
    """A correlation in [-1, 1] (higher = more human-like), its p and number of items.

    `p` is two-sided, against no correlation.
    """

    r: float
    p: float
    n: int


@dataclass(frozen=True)
class Errors:
    """Distances in scale points, and the line through the item means.

    Attributes:
        mae: mean absolute difference; 0 is best.
        rmse: root mean squared difference; 0 is best.
        rmse_constant: RMSE of always answering the mean of the human means, which is their
            population SD. A model whose `rmse` is above it is a worse predictor than a constant.
        bias: mean(model) - mean(human); positive = the model rates higher.
        slope: scale points the model moves per human scale point, by least squares of model mean
            on human mean; below 1 = the model compresses the scale.
        intercept: the model mean which that line gives at a human mean of 0.
    """

    mae: float
    rmse: float
    rmse_constant: float
    bias: float
    slope: float
    intercept: float


def pearson(model: ArrayLike, human: ArrayLike) -> Correlation:
    """Pearson r with p from Student's t; its interval is in `replicates`, or by `fisher_limits`.

    NaN for fewer than three items or when either side is constant.

    Raises:
        ValueError: the two are not vectors of one length.
    """
    x, y = complete_pairs(model, human)
    if x.size < FEWEST_ITEMS or is_constant(x) or is_constant(y):
        return Correlation(np.nan, np.nan, x.size)
    found = stats.pearsonr(x, y)
    return Correlation(float(found.statistic), float(found.pvalue), x.size)


def fisher_limits(r: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Lower and upper limits of the interval of Pearson correlations by Fisher's z, within [-1, 1].

    tanh(artanh r ± z/√(n - 3)) (Fisher 1921, Metron 1:3): for n independent items from a bivariate
    normal distribution. `r` and `n` are numbers or arrays of one shape. NaN for fewer than four
    items and where r is ±1 but for rounding.
    """
    correlation, items = np.asarray(r, dtype=np.float64), np.asarray(n, dtype=np.float64)
    known = (items >= FEWEST_FOR_FISHER) & (np.abs(correlation) < 1 - ROUNDING)
    half = special.ndtri((1 + level) / 2) / np.sqrt(np.where(known, items, np.nan) - 3)
    z = np.arctanh(np.where(known, correlation, np.nan))
    return np.tanh(z - half), np.tanh(z + half)


def spearman(model: ArrayLike, human: ArrayLike) -> Correlation:
    """Spearman rho (in field `r`) with p from Student's t; values equal up to rounding tie.

    NaN for fewer than three items or when either side is constant.

    Raises:
        ValueError: the two are not vectors of one length.
    """
    x, y = complete_pairs(model, human)
    if x.size < FEWEST_ITEMS or is_constant(x) or is_constant(y):
        return Correlation(np.nan, np.nan, x.size)
    found = stats.spearmanr(ranks(x), ranks(y))
    return Correlation(float(found.statistic), float(found.pvalue), x.size)


def concordance(model: ArrayLike, human: ArrayLike) -> float:
    """Lin's concordance correlation coefficient, in [-1, 1]; 1 = the same means throughout.

    2·s_xy / (s_x² + s_y² + (x̄ - ȳ)²), variances and covariance divided by n as in Lin (1989,
    Biometrics 45:255). A constant on one side gives 0; NaN for fewer than three items or when both
    sides are the same constant.

    Raises:
        ValueError: the two are not vectors of one length.
    """
    x, y = complete_pairs(model, human)
    if x.size < FEWEST_ITEMS or is_constant(np.concatenate((x, y))):
        return np.nan
    covariance = np.mean((x - x.mean()) * (y - y.mean()))
    return float(2 * covariance / (x.var() + y.var() + (x.mean() - y.mean()) ** 2))


@dataclass(frozen=True)
class Line:
    """A straight line, y = intercept + slope · x."""

    slope: float
    intercept: float


def least_squares(y: ArrayLike, x: ArrayLike) -> Line:
    """The least-squares line of `y` on `x` over the pairs that are complete, shape (items,) each.

    NaN without pairs and where x is constant.

    Raises:
        ValueError: the two are not vectors of one length.
    """
    up, across = complete_pairs(y, x)
    if across.size == 0 or is_constant(across):
        return Line(np.nan, np.nan)
    fitted = stats.linregress(across, up)
    return Line(float(fitted.slope), float(fitted.intercept))


def errors(model: ArrayLike, human: ArrayLike) -> Errors:
    """Errors of the model's item means in scale points, beside those of a constant predictor.

    All NaN without items; slope and intercept are NaN when the human means are constant.

    Raises:
        ValueError: the two are not vectors of one length.
    """
    x, y = complete_pairs(model, human)
    if x.size == 0:
        return Errors(np.nan, np.nan, np.nan, np.nan, np.nan, np.nan)
    line = least_squares(x, y)
    difference = x - y
    return Errors(
        mae=float(np.abs(difference).mean()),
        rmse=float(np.sqrt(np.mean(difference**2))),
        rmse_constant=float(y.std()),
        bias=float(difference.mean()),
        slope=line.slope,
        intercept=line.intercept,
    )
