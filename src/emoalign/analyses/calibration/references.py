"""What every other way to calibrate is compared with: the model as it is, and without the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from emoalign.analyses.calibration.calibrator import Fitted, Sample, Setting
from emoalign.analyses.distributions.kinds import Kind
from emoalign.statistics.pairs import FloatArray


class Unchanged(Fitted):
    """Changes nothing."""

    method: Literal["none"] = "none"

    def apply(self, model: FloatArray) -> FloatArray:
        """The same distributions."""
        return model


class Marginal(Fitted):
    """The mean human distribution for every item: what can be said without the model.

    What a method gains no more than this, it did not gain from the model.
    """

    method: Literal["marginal"] = "marginal"
    marginal: tuple[float, ...] = Field(description="Mean human distribution of the items fitted.")

    def apply(self, model: FloatArray) -> FloatArray:
        """The same distribution for each item."""
        return np.tile(self.marginal, (len(model), 1))


@dataclass(frozen=True)
class UnchangedFamily:
    """Nothing to fit."""

    kinds: frozenset[Kind] = frozenset(("ordinal", "labels"))

    def settings(self, kind: Kind) -> tuple[Setting, ...]:
        """None to choose."""
        return (Setting(),)

    def fit(self, sample: Sample, settings: Sequence[Setting]) -> Sequence[Unchanged]:
        """The map that changes nothing."""
        return [Unchanged(kind=sample.kind) for _ in settings]


@dataclass(frozen=True)
class MarginalFamily:
    """The mean of the rated items."""

    kinds: frozenset[Kind] = frozenset(("ordinal", "labels"))

    def settings(self, kind: Kind) -> tuple[Setting, ...]:
        """None to choose."""
        return (Setting(),)

    def fit(self, sample: Sample, settings: Sequence[Setting]) -> Sequence[Marginal]:
        """The marginal of the sample."""
        found = Marginal(kind=sample.kind, marginal=tuple(sample.marginal.tolist()))
        return [found for _ in settings]
