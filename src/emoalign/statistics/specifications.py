"""Conclusions over all ways of asking: a specification is one of them, such as a wording.

Simonsohn, Simmons & Nelson (2020, Nature Human Behaviour 4:1208): all reasonable specifications are
reported, and tested jointly, because choosing one of them is a choice of the result. In arrays,
specifications are rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from emoalign.statistics.correlation import FEWEST_ITEMS
from emoalign.statistics.pairs import ROUNDING, FloatArray, is_constant, ranks, signs
from emoalign.statistics.resampling import FEWEST_CLUSTERS, Clusters, row_blocks, summed_by

FEWEST = 2
"""Fewer specifications are no choice, and no agreement."""


def kendall_w(values: ArrayLike) -> float:
    """Kendall's W, from 0 to 1: do specifications put models into the same order?

    `values`, such as r, has shape (specifications, models); those of a specification that lacks a
    model do not count. Ties share their mean rank, and W is corrected for them (Kendall &
    Smith 1939): 12·S / (m²(k³ - k) - m·ΣT), S the sum of squared distances of the models'
    rank sums from their mean, T the sum of t³ - t over the ties of a specification. NaN for fewer
    than two specifications or models, and where no specification tells the models apart.

    Raises:
        ValueError: the values are not a matrix.
    """
    given = np.asarray(values, dtype=np.float64)
    if given.ndim != 2:
        raise ValueError(f"found values of shape {given.shape}, expected (specifications, models)")
    complete = given[np.isfinite(given).all(axis=1)]
    m, k = complete.shape
    if m < FEWEST or k < FEWEST:
        return np.nan
    ranked = ranks(complete)
    sums = ranked.sum(axis=0)
    # The variance of ranks is (k³ - k) / 12 for each specification, less what its ties take away.
    spread = m * ((ranked - (k + 1) / 2) ** 2).sum()
    return float(((sums - sums.mean()) ** 2).sum() / spread) if spread > 0 else np.nan


@dataclass(frozen=True)
class SwapTest:
    """Two models over the same specifications.

    Attributes:
        differences: r_a - r_b of each specification in which both are defined, ascending.
        p: two-sided, of the median of these; from 1 / (n_swaps + 1) to 1.
        n_items, n_clusters: those that any of these specifications rests on.
    """

    differences: tuple[float, ...]
    p: float
    n_items: int
    n_clusters: int

    @property
    def median(self) -> float:
        """Median of the differences; above 0: a is closer to people. NaN without any."""
        return float(np.median(self.differences)) if self.differences else np.nan

    @property
    def n_higher(self) -> tuple[int, int]:
        """Specifications in which r_a is higher, and in which r_b is; equal ones are in neither."""
        side = signs(self.differences)
        return int((side > 0).sum()), int((side < 0).sum())


def swap_test(
    first: ArrayLike,
    second: ArrayLike,
    human: ArrayLike,
    n_swaps: int = 999,
    seed: int = 0,
    clusters: Clusters | None = None,
) -> SwapTest:
    """Test that two models are equally close to people, over all specifications at once.

    `first` and `second` are item means, shape (specifications, items), and `human` those of people,
    (items,); NaN where there is none. A specification counts the items with all three, on which
    each model is standardised, so that neither mean nor spread tells them apart. If nothing else
    does, either could have rated an item: both are swapped item by item, at random and in all
    specifications at once, because an item that suits a model suits it in all of them. Items of a
    cluster are swapped together. p is the share, the data themselves among them, of swaps with a
    median at least as far from 0.

    NaN without a specification in which both correlations are defined, and for fewer than three
    clusters.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    a, b, people = (np.asarray(values, dtype=np.float64) for values in (first, second, human))
    if a.ndim != 2 or a.shape != b.shape or people.shape != a.shape[1:]:
        raise ValueError(
            f"found shapes {a.shape} and {b.shape} (models) and {people.shape} (human), expected "
            "(specifications, items) twice, and (items,)"
        )
    units = np.arange(a.shape[1]) if clusters is None else clusters
    n_units = int(units.max(initial=-1)) + 1
    sides = [
        side
        for one, other in zip(a, b, strict=True)
        if (side := _standardised(one, other, people)) is not None
    ]
    present = np.any([side[-1] for side in sides], axis=0) if sides else np.zeros(len(units), bool)
    n_clusters = len(np.unique(units[present]))
    if not sides:
        return SwapTest((), np.nan, 0, 0)
    sums = np.stack([_swap_sums(side, units, n_units) for side in sides])
    as_it_is = _differences(sides, np.zeros((1, *sums.shape[:2])))[0]
    p = np.nan
    if n_clusters >= FEWEST_CLUSTERS:
        found = abs(np.median(as_it_is))
        swapped = _swapped_medians(sides, sums, n_swaps, seed)
        # A swap that leaves a model without spread is counted as far: p is then too high.
        far = np.sum(~(np.abs(swapped) < found - ROUNDING))
        p = float(1 + far) / (n_swaps + 1)
    ordered = tuple(map(float, np.sort(as_it_is)))
    return SwapTest(ordered, p, int(present.sum()), n_clusters)


_Side = tuple[FloatArray, FloatArray, FloatArray, NDArray[np.bool_]]
"""The two models and people in one specification, standardised; and which items have all three,
each of shape (items,)."""


def _standardised(a: FloatArray, b: FloatArray, people: FloatArray) -> _Side | None:
    """The three over the items that have all of them, 0 elsewhere; None where one is constant."""
    present = np.isfinite(a) & np.isfinite(b) & np.isfinite(people)
    if present.sum() < FEWEST_ITEMS or any(is_constant(one[present]) for one in (a, b, people)):
        return None
    standard = np.zeros((3, len(a)))
    for target, one in zip(standard, (a, b, people), strict=True):
        target[present] = (one[present] - one[present].mean()) / one[present].std()
    return standard[0], standard[1], standard[2], present


def _swap_sums(side: _Side, units: NDArray[np.int64], n_units: int) -> FloatArray:
    """What a swap of each cluster adds to the sums of the first model, shape (3, clusters): to the
    sum of its values, of their squares, and of their products with people's."""
    a, b, people, _ = side
    return summed_by(np.stack((b - a, b**2 - a**2, (b - a) * people)), units, n_units)


def _differences(sides: list[_Side], added: FloatArray) -> FloatArray:
    """r_a - r_b of each specification after swaps, shape (swaps, specifications); `added` is what
    they add, (swaps, specifications, 3). What the first model gains, the second loses."""
    n = np.array([side[-1].sum() for side in sides], dtype=np.float64)
    apart = []
    for model, sign in ((0, 1), (1, -1)):
        product = np.array([side[model] @ side[2] for side in sides])
        mean, square, cross = np.moveaxis(sign * added, -1, 0) / n
        variance = 1 + square - mean**2
        # People's values sum to 0, so that the mean of the model's does not matter to the product.
        apart.append((product / n + cross) / np.sqrt(np.where(variance > 0, variance, np.nan)))
    difference: FloatArray = apart[0] - apart[1]
    return difference


def _swapped_medians(sides: list[_Side], sums: FloatArray, n_swaps: int, seed: int) -> FloatArray:
    """The median difference after each swap, shape (n_swaps,)."""
    n_specifications, n_sums, n_units = sums.shape
    swaps = _swaps(n_units, n_swaps, seed)
    flat = sums.reshape(-1, n_units).T
    medians = np.empty(n_swaps)
    for rows in row_blocks(n_swaps, n_units):
        added = (swaps[rows].astype(np.float64) @ flat).reshape(-1, n_specifications, n_sums)
        medians[rows] = np.median(_differences(sides, added), axis=1)
    return medians


@lru_cache(maxsize=2)
def _swaps(n_units: int, n_swaps: int, seed: int) -> NDArray[np.uint8]:
    """Whether each cluster is swapped, shape (n_swaps, clusters): the same for all pairs."""
    rng = np.random.default_rng(seed)
    swaps = rng.integers(0, 2, size=(n_swaps, n_units), dtype=np.uint8)
    swaps.flags.writeable = False
    return swaps
