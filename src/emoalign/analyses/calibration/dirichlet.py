"""Dirichlet calibration (Kull et al. 2019): every point may borrow from every other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from emoalign.analyses.calibration.calibrator import Fitted, Sample, Setting
from emoalign.analyses.calibration.links import link, smoothed, unlink
from emoalign.analyses.calibration.softmax_map import fit_full
from emoalign.analyses.distributions.kinds import Kind
from emoalign.statistics.pairs import FloatArray

SMOOTHINGS = (1e-6, 0.01, 0.1)
RIDGES = (1e-4, 1e-2, 1.0)
DIAGONAL = 1e-6
"""Penalty of the diagonal, which Kull et al. leave free: the likelihood alone decides it."""

MOST_POINTS = 15
"""Points of a scale at most: a matrix has as many numbers as their square."""


class Dirichlet(Fitted):
    """q* = softmax(W log q + b)."""

    method: Literal["dirichlet"] = "dirichlet"
    matrix: tuple[tuple[float, ...], ...] = Field(description="W; a row for each point of q*.")
    biases: tuple[float, ...] = Field(description="b, of each point, ascending.")

    def apply(self, model: FloatArray) -> FloatArray:
        """Distributions whose logarithms are mixed, shifted and renormalised."""
        scores = link(smoothed(model, self.smoothing, self.kind), self.kind)
        return unlink(scores @ np.array(self.matrix).T + np.array(self.biases), self.kind)


@dataclass(frozen=True)
class DirichletFamily:
    """K² + K free numbers, of which those off the diagonal and the biases are held back (ODIR)."""

    kinds: frozenset[Kind] = frozenset(("ordinal",))

    def settings(self, kind: Kind) -> tuple[Setting, ...]:
        """Smoothings and penalties to choose from."""
        return tuple(Setting(smoothing, ridge) for smoothing in SMOOTHINGS for ridge in RIDGES)

    def fit(self, sample: Sample, settings: Sequence[Setting]) -> Sequence[Dirichlet]:
        """The matrix of the highest penalised likelihood for each setting.

        The penalty is ridge × (mean square off the diagonal + mean square of the biases).
        """
        k = sample.model.shape[1]
        weights = np.full((k, k + 1), 1 / (k * (k - 1)))
        weights[:, k] = 1 / k
        weights[range(k), range(k)] = 0
        at = np.zeros((k, k + 1))
        fitted = []
        for setting in settings:
            scores = link(smoothed(sample.model, setting.smoothing, sample.kind), sample.kind)
            at = fit_full(scores, sample, setting.ridge * weights + DIAGONAL, at)
            fitted.append(
                Dirichlet(
                    kind=sample.kind,
                    smoothing=setting.smoothing,
                    ridge=setting.ridge,
                    matrix=tuple(map(tuple, (np.eye(k) + at[:, :k]).tolist())),
                    biases=tuple(at[:, k].tolist()),
                )
            )
        return fitted
