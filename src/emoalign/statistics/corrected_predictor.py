"""A regression on a norm that people gave of some items, and a model or an estimate of all.

A norm with errors biases every coefficient if it is used as if it were people's. What is wrong with
it is seen on the items that people rated, and taken out of the moments of the regression:
design-based supervised learning (DSL, Egami et al. 2023) with a predicted predictor. Nothing is
assumed of the errors, which may be related to the outcome; items must have been drawn at random,
with known probabilities, and an estimate of an item must not have learnt from its own rating.

Shapes: outcomes and norms (items,), further predictors (items, predictors) without the column of
ones. Coefficients are those of the intercept, of the norm, and of the further predictors, in this
order. Intervals are normal, of 95%.
"""

from __future__ import annotations

import numpy as np

from emoalign.statistics.corrected import Estimate, least_squares, normal
from emoalign.statistics.pairs import FloatArray

INTERCEPT, NORM = 0, 1
"""Places of coefficients."""


def design(norm: FloatArray, further: FloatArray) -> FloatArray:
    """The predictors of a regression on a norm, (items, 2 + further predictors)."""
    return np.column_stack([np.ones(len(norm)), norm, further])


def design_based_predictor(
    outcome: FloatArray,
    further: FloatArray,
    model: FloatArray,
    human: FloatArray,
    probabilities: FloatArray,
) -> Estimate:
    """Regress an outcome on people's norm, known of some items, by DSL.

    The coefficients β solve A β = b, where A and b are sums of products of predictors with
    predictors and outcome: those of the model's norm over all items, plus, over the probability
    that people were asked, people's minus the model's where they were. Errors are those of the
    sandwich A⁻¹ (Σ mm′) A⁻¹ of the items' moments m, times items / (items − coefficients).

    Args:
        outcome: of all items, (items,).
        further: other predictors of all items, (items, predictors).
        model: the norm that all items have, (items,).
        human: people's, NaN where they were not asked, (items,).
        probabilities: with which people were asked about each item, above 0; any value where they
            were not, (items,).

    Raises:
        ValueError: the model's norm or other predictors are collinear, or A is not that of any
            predictors, which takes few ratings by people or a poor model.
    """
    rated = np.isfinite(human)
    weights = np.where(rated, 1 / np.where(rated, probabilities, 1), 0.0)
    of_model = design(model, further)
    least_squares(of_model, outcome)  # refuses what is collinear
    basis = _standardising(of_model)
    first = of_model @ basis
    second = design(np.where(rated, human, model), further) @ basis
    weighted = second * weights[:, np.newaxis]
    taken = first * weights[:, np.newaxis]
    products = first.T @ first + weighted.T @ second - taken.T @ first
    if np.linalg.eigvalsh(products)[0] <= 0:
        raise ValueError(
            f"found corrected products of predictors with eigenvalue "
            f"{np.linalg.eigvalsh(products)[0]:.3g}, expected them all above 0"
        )
    inverse = np.linalg.inv(products)
    values = inverse @ (first.T @ outcome + (weighted - taken).T @ outcome)
    moments = first * (outcome - first @ values)[:, np.newaxis]
    moments += weighted * (outcome - second @ values)[:, np.newaxis]
    moments -= taken * (outcome - first @ values)[:, np.newaxis]
    items, coefficients = first.shape
    spread = inverse @ (moments.T @ moments) @ inverse * items / (items - coefficients)
    return normal(basis @ values, np.sqrt(np.diag(basis @ spread @ basis.T)))


def _standardising(predictors: FloatArray) -> FloatArray:
    """What takes predictors to SDs from their means: units must not decide what can be inverted."""
    means, sds = predictors[:, 1:].mean(axis=0), predictors[:, 1:].std(axis=0)
    basis = np.diag(np.concatenate([[1], 1 / sds]))
    basis[0, 1:] = -means / sds
    return basis
