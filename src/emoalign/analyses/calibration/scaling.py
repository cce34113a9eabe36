"""Per-label bias correction, and vector scaling: numbers for each point or label.

Of an ordinal scale, the bias of a point is added to the logarithm of its probability before
renormalising; of labels, to the log odds of the label. Vector scaling (Guo et al. 2017; of labels:
Platt 1999) has a slope for each as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from emoalign.analyses.calibration.calibrator import Fitted, Sample, Setting
from emoalign.analyses.calibration.links import link, smoothed, unlink
from emoalign.analyses.calibration.logistic_map import fit_logistic
from emoalign.analyses.calibration.softmax_map import fit_diagonal
from emoalign.analyses.distributions.kinds import Kind
from emoalign.statistics.pairs import FloatArray

SMOOTHINGS = (1e-6, 0.01, 0.05, 0.2)
RIDGES = (1e-4, 1e-2)


class Bias(Fitted):
    """A number added to the score of each point or label."""

    method: Literal["bias"] = "bias"
    biases: tuple[float, ...] = Field(description="Of each point, ascending, or label.")

    def apply(self, model: FloatArray) -> FloatArray:
        """Distributions with the biases added to their scores."""
        scores = link(smoothed(model, self.smoothing, self.kind), self.kind)
        return unlink(scores + np.array(self.biases), self.kind)


class Vector(Fitted):
    """The score of each point or label times a slope, plus a bias."""

    method: Literal["vector"] = "vector"
    slopes: tuple[float, ...] = Field(description="Of each point, ascending, or label.")
    biases: tuple[float, ...] = Field(description="Of each point, ascending, or label.")

    def apply(self, model: FloatArray) -> FloatArray:
        """Distributions with scores scaled and shifted."""
        scores = link(smoothed(model, self.smoothing, self.kind), self.kind)
        return unlink(scores * np.array(self.slopes) + np.array(self.biases), self.kind)


@dataclass(frozen=True)
class BiasFamily:
    """A free number for each point or label."""

    kinds: frozenset[Kind] = frozenset(("ordinal", "labels"))

    def settings(self, kind: Kind) -> tuple[Setting, ...]:
        """Smoothings and penalties to choose from."""
        return _SETTINGS

    def fit(self, sample: Sample, settings: Sequence[Setting]) -> Sequence[Bias]:
        """The biases of the highest penalised likelihood for each setting."""
        return [
            Bias(
                kind=sample.kind,
                smoothing=setting.smoothing,
                ridge=setting.ridge,
                biases=tuple(found[:, 1].tolist()),
            )
            for setting, found in _fitted(sample, settings, (False, True))
        ]


@dataclass(frozen=True)
class VectorFamily:
    """Two free numbers for each point or label."""

    kinds: frozenset[Kind] = frozenset(("ordinal", "labels"))

    def settings(self, kind: Kind) -> tuple[Setting, ...]:
        """Smoothings and penalties to choose from."""
        return _SETTINGS

    def fit(self, sample: Sample, settings: Sequence[Setting]) -> Sequence[Vector]:
        """Slopes and biases of the highest penalised likelihood for each setting."""
        return [
            Vector(
                kind=sample.kind,
                smoothing=setting.smoothing,
                ridge=setting.ridge,
                slopes=tuple((1 + found[:, 0]).tolist()),
                biases=tuple(found[:, 1].tolist()),
            )
            for setting, found in _fitted(sample, settings, (True, True))
        ]


_SETTINGS = tuple(Setting(smoothing, ridge) for smoothing in SMOOTHINGS for ridge in RIDGES)


def _fitted(
    sample: Sample, settings: Sequence[Setting], free: tuple[bool, bool]
) -> list[tuple[Setting, FloatArray]]:
    """Slope and bias less 1 and 0 of each point or label, (K, 2), for each setting."""
    found = np.zeros((sample.model.shape[1], 2))
    fitted = []
    for setting in settings:
        scores = link(smoothed(sample.model, setting.smoothing, sample.kind), sample.kind)
        if sample.kind == "labels":
            found = fit_logistic(scores, sample.human, sample.shares, free, setting.ridge, found)
        else:
            found = _of_points(scores, sample, free, setting.ridge, found)
        fitted.append((setting, found))
    return fitted


def _of_points(
    scores: FloatArray,
    sample: Sample,
    free: tuple[bool, bool],
    ridge: float,
    start: FloatArray,
) -> FloatArray:
    k = scores.shape[1]
    chosen = np.asarray(free)
    moving = np.eye(2 * k).reshape(2, k, 2, k)[chosen].reshape(-1, 2, k)
    found = np.zeros((2, k))
    begin = start.T[chosen].ravel()
    found[chosen] = fit_diagonal(scores, sample, moving, ridge, begin).reshape(-1, k)
    return found.T
