"""Correlation of item means with covariates of the items partialled out, from sums over items."""

from __future__ import annotations

from itertools import combinations_with_replacement

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emoalign.statistics.pairs import FloatArray, is_constant
from emoalign.statistics.resampling import ItemSums

NOTHING_LEFT = 1e-9
"""A share of variance that sums of products cannot tell from none."""


def partial_sums(model: ArrayLike, human: ArrayLike, covariates: FloatArray) -> ItemSums:
    """Prepare r of the means of cells with covariates of shape (items, k) held constant.

    Means of the model have shape (cells, items) or (items,), those of people (items,). r is in
    [−1, 1], and Pearson r without covariates. Items that lack a value are left out. Covariates that
    follow from others change nothing. NaN where the covariates leave nothing of one side, and for
    fewer than k + 3 items.
    """
    of_cells = np.atleast_2d(np.asarray(model, dtype=np.float64))
    shared = np.column_stack([np.asarray(human, dtype=np.float64), covariates])
    n_columns = shared.shape[1] + 1
    pairs = list(combinations_with_replacement(range(n_columns), 2))
    values, complete = [], []
    for means in of_cells:
        columns = np.column_stack([means, shared])
        present = np.isfinite(columns).all(axis=1)
        standard = _standardised(columns, present)
        products = [standard[:, a] * standard[:, b] for a, b in pairs]
        values.append(np.stack([present.astype(np.float64), *standard.T, *products]))
        complete.append(present)

    def statistic(sums: FloatArray) -> FloatArray:
        return _partial(sums, n_columns, pairs)

    return ItemSums(np.stack(values, axis=1), np.stack(complete), statistic)


def _standardised(columns: FloatArray, present: NDArray[np.bool_]) -> FloatArray:
    """Columns over the items that are present; 0 elsewhere, and all 0 with too few of these."""
    standard = np.zeros_like(columns)
    if present.sum() > columns.shape[1]:
        for place, column in enumerate(columns.T):
            kept = column[present]
            if not is_constant(kept):
                standard[present, place] = (kept - kept.mean()) / kept.std()
    return standard


def _partial(sums: FloatArray, n_columns: int, pairs: list[tuple[int, int]]) -> FloatArray:
    """The partial correlation from the sums of weights, columns and products."""
    weight = np.where(sums[0] > 0, sums[0], np.nan)
    means = sums[1 : n_columns + 1] / weight
    covariance = np.empty((n_columns, n_columns, *sums.shape[1:]))
    for (a, b), product in zip(pairs, sums[n_columns + 1 :], strict=True):
        covariance[a, b] = covariance[b, a] = product / weight - means[a] * means[b]
    variances = np.einsum("aa...->a...", covariance).copy()
    for covariate in range(2, n_columns):
        # A covariate that the others leave nothing of has nothing more to partial out.
        left = covariance[covariate, covariate]
        tells = left > NOTHING_LEFT * np.maximum(1, variances[covariate])
        with_all = covariance[covariate].copy()
        scaled = with_all / np.where(tells, left, np.inf)
        covariance -= scaled[:, np.newaxis] * with_all
    least = NOTHING_LEFT * np.maximum(1, variances[:2])
    x, y = (np.where(covariance[s, s] > least[s], covariance[s, s], np.nan) for s in (0, 1))
    r: FloatArray = np.clip(covariance[0, 1] / np.sqrt(x * y), -1, 1)
    return r
