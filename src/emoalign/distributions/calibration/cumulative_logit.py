"""Cumulative-logit recalibration of ordinal scales: thresholds move, order stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field
from scipy import optimize, special

from emoalign.distributions.calibration.calibrator import Fitted, Sample, Setting
from emoalign.distributions.calibration.links import Kind, smoothed
from emoalign.statistics.pairs import FloatArray

SMOOTHINGS = (0.001, 0.01, 0.05, 0.2)
LOWEST_SLOPE = 1e-3


class CumulativeLogit(Fitted):
    """logit F*(k) = slope × logit F(k) + threshold(k), F(k) = P(rating ≤ point k).

    The cumulative-logit model (McCullagh 1980) with the model's own log odds as its covariate.
    A positive slope and rising thresholds keep F* rising whatever the item.
    """

    method: Literal["cumulative_logit"] = "cumulative_logit"
    slope: float = Field(gt=0, description="Below 1 flattens, above 1 sharpens.")
    thresholds: tuple[float, ...] = Field(
        description="Of each point but the highest, ascending; above 0: lower ratings."
    )

    def apply(self, model: FloatArray) -> FloatArray:
        """Distributions with their cumulative log odds moved."""
        moved = self.slope * _log_odds(model, self.smoothing) + np.array(self.thresholds)
        return np.diff(special.expit(moved), prepend=0, append=1, axis=1)


@dataclass(frozen=True)
class CumulativeLogitFamily:
    """K free numbers; the inner folds choose the smoothing."""

    kinds: frozenset[Kind] = frozenset(("ordinal",))

    def settings(self, kind: Kind) -> tuple[Setting, ...]:
        """Smoothings to choose from."""
        return tuple(Setting(smoothing) for smoothing in SMOOTHINGS)

    def fit(self, sample: Sample, settings: Sequence[Setting]) -> Sequence[CumulativeLogit]:
        """Slope and thresholds of the highest likelihood, which is concave, for each smoothing."""
        at = np.zeros(sample.model.shape[1])
        at[0] = 1
        fitted = []
        for setting in settings:
            at = _fit(_log_odds(sample.model, setting.smoothing), sample.human, at)
            fitted.append(
                CumulativeLogit(
                    kind=sample.kind,
                    smoothing=setting.smoothing,
                    slope=float(at[0]),
                    thresholds=tuple(np.cumsum(at[1:]).tolist()),
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


def _fit(scores: FloatArray, human: FloatArray, start: FloatArray) -> FloatArray:
    """Slope, first threshold and the steps to the next ones, shape (K,), by bounded L-BFGS."""
    n, inner = scores.shape

    def objective(at: FloatArray) -> tuple[float, FloatArray]:
        share = special.expit(at[0] * scores + np.cumsum(at[1:]))
        model = np.maximum(np.diff(share, prepend=0, append=1, axis=1), np.finfo(float).tiny)
        ratio = human / model
        slopes = (ratio[:, 1:] - ratio[:, :-1]) * share * (1 - share)
        of_thresholds = slopes.sum(axis=0)
        gradient = np.concatenate(([np.sum(slopes * scores)], np.cumsum(of_thresholds[::-1])[::-1]))
        return -float(np.sum(human * np.log(model))) / n, gradient / n

    found = optimize.minimize(
        objective,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=[(LOWEST_SLOPE, None), (None, None), *[(0, None)] * (inner - 1)],
        options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-7},
    )
    best: FloatArray = found.x
    return best
