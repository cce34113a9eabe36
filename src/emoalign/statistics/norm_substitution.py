"""The same regression with another norm in place of people's: would it have come out the same?

After Trott (2024): on the items that people rated, an outcome is regressed on people's norm and on
another one, with the same further predictors. Shapes are those of `corrected_predictor`. Where
items were drawn with unequal probabilities, all is weighted by the inverse of these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emoalign.statistics.corrected import Estimate, least_squares
from emoalign.statistics.corrected_predictor import NORM, design
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.r_draws import RDraws

RESAMPLES, SEED = 2000, 1
"""Of the bootstrap; the seed is R's."""

FEWEST = 0.95
"""Share of resamples that must allow a regression."""

COLLINEAR = 1e-8
"""Least eigenvalue of mean products of standardised predictors that are told apart."""


@dataclass(frozen=True, eq=False)
class Substituted:
    """A regression with another norm, beside that with people's.

    Attributes:
        estimate: all coefficients, with robust errors (HC0).
        ratio: the norm's coefficient over that of people's norm.
        low, high: its 95% interval, by bootstrap over items (percentiles); NaN if more than 5% of
            the resamples allow no regression.
        delta_aic: by how much Akaike's criterion is above that with people's norm: above 0, it
            predicts the outcome less well.
    """

    estimate: Estimate
    ratio: float
    low: float
    high: float
    delta_aic: float


def substituted(
    outcome: FloatArray,
    further: FloatArray,
    human: FloatArray,
    norm: FloatArray,
    probabilities: FloatArray | None = None,
) -> Substituted:
    """Put a norm in the place of people's, in a regression on items that people rated.

    All arrays are of these items: outcome, human, norm and probabilities (items,), further
    predictors (items, predictors). Neither the order of the items nor which other norms are tried
    changes the result.

    Raises:
        ValueError: predictors are collinear.
    """
    weights = np.ones(len(outcome)) if probabilities is None else 1 / probabilities
    weights = weights / weights.mean()
    first, second = (design(each, further) for each in (human, norm))
    of_people, of_norm = (least_squares(x, outcome, 1 / weights) for x in (first, second))
    unexplained = [
        float(weights @ (outcome - x @ found.values) ** 2)
        for x, found in ((first, of_people), (second, of_norm))
    ]
    ratios = _ratios(outcome, further, human, norm, weights)
    enough = len(ratios) >= FEWEST * RESAMPLES
    low, high = np.quantile(ratios, [0.025, 0.975]) if enough else (np.nan, np.nan)
    return Substituted(
        of_norm,
        float(of_norm.values[NORM] / of_people.values[NORM]),
        float(low),
        float(high),
        float(len(outcome) * np.log(unexplained[1] / unexplained[0])),
    )


def _ratios(
    outcome: FloatArray,
    further: FloatArray,
    human: FloatArray,
    norm: FloatArray,
    weights: FloatArray,
) -> FloatArray:
    """Ratios of coefficients in resamples of items, without those that allow no regression."""
    # In an order that follows from values alone, the same items are drawn from any table.
    order = np.lexsort([norm, *further.T[::-1], human, outcome])
    y, w = _standardised(outcome[order]), weights[order]
    rest = _standardised(further[order])
    designs = [design(_standardised(each[order]), rest) for each in (human, norm)]
    products = [_products(x, y, w) for x in designs]
    draws, items = RDraws(SEED), len(y)
    sums = np.empty((RESAMPLES, 2, products[0].shape[1]))
    for sample in sums:
        drawn = np.floor(draws.uniform(items) * items).astype(np.int64)
        times = np.bincount(drawn, minlength=items)
        for at, each in enumerate(products):
            sample[at] = times @ each / items
    size = designs[0].shape[1]
    both = sums.reshape(RESAMPLES, 2, size, size + 1)
    crossed = both[..., :size]
    possible = (np.linalg.eigvalsh(crossed)[..., 0] > COLLINEAR).all(axis=1)
    values = np.linalg.solve(crossed[possible], both[possible][..., size:])[..., NORM, 0]
    ratios: FloatArray = values[:, 1] / values[:, 0] * (np.std(human) / np.std(norm))
    return ratios


def _standardised(values: FloatArray) -> FloatArray:
    found: FloatArray = (values - values.mean(axis=0)) / values.std(axis=0)
    return found


def _products(x: FloatArray, y: FloatArray, weights: FloatArray) -> FloatArray:
    """The products of an item's predictors with each other and with the outcome, in a row."""
    weighted = x * weights[:, np.newaxis]
    of_item = weighted[:, :, np.newaxis] * np.column_stack([x, y])[:, np.newaxis, :]
    return of_item.reshape(len(x), -1)
