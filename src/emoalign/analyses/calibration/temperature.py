"""Temperature scaling (Guo et al. 2017), of smoothed distributions."""

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

LOWEST_SHARPNESS = 1e-3
"""1/T at least: a model whose order of the points is wrong is flattened, never turned round."""

SMOOTHINGS = (1e-6, 0.001, 0.01, 0.05, 0.2, 0.5)
RIDGE = 1e-6


class Temperature(Fitted):
    """Scores divided by one temperature: q^(1/T), renormalised over the points; of labels, each
    one's log odds divided by T."""

    method: Literal["temperature"] = "temperature"
    temperature: float = Field(gt=0, description="T; above 1 flattens, below 1 sharpens.")

    def apply(self, model: FloatArray) -> FloatArray:
        """Distributions at the temperature."""
        scores = link(smoothed(model, self.smoothing, self.kind), self.kind)
        return unlink(scores / self.temperature, self.kind)


@dataclass(frozen=True)
class TemperatureFamily:
    """One number for all points and items; the inner folds choose the smoothing."""

    kinds: frozenset[Kind] = frozenset(("ordinal", "labels"))

    def settings(self, kind: Kind) -> tuple[Setting, ...]:
        """Smoothings to choose from."""
        return tuple(Setting(smoothing, RIDGE) for smoothing in SMOOTHINGS)

    def fit(self, sample: Sample, settings: Sequence[Setting]) -> Sequence[Temperature]:
        """The temperature of the highest likelihood for each smoothing."""
        fitted, sharpness = [], 1.0
        for setting in settings:
            sharpness = _sharpness(sample, setting, sharpness)
            fitted.append(
                Temperature(
                    kind=sample.kind,
                    smoothing=setting.smoothing,
                    ridge=setting.ridge,
                    temperature=1 / max(sharpness, LOWEST_SHARPNESS),
                )
            )
        return fitted


def _sharpness(sample: Sample, setting: Setting, start: float) -> float:
    """1/T of the highest likelihood."""
    scores = link(smoothed(sample.model, setting.smoothing, sample.kind), sample.kind)
    begin = np.array([start - 1])
    if sample.kind == "labels":
        # One slope for all labels: they are taken for more items of a single label.
        labels = scores.shape[1]
        scores, human = scores.reshape(-1, 1), sample.human.reshape(-1, 1)
        weights = np.repeat(sample.shares / labels, labels)
        at = np.array([[*begin, 0]])
        found = fit_logistic(scores, human, weights, (True, False), setting.ridge, at)
        return 1 + float(found[0, 0])
    free = np.stack((np.ones(scores.shape[1]), np.zeros(scores.shape[1])))[np.newaxis]
    return 1 + float(fit_diagonal(scores, sample, free, setting.ridge, begin)[0])
