"""Representational similarity: do two spaces hold the same items alike and apart?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.cluster import hierarchy
from scipy.spatial import distance

from emoalign.statistics.pairs import ROUNDING, FloatArray, is_constant, ranks

FEWEST_ITEMS = 4
"""Three items have three distances, and six orders at most."""

ROWS_AT_ONCE = 64


@dataclass(frozen=True)
class Similarity:
    """Spearman's rho of two dissimilarity matrices over pairs of items, and its one-sided p."""

    rho: float
    p: float


def dissimilarities(ratings: ArrayLike, ranges: ArrayLike) -> FloatArray:
    """Euclidean distances of items in the space of their ratings, shape (items·(items-1)/2,).

    `ratings` has shape (items, scales), in scale points, and `ranges` (scales,) is max - min of
    each scale: as shares of their range, scales of different length count alike. They are not
    standardised, which would blow up a scale that hardly distinguishes items.

    Raises:
        ValueError: the shapes do not fit each other, or a rating is missing.
    """
    points, width = np.asarray(ratings, dtype=np.float64), np.asarray(ranges, dtype=np.float64)
    if points.ndim != 2 or width.shape != points.shape[1:] or not np.isfinite(points).all():
        raise ValueError(
            f"found ratings of shape {points.shape} and ranges of shape {width.shape}, expected "
            "(items, scales) without missing ones, and (scales,)"
        )
    if len(points) < 2:
        return np.empty(0)
    found: FloatArray = distance.pdist(points / width)
    return found


def distance_ranks(distances: FloatArray) -> FloatArray:
    """Ranks of distances from 0 (the nearest pair) to 1, ties with average ranks, shape (pairs,).

    A single pair has rank 0.
    """
    scaled: FloatArray = (ranks(distances) - 1) / max(1, len(distances) - 1)
    return scaled


def alike_side_by_side(distances: ArrayLike) -> NDArray[np.intp]:
    """An order of items in which neighbours are alike, shape (items,), from distances, (pairs,).

    That of the leaves of average-linkage clustering, turned so that the sum of the distances of
    neighbours is smallest (Bar-Joseph, Gifford & Jaakkola 2001). Either end may come first.
    """
    apart = np.asarray(distances, dtype=np.float64)
    tree = hierarchy.optimal_leaf_ordering(hierarchy.average(apart), apart)
    leaves: NDArray[np.intp] = hierarchy.leaves_list(tree).astype(np.intp)
    return leaves


def similarity(
    first: ArrayLike, second: ArrayLike, n_permutations: int = 999, seed: int = 0
) -> Similarity:
    """Compare two condensed dissimilarity matrices of the same items (Kriegeskorte et al. 2008).

    rho is the rank correlation over pairs of items, ties with average ranks. Pairs that share an
    item are not independent, so p comes from permuting the items of one matrix (Mantel 1967): the
    share, the data themselves among them, of permutations with a rho at least as high.
    NaN for fewer than four items, or where all distances in a space are the same.

    Raises:
        ValueError: the two are not condensed matrices of the same number of items.
    """
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(
            f"found shapes {x.shape} and {y.shape}, expected two condensed distance matrices of "
            "the same items"
        )
    n_items = round((1 + np.sqrt(1 + 8 * x.size)) / 2) if x.size else 0
    if n_items < FEWEST_ITEMS or is_constant(x) or is_constant(y):
        return Similarity(np.nan, np.nan)
    a, b = (distance.squareform(_standard_ranks(values), checks=False) for values in (x, y))
    rho = _permuted_product(a, b, np.arange(n_items))
    rng = np.random.default_rng(seed)
    higher = sum(
        _permuted_product(a, b, rng.permutation(n_items)) >= rho - ROUNDING
        for _ in range(n_permutations)
    )
    return Similarity(float(np.clip(rho, -1, 1)), (1 + higher) / (n_permutations + 1))


def _permuted_product(first: FloatArray, second: FloatArray, order: NDArray[np.intp]) -> float:
    """Sum over pairs of the products, the items of the first in another order.

    A few rows at a time stay in the processor's cache; clip spares numpy a check of every index,
    and einsum the threads of BLAS, which cost more than such short products.
    """
    total = 0.0
    for start in range(0, len(order), ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        permuted = first[order[rows]].take(order, axis=1, mode="clip")
        total += float(np.einsum("ij,ij->", permuted, second[rows]))
    return total / 2


def _standard_ranks(values: FloatArray) -> FloatArray:
    ranked = ranks(values)
    ranked -= ranked.mean()
    standard: FloatArray = ranked / np.sqrt(ranked @ ranked)
    return standard
