"""Temperature, bias, vector and Dirichlet scaling: scores times something, plus something.

Scores are the logarithms of the points' probabilities, or the log odds of the labels, both after
smoothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from emoalign.statistics.calibrators.family import Fitted, Sample, Setting, link, unlink
from emoalign.statistics.calibrators.likelihood import fit_diagonal, fit_full, fit_logistic
from emoalign.statistics.distances import Kind, smoothed
from emoalign.statistics.pairs import FloatArray

LOWEST_SHARPNESS = 1e-3
"""1/T at least: a model whose order of the points is wrong is flattened, never turned round."""

TEMPERATURE_SMOOTHINGS = (1e-6, 0.001, 0.01, 0.05, 0.2, 0.5)
TEMPERATURE_RIDGE = 1e-6

VECTOR_SETTINGS = tuple(
    Setting(smoothing, ridge) for smoothing in (1e-6, 0.01, 0.05, 0.2) for ridge in (1e-4, 1e-2)
)

DIRICHLET_SETTINGS = tuple(
    Setting(smoothing, ridge) for smoothing in (1e-6, 0.01, 0.1) for ridge in (1e-4, 1e-2, 1.0)
)
DIAGONAL = 1e-6
"""Penalty of the diagonal, which Kull et al. leave free: the likelihood alone decides it."""

MOST_POINTS = 15
"""Points of a scale at most: a matrix has as many numbers as their square."""


@dataclass(frozen=True, kw_only=True)
class Temperature(Fitted):
    """Scores divided by one temperature (Guo et al. 2017).

    q^(1/T), renormalised over the points; of labels, each one's log odds divided by T.

    Attributes:
        temperature: T, above 0; above 1 flattens, below 1 sharpens.
    """

    method: Literal["temperature"] = "temperature"
    temperature: float

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ValueError(f"found the temperature {self.temperature}, expected more than 0")

    def apply(self, model: FloatArray) -> FloatArray:
        """Distributions at the temperature."""
        return unlink(_scores(model, self) / self.temperature, self.kind)


@dataclass(frozen=True, kw_only=True)
class Bias(Fitted):
    """A number added to the score of each point or label.

    Attributes:
        biases: of each point, ascending, or label.
    """

    method: Literal["bias"] = "bias"
    biases: tuple[float, ...]

    def apply(self, model: FloatArray) -> FloatArray:
        """Distributions with the biases added to their scores."""
        return unlink(_scores(model, self) + np.array(self.biases), self.kind)


@dataclass(frozen=True, kw_only=True)
class Vector(Fitted):
    """The score of each point or label times a slope, plus a bias (Guo et al. 2017; Platt 1999).

    Attributes:
        slopes, biases: of each point, ascending, or label.
    """

    method: Literal["vector"] = "vector"
    slopes: tuple[float, ...]
    biases: tuple[float, ...]

    def apply(self, model: FloatArray) -> FloatArray:
        """Distributions with scores scaled and shifted."""
        scores = _scores(model, self) * np.array(self.slopes) + np.array(self.biases)
        return unlink(scores, self.kind)


@dataclass(frozen=True, kw_only=True)
class Dirichlet(Fitted):
    """q* = softmax(W log q + b): every point may borrow from every other (Kull et al. 2019).

    Attributes:
        matrix: W, a row for each point of q*.
        biases: b, of each point, ascending.
    """

    method: Literal["dirichlet"] = "dirichlet"
    matrix: tuple[tuple[float, ...], ...]
    biases: tuple[float, ...]

    def apply(self, model: FloatArray) -> FloatArray:
        """Distributions whose logarithms are mixed, shifted and renormalised."""
        scores = _scores(model, self) @ np.array(self.matrix).T + np.array(self.biases)
        return unlink(scores, self.kind)


def _scores(model: FloatArray, fitted: Fitted) -> FloatArray:
    return link(smoothed(model, fitted.smoothing, fitted.kind), fitted.kind)


@dataclass(frozen=True)
class TemperatureFamily:
    """One number for all points and items; the inner folds choose the smoothing."""

    kinds: frozenset[Kind] = frozenset(("ordinal", "labels"))

    def settings(self, kind: Kind) -> tuple[Setting, ...]:
        """Smoothings to choose from."""
        return tuple(Setting(smoothing, TEMPERATURE_RIDGE) for smoothing in TEMPERATURE_SMOOTHINGS)

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
        best = fit_logistic(scores, human, weights, (True, False), setting.ridge, at)
        return 1 + float(best[0, 0])
    free = np.stack((np.ones(scores.shape[1]), np.zeros(scores.shape[1])))[np.newaxis]
    return 1 + float(fit_diagonal(scores, sample, free, setting.ridge, begin)[0])


@dataclass(frozen=True)
class BiasFamily:
    """A free number for each point or label."""

    kinds: frozenset[Kind] = frozenset(("ordinal", "labels"))

    def settings(self, kind: Kind) -> tuple[Setting, ...]:
        """Smoothings and penalties to choose from."""
        return VECTOR_SETTINGS

    def fit(self, sample: Sample, settings: Sequence[Setting]) -> Sequence[Bias]:
        """The biases of the highest penalised likelihood for each setting."""
        return [
            Bias(
                kind=sample.kind,
                smoothing=setting.smoothing,
                ridge=setting.ridge,
                biases=tuple(best[:, 1].tolist()),
            )
            for setting, best in _slopes_and_biases(sample, settings, (False, True))
        ]


@dataclass(frozen=True)
class VectorFamily:
    """Two free numbers for each point or label."""

    kinds: frozenset[Kind] = frozenset(("ordinal", "labels"))

    def settings(self, kind: Kind) -> tuple[Setting, ...]:
        """Smoothings and penalties to choose from."""
        return VECTOR_SETTINGS

    def fit(self, sample: Sample, settings: Sequence[Setting]) -> Sequence[Vector]:
        """Slopes and biases of the highest penalised likelihood for each setting."""
        return [
            Vector(
                kind=sample.kind,
                smoothing=setting.smoothing,
                ridge=setting.ridge,
                slopes=tuple((1 + best[:, 0]).tolist()),
                biases=tuple(best[:, 1].tolist()),
            )
            for setting, best in _slopes_and_biases(sample, settings, (True, True))
        ]


def _slopes_and_biases(
    sample: Sample, settings: Sequence[Setting], free: tuple[bool, bool]
) -> list[tuple[Setting, FloatArray]]:
    """Slope and bias less 1 and 0 of each point or label, (K, 2), for each setting."""
    best = np.zeros((sample.model.shape[1], 2))
    fitted = []
    for setting in settings:
        scores = link(smoothed(sample.model, setting.smoothing, sample.kind), sample.kind)
        if sample.kind == "labels":
            best = fit_logistic(scores, sample.human, sample.shares, free, setting.ridge, best)
        else:
            best = _of_points(scores, sample, free, setting.ridge, best)
        fitted.append((setting, best))
    return fitted


def _of_points(
    scores: FloatArray,
    sample: Sample,
    free: tuple[bool, bool],
    ridge: float,
    start: FloatArray,
) -> FloatArray:
    k = scores.shape[1]
    chosen = np.asarray(free)
    moving = np.eye(2 * k).reshape(2, k, 2, k)[chosen].reshape(-1, 2, k)
    best = np.zeros((2, k))
    begin = start.T[chosen].ravel()
    best[chosen] = fit_diagonal(scores, sample, moving, ridge, begin).reshape(-1, k)
    return best.T


@dataclass(frozen=True)
class DirichletFamily:
    """K² + K free numbers, of which those off the diagonal and the biases are held back (ODIR)."""

    kinds: frozenset[Kind] = frozenset(("ordinal",))

    def settings(self, kind: Kind) -> tuple[Setting, ...]:
        """Smoothings and penalties to choose from."""
        return DIRICHLET_SETTINGS

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
