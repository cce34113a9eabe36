"""The model as it is, the mean of people without it, and mixtures of the two.

The first two are what every other way to calibrate is compared with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import optimize

from emoalign.statistics.calibrators.family import Fitted, Sample, Setting, cross_entropy
from emoalign.statistics.distances import Kind
from emoalign.statistics.pairs import FloatArray

KINDS: frozenset[Kind] = frozenset(("ordinal", "labels"))


@dataclass(frozen=True, kw_only=True)
class Unchanged(Fitted):
    """Changes nothing."""

    method: Literal["none"] = "none"

    def apply(self, model: FloatArray) -> FloatArray:
        """The same distributions."""
        return model


@dataclass(frozen=True, kw_only=True)
class Marginal(Fitted):
    """The mean human distribution for every item: what can be said without the model.

    What a method gains no more than this, it did not gain from the model.

    Attributes:
        marginal: mean human distribution of the items fitted, shape (K,); see `Sample.marginal`.
    """

    method: Literal["marginal"] = "marginal"
    marginal: tuple[float, ...]

    def apply(self, model: FloatArray) -> FloatArray:
        """The same distribution for each item."""
        return np.tile(self.marginal, (len(model), 1))


@dataclass(frozen=True)
class UnchangedFamily:
    """Nothing to fit."""

    kinds: frozenset[Kind] = KINDS

    def settings(self, kind: Kind) -> tuple[Setting, ...]:
        """None to choose."""
        return (Setting(),)

    def fit(self, sample: Sample, settings: Sequence[Setting]) -> Sequence[Unchanged]:
        """The map that changes nothing."""
        return [Unchanged(kind=sample.kind) for _ in settings]


@dataclass(frozen=True)
class MarginalFamily:
    """The mean of the rated items."""

    kinds: frozenset[Kind] = KINDS

    def settings(self, kind: Kind) -> tuple[Setting, ...]:
        """None to choose."""
        return (Setting(),)

    def fit(self, sample: Sample, settings: Sequence[Setting]) -> Sequence[Marginal]:
        """The marginal of the sample."""
        calibrator = Marginal(kind=sample.kind, marginal=tuple(sample.marginal.tolist()))
        return [calibrator for _ in settings]


@dataclass(frozen=True, kw_only=True)
class Mixture(Fitted):
    """(1 - weight) × model + weight × marginal: what people say of an item nobody has read.

    Attributes:
        weight: of the marginal, from 0 to 1.
        marginal: mean human distribution of the items fitted, shape (K,); see `Sample.marginal`.
    """

    method: Literal["mixture"] = "mixture"
    weight: float
    marginal: tuple[float, ...]

    def __post_init__(self) -> None:
        if not 0 <= self.weight <= 1:
            raise ValueError(f"found the weight {self.weight}, expected a number from 0 to 1")

    def apply(self, model: FloatArray) -> FloatArray:
        """The mixture for each item."""
        return (1 - self.weight) * model + self.weight * np.array(self.marginal)


@dataclass(frozen=True)
class MixtureFamily:
    """One free number, and nothing to choose."""

    kinds: frozenset[Kind] = KINDS

    def settings(self, kind: Kind) -> tuple[Setting, ...]:
        """None to choose."""
        return (Setting(),)

    def fit(self, sample: Sample, settings: Sequence[Setting]) -> Sequence[Mixture]:
        """The weight of the highest likelihood, which is concave in it."""
        marginal = sample.marginal

        def loss(weight: float) -> float:
            mixed = (1 - weight) * sample.model + weight * marginal
            return float(sample.shares @ cross_entropy(sample.human, mixed, sample.kind))

        best = optimize.minimize_scalar(
            loss, bounds=(0, 1), method="bounded", options={"xatol": 1e-6}
        )
        # The search never tries the ends themselves.
        weight = min((float(best.x), 0.0, 1.0), key=loss)
        calibrator = Mixture(kind=sample.kind, weight=weight, marginal=tuple(marginal.tolist()))
        return [calibrator for _ in settings]
