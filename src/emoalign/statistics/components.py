"""Variance components of ratings: how much of their variance comes from which source.

Ratings are modelled as a mean plus one random effect for each source (the item, the wording, …)
plus a residual. The components are those of the method of moments for crossed and nested designs
with unequal numbers of ratings: the quadratic forms of MINQUE with prior weight on the residual
alone (Rao 1971, J. Multivariate Anal. 1:445; Searle, Casella & McCulloch 1992, section 11.3). In a
balanced design they are the textbook ones from the analysis of variance.
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
    sources: Mapping[str, Levels], counts: FloatArray, sums: FloatArray, squares: FloatArray
) -> dict[str, Component]:
    """Components of variance by source, and of the residual, in this order.

    Ratings come in groups whose ratings share the levels of all sources: `counts`, `sums` and
    `squares`, shape (groups,), are the number of ratings in each, their sum and sum of squares.
    `sources` has the level of each group as a whole number, or -1 where the source does not act
    (no persona). A source with a single level cannot be told from the mean, and sources whose
    levels always change together cannot be told from each other: these are NaN, with the reason,
    and what they add is in none of the other shares.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    _check_shapes({**sources, "counts": counts, "sums": sums, "squares": squares})
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
    coefficients, forms = _equations(design, counts, sums, squares, whole)
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
) -> FloatArray:
    """Components of variance without each block of ratings in turn, in squared points.

    Shape (blocks, sources + 1), the residual last. `blocks`, shape (groups,), numbers the block of
    each group from 0; the other arrays are those of `variance_components`. NaN where a component
    cannot be told from the ratings that are left. The sums of a block are subtracted from those of
    all, so that this takes little longer than the components of all ratings.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    shaped = {"counts": counts, "sums": sums, "squares": squares, "blocks": blocks}
    _check_shapes({**sources, **shaped})
    used = [name for name, of in sources.items() if len(np.unique(of[of >= 0])) > 1]
    design = [sources[name] for name in used]
    coefficients, forms = _equations(design, counts, sums, squares, blocks)
    names = (*sources, RESIDUAL)
    places = [names.index(name) for name in (*used, RESIDUAL)]
    found = np.full((len(forms) - 1, len(names)), np.nan)
    for row, left, form in zip(found, coefficients, forms, strict=False):
        own = np.diag(left)
        there = own > ROUNDING * (own[-1] + 1) ** 2  # 0 for a source with one level left
        if own[-1] < 1:
            continue
        there[-1] = True
        kept = np.flatnonzero(there)
        variances, known = _solved(left[np.ix_(kept, kept)], form[kept])
        row[[places[place] for place in kept]] = np.where(known, variances, np.nan)
    return found


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
class _Margin:
    """The levels of a source with their ratings, without each block of ratings in turn.

    Attributes:
        levels: of each group of ratings; -1 where the source does not act.
        inside: the block of each level where every level lies within one, shape (levels,); such
            levels are there as a whole, or not at all.
        counts, sums: of the ratings of each level, shape (levels, 1) if `inside`; else without each
            block, and without none in the last column, shape (levels, blocks + 1).
    """

    levels: Levels
    inside: Levels | None
    counts: FloatArray
    sums: FloatArray

    @classmethod
    def of(cls, levels: Levels, counts: FloatArray, sums: FloatArray, blocks: Levels) -> _Margin:
        """The margin of a source, from the groups of ratings."""
        acting = levels >= 0
        own, block = levels[acting], blocks[acting]
        inside = _inside(own, block)
        return cls(
            levels,
            inside,
            *(_left(own, of[acting], block, blocks, inside) for of in (counts, sums)),
        )

    def over(self, values: FloatArray, n_blocks: int) -> FloatArray:
        """Sums over the levels that are left, shape (blocks + 1,)."""
        return _over(values, self.inside, n_blocks)


def _equations(
    sources: list[Levels],
    counts: FloatArray,
    sums: FloatArray,
    squares: FloatArray,
    blocks: Levels,
) -> tuple[FloatArray, FloatArray]:
    """The expectations of the quadratic forms and the forms, without each block in turn.

    Shapes (blocks + 1, sources + 1, sources + 1) and (blocks + 1, sources + 1); nothing is left out
    of the last. With Z the ratings-by-levels matrix of a source and M = I - 11'/N, its form is
    |Z'My|², whose expectation has the coefficient |Z'MW|² (Frobenius) for the source with matrix W,
    tr(Z'MZ) for the residual. Z'MW is the crosstable of counts minus the product of its margins
    over N.
    """
    n, n_blocks = len(sources), int(blocks.max()) + 1
    middle = sums.sum() / counts.sum()
    centred = sums - counts * middle
    total, rest, spread = (
        _over(of[:, np.newaxis], blocks, n_blocks)
        for of in (counts, centred, squares - 2 * middle * sums + counts * middle**2)
    )
    some = np.maximum(total, 1)
    mean = rest / some
    margins = [_Margin.of(of, counts, centred, blocks) for of in sources]
    squared = [each.over(each.counts**2, n_blocks) for each in margins]
    coefficients = np.empty((n_blocks + 1, n + 1, n + 1))
    forms = np.empty((n_blocks + 1, n + 1))
    for row, first in enumerate(margins):
        parts = (first.sums**2, first.counts * first.sums, first.counts**2)
        a, b, c = (first.over(part, n_blocks) for part in parts)
        forms[:, row] = a - 2 * mean * b + mean**2 * c
        for column, second in enumerate(margins[: row + 1]):
            cells, products = _crosstable(first, second, counts, blocks)
            coefficients[:, row, column] = coefficients[:, column, row] = (
                cells - 2 * products / some + squared[row] * squared[column] / some**2
            )
        coefficients[:, row, n] = coefficients[:, n, row] = (
            first.over(first.counts, n_blocks) - squared[row] / some
        )
    coefficients[:, n, n] = total - 1
    forms[:, n] = spread - total * mean**2
    return coefficients, forms


def _crosstable(
    first: _Margin, second: _Margin, counts: FloatArray, blocks: Levels
) -> tuple[FloatArray, FloatArray]:
    """Sums over the cells of the crosstable of n², and of n times both margins, (blocks + 1,)."""
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
    n = _left(at, counts[both], blocks[both], blocks, inside)
    squared = _over(n**2, inside, n_blocks)
    alike = (first.inside is None) == (second.inside is None)
    if inside is None or alike:
        return squared, _over(n * first.counts[a] * second.counts[b], inside, n_blocks)
    if first.inside is None:
        first, second, a, b = second, first, b, a
    weighted = _left(b, (n * first.counts[a])[:, 0], inside, blocks, None)
    return squared, (weighted * second.counts[: len(weighted)]).sum(axis=0)


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
    scaled = coefficients * np.outer(scale, scale)
    values, vectors = np.linalg.eigh(scaled)
    free = vectors[:, values <= ROUNDING * values.max()]
    kept = vectors[:, values > ROUNDING * values.max()]
    inverse = kept / values[values > ROUNDING * values.max()] @ kept.T
    solution = scale * (inverse @ (scale * forms))
    return [float(value) for value in solution], [
        bool(np.abs(entries).max(initial=0) < np.sqrt(ROUNDING)) for entries in free
    ]
