"""Quadratic forms of ratings by source of variance, and their expectations, for `components`.

With all ratings alike, they weigh the levels of a source by their numbers of ratings squared: a
wording with three times the answers of the others makes up most of what is found. Where ratings lie
in cells, those of a cell weigh as much together as those of any other: an unweighted analysis of
cell means (Yates 1934, J. Am. Stat. Assoc. 29:51). The residual, and people who answer within
cells, then have the mean of the variances within cells. With equal numbers, nothing changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.pairs import FloatArray

# Beside 1, the size of an entry of a basis vector that is rounding error.
ROUNDING = 1e-8

Levels = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Ratings:
    """Groups of ratings.

    Attributes:
        counts, sums, squares: of the ratings of each group, shape (groups,), around `middle`.
        weights: of each rating of a group, 1 on average.
        cells: see `variance_components`.
    """

    counts: FloatArray
    sums: FloatArray
    squares: FloatArray
    weights: FloatArray
    cells: Levels | None

    @classmethod
    def of(
        cls, counts: FloatArray, sums: FloatArray, squares: FloatArray, cells: Levels | None
    ) -> Ratings:
        """Ratings that weigh 1 each, or as much together in all cells."""
        weights = np.ones(len(counts))
        if cells is not None:
            sizes = np.bincount(cells, weights=counts)
            weights = sizes.sum() / np.count_nonzero(sizes) / np.maximum(sizes[cells], 1)
        middle = (weights * sums).sum() / (weights * counts).sum()
        around = squares - 2 * middle * sums + counts * middle**2
        return cls(counts, sums - counts * middle, around, weights, cells)

    def own(self, levels: Levels) -> FloatArray:
        """The weights of ratings in the form of a source itself, shape (groups,).

        Roots, if there are several levels in a cell: cells with few ratings would dominate.
        """
        if self.cells is None:
            return self.weights
        last = np.empty(int(self.cells.max()) + 1, dtype=np.intp)
        last[self.cells] = levels
        return np.sqrt(self.weights) if (last[self.cells] != levels).any() else self.weights


@dataclass(frozen=True, eq=False)
class _Margin:
    """The levels of a source with their ratings, without each block of ratings in turn.

    Attributes:
        levels: of each group of ratings; -1 where the source does not act.
        inside: the block of each level where every level lies within one, shape (levels,); such
            levels are there as a whole, or not at all.
        own: the weights of ratings in the form of the source, shape (groups,).
        weights: sums over each level, shape (levels, 1) if `inside`; else without each block, and
            without none in the last column, shape (levels, blocks + 1).
        of_own, crossed, squared, sums: the same of own weights, of products of both weights, of own
            weights squared, and of ratings times own weights.
    """

    levels: Levels
    inside: Levels | None
    own: FloatArray
    weights: FloatArray
    of_own: FloatArray
    crossed: FloatArray
    squared: FloatArray
    sums: FloatArray

    @classmethod
    def of(cls, levels: Levels, ratings: Ratings, blocks: Levels) -> _Margin:
        """The margin of a source, from the groups of ratings."""
        acting = levels >= 0
        at, block, own = levels[acting], blocks[acting], ratings.own(levels)
        inside = _inside(at, block)
        n, w = ratings.counts, ratings.weights
        summed = (n * w, n * own, n * own * w, n * own**2, ratings.sums * own)
        return cls(
            levels, inside, own, *(_left(at, of[acting], block, blocks, inside) for of in summed)
        )

    def over(self, values: FloatArray, n_blocks: int) -> FloatArray:
        """Sums over the levels that are left, shape (blocks + 1,)."""
        return _over(values, self.inside, n_blocks)


def equations(
    sources: list[Levels], ratings: Ratings, blocks: Levels
) -> tuple[FloatArray, FloatArray]:
    """The expectations of the quadratic forms and the forms, without each block in turn.

    Shapes (blocks + 1, sources + 1, sources + 1) and (blocks + 1, sources + 1); nothing is left out
    of the last. With w the weights of ratings, s their sum, v those in a form, Z and W matrices of
    ratings by levels, and A = diag(v)(I - 1w'/s), the form of a source is |Z'Ay|²; its expectation
    has the coefficient |Z'AW|² (Frobenius) for the source with matrix W, |Z'A|² for the residual,
    whose own form has Z = I. Z'AW is the crosstable of v minus the product of margins over s. Where
    all weigh 1, A is I - 11'/N.
    """
    n, n_blocks = len(sources), int(blocks.max()) + 1
    counts, weights = ratings.counts, ratings.weights
    of_groups = (
        counts * weights,
        counts * weights**2,
        *(weights * of for of in (ratings.sums, ratings.squares)),
    )
    total, squared, rest, spread = (_over(of[:, np.newaxis], blocks, n_blocks) for of in of_groups)
    some = np.where(total > ROUNDING * total[-1], total, total[-1])
    mean = rest / some
    margins = [_Margin.of(of, ratings, blocks) for of in sources]
    whole = [each.over(each.weights**2, n_blocks) for each in margins]
    coefficients = np.empty((n_blocks + 1, n + 1, n + 1))
    forms = np.empty((n_blocks + 1, n + 1))
    for row, first in enumerate(margins):
        parts = (first.sums**2, first.of_own * first.sums, first.of_own**2)
        a, b, c = (first.over(part, n_blocks) for part in parts)
        forms[:, row] = a - 2 * mean * b + mean**2 * c
        for column, second in enumerate(margins):
            cells, products = _crosstable(first, second, counts, blocks)
            coefficients[:, row, column] = cells - 2 * products / some + c * whole[column] / some**2
        alone, both = (
            first.over(part, n_blocks) for part in (first.squared, first.of_own * first.crossed)
        )
        coefficients[:, row, n] = alone - 2 * both / some + c * squared / some**2
        coefficients[:, n, row] = first.over(first.weights, n_blocks) - whole[row] / some
    coefficients[:, n, n] = total - squared / some
    forms[:, n] = spread - total * mean**2
    return coefficients, forms


def _crosstable(
    first: _Margin, second: _Margin, counts: FloatArray, blocks: Levels
) -> tuple[FloatArray, FloatArray]:
    """Sums over the crosstable of the first's own weights squared, and times both margins."""
    n_blocks = int(blocks.max()) + 1
    both = (first.levels >= 0) & (second.levels >= 0)
    width = int(second.levels.max()) + 1
    cells, at = np.unique(first.levels[both] * width + second.levels[both], return_inverse=True)
    a, b = cells // width, cells % width
    inside = None
    if first.inside is not None:
        inside = first.inside[a]
    elif second.inside is not None:
        inside = second.inside[b]
    n = _left(at, (counts * first.own)[both], blocks[both], blocks, inside)
    squared = _over(n**2, inside, n_blocks)
    alike = (first.inside is None) == (second.inside is None)
    if inside is None or alike:
        return squared, _over(n * first.of_own[a] * second.weights[b], inside, n_blocks)
    if first.inside is None:
        outside, place, within = first.of_own, a, second.weights[b]
    else:
        outside, place, within = second.weights, b, first.of_own[a]
    weighted = _left(place, (n * within)[:, 0], inside, blocks, None)
    return squared, (weighted * outside[: len(weighted)]).sum(axis=0)


def _inside(levels: Levels, blocks: Levels) -> Levels | None:
    """The block of each level, or None where a level is in several."""
    found = np.zeros(int(levels.max(initial=-1)) + 1, dtype=np.intp)
    found[levels] = blocks
    return found if np.array_equal(found[levels], blocks) else None


def _left(
    at: Levels, values: FloatArray, own: Levels, blocks: Levels, inside: Levels | None
) -> FloatArray:
    """Sums of values by their place: of all where places lie `inside` blocks, shape (places, 1);
    else without each block, shape (places, blocks + 1). `own` are the blocks of the values."""
    whole: FloatArray = np.bincount(at, weights=values).astype(np.float64)[:, np.newaxis]
    if inside is not None:
        return whole
    columns = int(blocks.max()) + 2
    parts = np.bincount(at * columns + own, weights=values, minlength=len(whole) * columns)
    left: FloatArray = whole - parts.reshape(-1, columns)
    return left


def _over(values: FloatArray, inside: Levels | None, n_blocks: int) -> FloatArray:
    """Sums over places of what `_left` gives, without each block and without none."""
    if inside is None:
        total: FloatArray = values.sum(axis=0)
        return total
    of_blocks = np.bincount(inside, weights=values[:, 0], minlength=n_blocks + 1)
    left: FloatArray = values.sum() - of_blocks
    return left
