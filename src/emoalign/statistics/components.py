"""Variance components of ratings: how much of their variance comes from which source.

Ratings are modelled as a mean plus one random effect for each source (the item, the wording, …)
plus a residual. The components are those of the method of moments for crossed and nested designs
with unequal numbers of ratings: the quadratic forms of MINQUE with prior weight on the residual
alone (Rao 1971, J. Multivariate Anal. 1:445; Searle, Casella & McCulloch 1992, section 11.3). In a
balanced design they are the textbook ones from the analysis of variance.

Where ratings lie in cells (an item under a wording), those of a cell weigh as much together as
those of any other, so that no wording dominates for its number of answers; see `quadratic_forms`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.quadratic_forms import ROUNDING, Levels, Ratings, equations

RESIDUAL = "residual"
CONFOUNDED = "changes only together with another source"


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
    ratings = Ratings.of(counts, sums, squares, cells)
    coefficients, forms = equations(design, ratings, whole)
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
    ratings = Ratings.of(counts, sums, squares, cells)
    coefficients, forms = equations(design, ratings, blocks)
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
