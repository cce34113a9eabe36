"""Regressions of people's means on several predictors: the stack, and what it is compared with.

The stack has weights of 0 or more (Breiman 1996, Machine Learning 24:49), so no predictor is turned
round to mend another. Predictors are standardised on the items that are learnt from; a missing
value is their mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from emoalign.statistics.pairs import ROUNDING, FloatArray

UNIQUE = 1e-8
"""What is added to variances of 1, so that equal predictors share a weight."""


@dataclass(frozen=True, eq=False)
class Regressions:
    """Regressions on the same standardised predictors.

    Attributes:
        centre, spread: what the predictors are standardised by, shape (predictors,).
        level: the mean of what was learnt, which all regressions share as intercept.
        weights: of each method, shape (predictors,): points for one SD of each.
    """

    centre: FloatArray
    spread: FloatArray
    level: float
    weights: Mapping[str, FloatArray]

    def predicted(self, predictors: FloatArray) -> dict[str, FloatArray]:
        """What each method predicts for items, (items,), from shape (items, predictors)."""
        standard = _standardised(predictors, self.centre, self.spread)
        return {method: self.level + standard @ weights for method, weights in self.weights.items()}


def fitted(predictors: FloatArray, human: FloatArray, n_cells: int) -> Regressions:
    """Learn from items, shapes (items, predictors) and (items,); NaN where a value is missing.

    The first `n_cells` predictors are cells, the others (embeddings) only take part in the stack.
    Methods: `stack` of all; where others take part, `models` of the cells alone; `best`, the cell
    that correlates highest; `average` of the standardised cells; `constant`, the mean. No
    weight is below 0 in any of them.
    """
    present = np.isfinite(predictors)
    n = np.maximum(present.sum(axis=0), 1)
    centre = np.where(present, predictors, 0).sum(axis=0) / n
    spread = np.sqrt(np.square(np.where(present, predictors - centre, 0)).sum(axis=0) / n)
    spread = np.where(spread > ROUNDING * np.maximum(np.abs(centre), 1), spread, np.inf)
    standard = _standardised(predictors, centre, spread)
    beyond = human - human.mean()
    variance = standard.T @ standard / len(human)
    covariance = standard.T @ beyond / len(human)
    weights = {"stack": _not_negative(variance, covariance)}
    n_all, cells = len(covariance), slice(n_cells)
    if n_cells:
        if n_cells < n_all:
            alone = _not_negative(variance[cells, cells], covariance[cells])
            weights["models"] = np.append(alone, np.zeros(n_all - n_cells))
        own = np.where(np.diag(variance) > ROUNDING, np.diag(variance), np.inf)
        best = int(np.argmax(covariance[cells] / np.sqrt(own[cells])))
        weights["best"] = np.eye(n_all)[best] * max(covariance[best] / own[best], 0.0)
        together = variance[cells, cells].sum()
        slope = max(covariance[cells].sum() / together, 0.0) if together > ROUNDING else 0.0
        weights["average"] = np.where(np.arange(n_all) < n_cells, slope, 0.0)
    weights["constant"] = np.zeros(n_all)
    return Regressions(centre, spread, float(human.mean()), weights)


def _standardised(predictors: FloatArray, centre: FloatArray, spread: FloatArray) -> FloatArray:
    return np.where(np.isfinite(predictors), (predictors - centre) / spread, 0.0)


def _not_negative(variance: FloatArray, covariance: FloatArray) -> FloatArray:
    """The least-squares weights of 0 or more, from the normal equations, shape (predictors,)."""
    values, vectors = np.linalg.eigh(variance + UNIQUE * np.eye(len(variance)))
    # A root of the matrix has the same normal equations as all items, in a few rows.
    root = np.sqrt(np.maximum(values, UNIQUE))[:, np.newaxis]
    weights, _ = nnls(root * vectors.T, (vectors.T @ covariance[:, np.newaxis] / root)[:, 0])
    found: FloatArray = weights
    return found
