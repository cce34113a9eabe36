"""Predictions of every method for items that it did not see, as CV+ needs them.

A rated item is predicted by a regression without its fold; its interval is that of CV+ within the
other folds, so each regression is also learnt without every other fold. That without folds j and k
serves items of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.estimation.embedding_ridge import Column, FoldRidge
from emoalign.statistics.estimation.intervals import (
    Intervals,
    Residuals,
    regional_intervals,
    terciles,
)
from emoalign.statistics.estimation.stacking import Regressions, fitted
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import Folds, Keys

N_FOLDS = 10


@dataclass(frozen=True, eq=False)
class Sources:
    """What items are predicted from.

    Attributes:
        means: the cells' means, shape (items, cells), NaN where missing.
        features: of the embedding, shape (items, size); None without one.
        ends: of the scale, at which predictions end.
    """

    means: FloatArray
    features: FloatArray | None
    ends: tuple[float, float]

    def of(self, items: NDArray[np.bool_] | NDArray[np.int64]) -> Sources:
        """The same of some items."""
        features = None if self.features is None else self.features[items]
        return Sources(self.means[items], features, self.ends)


@dataclass(frozen=True, eq=False)
class Learnt:
    """The rated items that are learnt from: `human` and `keys` have shape (rated,), as `folds`."""

    sources: Sources
    human: FloatArray
    keys: Keys
    folds: Folds


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Predictions of a method.

    Attributes:
        rated: of rated items without their fold, shape (rated,).
        nested: of rated items without their fold and that of the column, shape (rated, folds); NaN
            where the two are one.
        others: of other items without the fold of the column, shape (others, folds).
    """

    rated: FloatArray
    nested: FloatArray
    others: FloatArray

    @property
    def means(self) -> FloatArray:
        """The estimates of other items, shape (others,): the mean of all folds' predictions."""
        # Rounding takes no mean beyond the predictions, and so beyond an end of the scale.
        lowest, highest = self.others.min(axis=1), self.others.max(axis=1)
        means: FloatArray = np.clip(self.others.mean(axis=1), lowest, highest)
        return means


@dataclass(frozen=True, eq=False)
class AllHeldOut:
    """Predictions by method, and the weights of the stack without each fold, (folds, sources)."""

    of: dict[str, HeldOut]
    weights: FloatArray


def held_out(learnt: Learnt, others: Sources, *, nested: bool = True) -> AllHeldOut:
    """Predict rated items, and others, by every method; without `nested`, that part is NaN."""
    folds, n_others = learnt.folds, len(others.means)
    ridge = None
    if learnt.sources.features is not None and others.features is not None:
        ridge = FoldRidge(learnt.sources.features, learnt.human, folds, others.features)
    found: dict[str, HeldOut] = {}
    weights = []
    pairs = combinations(range(N_FOLDS), 2) if nested else ()
    for left in [*((fold,) for fold in range(N_FOLDS)), *pairs]:
        held = np.isin(folds, left)
        column = ridge.column(left) if ridge else None
        regressions = _regressions(learnt, held, column)
        inside = _predicted(regressions, learnt.sources.of(held), column and column.applied)
        for method, predicted in inside.items():
            of = found.setdefault(method, _empty(len(folds), n_others))
            if len(left) == 1:
                of.rated[held] = predicted
            else:
                # Items of one of the two folds have their place in the column of the other.
                of.nested[held, sum(left) - folds[held]] = predicted
        if len(left) == 1:
            weights.append(regressions.weights["stack"])
            outside = _predicted(regressions, others, column and column.others)
            for method, predicted in outside.items():
                found[method].others[:, left[0]] = predicted
    return AllHeldOut(found, np.stack(weights))


def rated_intervals(
    predicted: HeldOut, learnt: Learnt, coverage: float, *, by_region: bool = True
) -> Intervals:
    """Intervals of rated items, each from the folds that it is not in.

    So are the ends of regions: an item's own norm has no part in its interval.
    """
    low, high = np.empty(len(learnt.human)), np.empty(len(learnt.human))
    cut = np.zeros(len(learnt.human), dtype=np.bool_)
    for fold in range(N_FOLDS):
        asked, kept = learnt.folds == fold, learnt.folds != fold
        residuals = _residuals(predicted.nested[:, fold], learnt).within(kept)
        found = regional_intervals(
            predicted.nested[asked],
            predicted.rated[asked],
            residuals,
            _cuts(residuals, by_region=by_region),
            coverage,
            learnt.sources.ends,
        )
        low[asked], high[asked], cut[asked] = found.low, found.high, found.cut
    return Intervals(low, high, cut)


def other_intervals(
    predicted: HeldOut, learnt: Learnt, coverage: float, *, by_region: bool = True
) -> Intervals:
    """Intervals of other items, from all folds."""
    residuals = _residuals(predicted.rated, learnt)
    return regional_intervals(
        predicted.others,
        predicted.means,
        residuals,
        _cuts(residuals, by_region=by_region),
        coverage,
        learnt.sources.ends,
    )


def _cuts(residuals: Residuals, *, by_region: bool) -> FloatArray:
    return terciles(residuals.predicted) if by_region else np.empty(0)


def _residuals(predicted: FloatArray, learnt: Learnt) -> Residuals:
    return Residuals(np.abs(learnt.human - predicted), learnt.folds, learnt.keys, predicted)


def _regressions(learnt: Learnt, held: NDArray[np.bool_], column: Column | None) -> Regressions:
    cells = learnt.sources.means[~held]
    predictors = cells if column is None else np.column_stack((cells, column.learnt))
    return fitted(predictors, learnt.human[~held], cells.shape[1])


def _predicted(
    regressions: Regressions, sources: Sources, column: FloatArray | None
) -> dict[str, FloatArray]:
    """What each method predicts for items, within the scale."""
    cells = sources.means
    predictors = cells if column is None else np.column_stack((cells, column))
    found = regressions.predicted(predictors)
    if column is not None:
        found["embedding"] = column
    return {method: np.clip(values, *sources.ends) for method, values in found.items()}


def _empty(n_rated: int, n_others: int) -> HeldOut:
    shapes: Sequence[tuple[int, ...]] = ((n_rated,), (n_rated, N_FOLDS), (n_others, N_FOLDS))
    return HeldOut(*(np.full(shape, np.nan) for shape in shapes))
