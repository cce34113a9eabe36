"""No calibration: the model as it is, which every other family is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from emoalign.distributions.calibration.calibrator import Fitted, Sample, Setting
from emoalign.distributions.cells import Kind
from emoalign.statistics.pairs import FloatArray


class Unchanged(Fitted):
    """Changes nothing."""

    method: Literal["none"] = "none"

    def apply(self, model: FloatArray) -> FloatArray:
        """The same distributions."""
        return model


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
