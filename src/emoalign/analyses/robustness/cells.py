"""The conditions whose correlations are checked, over all items of their dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.analyses.robustness.analysis import RobustnessJob
from emoalign.items.rated_items import RatedItems
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import Clusters
from emoalign.statistics.robustness import Parts, sides, thirds
from emoalign.study.scales import VALENCE
from emoalign.tables import STATUSES

Items = NDArray[np.bool_]
"""A choice of items, shape (items,)."""


@dataclass(frozen=True, eq=False)
class Parting:
    """Items parted by their human means: the check, the scale that parts them, and the parts."""

    check: str
    scale: str
    names: tuple[str, ...]
    parts: Parts


@dataclass(frozen=True, eq=False)
class Cell:
    """A cell over all items of its dataset, with the data that all cells of its scale share.

    Attributes:
        clusters: the clusters of the items, shape (items,).
        rows: its rows in the item table, those of items it lacks empty.
        human: human means on its scale, shape (items,).
        partings: how its items are parted.
        common: the items that all cells of the scale and readout have, shape (items,).
        alone: whether there is no other such cell.
        ends: of the scale.
    """

    readout: str
    clusters: Clusters
    rows: pd.DataFrame
    human: FloatArray
    partings: Sequence[Parting]
    common: Items
    alone: bool
    ends: tuple[float, float]

    @cached_property
    def model(self) -> FloatArray:
        """The model's means, shape (items,)."""
        means: FloatArray = self.rows["mean"].to_numpy(dtype=float)
        return means

    @cached_property
    def rated(self) -> Items:
        """The items with a human mean."""
        return np.isfinite(self.human)

    @cached_property
    def both(self) -> Items:
        """The items with both means."""
        return np.isfinite(self.model) & self.rated

    @cached_property
    def answers(self) -> FloatArray:
        """Answers by status, shape (statuses, items); 0 where there is no row."""
        counts: FloatArray = self.rows[[f"n_{status}" for status in STATUSES]].to_numpy(dtype=float)
        return np.nan_to_num(counts).T

    @cached_property
    def on_scale(self) -> FloatArray:
        """Exact: the probability of ratings, shape (items,)."""
        mass = self.rows["returned_mass"] - self.rows["off_scale_mass"]
        # Half of the mass may be less than that in its last digit.
        found: FloatArray = mass.to_numpy(dtype=float).round(12)
        return found


def scale_cells(
    asked: Sequence[pd.DataFrame], rated: RatedItems, scale: str, job: RobustnessJob
) -> Iterator[Cell]:
    """The cells of one scale in one readout, whose rows `asked` has in the order wanted."""
    human, ends = rated.people(scale), job.datasets[rated.dataset].scales[scale]
    rows = [cell.set_index("item_id").reindex(list(rated.item_ids)) for cell in asked]
    has = [np.isfinite(cell["mean"].to_numpy(dtype=float)) & np.isfinite(human) for cell in rows]
    sharing = [items for items in has if items.any()]
    for cell in rows:
        yield Cell(
            readout=rated.readout,
            clusters=rated.clusters,
            rows=cell,
            human=human,
            partings=list(_partings(rated, scale, job)),
            common=np.logical_and.reduce(sharing) if sharing else np.zeros_like(human, dtype=bool),
            alone=len(sharing) < 2,
            ends=(ends.min, ends.max),
        )


def _partings(rated: RatedItems, scale: str, job: RobustnessJob) -> Iterator[Parting]:
    by_valence = VALENCE in rated.scales and bool(np.isfinite(rated.people(VALENCE)).any())
    parting = VALENCE if by_valence else scale
    means = rated.people(parting)
    yield Parting("thirds", parting, ("low", "middle", "high"), thirds(means))
    if by_valence:
        whole = job.datasets[rated.dataset].scales[VALENCE]
        middle = (whole.min + whole.max) / 2
        yield Parting("sides", VALENCE, ("below", "above"), sides(means, middle))
