"""Generalizability of item means: how well answers tell what other forms or waves would say.

An answer is taken as mean + item + form + wave + participant + item × form + item × wave + rest,
all random (Cronbach et al. 1972; Brennan 2001). Components of variance are
those of `components`, in squared points of the scale. Those below 0 count as 0, as is usual;
sources that a study does not vary, NaN here, are left out: then nothing is said of other forms, or
of other waves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.replicates import UNDEFINED, Interval

FACETS = (
    "item",
    "form",
    "wave",
    "participant",
    "item x form",
    "item x wave",
    "residual",
)
"""The sources of variance, in the order in which arrays have them."""

ITEM_GROUPS = 50
"""Groups of items that are left out in turn, for intervals."""

FEWEST_GROUPS = 10
"""With fewer there is no interval."""


@dataclass(frozen=True)
class Design:
    """A way of asking about every item.

    Attributes:
        forms, waves: how many of each.
        answers: to an item under one form in one wave, 1 or more; a mean may be no whole number.
    """

    forms: int
    waves: int
    answers: float

    @property
    def total(self) -> float:
        """Answers to an item."""
        return self.forms * self.waves * self.answers


def generalizability(
    variances: ArrayLike, design: Design, shared: float = 1.0
) -> tuple[FloatArray, FloatArray]:
    """The coefficients g (relative) and Φ (absolute) of item means, each shape (...,), 0 to 1.

    g = σ²(item)/(σ²(item) + σ²(δ)) is the expected squared correlation with item means over all
    forms, waves and answers, and the expected correlation of two such studies; Φ counts as error as
    well what moves all items alike (Cronbach et al. 1972; Brennan 2001).

    With n_f forms, n_w waves and n answers:

        σ²(δ) = σ²(if)/n_f + σ²(iw)/n_w + (σ²(e) + (1 - shared)·σ²(p))/(n_f·n_w·n)
        σ²(Δ) = σ²(δ) + σ²(f)/n_f + σ²(w)/n_w + shared·σ²(p)/(n_f·n_w·n)

    `variances` has shape (..., 7), ordered as `FACETS`. `shared` is the chance that a participant
    who rates an item rates another one as well: where all rate all items, 1, what participants add
    moves all items alike; where lists are dealt, items of different lists differ by it. NaN where
    the variances of items and residual are unknown, or nothing varies.
    """
    known = np.asarray(variances, dtype=np.float64)
    item, form, wave, person, item_form, item_wave, rest = np.moveaxis(
        np.maximum(np.nan_to_num(known, nan=0.0), 0.0), -1, 0
    )
    of_answers = design.total
    relative = (
        item_form / design.forms
        + item_wave / design.waves
        + (rest + (1 - shared) * person) / of_answers
    )
    absolute = relative + form / design.forms + wave / design.waves + shared * person / of_answers
    needed = [FACETS.index("item"), FACETS.index("residual")]
    told = np.asarray(np.isfinite(known[..., needed]).all(axis=-1))
    g, phi = (_share(item, error, told) for error in (relative, absolute))
    return g, phi


def _share(item: FloatArray, error: FloatArray, told: NDArray[np.bool_]) -> FloatArray:
    whole = np.where(told & (item + error > 0), item + error, np.nan)
    share: FloatArray = item / whole
    return share


def jackknife_interval(estimate: float, left_out: ArrayLike) -> Interval:
    """The 95% interval of a share from its values without each group of items, within 0 and 1.

    A jackknife over groups (Efron & Tibshirani 1993, chapter 11; Brennan 2001) of the log odds,
    with t of groups - 1 degrees of freedom; `left_out` has shape (groups,). NaN with fewer than 10
    groups, or where the share or one of its values is 0, 1 or unknown.
    """
    values = np.asarray(left_out, dtype=np.float64)
    inside = (values > 0) & (values < 1)
    if len(values) < FEWEST_GROUPS or not (inside.all() and 0 < estimate < 1):
        return UNDEFINED
    n, odds = len(values), special.logit(values)
    error = float(np.sqrt((n - 1) / n * np.sum((odds - odds.mean()) ** 2)))
    reach = float(stats.t.ppf(0.975, n - 1)) * error
    middle = float(special.logit(estimate))
    return Interval(float(special.expit(middle - reach)), float(special.expit(middle + reach)))


def sharing(participant: NDArray[np.intp], n_items: int) -> float:
    """The chance that a participant who rates an item rates a certain other one as well.

    `participant` has the number of the participant of each answer from 0, shape (answers,), with
    one answer to an item; of answers without one (-1) nothing is counted. 1 where all rate all
    items, (k - 1)/(n_items - 1) for lists of k; NaN without any, or with a single item.
    """
    lengths = np.bincount(participant[participant >= 0])
    pairs = lengths.sum() * (n_items - 1)
    return float((lengths * (lengths - 1)).sum() / pairs) if pairs else np.nan


def in_order(variances: Mapping[str, float]) -> FloatArray:
    """Variances by source as an array, shape (7,), ordered as `FACETS`; NaN for those missing."""
    return np.array([variances.get(name, np.nan) for name in FACETS])
