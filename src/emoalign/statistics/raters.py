"""What the raters of each item answered: counts, shares, halves, and how far they agree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.pairs import ROUNDING, FloatArray, Pair

ON_POINT = 1e-6
"""A rating this near to a point of its scale, in steps, is on it."""

SD_BOUNDS = (0.075, 0.175)
"""SDs between high, moderate and low agreement, as shares of the length of the scale.

On five points they are .3 and .7, those of Inoshita et al. (2026).
"""


@dataclass(frozen=True, eq=False)
class People:
    """Single human answers on one scale, for the items that have any that can be used.

    Attributes:
        item_ids: the items, ascending.
        counts: how many raters gave each point, or chose each label, shape (items, K).
        n: raters of each item, shape (items,).
        sd: standard deviation of the ratings (ddof 1) in points; NaN for labels, shape (items,).
        choices: for labels, what each rater chose, shape (items, most raters, L), False beyond the
            raters an item has; None for ordinal scales.
    """

    item_ids: NDArray[np.str_]
    counts: FloatArray
    n: NDArray[np.int64]
    sd: FloatArray
    choices: NDArray[np.bool_] | None

    @property
    def shares(self) -> FloatArray:
        """Share of the raters who gave each point, or chose each label, shape (items, K)."""
        shares: FloatArray = self.counts / self.n[:, np.newaxis]
        return shares

    def at(self, items: NDArray[np.int64] | NDArray[np.bool_]) -> People:
        """The same of some items, by place or mask."""
        return People(
            self.item_ids[items],
            self.counts[items],
            self.n[items],
            self.sd[items],
            None if self.choices is None else self.choices[items],
        )


def counted_ratings(
    item_ids: NDArray[np.str_], n: NDArray[np.int64], ratings: FloatArray, points: FloatArray
) -> People:
    """Count ratings on the equally spaced points of an ordinal scale.

    An item with a rating that is on no point (of a source with finer steps, mapped to the scale) is
    left out.

    Args:
        item_ids: the items, ascending.
        n: how many ratings each has, shape (items,), at least 1.
        ratings: those of the first item, then those of the next, shape (sum of n,).
        points: every possible rating, ascending, shape (K,).
    """
    item = np.repeat(np.arange(len(n)), n)
    n_points = len(points)
    steps = (ratings - points[0]) / ((points[-1] - points[0]) / (n_points - 1))
    place = np.rint(steps).astype(np.int64)
    off = (np.abs(steps - place) >= ON_POINT) | (place < 0) | (place >= n_points)
    kept = np.bincount(item[off], minlength=len(n)) == 0
    counts = np.bincount(
        item * n_points + np.clip(place, 0, n_points - 1), minlength=len(n) * n_points
    ).reshape(len(n), n_points)[kept]
    n = n[kept]
    mean = counts @ points / n
    squares = (counts * (points - mean[:, np.newaxis]) ** 2).sum(axis=1)
    sd = np.sqrt(squares / np.where(n > 1, n - 1, np.nan))
    return People(item_ids[kept], counts.astype(np.float64), n, sd, None)


def counted_choices(
    item_ids: NDArray[np.str_],
    n: NDArray[np.int64],
    rater: NDArray[np.int64],
    label: NDArray[np.int64],
    n_labels: int,
) -> People:
    """Count how many raters chose each label.

    Args:
        item_ids: the items, ascending.
        n: how many raters each has, shape (items,), at least 1.
        rater: who chose, for each choice of a label, shape (choices,): raters are numbered from 0
            through those of the first item, then those of the next.
        label: the place of the label that was chosen, from 0 to n_labels - 1, shape (choices,).
        n_labels: L.
    """
    item = np.repeat(np.arange(len(n)), n)
    of_item = np.arange(len(item)) - (np.cumsum(n) - n)[item]
    choices = np.zeros((len(n), int(n.max(initial=0)), n_labels), dtype=np.bool_)
    choices[item[rater], of_item[rater], label] = True
    counts = choices.sum(axis=1, dtype=np.float64)
    return People(item_ids, counts, n, np.full(len(n), np.nan), choices)


def halves(people: People, n_draws: int, seed: int) -> Iterator[Pair]:
    """Random halves of each item's raters: the larger stands for people, the other for a model.

    Shares of either half, (items, K), of n - floor(n/2) and floor(n/2) raters. Items need two.
    """
    rng = np.random.default_rng(seed)
    small = people.n // 2
    large = people.n - small
    for _ in range(n_draws):
        taken = _some_raters(people, small, rng)
        shares = (people.counts - taken) / large[:, np.newaxis], taken / small[:, np.newaxis]
        yield Pair(*shares, large.astype(np.float64), small.astype(np.float64))


def agreement_on_points(spread: FloatArray) -> dict[str, NDArray[np.bool_]]:
    """Items of high, moderate and low agreement, as masks of shape (items,) by name.

    `spread` is the SD of an item's ratings as a share of the length of the scale, or its mean over
    several scales, shape (items,). Items where it is NaN are in none.
    """
    low, high = (bound - ROUNDING for bound in SD_BOUNDS)
    return {
        "high": spread < low,
        "moderate": (spread >= low) & (spread < high),
        "low": spread >= high,
    }


def agreement_on_labels(
    choices: NDArray[np.bool_], n: NDArray[np.int64]
) -> dict[str, NDArray[np.bool_]]:
    """Items of full, partial and no agreement, as masks of shape (items,) by name.

    Full: all raters chose the same labels. None: no label was chosen by two of them. Partial: else
    (Inoshita et al. 2026). `choices` and `n` are those of `People`; every item has a rater.
    """
    beyond = np.arange(choices.shape[1]) >= n[:, np.newaxis]
    alike = (choices == choices[:, :1]).all(axis=2) | beyond
    full = np.asarray(alike.all(axis=1))
    none = np.asarray(~full & (choices.sum(axis=1).max(axis=1, initial=0) <= 1))
    return {"full": full, "partial": ~full & ~none, "none": none}


def _some_raters(people: People, wanted: NDArray[np.int64], rng: np.random.Generator) -> FloatArray:
    """Counts among `wanted` of each item's raters, drawn without replacement, (items, K)."""
    if people.choices is not None:
        left, taken = wanted.copy(), np.zeros(people.counts.shape)
        for rater in range(people.choices.shape[1]):
            # Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S), as for split halves.
            is_taken = rng.random(len(left)) * np.maximum(people.n - rater, 0) < left
            taken += people.choices[:, rater] & is_taken[:, np.newaxis]
            left -= is_taken
        return taken
    counts = people.counts.astype(np.int64)
    others, left = people.n - counts[:, 0], wanted.copy()
    drawn = np.empty_like(counts)
    for place in range(counts.shape[1]):
        drawn[:, place] = rng.hypergeometric(counts[:, place], others, left)
        left -= drawn[:, place]
        if place + 1 < counts.shape[1]:
            others = others - counts[:, place + 1]
    return drawn.astype(np.float64)
