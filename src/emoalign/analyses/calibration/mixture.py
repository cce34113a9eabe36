"""A mixture of the model with the marginal: what people say of an item nobody has read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field
from scipy import optimize

from emoalign.analyses.calibration.calibrator import Fitted, Sample, Setting
from emoalign.analyses.calibration.links import cross_entropy
from emoalign.analyses.distributions.kinds import Kind
from emoalign.statistics.pairs import FloatArray


class Mixture(Fitted):
    """(1 - weight) × model + weight × marginal."""

    method: Literal["mixture"] = "mixture"
    weight: float = Field(ge=0, le=1, description="Weight of the marginal.")
    marginal: tuple[float, ...] = Field(description="Mean human distribution of the items fitted.")

    def apply(self, model: FloatArray) -> FloatArray:
        """The mixture for each item."""
        return (1 - self.weight) * model + self.weight * np.array(self.marginal)


@dataclass(frozen=True)
class MixtureFamily:
    """One free number, and nothing to choose."""

    kinds: frozenset[Kind] = frozenset(("ordinal", "labels"))

    def settings(self, kind: Kind) -> tuple[Setting, ...]:
        """None to choose."""
        return (Setting(),)

    def fit(self, sample: Sample, settings: Sequence[Setting]) -> Sequence[Mixture]:
        """The weight of the highest likelihood, which is concave in it."""
        marginal = sample.marginal

        def loss(weight: float) -> float:
            mixed = (1 - weight) * sample.model + weight * marginal
            return float(sample.shares @ cross_entropy(sample.human, mixed, sample.kind))

        found = optimize.minimize_scalar(
            loss, bounds=(0, 1), method="bounded", options={"xatol": 1e-6}
        )
        # The search never tries the ends themselves.
        weight = min((float(found.x), 0.0, 1.0), key=loss)
        calibrator = Mixture(kind=sample.kind, weight=weight, marginal=tuple(marginal.tolist()))
        return [calibrator for _ in settings]
