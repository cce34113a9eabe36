"""May a model take the place of a rater? The alternative annotator test.

Source: Calderon et al. (2025). Each rater in turn is left out: is the model, or the rater, nearer
to the others who rated the same items? The model may take the place of a rater where it is nearer
in so many items that the rater's lead is below what a rater is allowed (ε) because a model costs
less.

Ratings are padded: the answers of an item's raters stand first in its row. `raters` has shape
(items, most raters of an item): the number of each rater, from 0, or −1 where there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from emoalign.statistics.pairs import FloatArray

FEWEST_ITEMS = 30
"""Items that a rater must share with others: fewer are too few for the t-test."""

FALSE_DISCOVERIES = 0.05
"""The rate at which raters may be counted as replaceable by mistake."""

PASSED = 0.5
"""The share of raters from which on a model passes."""

DIGITS = 12
"""Scores that agree in so many decimals are equal."""

Similarity = Callable[[FloatArray, FloatArray], FloatArray]
"""How alike two answers are, elementwise over items and raters; higher is more alike."""


def squared_nearness(one: FloatArray, other: FloatArray) -> FloatArray:
    """Minus the squared distance of ratings; its mean orders answers as minus the root does."""
    near: FloatArray = -((one - other) ** 2)
    return near


def equality(one: FloatArray, other: FloatArray) -> FloatArray:
    """1 for the same label, else 0."""
    return np.asarray(one == other, dtype=np.float64)


def overlap(one: FloatArray, other: FloatArray) -> FloatArray:
    """Jaccard's index of sets of labels, whose indicators stand on the last axis; 1 if both are
    empty."""
    either = np.maximum(one, other).sum(axis=-1)
    both = np.minimum(one, other).sum(axis=-1)
    alike: FloatArray = np.where(either > 0, both / np.where(either > 0, either, 1), 1.0)
    return alike


@dataclass(frozen=True)
class Compared:
    """Item by item, whether the model or a left-out rater agrees better with the others.

    All have shape (comparisons,): one for every rating of an item that the model and at least two
    raters rated.

    Attributes:
        rater: the number of the rater.
        model_wins: the model agrees with the others at least as well as the rater does.
        rater_wins: the rater agrees with the others at least as well as the model does.
        n_items: the items that the model and at least two raters rated.
    """

    rater: NDArray[np.int64]
    model_wins: NDArray[np.bool_]
    rater_wins: NDArray[np.bool_]
    n_items: int = 0


@dataclass(frozen=True)
class RaterTest:
    """One rater against the model.

    Attributes:
        rater: the number of the rater.
        n_items: the items compared.
        model_wins, rater_wins: shares of items in which the model, or the rater, agrees with the
            others at least as well, from 0 to 1; ties count for both.
        t, p: one-sided test that the rater wins by ε or more; small: the model may replace them.
        p_adjusted: p with the rate of false discoveries held over raters.
        replaceable: whether it is rejected at FALSE_DISCOVERIES.
    """

    rater: int
    n_items: int
    model_wins: float
    rater_wins: float
    t: float
    p: float
    p_adjusted: float
    replaceable: bool


@dataclass(frozen=True)
class AlternativeAnnotator:
    """The test over all raters with enough items.

    Attributes:
        epsilon: lead over the model that a rater is allowed, as a share of items from 0 to 1.
        raters: a row for each, by number.
        winning_rate: ω, the share of raters that the model may replace; NaN without any rater.
        advantage: ρ, the mean over raters of the share of items in which the model agrees with the
            others at least as well as the rater does; NaN without any rater.
    """

    epsilon: float
    raters: tuple[RaterTest, ...]
    winning_rate: float
    advantage: float

    @property
    def passed(self) -> bool:
        """Whether ω is at least one half."""
        return self.winning_rate >= PASSED


def compare(
    model: FloatArray, ratings: FloatArray, raters: NDArray[np.int64], similarity: Similarity
) -> Compared:
    """Compare a model with each rater of each item, by similarity to the item's other raters.

    Args:
        model: one answer to each item, shape (items,), or for sets of labels (items, labels); NaN
            where there is none.
        ratings: shape (items, most raters), or (items, most raters, labels).
        raters: shape (items, most raters), −1 where there is no rating.
        similarity: how alike two answers are.
    """
    rated = raters >= 0
    sets = model.ndim > 1
    answered = np.isfinite(model).all(axis=1) if sets else np.isfinite(model)
    kept = answered & (rated.sum(axis=1) >= 2)
    model, ratings, raters, rated = model[kept], ratings[kept], raters[kept], rated[kept]
    others = rated.sum(axis=1) - 1
    found: list[tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]] = []
    of_model = np.where(rated, similarity(model[:, np.newaxis], ratings), 0.0)
    total = of_model.sum(axis=1)
    for place in range(rated.shape[1]):
        there = rated[:, place]
        alike = np.where(rated, similarity(ratings[:, [place]], ratings), 0.0)
        alike[:, place] = 0.0
        human = np.round(alike.sum(axis=1)[there] / others[there], DIGITS)
        machine = np.round((total - of_model[:, place])[there] / others[there], DIGITS)
        found.append((raters[there, place], machine >= human, human >= machine))
    if not found:
        return Compared(np.zeros(0, np.int64), np.zeros(0, bool), np.zeros(0, bool))
    rater, model_wins, rater_wins = (np.concatenate(part) for part in zip(*found, strict=True))
    return Compared(rater, model_wins, rater_wins, len(model))


def alternative_annotator(compared: Compared, epsilon: float) -> AlternativeAnnotator:
    """Test for every rater whether the model may take their place, at a cost-benefit of ε.

    For d = (the rater wins) − (the model wins) per item, H0: mean d ≥ ε is tested by a one-sided
    t-test; p-values are adjusted over raters by Benjamini & Yekutieli (2001). A rater whose d does
    not vary has p = 0 if it is below ε, else 1. Raters with fewer than FEWEST_ITEMS items are left
    out.
    """
    n = np.bincount(compared.rater)
    known = np.flatnonzero(n >= FEWEST_ITEMS)
    if not known.size:
        return AlternativeAnnotator(epsilon, (), np.nan, np.nan)
    model, human, different = (
        np.bincount(compared.rater, won)[known]
        for won in (
            compared.model_wins,
            compared.rater_wins,
            compared.model_wins != compared.rater_wins,
        )
    )
    n = n[known]
    # d is −1, 0 or 1, so its sums are whole numbers, and it varies unless this is exactly 0.
    d, squares = (human - model) / n, n * different - (human - model) ** 2
    varies = squares > 0
    se = np.sqrt(np.where(varies, squares, 1) / (n * (n - 1.0)) / n)
    t = np.where(varies, (d - epsilon) / se, np.nan)
    p = np.where(varies, stats.t.cdf(t, n - 1), d >= epsilon)
    adjusted = stats.false_discovery_control(p, method="by")
    replaceable = adjusted <= FALSE_DISCOVERIES
    columns = (known, n, model / n, human / n, t, p, adjusted, replaceable)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return AlternativeAnnotator(
        epsilon,
        tuple(RaterTest(*row) for row in rows),
        float(replaceable.mean()),
        float((model / n).mean()),
    )
