"""Item means of models and people side by side, and their correlations."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.items.item_jobs import ComparedDataset
from emoalign.items.rated_rows import rated_rows
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.replicates import Replicates, pearson_replicates
from emoalign.statistics.resampling import Clusters
from emoalign.statistics.seeds import seed_of
from emoalign.tables import ITEMS, groups

Rater = tuple[str, str]
"""A model and the protocol it was asked under."""


@dataclass(frozen=True, eq=False)
class RatedItems:
    """Item means of one dataset in one readout, on scales of numbers.

    Attributes:
        dataset, readout: their names.
        item_ids: the items of the dataset, ascending: those of the other readout too, so that
            resamples of items are the same in both.
        clusters: the cluster of each, from 0, shape (items,): these are resampled together.
        raters: models and protocols, ascending.
        scales: names of the scales, ascending.
        model: means by rater and scale, shape (raters, scales, items); NaN where there is none.
        human: means by scale, shape (scales, items); NaN where there is none.
    """

    dataset: str
    readout: str
    item_ids: tuple[str, ...]
    clusters: Clusters
    raters: tuple[Rater, ...]
    scales: tuple[str, ...]
    model: FloatArray
    human: FloatArray

    def of(self, rater: Rater, scale: str) -> FloatArray:
        """Means of one cell, shape (items,)."""
        values: FloatArray = self.model[self.raters.index(rater), self.scales.index(scale)]
        return values

    def people(self, scale: str) -> FloatArray:
        """Human means on one scale, shape (items,)."""
        values: FloatArray = self.human[self.scales.index(scale)]
        return values


def read_items(paths: Iterable[Path]) -> pd.DataFrame:
    """The rows of item tables without those that `rated_rows` leaves out, in an order that does not
    depend on that of the files."""
    rows = [rated_rows(ITEMS.read(path)) for path in sorted(paths)]
    return pd.concat(rows, ignore_index=True)


def of_scales(items: pd.DataFrame, scales: Mapping[str, Collection[str]]) -> pd.DataFrame:
    """The rows of these scales, which are named by dataset."""
    wanted = {(dataset, scale) for dataset, names in scales.items() for scale in names}
    pairs = zip(items["dataset"], items["scale"], strict=True)
    return items[[pair in wanted for pair in pairs]]


def rated_items(items: pd.DataFrame, datasets: dict[str, ComparedDataset]) -> Iterator[RatedItems]:
    """The item means of every dataset and readout, in ascending order.

    Scales that are not of numbers are left out, and so is a dataset without any other.
    """
    numbers = of_scales(items, {name: dataset.scales for name, dataset in datasets.items()})
    for (dataset,), of_dataset in groups(numbers, ["dataset"]):
        item_ids, clusters = drawn_items(of_dataset)
        for (readout,), rows in groups(of_dataset, ["readout"]):
            yield _side_by_side(dataset, readout, item_ids, clusters, rows)


def drawn_items(
    rows: pd.DataFrame, also: Sequence[str] | NDArray[np.str_] = ()
) -> tuple[NDArray[np.str_], Clusters]:
    """The items of these rows, ascending, and the cluster of each, numbered from 0.

    Those of all cells of a dataset are what its resamples draw from: a cell that lacks some has
    them drawn and missing, so that all cells stay paired and each is resampled in one way. Items of
    `also` that are in no row stand alone.
    """
    numbers = rows.drop_duplicates("item_id").set_index("item_id")["cluster"]
    item_ids = np.union1d(unique_items(rows), np.asarray(also, dtype=str))
    of_items = numbers.reindex(item_ids).to_numpy(dtype=float, copy=True)
    unknown = np.isnan(of_items)
    alone = np.nanmax(of_items, initial=-1) + np.cumsum(unknown)
    of_items = np.where(unknown, alone, of_items)
    return item_ids, np.unique(of_items, return_inverse=True)[1].astype(np.int64)


def unique_items(rows: pd.DataFrame) -> NDArray[np.str_]:
    """The items of these rows, ascending."""
    return np.unique(rows["item_id"].to_numpy(dtype=str))


def _side_by_side(
    dataset: str,
    readout: str,
    item_ids: NDArray[np.str_],
    clusters: Clusters,
    rows: pd.DataFrame,
) -> RatedItems:
    item = np.searchsorted(item_ids, rows["item_id"].to_numpy(dtype=str))
    scales, scale = np.unique(rows["scale"].to_numpy(dtype=str), return_inverse=True)
    named = list(zip(rows["model"], rows["protocol"], strict=True))
    raters = sorted(set(named))
    place = {rater: number for number, rater in enumerate(raters)}
    model = np.full((len(raters), len(scales), len(item_ids)), np.nan)
    human = np.full((len(scales), len(item_ids)), np.nan)
    model[[place[rater] for rater in named], scale, item] = rows["mean"].to_numpy(dtype=float)
    human[scale, item] = rows["human_mean"].to_numpy(dtype=float)
    return RatedItems(
        dataset=dataset,
        readout=readout,
        item_ids=tuple(map(str, item_ids)),
        clusters=clusters,
        raters=tuple(raters),
        scales=tuple(map(str, scales)),
        model=model,
        human=human,
    )


def correlated(
    rated: Sequence[RatedItems], seed: int, n: int
) -> dict[tuple[str, str, Rater], dict[str, Replicates]]:
    """Correlations by dataset, readout and rater, then by scale, with `n` replicates.

    `seed` is that of the study: whoever asks for the same cell gets the same resamples.
    """
    correlations: dict[tuple[str, str, Rater], dict[str, Replicates]] = {}
    for dataset in rated:
        drawn = seed_of(seed, dataset.dataset, "items")
        for rater, model in zip(dataset.raters, dataset.model, strict=True):
            cells = pearson_replicates(model, dataset.human, n, drawn, dataset.clusters)
            correlations[dataset.dataset, dataset.readout, rater] = dict(
                zip(dataset.scales, cells, strict=True)
            )
    return correlations
