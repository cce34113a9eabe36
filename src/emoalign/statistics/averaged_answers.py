"""The correlation with people of a model's means of fewer, or of ever more, answers.

The mean of m of an item's n answers, drawn at random, varies more than that of all by
W·(1/m − 1/n), W being the variance of its answers; the mean of ever more answers by its squared
standard error less, which is W/n unless answers are dealt to several forms. Its covariance with
human means stays the same on average. So r follows from that of all answers, for all choices of m
answers at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from emoalign.statistics.pairs import ROUNDING, FloatArray, is_constant
from emoalign.statistics.resampling import ItemSums


@dataclass(frozen=True, eq=False)
class Answered:
    """Item means of a model with what its single answers say, beside those of people.

    All have shape (items,).

    Attributes:
        human, model: item means; NaN where there is none.
        sd: the SD of an item's answers (ddof 1); NaN for a single one.
        error: the standard error of an item's mean; NaN for a single answer.
        n: answers to each item.
    """

    human: FloatArray
    model: FloatArray
    sd: FloatArray
    error: FloatArray
    n: FloatArray


def averaged_sums(of: Answered, answers: Sequence[float]) -> ItemSums:
    """Prepare r of the mean of so many answers, a cell for each; infinity is ever more answers.

    Items with fewer answers have the mean of all of theirs. The variance of answers is taken as
    one, W = Σ(n_i − 1)·s_i²/Σ(n_i − 1), with n_i·error_i² for s_i² if answers are ever more. NaN
    where it is unknown and matters, where either side is constant, or where the means of a model
    vary no more than their error.
    """
    present = np.isfinite(of.human) & np.isfinite(of.model)
    x, y = (_standard(values, present) for values in (of.model, of.human))
    unit = of.model[present].std() if present.any() else 0.0
    unit = unit if unit > ROUNDING else 1.0
    n = np.where(present & (of.n > 0), of.n, 1.0)
    shared = (present.astype(np.float64), x, y, x * x, y * y, x * y)
    cells = []
    for wanted in answers:
        limit = np.isinf(wanted)
        spread = of.error * np.sqrt(n) if limit else of.sd
        freedom = np.where(present & np.isfinite(spread), n - 1, 0.0)
        squares = freedom * np.where(freedom > 0, spread / unit, 0.0) ** 2
        more = -1 / n if limit else np.maximum(1 / wanted - 1 / n, 0)
        cells.append(np.stack((*shared, freedom, squares, np.where(present, more, 0.0))))
    values = np.stack(cells, axis=1)
    return ItemSums(values, np.tile(present, (len(answers), 1)), _r_of_averages)


def _standard(values: FloatArray, present: np.typing.NDArray[np.bool_]) -> FloatArray:
    kept = values[present]
    if is_constant(kept):
        return np.zeros_like(values)
    standard: FloatArray = np.where(present, (values - kept.mean()) / kept.std(), 0.0)
    return standard


def _r_of_averages(sums: FloatArray) -> FloatArray:
    n, x, y, xx, yy, xy, freedom, squares, more = sums
    with np.errstate(divide="ignore", invalid="ignore"):
        of_model, of_human = (xx - x * x / n) / (n - 1), (yy - y * y / n) / (n - 1)
        changes = np.abs(more) > ROUNDING
        added = np.where(changes, more / n * squares / freedom, 0.0)
        spread = (of_model + added) * of_human
        known = (n > 1) & (of_model > ROUNDING) & (of_human > ROUNDING) & (spread > ROUNDING)
        r = (xy - x * y / n) / (n - 1) / np.sqrt(np.where(known, spread, 1))
        return np.where(known & (of_model + added > ROUNDING), r, np.nan)
