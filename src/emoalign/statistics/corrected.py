"""Estimates from a model's ratings of all items and people's ratings of a random part of them.

A mean, a difference of groups, a regression or a correlation that is computed from a model's
ratings alone is off by whatever the model gets wrong. The people's part tells by how much, and
corrects it: prediction-powered inference, tuned so that it is never worse in large samples than the
people's part alone (PPI++, Angelopoulos et al. 2023), and design-based supervised learning
(DSL, Egami et al. 2023), which allows known unequal probabilities.

Shapes: outcomes and ratings (items,), predictors (items, coefficients) with the column of ones for
an intercept. Intervals are normal, of 95%. People's ratings must be of items drawn at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from emoalign.statistics.pairs import FloatArray


@dataclass(frozen=True, eq=False)
class Estimate:
    """Coefficients with their standard errors and 95% intervals, each of shape (coefficients,)."""

    values: FloatArray
    errors: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, eq=False)
class Corrected:
    """The same by three ways.

    Attributes:
        classical: from the items that people rated alone.
        ppi: from both, by PPI++.
        weight: λ of PPI++, the weight of the model's ratings, from 0 (no use) to 1.
    """

    classical: Estimate
    ppi: Estimate
    weight: float

    @property
    def narrower(self) -> FloatArray:
        """By what share the interval of each coefficient is narrower than the classical one."""
        gain: FloatArray = 1 - self.ppi.errors / self.classical.errors
        return gain


class Part(NamedTuple):
    """Items: what they are regressed on, and the model's ratings of them."""

    predictors: FloatArray
    model: FloatArray


def corrected_regression(rated: Part, human: FloatArray, unrated: Part) -> Corrected:
    """Least squares of people's ratings on predictors, from a rated part and the model's ratings.

    A mean is the regression on a column of ones, a difference of groups that on ones and an
    indicator. λ is one for all coefficients: it minimises the sum of their variances.

    Raises:
        ValueError: the predictors are collinear among the items that people rated.
    """
    n, n_rest = len(human), len(unrated.model)
    _check_rank(rated.predictors)
    every = np.concatenate([rated.predictors, unrated.predictors])
    inverse = np.linalg.inv(every.T @ every / len(every))
    first = _rectified(rated, human, unrated, 1.0)
    gradients = _gradients(first, rated, human, unrated)
    weight = _weight(gradients, inverse)
    values = _rectified(rated, human, unrated, weight)
    people, machine, rest = _gradients(values, rated, human, unrated)
    spread = _covariance(people - weight * machine) / n
    spread += weight**2 * _covariance(rest) / n_rest
    ppi = _estimate(values, inverse @ spread @ inverse)
    return Corrected(least_squares_hc0(rated.predictors, human), ppi, weight)


def design_based_regression(
    predictors: FloatArray,
    model: FloatArray,
    human: FloatArray,
    probabilities: FloatArray,
) -> Estimate:
    """Least squares of bias-corrected ratings, with heteroscedasticity-consistent errors (HC0).

    The pseudo-outcome of an item is the model's rating, plus (people's − the model's) over the
    probability that people were asked where they were (DSL).

    Args:
        predictors: of all items, (items, coefficients).
        model: the model's ratings, (items,).
        human: people's ratings, NaN where they were not asked, (items,).
        probabilities: with which people were asked about each item, above 0, (items,).
    """
    rated = np.isfinite(human)
    outcome = model + np.where(rated, (np.where(rated, human, 0) - model) / probabilities, 0)
    return least_squares_hc0(predictors, outcome)


def least_squares_hc0(predictors: FloatArray, outcome: FloatArray) -> Estimate:
    """Least squares with heteroscedasticity-consistent errors (HC0).

    Raises:
        ValueError: the predictors are collinear.
    """
    _check_rank(predictors)
    values, *_ = np.linalg.lstsq(predictors, outcome, rcond=None)
    scores = predictors * (outcome - predictors @ values)[:, np.newaxis]
    inverse = np.linalg.inv(predictors.T @ predictors)
    return _estimate(np.asarray(values), inverse @ (scores.T @ scores) @ inverse)


@dataclass(frozen=True)
class CorrectedCorrelation:
    """A correlation of people's ratings with a covariate of all items.

    Attributes:
        classical: from the items that people rated alone.
        r: from both, by prediction-powered moments.
        error: standard error of r.
        low, high: its 95% interval, by Fisher's z.
        weight: λ, the weight of the model's ratings, from 0 to 1.
    """

    classical: float
    r: float
    error: float
    low: float
    high: float
    weight: float


def corrected_correlation(
    human: FloatArray, model: FloatArray, model_rest: FloatArray, z: FloatArray, z_rest: FloatArray
) -> CorrectedCorrelation:
    """Correlate people's ratings with a covariate z, from a rated part and the model's ratings.

    Args:
        human, model, z: of the items that people rated.
        model_rest, z_rest: of the others.
    """
    n, n_rest = len(human), len(model_rest)
    first = _Moments.of(human, model, model_rest, z, z_rest, 0.0)
    people, machine, rest = (
        first.influence(*pair) for pair in ((human, z), (model, z), (model_rest, z_rest))
    )
    shared = float(np.cov(people, machine)[0, 1])
    spread = (1 + n / n_rest) * float(np.var(np.concatenate([machine, rest]), ddof=1))
    weight = float(np.clip(shared / spread, 0, 1)) if spread > 0 else 0.0
    found = _Moments.of(human, model, model_rest, z, z_rest, weight)
    people, machine, rest = (
        found.influence(*pair) for pair in ((human, z), (model, z), (model_rest, z_rest))
    )
    error = float(
        np.sqrt(np.var(people - weight * machine) / n + weight**2 * np.var(rest) / n_rest)
    )
    middle, half = np.arctanh(found.r), stats.norm.ppf(0.975) * error / (1 - found.r**2)
    return CorrectedCorrelation(
        classical=first.r,
        r=found.r,
        error=error,
        low=float(np.tanh(middle - half)),
        high=float(np.tanh(middle + half)),
        weight=weight,
    )


@dataclass(frozen=True)
class _Moments:
    """Means and SDs of people's ratings y and a covariate z, and their correlation."""

    y: float
    z: float
    sd_y: float
    sd_z: float
    r: float

    @classmethod
    def of(
        cls,
        human: FloatArray,
        model: FloatArray,
        model_rest: FloatArray,
        z: FloatArray,
        z_rest: FloatArray,
        weight: float,
    ) -> _Moments:
        def products(y: FloatArray, x: FloatArray) -> FloatArray:
            of_items = np.stack([y, x, y**2, x**2, y * x])
            return np.asarray(of_items.mean(axis=1), dtype=np.float64)

        moments = products(human, z) + weight * (products(model_rest, z_rest) - products(model, z))
        y, x, yy, xx, yx = (float(moment) for moment in moments)
        sd_y, sd_z = np.sqrt(yy - y**2), np.sqrt(xx - x**2)
        return cls(y, x, float(sd_y), float(sd_z), float((yx - y * x) / (sd_y * sd_z)))

    def influence(self, y: FloatArray, z: FloatArray) -> FloatArray:
        """What each item adds to r."""
        first, second = (y - self.y) / self.sd_y, (z - self.z) / self.sd_z
        found: FloatArray = first * second - self.r / 2 * (first**2 + second**2)
        return found


def _rectified(rated: Part, human: FloatArray, unrated: Part, weight: float) -> FloatArray:
    """Coefficients of the model's ratings of the rest, plus those of what is wrong with them."""
    of_model, *_ = np.linalg.lstsq(unrated.predictors, weight * unrated.model, rcond=None)
    of_errors, *_ = np.linalg.lstsq(rated.predictors, human - weight * rated.model, rcond=None)
    found: FloatArray = of_model + of_errors
    return found


def _gradients(
    values: FloatArray, rated: Part, human: FloatArray, unrated: Part
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Gradients of squared errors: people's, the model's on the rated part, and on the rest."""

    def gradient(predictors: FloatArray, outcome: FloatArray) -> FloatArray:
        found: FloatArray = predictors * (predictors @ values - outcome)[:, np.newaxis]
        return found

    return (
        gradient(rated.predictors, human),
        gradient(rated.predictors, rated.model),
        gradient(unrated.predictors, unrated.model),
    )


def _weight(gradients: tuple[FloatArray, FloatArray, FloatArray], inverse: FloatArray) -> float:
    """λ: the covariance of both gradients over the variance of the model's, in [0, 1]."""
    people, machine, rest = gradients
    n, n_rest = len(people), len(rest)
    shared = (people - people.mean(axis=0)).T @ (machine - machine.mean(axis=0)) / n
    spread = np.atleast_2d(np.cov(np.concatenate([machine, rest]).T))
    above = np.trace(inverse @ (shared + shared.T) @ inverse)
    below = 2 * (1 + n / n_rest) * np.trace(inverse @ spread @ inverse)
    return float(np.clip(above / below, 0, 1)) if below > 0 else 0.0


def _covariance(rows: FloatArray) -> FloatArray:
    apart = rows - rows.mean(axis=0)
    return np.asarray(apart.T @ apart / len(rows), dtype=np.float64)


def _estimate(values: FloatArray, covariance: FloatArray) -> Estimate:
    errors = np.sqrt(np.diag(covariance))
    half = stats.norm.ppf(0.975) * errors
    return Estimate(values, errors, values - half, values + half)


def _check_rank(predictors: NDArray[np.float64]) -> None:
    rank = int(np.linalg.matrix_rank(predictors))
    if rank < predictors.shape[1]:
        raise ValueError(
            f"found {predictors.shape[1]} predictors of rank {rank} among {len(predictors)} items, "
            "expected predictors that do not follow from each other"
        )
