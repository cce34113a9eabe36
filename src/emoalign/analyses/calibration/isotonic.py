"""Isotonic regression of people's shares on the model's, for each point or label on its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field
from scipy import optimize

from emoalign.analyses.calibration.calibrator import Fitted, Sample, Setting
from emoalign.analyses.distributions.kinds import Kind
from emoalign.statistics.pairs import FloatArray

SMOOTHINGS = (1e-6, 0.001, 0.01, 0.05, 0.2)


class Isotonic(Fitted):
    """A rising curve for each point or label, linear between its knots and level beyond them.

    The curves of the points are renormalised to a distribution (Zadrozny & Elkan 2002).
    """

    method: Literal["isotonic"] = "isotonic"
    shares: tuple[tuple[float, ...], ...] = Field(description="Knots: shares of the model.")
    heights: tuple[tuple[float, ...], ...] = Field(description="Knots: calibrated shares.")
    marginal: tuple[float, ...] = Field(description="What the smoothing mixes in.")

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
        return [curves.model_copy(update={"smoothing": one.smoothing}) for one in settings]


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
