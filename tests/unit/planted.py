"""Distributions that people and models are drawn from, and known distortions of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import special

from emoalign.statistics.calibrators.family import Sample
from emoalign.statistics.distances import Kind
from emoalign.statistics.pairs import FloatArray

POINTS = 5
LABELS = 6

Distortion = Callable[[FloatArray], FloatArray]


def truths(n: int, kind: Kind, seed: int = 0) -> FloatArray:
    """What people would say of `n` items if there were infinitely many of them."""
    rng = np.random.default_rng(seed)
    if kind == "labels":
        return special.expit(rng.normal(-1.0, 1.5, (n, LABELS)))
    centre, width = rng.uniform(0, POINTS - 1, (n, 1)), rng.uniform(0.6, 1.5, (n, 1))
    heights = np.exp(-(((np.arange(POINTS) - centre) / width) ** 2) / 2) + 0.02
    shares: FloatArray = heights / heights.sum(axis=1, keepdims=True)
    return shares


def drawn(shares: FloatArray, raters: int, kind: Kind, seed: int) -> FloatArray:
    """Shares of so many raters, or answers."""
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(raters, shares) if kind == "ordinal" else rng.binomial(raters, shares)
    observed: FloatArray = counts / raters
    return observed


def planted(
    kind: Kind,
    distortion: Distortion,
    n: int = 1500,
    raters: int = 20,
    answers: int | None = None,
    seed: int = 0,
) -> tuple[Sample, FloatArray]:
    """Items whose model says a distortion of the truth, exactly or in so many answers; the
    truth as well."""
    truth = truths(n, kind, seed)
    said = distortion(truth)
    model = said if answers is None else drawn(said, answers, kind, seed + 1)
    return Sample.of(model, drawn(truth, raters, kind, seed + 2), kind), truth
