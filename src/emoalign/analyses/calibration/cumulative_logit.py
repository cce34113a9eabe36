"""Cumulative-logit recalibration of ordinal scales: thresholds move, order stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field
from scipy import optimize, special

from emoalign.analyses.calibration.calibrator import Fitted, Sample, Setting
from emoalign.analyses.calibration.links import smoothed
from emoalign.analyses.distributions.kinds import Kind
from emoalign.statistics.pairs import FloatArray

SMOOTHINGS = (1e-6, 0.001, 0.01, 0.05, 0.2)
LOWEST_SLOPE = 1e-3


class CumulativeLogit(Fitted):
    """logit F*(k) = slope × logit F(k) + threshold(k), F(k) = P(rating ≤ point k).

    The cumulative-logit model (McCullagh 1980) with the model's own log odds as its covariate.
    F* rises for every item it was fitted on. For another item that it would not rise for, its
    values are put in order (Chernozhukov, Fernández-Val & Galichon 2010).
    """

    method: Literal["cumulative_logit"] = "cumulative_logit"
    slope: float = Field(gt=0, description="Below 1 flattens, above 1 sharpens.")
    thresholds: tuple[float, ...] = Field(
        description="Of each point but the highest; above 0: lower ratings."
    )

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
        """Slope and thresholds of the highest likelihood, which is concave, for each smoothing."""
        slope, thresholds = 1.0, np.zeros(sample.model.shape[1] - 1)
        fitted = []
        for setting in settings:
            scores = _log_odds(sample.model, setting.smoothing)
            slope, thresholds = _fit(scores, sample, slope, thresholds)
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


def _fit(
    scores: FloatArray, sample: Sample, slope: float, thresholds: FloatArray
) -> tuple[float, FloatArray]:
    """Slope and thresholds of the highest likelihood, from those to start from."""
    inner = scores.shape[1]
    human = sample.human * sample.shares[:, np.newaxis]
    # Thresholds may come closer by no more than the closest log odds leave room for.
    room = np.concatenate(([0.0], np.cumsum(np.diff(scores, axis=1).min(axis=0))))
    moved = scores - room
    steps = np.maximum(np.diff(thresholds + slope * room), 0)

    def objective(at: FloatArray) -> tuple[float, FloatArray]:
        share = special.expit(at[0] * moved + np.cumsum(at[1:]))
        model = np.maximum(np.diff(share, prepend=0, append=1, axis=1), np.finfo(float).tiny)
        ratio = human / model
        slopes = (ratio[:, 1:] - ratio[:, :-1]) * share * (1 - share)
        of_thresholds = slopes.sum(axis=0)
        gradient = np.concatenate(([np.sum(slopes * moved)], np.cumsum(of_thresholds[::-1])[::-1]))
        return -float(np.sum(human * np.log(model))), gradient

    found = optimize.minimize(
        objective,
        np.concatenate(([slope, thresholds[0]], steps)),
        jac=True,
        method="L-BFGS-B",
        bounds=[(LOWEST_SLOPE, None), (None, None), *[(0, None)] * (inner - 1)],
        options={"maxiter": 500, "ftol": 1e-12, "gtol": 1e-7},
    )
    best: FloatArray = np.cumsum(found.x[1:]) - found.x[0] * room
    return float(found.x[0]), best
