"""What a calibrated distribution is judged by."""

from __future__ import annotations

from typing import Literal

import numpy as np

from emoalign.analyses.calibration.links import cross_entropy, smoothed
from emoalign.analyses.distributions import metrics
from emoalign.analyses.distributions.kinds import Kind
from emoalign.statistics.pairs import FloatArray

Score = Literal["jsd", "nll", "rps", "label_jsd", "brier"]
SCORES: dict[Kind, tuple[Score, ...]] = {
    "ordinal": ("jsd", "nll", "rps"),
    "labels": ("jsd", "nll", "label_jsd", "brier"),
}


def score(name: Score, human: FloatArray, model: FloatArray, kind: Kind) -> FloatArray:
    """A score of each item, shape (items,), the lower the better; NaN where it is undefined.

    Human and model shares have shape (items, K). The JSD of labels is between shares divided by
    their sum, as Inoshita et al. (2026) do: undefined where nothing was chosen. Likelihoods are of
    distributions that are all smoothed alike (`metrics.SMOOTHING`), the calibrated ones too: their
    own smoothing alone would decide otherwise how an impossible rating counts.
    """
    if name == "nll":
        if kind == "ordinal":
            return metrics.nll(human, model)
        known = smoothed(model, metrics.SMOOTHING, kind)
        bits: FloatArray = cross_entropy(human, known, kind) / np.log(2)
        return bits
    if name == "rps":
        return metrics.rps(human, model)
    if name == "label_jsd":
        of_labels: FloatArray = metrics.bernoulli_jsd(human, model).mean(axis=1)
        return of_labels
    if name == "brier":
        squares: FloatArray = metrics.brier(human, model).mean(axis=1)
        return squares
    if kind == "labels":
        human, model = metrics.normalised(human), metrics.normalised(model)
    return metrics.jsd(human, model)
