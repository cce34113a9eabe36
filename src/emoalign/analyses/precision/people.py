"""What is known of how people answer: their single answers, and how alike items are.

An answer is a point of a scale of numbers or a set of labels. Items are thought of as drawn from a
population in which the true distribution of an item's answers is Dirichlet, with the pooled answers
of all items as its mean and one concentration: large where items differ little. With it, what is
known of an item's true distribution after a few raters is again Dirichlet, so that a perfect model
can be simulated without taking five raters for the truth.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import optimize, special

from emoalign.statistics.pairs import FloatArray
from emoalign.study.scales import HumanScale, LabelScale

_CONCENTRATIONS = (1e-3, 1e5)


@dataclass(frozen=True, eq=False)
class HumanAnswers:
    """The single human answers to the items of one scale.

    Attributes:
        counts: raters of an item who gave each kind of answer, shape (items, kinds).
        parts: 1 for each point or label that a kind of answer has, else 0, shape (kinds, K).
    """

    counts: FloatArray
    parts: FloatArray

    @property
    def pooled(self) -> FloatArray:
        """Share of each kind of answer among those of all items, shape (kinds,)."""
        total: FloatArray = self.counts.sum(axis=0) / self.counts.sum()
        return total


def known_answers(norms: pd.DataFrame, scale: HumanScale | LabelScale) -> HumanAnswers | None:
    """The answers behind the norms of one scale; None where no item has any that can be counted.

    Items without single answers, or with an answer between the points of the scale, are left out,
    as are those where nobody chose a label.
    """
    if isinstance(scale, LabelScale):
        return _of_labels(list(norms["labels"].dropna()), scale)
    return _of_numbers(list(norms["ratings"].dropna()), scale)


def concentration(answers: HumanAnswers) -> float:
    """The most likely concentration of the items' distributions about the pooled one.

    Maximum likelihood of the Dirichlet-multinomial distribution with the pooled shares as its mean
    (Minka 2000, Estimating a Dirichlet distribution). Within 0.001 to 100,000.
    """
    item, kind = np.nonzero(answers.counts)
    counts, mean = answers.counts[item, kind], answers.pooled[kind]
    raters = answers.counts.sum(axis=1)

    def loss(log_alpha: float) -> float:
        alpha = math.exp(log_alpha)
        each = special.gammaln(alpha * mean + counts) - special.gammaln(alpha * mean)
        return -float(each.sum() + (special.gammaln(alpha) - special.gammaln(alpha + raters)).sum())

    bounds = (math.log(_CONCENTRATIONS[0]), math.log(_CONCENTRATIONS[1]))
    return math.exp(optimize.minimize_scalar(loss, bounds=bounds, method="bounded").x)


def _of_numbers(items: Sequence[NDArray[np.float64]], scale: HumanScale) -> HumanAnswers | None:
    points = np.array(scale.points)
    counts = []
    for ratings in items:
        place = np.rint((np.asarray(ratings, dtype=float) - scale.min) / scale.step).astype(int)
        if len(place) and np.allclose(points[place], ratings, rtol=0, atol=1e-6 * scale.step):
            counts.append(np.bincount(place, minlength=len(points)))
    if not counts:
        return None
    return HumanAnswers(np.array(counts, dtype=float), np.eye(len(points)))


def _of_labels(items: Sequence[Sequence[Sequence[str]]], scale: LabelScale) -> HumanAnswers | None:
    chosen = [[tuple(sorted(answer)) for answer in answers] for answers in items]
    chosen = [answers for answers in chosen if any(answers)]
    kinds = sorted({answer for answers in chosen for answer in answers})
    if not kinds:
        return None
    place = {kind: number for number, kind in enumerate(kinds)}
    counts = np.zeros((len(chosen), len(kinds)))
    for row, answers in zip(counts, chosen, strict=True):
        np.add.at(row, [place[answer] for answer in answers], 1)
    labels = {label: number for number, label in enumerate(scale.labels)}
    parts = np.zeros((len(kinds), len(scale.labels)))
    for row, kind in zip(parts, kinds, strict=True):
        row[[labels[label] for label in kind]] = 1
    return HumanAnswers(counts, parts)
