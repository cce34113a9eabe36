"""Calibrators that keep an order: rising curves of shares, or moved thresholds of a scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import optimize, special

from emoalign.statistics.calibrators.family import Fitted, Sample, Setting
from emoalign.statistics.distances import Kind, smoothed
from emoalign.statistics.pairs import FloatArray

SMOOTHINGS = (1e-6, 0.001, 0.01, 0.05, 0.2)
LOWEST_SLOPE = 1e-3


@dataclass(frozen=True, kw_only=True)
class Isotonic(Fitted):
    """A rising curve for each point or label, linear between its knots and level beyond them.

    The curves of the points are renormalised to a distribution (Zadrozny & Elkan 2002).

    Attributes:
        shares: knots of each curve, shares of the model.
        heights: the same knots, calibrated shares.
        marginal: what the smoothing mixes in.
    """

    method: Literal["isotonic"] = "isotonic"
    shares: tuple[tuple[float, ...], ...]
    heights: tuple[tuple[float, ...], ...]
    marginal: tuple[float, ...]

    def apply(self, model: FloatArray) -> FloatArray:
        """Distributions from the curves."""
        curves = np.column_stack(
            [
                np.interp(column, shares, heights)
                for column, shares, heights in zip(model.T, self.shares, self.heights, strict=True)
            ]
        )
        if self.kind == "ordinal":
            total = curves.sum(axis=1, keepdims=True)
            # Where every curve is at 0, the marginal is all there is to say.
            curves = np.where(total > 0, curves / np.where(total > 0, total, 1), self.marginal)
        return (1 - self.smoothing) * curves + self.smoothing * np.array(self.marginal)


@dataclass(frozen=True)
class IsotonicFamily:
    """Pool adjacent violators (Barlow et al. 1972); the inner folds choose the smoothing."""

    kinds: frozenset[Kind] = frozenset(("ordinal", "labels"))

    def settings(self, kind: Kind) -> tuple[Setting, ...]:
        """Smoothings to choose from."""
        return tuple(Setting(smoothing) for smoothing in SMOOTHINGS)

    def fit(self, sample: Sample, settings: Sequence[Setting]) -> Sequence[Isotonic]:
        """The curves of least squares, which are the same for each smoothing."""
        knots = [
            _curve(x, y, sample.weights)
            for x, y in zip(sample.model.T, sample.human.T, strict=True)
        ]
        curves = Isotonic(
            kind=sample.kind,
            shares=tuple(tuple(x.tolist()) for x, _ in knots),
            heights=tuple(tuple(y.tolist()) for _, y in knots),
            marginal=tuple(sample.marginal.tolist()),
        )
        return [replace(curves, smoothing=setting.smoothing) for setting in settings]


def _curve(
    model: FloatArray, human: FloatArray, weights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Knots of the rising curve of least squares; items of the same share are one, with weight."""
    shares, place = np.unique(model, return_inverse=True)
    count = np.bincount(place, weights)
    means = np.bincount(place, weights * human) / count
    heights = optimize.isotonic_regression(means, weights=count).x
    # Of every level stretch its ends say all.
    inner = (heights[1:-1] == heights[:-2]) & (heights[1:-1] == heights[2:])
    kept = np.concatenate(([True], ~inner, [True])) if len(shares) > 1 else np.array([True])
    return shares[kept], heights[kept]


@dataclass(frozen=True, kw_only=True)
class CumulativeLogit(Fitted):
    """logit F*(k) = slope × logit F(k) + threshold(k), F(k) = P(rating ≤ point k).

    The cumulative-logit model (McCullagh 1980) with the model's own log odds as its covariate.
    Where F* would fall from one point to the next, its values are put in order (Chernozhukov,
    Fernández-Val & Galichon 2010), so that no probability is negative.

    Attributes:
        slope: above 0; below 1 flattens, above 1 sharpens.
        thresholds: of each point but the highest; above 0: lower ratings.
    """

    method: Literal["cumulative_logit"] = "cumulative_logit"
    slope: float
    thresholds: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.slope > 0:
            raise ValueError(f"found the slope {self.slope}, expected more than 0")

    def apply(self, model: FloatArray) -> FloatArray:
        """Distributions with their cumulative log odds moved."""
        moved = self.slope * _log_odds(model, self.smoothing) + np.array(self.thresholds)
        return np.diff(special.expit(np.sort(moved, axis=1)), prepend=0, append=1, axis=1)


@dataclass(frozen=True)
class CumulativeLogitFamily:
    """K free numbers; the inner folds choose the smoothing."""

    kinds: frozenset[Kind] = frozenset(("ordinal",))

    def settings(self, kind: Kind) -> tuple[Setting, ...]:
        """Smoothings to choose from."""
        return tuple(Setting(smoothing) for smoothing in SMOOTHINGS)

    def fit(self, sample: Sample, settings: Sequence[Setting]) -> Sequence[CumulativeLogit]:
        """Slope and thresholds of the highest likelihood for each smoothing."""
        fitted = []
        for setting in settings:
            slope, thresholds = _fit(_log_odds(sample.model, setting.smoothing), sample)
            fitted.append(
                CumulativeLogit(
                    kind=sample.kind,
                    smoothing=setting.smoothing,
                    slope=slope,
                    thresholds=tuple(thresholds.tolist()),
                )
            )
        return fitted


def _log_odds(model: FloatArray, smoothing: float) -> FloatArray:
    """logit F(k) of each point but the highest, shape (items, K - 1)."""
    known = smoothed(model, smoothing, "ordinal")
    # Both tails are summed from their own end: 1 - F would lose the digits of a small tail.
    below = np.cumsum(known[:, :-1], axis=1)
    above = np.cumsum(known[:, :0:-1], axis=1)[:, ::-1]
    return np.log(below) - np.log(above)


def _fit(scores: FloatArray, sample: Sample) -> tuple[float, FloatArray]:
    """Slope and thresholds of the highest likelihood of the rearranged distributions.

    Wherever two thresholds of an item meet, a point loses all probability: the likelihood has a
    hill on either side. It is climbed from where nothing is changed, and from where each threshold
    alone makes ratings up to its point most likely, which may be across.
    """
    unchanged = np.concatenate(([1.0], np.zeros(scores.shape[1])))
    human = sample.human * sample.shares[:, np.newaxis]

    def rearranged(at: FloatArray) -> tuple[float, FloatArray]:
        moved = at[0] * scores + at[1:]
        order = np.argsort(moved, axis=1)
        share = special.expit(np.take_along_axis(moved, order, axis=1))
        model = np.maximum(np.diff(share, prepend=0, append=1, axis=1), np.finfo(float).tiny)
        ratio = human / model
        slopes = np.empty_like(moved)
        ascending = (ratio[:, 1:] - ratio[:, :-1]) * share * (1 - share)
        np.put_along_axis(slopes, order, ascending, axis=1)
        return -float(np.sum(human * np.log(model))), _gradient(slopes, scores)

    def each_alone(at: FloatArray) -> tuple[float, FloatArray]:
        moved = at[0] * scores + at[1:]
        below = np.cumsum(human, axis=1)[:, :-1]
        weights = sample.shares[:, np.newaxis]
        loss = np.sum(weights * np.logaddexp(0, moved) - below * moved)
        return float(loss), _gradient(weights * special.expit(moved) - below, scores)

    starts = (unchanged, _minimum(each_alone, unchanged).x)
    best = min((_minimum(rearranged, start) for start in starts), key=lambda found: found.fun)
    return float(best.x[0]), best.x[1:]


def _gradient(slopes: FloatArray, scores: FloatArray) -> FloatArray:
    """Of slope and thresholds, from the slopes of the loss in the moved log odds."""
    return np.concatenate(([np.sum(slopes * scores)], slopes.sum(axis=0)))


def _minimum(
    objective: Callable[[FloatArray], tuple[float, FloatArray]], start: FloatArray
) -> optimize.OptimizeResult:
    return optimize.minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(LOWEST_SLOPE, None), *[(None, None)] * (len(start) - 1)],
        options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-7},
    )
