"""What every family of calibrators shares: what it learns from, and what it may be told."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from emoalign.distributions.cells import Kind
from emoalign.statistics.pairs import FloatArray
from emoalign.study.fields import Entry


@dataclass(frozen=True, eq=False)
class Sample:
    """Items that model and people rated.

    Attributes:
        model: distributions of the model, shape (items, K).
        human: shares of the human raters, shape (items, K).
        kind: whether the K are points of an ordinal scale or labels.
    Items weigh the same however many people rated them, as in the scores that a calibrator is
    judged by.
    """

    model: FloatArray
    human: FloatArray
    kind: Kind

    def part(self, items: NDArray[np.bool_]) -> Sample:
        """Some of the items."""
        return Sample(self.model[items], self.human[items], self.kind)

    @property
    def marginal(self) -> FloatArray:
        """The mean human distribution, shape (K,), with half a rater more who is even-handed.

        So nothing is impossible only because nobody in the sample chose it.
        """
        even = 1 / self.human.shape[1] if self.kind == "ordinal" else 0.5
        mean: FloatArray = (self.human.sum(axis=0) + 0.5 * even) / (len(self.human) + 0.5)
        return mean


@dataclass(frozen=True)
class Setting:
    """What data cannot be fitted by: chosen by the inner folds.

    Attributes:
        smoothing: share of the even distribution (isotonic: of the marginal) that is mixed in.
        ridge: weight of the squared distance from the map that changes nothing.
    """

    smoothing: float = 0.0
    ridge: float = 0.0


class Fitted(Entry, ABC):
    """A calibrator that has been fitted: numbers only, so that it can be saved and read again."""

    kind: Kind = Field(description="ordinal (points of a scale) or labels.")
    smoothing: float = Field(0.0, description="Share mixed in against zeros.")
    ridge: float = Field(0.0, description="Weight of the penalty the fit was held back by.")

    @abstractmethod
    def apply(self, model: FloatArray) -> FloatArray:
        """Calibrated distributions, shape (items, K), of distributions of the same shape."""


class Family(Protocol):
    """A way to calibrate: the settings to choose from, and the fit."""

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of scales it is for."""

    def settings(self, kind: Kind) -> tuple[Setting, ...]:
        """Settings for the inner folds to choose from; one alone leaves nothing to choose."""

    def fit(self, sample: Sample, settings: Sequence[Setting]) -> Sequence[Fitted]:
        """A calibrator for each of the settings."""
