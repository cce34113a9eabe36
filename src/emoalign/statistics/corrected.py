"""Means and regressions from a model's ratings of all items and people's ratings of a random part.

What is computed from a model's ratings alone is off by whatever the model gets wrong. The people's
part tells by how much, and corrects it: prediction-powered inference, tuned so that it is never
worse in large samples than the people's part alone (PPI++, Angelopoulos et al. 2023), and
design-based supervised learning (DSL, Egami et al. 2023), which allows known unequal probabilities.

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

    def narrower_than(self, other: Estimate) -> FloatArray:
        """By what share each interval is narrower than the other's; below 0 where it is wider."""
        shares: FloatArray = 1 - (self.high - self.low) / (other.high - other.low)
        return shares


@dataclass(frozen=True, eq=False)
class Corrected:
    """The same from people's ratings alone, and from both.

    Attributes:
        classical: from the items that people rated alone.
        ppi: from both, by PPI++.
        weight: λ of PPI++, the weight of the model's ratings, from 0 (no use) to 1.
    """

    classical: Estimate
    ppi: Estimate
    weight: float


class Part(NamedTuple):
    """Items: what they are regressed on, and the model's ratings of them."""

    predictors: FloatArray
    model: FloatArray


def corrected_regression(rated: Part, human: FloatArray, unrated: Part) -> Corrected:
    """Least squares of people's ratings on predictors, from a rated part and the model's ratings.

    A mean is the regression on a column of ones. λ is one for all coefficients: it minimises the
    sum of their variances. As published, gradients are those at the corrected coefficients, so that
    a model's bias counts as variance wherever there are predictors: λ is then smaller than it could
    be, and intervals are wider, never too narrow.

    Raises:
        ValueError: the predictors are collinear among the items that people rated, or the others.
    """
    n, n_rest = len(human), len(unrated.model)
    for part in (rated, unrated):
        _check_rank(part.predictors)
    every = np.concatenate([rated.predictors, unrated.predictors])
    inverse = _inverse(every.T @ every / len(every))
    first = _rectified(rated, human, unrated, 1.0)
    gradients = _gradients(first, rated, human, unrated)
    weight = _weight(gradients, inverse)
    values = _rectified(rated, human, unrated, weight)
    people, machine, rest = _gradients(values, rated, human, unrated)
    spread = _covariance(people - weight * machine) / n
    spread += weight**2 * _covariance(rest) / n_rest
    ppi = normal(values, np.sqrt(np.diag(inverse @ spread @ inverse)))
    return Corrected(least_squares(rated.predictors, human), ppi, weight)


def design_based_regression(
    predictors: FloatArray,
    model: FloatArray,
    human: FloatArray,
    probabilities: FloatArray,
) -> Estimate:
    """Least squares of bias-corrected ratings (DSL), with robust errors.

    The corrected rating of an item is the model's, plus (people's − the model's) over the
    probability that people were asked where they were. The variance is that of HC0, times
    items / (items − coefficients): that of a mean then has the usual n − 1.

    Args:
        predictors: of all items, (items, coefficients).
        model: the model's ratings, (items,).
        human: people's ratings, NaN where they were not asked, (items,).
        probabilities: with which people were asked about each item, above 0; any value where they
            were not, (items,).

    Raises:
        ValueError: the predictors are collinear.
    """
    items, coefficients = predictors.shape
    outcome = unbiased(model, human, np.isfinite(human), probabilities)
    found = least_squares(predictors, outcome)
    return normal(found.values, found.errors * np.sqrt(items / (items - coefficients)))


def unbiased(
    model: FloatArray, human: FloatArray, rated: NDArray[np.bool_], probabilities: FloatArray
) -> FloatArray:
    """Quantities of the model's ratings, each put right by those of people's where they rated.

    Their mean over items has the same expectation as that of people's ratings of all of them.

    Args:
        model, human: (…, items); what people's contain where they did not rate is not used.
        rated: whether people rated the item, (items,).
        probabilities: with which they were asked about it, (items,).
    """
    wrong = np.where(rated, human - model, 0) / np.where(rated, probabilities, 1)
    found: FloatArray = model + wrong
    return found


def least_squares(
    predictors: FloatArray, outcome: FloatArray, probabilities: FloatArray | None = None
) -> Estimate:
    """Least squares with heteroscedasticity-consistent errors (HC0).

    Args:
        predictors: (items, coefficients).
        outcome: (items,).
        probabilities: with which each item was drawn; weights are inverse to them. Default: equal.

    Raises:
        ValueError: the predictors are collinear.
    """
    _check_rank(predictors)
    weights = np.ones(len(outcome)) if probabilities is None else 1 / probabilities
    weighted = predictors * weights[:, np.newaxis]
    inverse = _inverse(weighted.T @ predictors)
    values = inverse @ (weighted.T @ outcome)
    scores = weighted * (outcome - predictors @ values)[:, np.newaxis]
    return normal(values, np.sqrt(np.diag(inverse @ (scores.T @ scores) @ inverse)))


def difference(first: Estimate, second: Estimate) -> Estimate:
    """The second minus the first of two estimates from different items, such as of two groups."""
    return normal(second.values - first.values, np.hypot(first.errors, second.errors))


def normal(values: FloatArray, errors: FloatArray) -> Estimate:
    """Estimates with normal intervals."""
    half = stats.norm.ppf(0.975) * errors
    return Estimate(values, errors, values - half, values + half)


def _rectified(rated: Part, human: FloatArray, unrated: Part, weight: float) -> FloatArray:
    """Coefficients of the model's ratings of the rest, plus those of what is wrong with them."""

    def fitted(part: Part, outcome: FloatArray) -> FloatArray:
        x = part.predictors
        return np.asarray(_inverse(x.T @ x) @ (x.T @ outcome), dtype=np.float64)

    found: FloatArray = fitted(unrated, weight * unrated.model)
    found += fitted(rated, human - weight * rated.model)
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


def _inverse(products: FloatArray) -> FloatArray:
    """The inverse of products of predictors, whose units may differ by many powers of ten."""
    units = np.sqrt(np.outer(np.diag(products), np.diag(products)))
    found: FloatArray = np.linalg.inv(products / units) / units
    return found


def _check_rank(predictors: FloatArray) -> None:
    units = np.abs(predictors).max(axis=0)
    rank = int(np.linalg.matrix_rank(predictors / np.where(units > 0, units, 1)))
    if rank < predictors.shape[1]:
        raise ValueError(
            f"found {predictors.shape[1]} predictors of rank {rank} among {len(predictors)} items, "
            "expected predictors that do not follow from each other"
        )
