"""Ridge regressions of people's means on embeddings, without any one, two or three folds.

A regression needs the sums of products of what it learns from. They are kept for each fold, so that
what is left out is subtracted, and no regression passes over the items again. Penalties are chosen
by folds within what is learnt from (Hoerl & Kennard 1970, Technometrics 12:55).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.out_of_fold import PENALTIES
from emoalign.statistics.pairs import ROUNDING, FloatArray
from emoalign.statistics.resampling import Folds

MOST_COMPONENTS = 384
"""Principal components of the rated items' embeddings that are used at most."""

Left = frozenset[int]
"""Folds that are left out."""


class Column(NamedTuple):
    """Predictions by embeddings alone, as a predictor for the stack.

    Attributes:
        learnt: of the items that are learnt from, each by a regression without its fold.
        applied: of the items that are left out, by a regression on all that are learnt from.
        others: the same of items that nobody rated.
    """

    learnt: FloatArray
    applied: FloatArray
    others: FloatArray


def standardised(vectors: FloatArray, rated: NDArray[np.bool_]) -> FloatArray:
    """Embeddings with a mean of 0 in rated items, whose variances sum to 1, shape (items, size).

    A missing embedding (NaN) lies in the middle.
    """
    finite = np.isfinite(vectors.sum(axis=1))
    known = vectors[rated & finite]
    if not len(known):
        return np.zeros(vectors.shape)
    centre, spread = known.mean(axis=0), known.std(axis=0)
    scale = np.where(spread > ROUNDING, spread, np.inf) * np.sqrt(vectors.shape[1])
    return np.where(finite[:, np.newaxis], (vectors - centre) / scale, 0.0)


def components(
    vectors: FloatArray, rated: NDArray[np.bool_], most: int = MOST_COMPONENTS
) -> FloatArray:
    """The leading principal components of embeddings, shape (items, at most `most`).

    Features are standardised and components found on the rated items; variances sum to 1, or less
    where there are more components. What others have beyond the span of the rated is not in them.
    """
    standard = standardised(vectors, rated)
    known = standard[rated & np.isfinite(vectors.sum(axis=1))]
    if not len(known):
        return np.zeros((len(vectors), 1))
    # The smaller of the two products has the same eigenvalues.
    by_item = len(known) < vectors.shape[1]
    values, axes = np.linalg.eigh(known @ known.T if by_item else known.T @ known)
    leading = np.argsort(values)[::-1][:most]
    leading = leading[values[leading] > ROUNDING * max(values.max(), ROUNDING)]
    axes = axes[:, leading]
    if by_item:
        axes = known.T @ axes / np.sqrt(values[leading])
    found: FloatArray = standard @ axes
    return found


class FoldRidge:
    """Ridge regressions without some folds of the rated items.

    `features` has shape (rated, size), `human` and `folds` (rated,), `others` (unrated, size).
    """

    def __init__(
        self, features: FloatArray, human: FloatArray, folds: Folds, others: FloatArray
    ) -> None:
        self._parts = [features[folds == fold] for fold in range(int(folds.max()) + 1)]
        self._human = [human[folds == fold] for fold in range(len(self._parts))]
        self._folds, self._others = folds, others
        self._sums = [_Sums.of(x, y) for x, y in zip(self._parts, self._human, strict=True)]
        self._paths: dict[Left, _Path] = {}

    def column(self, left: Iterable[int]) -> Column:
        """Predictions without some folds, by the penalty that is best in those that are kept."""
        without = frozenset(left)
        penalty = self._penalty(without)
        learnt, applied = np.empty(len(self._folds)), np.empty(len(self._folds))
        path = self._path(without)
        for fold, part in enumerate(self._parts):
            own = self._folds == fold
            if fold in without:
                applied[own] = path.predicted(part, penalty)
            else:
                learnt[own] = self._path(without | {fold}).predicted(part, penalty)
        held = np.isin(self._folds, list(without))
        return Column(learnt[~held], applied[held], path.predicted(self._others, penalty))

    def _penalty(self, left: Left) -> int:
        """The place of the penalty with the least squared error in the folds kept."""
        errors = np.zeros(len(PENALTIES))
        for fold, (part, human) in enumerate(zip(self._parts, self._human, strict=True)):
            if fold not in left:
                predicted = self._path(left | {fold}).all_predicted(part)
                errors += np.square(predicted - human[:, np.newaxis]).sum(axis=0)
        return int(errors.argmin())

    def _path(self, left: Left) -> _Path:
        if left not in self._paths:
            kept = [sums for fold, sums in enumerate(self._sums) if fold not in left]
            self._paths[left] = _path(kept)
        return self._paths[left]


class _Sums(NamedTuple):
    """Sums over the items of a fold: their number, x, y, x x' and x y."""

    n: int
    x: FloatArray
    y: float
    xx: FloatArray
    xy: FloatArray

    @classmethod
    def of(cls, x: FloatArray, y: FloatArray) -> _Sums:
        return cls(len(y), x.sum(axis=0), float(y.sum()), x.T @ x, x.T @ y)


class _Path(NamedTuple):
    """Regressions with every penalty, shapes (penalties,) and (size, penalties)."""

    intercepts: FloatArray
    slopes: FloatArray

    def all_predicted(self, features: FloatArray) -> FloatArray:
        """The predictions with every penalty, shape (items, penalties)."""
        predicted: FloatArray = self.intercepts + features @ self.slopes
        return predicted

    def predicted(self, features: FloatArray, penalty: int) -> FloatArray:
        """The predictions with one penalty, shape (items,)."""
        predicted: FloatArray = self.intercepts[penalty] + features @ self.slopes[:, penalty]
        return predicted


def _path(kept: list[_Sums]) -> _Path:
    """The regressions on some folds together."""
    n, y = sum(one.n for one in kept), sum(one.y for one in kept)
    centre = np.sum([one.x for one in kept], axis=0) / n
    products = np.sum([one.xx for one in kept], axis=0) - n * np.outer(centre, centre)
    values, vectors = np.linalg.eigh(products)
    right = vectors.T @ (np.sum([one.xy for one in kept], axis=0) - centre * y)
    shrunk = right[:, np.newaxis] / (np.maximum(values, 0)[:, np.newaxis] + PENALTIES)
    slopes = vectors @ shrunk
    return _Path(y / n - centre @ slopes, slopes)
