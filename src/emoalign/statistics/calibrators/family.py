"""What all calibrators share, and the plainest: the model as it is, people's mean, their mixtures.

The first two are what every other way to calibrate is compared with.

Arrays of distributions have shape (items, K): over the K points of an ordinal scale a row sums to
1; of K labels, of which an answer chooses those that apply, each number is the share of the answers
that chose the label, on its own from 0 to 1.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from emoalign.statistics.distances import Kind
from emoalign.statistics.pairs import FloatArray

FLOOR = 1e-6
"""Probability at least, where the logarithm of one is taken that nobody has smoothed."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Items that model and people rated.

    Attributes:
        model: distributions of the model, shape (items, K).
        human: shares of the human raters, shape (items, K).
        kind: whether the K are points of an ordinal scale or labels.
        weights: items that a row stands for, shape (items,).
    Items weigh the same however many people rated them, as in the scores that a calibrator is
    judged by.
    """

    model: FloatArray
    human: FloatArray
    kind: Kind
    weights: FloatArray

    @classmethod
    def of(cls, model: FloatArray, human: FloatArray, kind: Kind) -> Sample:
        """Items each for itself."""
        return cls(model, human, kind, np.ones(len(model)))

    def part(self, items: NDArray[np.bool_]) -> Sample:
        """Some of the items."""
        return Sample(self.model[items], self.human[items], self.kind, self.weights[items])

    def condensed(self) -> Sample:
        """Items of which the model says exactly the same as one, whose human shares are their mean.

        No map of the model's distributions can tell them apart, and every fit is the same. Ten
        answers on five points can be only so many distributions, so that there is less to compute.
        """
        model, place = np.unique(self.model, axis=0, return_inverse=True)
        weights = np.bincount(place, self.weights).astype(np.float64)
        human = np.stack(
            [np.bincount(place, self.weights * column) / weights for column in self.human.T], axis=1
        )
        return Sample(model, human, self.kind, weights)

    @property
    def shares(self) -> FloatArray:
        """The weights divided by their sum, shape (items,)."""
        shares: FloatArray = self.weights / self.weights.sum()
        return shares

    @property
    def marginal(self) -> FloatArray:
        """The mean human distribution, shape (K,), with half an item more that is even-handed.

        So nothing is impossible only because nobody in the sample chose it.
        """
        even = 1 / self.human.shape[1] if self.kind == "ordinal" else 0.5
        mean: FloatArray = (self.weights @ self.human + 0.5 * even) / (self.weights.sum() + 0.5)
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


@dataclass(frozen=True, kw_only=True)
class Fitted(ABC):
    """A calibrator that has been fitted: numbers only, so that it can be saved and read again.

    Attributes:
        kind: ordinal (points of a scale) or labels.
        smoothing: share mixed in against zeros.
        ridge: weight of the penalty the fit was held back by.
    A calibrator has its `method` beside, the name by which it is known.
    """

    kind: Kind
    smoothing: float = 0.0
    ridge: float = 0.0

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


def link(shares: FloatArray, kind: Kind) -> FloatArray:
    """Logarithms of the points' probabilities, or log odds of the labels; not of zeros."""
    scores: FloatArray = np.log(shares) if kind == "ordinal" else special.logit(shares)
    return scores


def unlink(scores: FloatArray, kind: Kind) -> FloatArray:
    """The distribution with these scores: softmax over the points, or logistic of each label."""
    shares: FloatArray = (
        special.softmax(scores, axis=-1) if kind == "ordinal" else special.expit(scores)
    )
    return shares


def cross_entropy(human: FloatArray, model: FloatArray, kind: Kind) -> FloatArray:
    """Loss that calibrators are fitted by, in nats, shape (items,): people's under the model.

    The negative log-likelihood of a rating, the mean over the item's raters; of labels, the mean
    over labels too, each chosen or not. Not smoothed, but kept above `FLOOR`: calibrators have a
    smoothing of their own.
    """
    known = np.clip(model, FLOOR, 1 if kind == "ordinal" else 1 - FLOOR)
    if kind == "ordinal":
        loss: FloatArray = -np.sum(human * np.log(known), axis=-1)
    else:
        loss = -np.mean(human * np.log(known) + (1 - human) * np.log1p(-known), axis=-1)
    return loss


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
