"""A model's item means beside those of a group of raters: all measures, with their replicates."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.items.human_agreement import Drawing, ScaleNorms, Source, people_reliability
from emoalign.items.rated_items import Rater
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.reliability import disattenuated
from emoalign.statistics.replicates import (
    Replicates,
    Sums,
    cell_replicates,
    combination,
    log_rms_sd_ratio_replicates,
    mean_replicates,
    pearson_replicates,
)
from emoalign.statistics.resampling import ItemSums
from emoalign.stimuli.readers.base import Group

FEWEST_RATERS = 3
"""From fewer ratings of an item, its mean says little about a group."""

Items = NDArray[np.bool_]
"""A choice of items, shape (items,)."""


@dataclass(frozen=True, eq=False)
class GroupOfRaters:
    """The norms of a group on one scale: those with enough ratings, and all of them."""

    norms: ScaleNorms
    every: ScaleNorms

    @classmethod
    def of(cls, rows: pd.DataFrame, scale: str, item_ids: NDArray[np.str_]) -> GroupOfRaters:
        """The norms from rows of the group, in the order of the items."""
        every = ScaleNorms.of(rows, scale, item_ids)
        enough = np.isfinite(every.mean) & ~(every.n < FEWEST_RATERS)
        return cls(every.at(enough), every)


@dataclass(frozen=True, eq=False)
class ScaleCells:
    """The conditions of one scale in one readout, and the groups that people belong to.

    Attributes:
        mean, sd: of each model under each protocol, shape (items,); NaN where there is none.
        groups: by attribute and name.
        drawing: the resamples of the items.
    """

    mean: Mapping[Rater, FloatArray]
    sd: Mapping[Rater, FloatArray]
    groups: Mapping[Group, GroupOfRaters]
    drawing: Drawing

    def shared(self, raters: Sequence[Rater], groups: Sequence[Group]) -> Items:
        """The items that all of these have a mean of."""
        of_raters = [self.mean[one] for one in raters]
        of_groups = [self.groups[one].norms.mean for one in groups]
        return np.asarray(np.isfinite(np.stack([*of_raters, *of_groups])).all(axis=0))


@dataclass(frozen=True)
class Pair:
    """A condition beside a group on some items; `items` are these items as bytes."""

    rater: Rater
    group: Group
    items: bytes

    @classmethod
    def on(cls, rater: Rater, group: Group, items: Items) -> Pair:
        """A pair on these items."""
        return cls(rater, group, items.tobytes())

    @property
    def used(self) -> Items:
        """The items, shape (items,)."""
        return np.frombuffer(self.items, dtype=np.bool_)


@dataclass(frozen=True, eq=False)
class Measured:
    """A pair in numbers, each with its replicates.

    Attributes:
        source, reliability: of the group's means.
        r, r_disattenuated, bias, mae, mse, log_rms_sd_ratio: as in the tables of groups.
        squared: the mean squared difference of item means, as it is.
        n_raters: mean number of the group's ratings per item; NaN if unknown.
    """

    source: Source
    reliability: Replicates
    r: Replicates
    r_disattenuated: Replicates
    bias: Replicates
    mae: Replicates
    squared: Replicates
    mse: Replicates
    log_rms_sd_ratio: Replicates
    n_raters: float


def measured(cells: ScaleCells, pairs: Collection[Pair]) -> dict[Pair, Measured]:
    """Everything about these pairs, each of which is computed once.

    Pairs go through the same matrix products, with the resamples that all tables share.
    """
    wanted = list(dict.fromkeys(pairs))
    if not wanted:
        return {}
    used = np.stack([pair.used for pair in wanted])
    norms = [cells.groups[pair.group].norms for pair in wanted]
    model, model_sd = (
        np.where(used, np.stack([of[pair.rater] for pair in wanted]), np.nan)
        for of in (cells.mean, cells.sd)
    )
    human, human_sd, n = (
        np.where(used, np.stack([getattr(one, name) for one in norms]), np.nan)
        for name in ("mean", "sd", "n")
    )
    error = human_sd**2 / n
    both = np.isfinite(model_sd) & np.isfinite(human_sd)
    drawing = cells.drawing
    drawn = drawing.resamples, drawing.items, drawing.clusters
    apart = model - human
    r = pearson_replicates(model, human, *drawn)
    # Where the error of some means is unknown, so is the mean error.
    error[(used & ~np.isfinite(error)).any(axis=1)] = np.nan
    alike = {(pair.group, pair.items): place for place, pair in enumerate(wanted)}
    of_means = (apart, np.abs(apart), apart**2, error[list(alike.values())])
    means = iter(mean_replicates(np.concatenate(of_means), *drawn))
    bias, mae, squared, errors = ([next(means) for _ in of_cells] for of_cells in of_means)
    error_of = dict(zip(alike, errors, strict=True))
    spread = log_rms_sd_ratio_replicates(
        np.where(both, model_sd, np.nan), np.where(both, human_sd, np.nan), *drawn
    )
    reliability = _reliabilities(cells, wanted)
    found = {}
    for place, pair in enumerate(wanted):
        source, of_people = reliability[pair.group, pair.items]
        known = np.isfinite(n[place])
        found[pair] = Measured(
            source=source,
            reliability=of_people,
            r=r[place],
            r_disattenuated=disattenuated(r[place], of_people, _perfect(of_people)),
            bias=bias[place],
            mae=mae[place],
            squared=squared[place],
            mse=squared[place] - error_of[pair.group, pair.items],
            log_rms_sd_ratio=spread[place],
            n_raters=float(n[place][known].mean()) if known.any() else np.nan,
        )
    return found


def weighted(parts: Sequence[Replicates], weights: Sequence[float]) -> Replicates:
    """The weighted sum of statistics over the same items, over the resamples that all of them have:
    there are fewer of the reliability of crossed raters."""
    n = min(len(part.resampled) for part in parts)
    return combination([replace(part, resampled=part.resampled[:n]) for part in parts], weights)


def _perfect(like: Replicates) -> Replicates:
    """A reliability of 1: r is freed of the error of people's means alone."""
    return replace(
        like,
        estimate=1.0,
        resampled=np.ones_like(like.resampled),
        left_out=np.ones_like(like.left_out),
    )


def _reliabilities(
    cells: ScaleCells, pairs: Sequence[Pair]
) -> dict[tuple[Group, bytes], tuple[Source, Replicates]]:
    """The reliability of each group's means on each choice of items."""
    kinds: dict[tuple[Group, bytes], tuple[Source, Sums]] = {}
    for pair in pairs:
        key = pair.group, pair.items
        if key not in kinds:
            kinds[key] = people_reliability(cells.groups[pair.group].norms.at(pair.used))
    found: dict[tuple[Group, bytes], tuple[Source, Replicates]] = {}
    together: dict[Source, dict[tuple[Group, bytes], ItemSums]] = {}
    for key, (source, sums) in kinds.items():
        if isinstance(sums, ItemSums):
            together.setdefault(source, {})[key] = sums
        else:
            found[key] = source, cells.drawing.replicates(sums)
    drawing = cells.drawing
    for source, of_source in together.items():
        replicates = cell_replicates(
            list(of_source.values()), drawing.resamples, drawing.items, drawing.clusters
        )
        found |= {key: (source, one) for key, one in zip(of_source, replicates, strict=True)}
    return found
