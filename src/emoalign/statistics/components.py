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

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.pairs import FloatArray

RESIDUAL = "residual"
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
    arrays = {**sources, "counts": counts, "sums": sums, "squares": squares}
    if len({np.shape(values) for values in arrays.values()}) != 1:
        shapes = ", ".join(f"{name} {np.shape(values)}" for name, values in arrays.items())
        raise ValueError(f"found the shapes {shapes}, expected (groups,) for all")
    total = float(counts.sum())
    levels = {name: len(np.unique(of[of >= 0])) for name, of in sources.items()}
    used = [name for name in sources if levels[name] > 1]
    if total < 2:
        return {
            name: Component(levels.get(name, 0), np.nan, np.nan, "fewer than two ratings")
            for name in (*sources, RESIDUAL)
        }
    mean = sums.sum() / total
    coefficients, forms = _equations([sources[name] for name in used], counts, sums - counts * mean)
    forms[-1] = squares.sum() - total * mean**2
    estimates, known = _solved(coefficients, forms)
    variances = dict(zip((*used, RESIDUAL), estimates, strict=True))
    told = dict(zip((*used, RESIDUAL), known, strict=True))
    whole = sum(max(variances[name], 0.0) for name in told if told[name])
    complete = all(told.values()) and whole > 0
    found = {}
    for name in (*sources, RESIDUAL):
        count = levels.get(name, int(total))
        if name not in told:
            alone = "does not vary among these ratings" if count else "not used for these ratings"
            found[name] = Component(count, np.nan, np.nan, alone)
        elif not told[name]:
            found[name] = Component(
                count, np.nan, np.nan, "changes only together with another source"
            )
        else:
            share = max(variances[name], 0.0) / whole if complete else np.nan
            reason = None if complete else "no share, because another source cannot be estimated"
            if whole == 0:
                reason = "the ratings do not vary"
            found[name] = Component(count, variances[name], share, reason)
    return found


def _equations(
    sources: list[Levels], counts: FloatArray, centred: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The expectations of the quadratic forms, and the forms themselves but for the last.

    With Z the ratings-by-levels matrix of a source and M = I - 11'/N, its form is |Z'My|², whose
    expectation has the coefficient |Z'MW|² (Frobenius) for the source with matrix W, tr(Z'MZ) for
    the residual. Z'MW is the crosstable of counts minus the product of its margins over N.
    """
    total = counts.sum()
    n = len(sources)
    coefficients = np.empty((n + 1, n + 1))
    forms = np.empty(n + 1)
    margins = [_summed(of, counts) for of in sources]
    for row, first in enumerate(sources):
        forms[row] = float(np.sum(_summed(first, centred) ** 2))
        for column, second in enumerate(sources[: row + 1]):
            a, b, cell = _crosstable(first, second, counts)
            product = margins[row][a] * margins[column][b]
            squared = float(np.sum(margins[row] ** 2) * np.sum(margins[column] ** 2)) / total**2
            coefficients[row, column] = coefficients[column, row] = (
                float(np.sum(cell**2 - 2 * cell * product / total)) + squared
            )
        coefficients[row, n] = coefficients[n, row] = float(
            margins[row].sum() - np.sum(margins[row] ** 2) / total
        )
    coefficients[n, n] = total - 1
    return coefficients, forms


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


def _summed(levels: Levels, values: FloatArray) -> FloatArray:
    acting = levels >= 0
    return np.bincount(levels[acting], weights=values[acting]).astype(np.float64)


def _crosstable(
    first: Levels, second: Levels, counts: FloatArray
) -> tuple[Levels, Levels, FloatArray]:
    """The cells of the crosstable with any rating: their levels, and how many ratings."""
    both = (first >= 0) & (second >= 0)
    width = int(second.max()) + 1
    cells, at = np.unique(first[both] * width + second[both], return_inverse=True)
    return cells // width, cells % width, _summed(at, counts[both])
