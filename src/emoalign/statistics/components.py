"""Variance components of ratings: how much of their variance comes from which source.

Ratings are modelled as a mean plus one random effect for each source (the item, the wording, …)
plus a residual. The components are those of the method of moments for crossed and nested designs
with unequal numbers of ratings: the quadratic forms of MINQUE with prior weight on the residual
alone (Rao 1971, J. Multivariate Anal. 1:445; Searle, Casella & McCulloch 1992, section 11.3). In a
balanced design they are the textbook ones from the analysis of variance.

These forms weigh the levels of a source by their numbers of ratings squared: a wording with three
times the answers of the others makes up most of what is found. Where ratings lie in cells, those of
a cell therefore weigh as much together as those of any other: an unweighted analysis of cell means
(Yates 1934, J. Am. Stat. Assoc. 29:51; Searle 1971, Linear Models, chapter 10).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.pairs import FloatArray

RESIDUAL = "residual"
CONFOUNDED = "changes only together with another source"
# Beside 1, the size of an entry of a basis vector that is rounding error.
ROUNDING = 1e-8

Levels = NDArray[np.intp]


@dataclass(frozen=True)
class Component:
    """What one source adds to the variance of a rating.

    Attributes:
        levels: how many different levels of the source there are among the ratings.
        variance: in squared points of the scale; may come out below 0, which says that the source
            makes no difference that can be seen. NaN where it cannot be told.
        share: `variance` (as 0 where it is below) of the sum over all sources; NaN where it cannot
            be told.
        reason: why it cannot be told.
    """

    levels: int
    variance: float
    share: float
    reason: str | None = None


def variance_components(
    sources: Mapping[str, Levels],
    counts: FloatArray,
    sums: FloatArray,
    squares: FloatArray,
    *,
    cells: Levels | None = None,
) -> dict[str, Component]:
    """Components of variance by source, and of the residual, in this order.

    Ratings come in groups whose ratings share the levels of all sources: `counts`, `sums` and
    `squares`, shape (groups,), are the number of ratings in each, their sum and sum of squares.
    `sources` has the level of each group as a whole number, or -1 where the source does not act
    (no persona). A source with a single level cannot be told from the mean, and sources whose
    levels always change together cannot be told from each other: these are NaN, with the reason,
    and what they add is in none of the other shares.

    `cells`, shape (groups,), numbers the cell of each group from 0: the ratings of a cell weigh as
    much together as those of any other cell. Without cells, every rating weighs the same.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    _check_shapes({**sources, **_groups(counts, sums, squares, cells)})
    total = float(counts.sum())
    levels = {name: len(np.unique(of[of >= 0])) for name, of in sources.items()}
    used = [name for name in sources if levels[name] > 1]
    if total < 2:
        return {
            name: Component(levels.get(name, 0), np.nan, np.nan, "fewer than two ratings")
            for name in (*sources, RESIDUAL)
        }
    whole = np.zeros(len(counts), dtype=np.intp)
    design = [sources[name] for name in used]
    ratings = _Ratings.of(counts, sums, squares, cells)
    coefficients, forms = _equations(design, ratings, whole)
    estimates, known = _solved(coefficients[-1], forms[-1])
    variances = dict(zip((*used, RESIDUAL), estimates, strict=True))
    told = dict(zip((*used, RESIDUAL), known, strict=True))
    return _components(levels, int(total), variances, told)


def variances_without(
    sources: Mapping[str, Levels],
    counts: FloatArray,
    sums: FloatArray,
    squares: FloatArray,
    blocks: Levels,
    *,
    cells: Levels | None = None,
) -> FloatArray:
    """Components of variance without each block of ratings in turn, in squared points.

    Shape (blocks, sources + 1), the residual last. `blocks`, shape (groups,), numbers the block of
    each group from 0; the other arrays are those of `variance_components`. NaN where a component
    cannot be told from the ratings that are left. The sums of a block are subtracted from those of
    all, so that this takes little longer than the components of all ratings.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    shaped = {**_groups(counts, sums, squares, cells), "blocks": blocks}
    _check_shapes({**sources, **shaped})
    used = [name for name, of in sources.items() if len(np.unique(of[of >= 0])) > 1]
    design = [sources[name] for name in used]
    ratings = _Ratings.of(counts, sums, squares, cells)
    coefficients, forms = _equations(design, ratings, blocks)
    names = (*sources, RESIDUAL)
    places = [names.index(name) for name in (*used, RESIDUAL)]
    found = np.full((len(forms) - 1, len(names)), np.nan)
    little = ROUNDING * coefficients[-1, -1, -1]
    for row, left, form in zip(found, coefficients, forms, strict=False):
        own = np.diag(left)
        there = own > ROUNDING * (own[-1] + 1) ** 2  # 0 for a source with one level left
        if own[-1] <= little:  # fewer than two ratings left
            continue
        there[-1] = True
        kept = np.flatnonzero(there)
        variances, known = _solved(left[np.ix_(kept, kept)], form[kept])
        row[[places[place] for place in kept]] = np.where(known, variances, np.nan)
    return found


def _groups(
    counts: FloatArray, sums: FloatArray, squares: FloatArray, cells: Levels | None
) -> dict[str, NDArray[Any]]:
    given = {"counts": counts, "sums": sums, "squares": squares}
    return given if cells is None else {**given, "cells": cells}


def _check_shapes(arrays: Mapping[str, NDArray[Any]]) -> None:
    if len({np.shape(values) for values in arrays.values()}) != 1:
        shapes = ", ".join(f"{name} {np.shape(values)}" for name, values in arrays.items())
        raise ValueError(f"found the shapes {shapes}, expected (groups,) for all")


def _components(
    levels: Mapping[str, int], total: int, variances: Mapping[str, float], told: Mapping[str, bool]
) -> dict[str, Component]:
    """What is found of each source, and why nothing is; `told` are those that could be told."""
    whole = sum(max(variances[name], 0.0) for name in told if told[name])
    complete = all(told.values()) and whole > 0
    found = {}
    for name in (*levels, RESIDUAL):
        count = levels.get(name, total)
        if name not in told:
            alone = "does not vary among these ratings" if count else "not used for these ratings"
            found[name] = Component(count, np.nan, np.nan, alone)
        elif not told[name]:
            found[name] = Component(count, np.nan, np.nan, CONFOUNDED)
        else:
            share = max(variances[name], 0.0) / whole if complete else np.nan
            reason = None if complete else "no share, because another source cannot be estimated"
            if whole == 0:
                reason = "the ratings do not vary"
            found[name] = Component(count, variances[name], share, reason)
    return found


@dataclass(frozen=True, eq=False)
class _Ratings:
    """Groups of ratings, each shape (groups,): sums over the ratings of weights, of these squared,
    and of weights times ratings and times their squares."""

    weights: FloatArray
    squared: FloatArray
    sums: FloatArray
    squares: FloatArray

    @classmethod
    def of(
        cls, counts: FloatArray, sums: FloatArray, squares: FloatArray, cells: Levels | None
    ) -> _Ratings:
        """Ratings that weigh 1 each, or 1 on average if those of all cells weigh the same."""
        each = np.ones(len(counts))
        if cells is not None:
            sizes = np.bincount(cells, weights=counts)
            each = sizes.sum() / np.count_nonzero(sizes) / np.maximum(sizes[cells], 1)
        return cls(counts * each, counts * each**2, sums * each, squares * each)


@dataclass(frozen=True, eq=False)
class _Margin:
    """The levels of a source with their ratings, without each block of ratings in turn.

    Attributes:
        levels: of each group of ratings; -1 where the source does not act.
        inside: the block of each level where every level lies within one, shape (levels,); such
            levels are there as a whole, or not at all.
        weights, squared, sums: of the ratings of each level, shape (levels, 1) if `inside`; else
            without each block, and without none in the last column, shape (levels, blocks + 1).
    """

    levels: Levels
    inside: Levels | None
    weights: FloatArray
    squared: FloatArray
    sums: FloatArray

    @classmethod
    def of(cls, levels: Levels, ratings: _Ratings, sums: FloatArray, blocks: Levels) -> _Margin:
        """The margin of a source, from the groups of ratings and their centred sums."""
        acting = levels >= 0
        own, block = levels[acting], blocks[acting]
        inside = _inside(own, block)
        return cls(
            levels,
            inside,
            *(
                _left(own, of[acting], block, blocks, inside)
                for of in (ratings.weights, ratings.squared, sums)
            ),
        )

    def over(self, values: FloatArray, n_blocks: int) -> FloatArray:
        """Sums over the levels that are left, shape (blocks + 1,)."""
        return _over(values, self.inside, n_blocks)


def _equations(
    sources: list[Levels], ratings: _Ratings, blocks: Levels
) -> tuple[FloatArray, FloatArray]:
    """The expectations of the quadratic forms and the forms, without each block in turn.

    Shapes (blocks + 1, sources + 1, sources + 1) and (blocks + 1, sources + 1); nothing is left out
    of the last. With w the weights of ratings, s their sum, A = diag(w) - ww'/s and Z the
    ratings-by-levels matrix of a source, its form is |Z'Ay|², whose expectation has the coefficient
    |Z'AW|² (Frobenius) for the source with matrix W, |Z'A|² for the residual. The form of the
    residual is y'Ay, with the coefficients tr(W'AW) and tr(A). Z'AW is the crosstable of weights
    minus the product of its margins over s. Where all weigh 1, A is I - 11'/N.
    """
    n, n_blocks = len(sources), int(blocks.max()) + 1
    middle = ratings.sums.sum() / ratings.weights.sum()
    centred = ratings.sums - ratings.weights * middle
    around = ratings.squares - 2 * middle * ratings.sums + ratings.weights * middle**2
    total, squared, rest, spread = (
        _over(of[:, np.newaxis], blocks, n_blocks)
        for of in (ratings.weights, ratings.squared, centred, around)
    )
    some = np.where(total > ROUNDING * total[-1], total, total[-1])
    mean = rest / some
    margins = [_Margin.of(of, ratings, centred, blocks) for of in sources]
    own = [each.over(each.weights**2, n_blocks) for each in margins]
    coefficients = np.empty((n_blocks + 1, n + 1, n + 1))
    forms = np.empty((n_blocks + 1, n + 1))
    for row, first in enumerate(margins):
        parts = (first.sums**2, first.weights * first.sums, first.squared * first.weights)
        a, b, c = (first.over(part, n_blocks) for part in parts)
        forms[:, row] = a - 2 * mean * b + mean**2 * own[row]
        for column, second in enumerate(margins[: row + 1]):
            cells, products = _crosstable(first, second, ratings.weights, blocks)
            coefficients[:, row, column] = coefficients[:, column, row] = (
                cells - 2 * products / some + own[row] * own[column] / some**2
            )
        coefficients[:, row, n] = (
            first.over(first.squared, n_blocks) - 2 * c / some + own[row] * squared / some**2
        )
        coefficients[:, n, row] = first.over(first.weights, n_blocks) - own[row] / some
    coefficients[:, n, n] = total - squared / some
    forms[:, n] = spread - total * mean**2
    return coefficients, forms


def _crosstable(
    first: _Margin, second: _Margin, weights: FloatArray, blocks: Levels
) -> tuple[FloatArray, FloatArray]:
    """Sums over the crosstable of squared weights, and of weights times both margins."""
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
    n = _left(at, weights[both], blocks[both], blocks, inside)
    squared = _over(n**2, inside, n_blocks)
    alike = (first.inside is None) == (second.inside is None)
    if inside is None or alike:
        return squared, _over(n * first.weights[a] * second.weights[b], inside, n_blocks)
    if first.inside is None:
        first, second, a, b = second, first, b, a
    weighted = _left(b, (n * first.weights[a])[:, 0], inside, blocks, None)
    return squared, (weighted * second.weights[: len(weighted)]).sum(axis=0)


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


def _solved(coefficients: FloatArray, forms: FloatArray) -> tuple[list[float], list[bool]]:
    """The least-norm solution, and which of its entries every solution has in common."""
    scale = 1 / np.sqrt(np.diag(coefficients))
    left, values, right = np.linalg.svd(coefficients * np.outer(scale, scale))
    kept = values > ROUNDING * values.max()
    inverse = right[kept].T / values[kept] @ left[:, kept].T
    solution = scale * (inverse @ (scale * forms))
    return [float(value) for value in solution], [
        bool(np.abs(entries).max(initial=0) < np.sqrt(ROUNDING)) for entries in right[~kept].T
    ]
