"""Cells: the distributions of a model beside the human ones on the same items."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emoalign.items.clusters import ItemClusters
from emoalign.statistics.distances import Kind
from emoalign.statistics.pairs import FloatArray, Pair
from emoalign.statistics.raters import People
from emoalign.statistics.resampling import Keys
from emoalign.stimuli.norms import human_answers
from emoalign.study.scales import HumanScale, LabelScale
from emoalign.tables import BASELINE, CELL_KEY, read_parquet

Tables = Mapping[Literal["items", "norms", "stimuli"], Path]
"""The tables of one dataset that cells are read from."""

_CELL = [name for name in CELL_KEY if name != "dataset"]

_ANSWERS = ("n_distribution", "n_ok")
"""Answers behind a distribution: the first where forms are left out of it, else the second."""


@dataclass(frozen=True)
class LeftOut:
    """Items of a cell that cannot be compared, by the first reason that holds.

    Attributes:
        no_ratings: single human ratings are unknown, or lie between the points of the scale.
        few_raters: fewer people than `min_raters` rated them.
        no_answer: no answer of the model is a rating on points of the scale.
    """

    no_ratings: int
    few_raters: int
    no_answer: int


@dataclass(frozen=True, eq=False)
class DistributionCell:
    """Distributions of one model and of people over the same items.

    Attributes:
        model, protocol, dataset, scale, readout: what the cell is.
        kind: ordinal (shares sum to 1 over the points) or labels (a share for each label).
        points: the points of an ordinal scale, ascending, shape (K,); empty for labels.
        labels: the labels, in the order of the card; empty for ordinal scales.
        item_ids: the items, ascending, shape (items,).
        groups: the cluster of each item, from 0, shape (items,).
        cluster_keys: what folds are dealt by, the same for the items of a cluster, shape (items,).
        people: the human ratings of these items.
        spread: standard deviation of the human ratings as a share of the length of the scale, mean
            over the dataset's ordinal scales; NaN for labels, shape (items,).
        model_shares: the model's distributions, shape (items, K).
        answers: usable answers behind each of them, shape (items,); infinite for probabilities.
        left_out: items that cannot be compared.
    """

    model: str
    protocol: str
    dataset: str
    scale: str
    readout: str
    kind: Kind
    points: FloatArray
    labels: tuple[str, ...]
    item_ids: NDArray[np.str_]
    groups: NDArray[np.int64]
    cluster_keys: Keys
    people: People
    spread: FloatArray
    model_shares: FloatArray
    answers: FloatArray
    left_out: LeftOut

    @property
    def human_shares(self) -> FloatArray:
        """People's distributions, shape (items, K)."""
        return self.people.shares

    @property
    def step(self) -> float:
        """Distance between neighbouring points of the scale; 1 for labels."""
        return float(self.points[1] - self.points[0]) if len(self.points) > 1 else 1.0

    @property
    def human_n(self) -> NDArray[np.int64]:
        """Human raters of each item, shape (items,)."""
        return self.people.n

    def beside(self, model: FloatArray, answers: FloatArray | float = np.inf) -> Pair:
        """The same people beside other distributions, from the given numbers of answers."""
        return Pair(self.human_shares, model, self.human_n.astype(np.float64), answers)

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """Model, protocol, dataset, scale and readout."""
        return self.model, self.protocol, self.dataset, self.scale, self.readout


def read_cells(
    dataset: str,
    scales: Mapping[str, HumanScale | LabelScale],
    tables: Tables,
    min_raters: int,
    predictions: Sequence[Path] = (),
) -> Iterator[DistributionCell]:
    """The cells of one dataset, in ascending order of their keys.

    `predictions` are tables of classifiers, with the columns model, scale, item_id and
    distribution; their cells have the protocol `BASELINE` and are exact.
    """
    norms = read_parquet(tables["norms"], columns=["item_id", "scale", "ratings", "labels"])
    items = read_parquet(tables["items"], columns=[*_CELL, "item_id", *_ANSWERS, "distribution"])
    rows = pa.concat_tables([items, *(_as_items(path, items.schema) for path in predictions)])
    if len(norms):  # Items that nobody rated are not items whose single ratings are unknown.
        rows = rows.filter(pc.is_in(rows["item_id"], value_set=norms["item_id"].combine_chunks()))
    clusters = ItemClusters.read(tables["stimuli"])
    people = {name: human_answers(norms, name, scale) for name, scale in sorted(scales.items())}
    spread = _spread(people, scales)
    for name, scale in sorted(scales.items()):
        of_scale = rows.filter(pc.equal(rows["scale"], name)).sort_by(
            [(column, "ascending") for column in (*_CELL, "item_id")]
        )
        for cell in runs(of_scale, _CELL):
            yield _cell(dataset, name, scale, cell, people[name], clusters, spread, min_raters)


def _spread(
    people: Mapping[str, People], scales: Mapping[str, HumanScale | LabelScale]
) -> pd.Series:
    """Mean over the ordinal scales of an item's SD as a share of their lengths, by item."""
    columns = {
        name: pd.Series(raters.sd / (scale.max - scale.min), index=raters.item_ids)
        for name, raters in people.items()
        for scale in (scales[name],)
        if not isinstance(scale, LabelScale)
    }
    return pd.DataFrame(columns).mean(axis=1)


def shares(distributions: pa.ChunkedArray, n_points: int) -> FloatArray:
    """A column of lists as a matrix (rows, n_points); a row is NaN where the list is null."""
    column = distributions.combine_chunks()
    matrix = np.full((len(column), n_points), np.nan)
    valid = np.asarray(pc.is_valid(column), dtype=np.bool_)
    values = column.flatten().to_numpy(zero_copy_only=False)
    matrix[valid] = values.reshape(-1, n_points)
    return matrix


def as_lists(shares: FloatArray) -> pa.ListArray:
    """A matrix (rows, n_points) as a column of lists; the inverse of `shares`."""
    n, k = shares.shape
    starts = pa.array(np.arange(n + 1) * k, pa.int32())
    return pa.ListArray.from_arrays(starts, pa.array(shares.ravel()))


def _as_items(path: Path, schema: pa.Schema) -> pa.Table:
    """Predictions as rows of an item table with nothing but a distribution."""
    rows = read_parquet(path, columns=["model", "scale", "item_id", "distribution"])
    n = len(rows)
    columns = {
        "model": rows["model"],
        "protocol": pa.array([BASELINE] * n, pa.string()),
        "scale": rows["scale"],
        "readout": pa.array(["exact"] * n, pa.string()),
        "item_id": rows["item_id"],
        **dict.fromkeys(_ANSWERS, pa.nulls(n, pa.int32())),
        "distribution": rows["distribution"],
    }
    return pa.table(columns).cast(schema)


def runs(rows: pa.Table, columns: Sequence[str]) -> Iterator[pa.Table]:
    """The rows that share their texts in `columns`, of a table where these stand together."""
    if not len(rows):
        return
    new = np.zeros(len(rows) - 1, dtype=np.bool_)
    for column in columns:
        codes = rows[column].combine_chunks().dictionary_encode().indices.to_numpy()
        new |= codes[1:] != codes[:-1]
    starts = np.concatenate(([0], np.flatnonzero(new) + 1, [len(rows)]))
    for start, end in itertools.pairwise(starts):
        yield rows.slice(start, end - start)


def _cell(
    dataset: str,
    name: str,
    scale: HumanScale | LabelScale,
    rows: pa.Table,
    raters: People,
    clusters: ItemClusters,
    spread: pd.Series,
    min_raters: int,
) -> DistributionCell:
    labels = scale.labels if isinstance(scale, LabelScale) else ()
    points = () if isinstance(scale, LabelScale) else scale.points
    ids = rows["item_id"].to_numpy().astype(str)
    distributions = shares(rows["distribution"], len(labels) or len(points))
    place = np.clip(np.searchsorted(raters.item_ids, ids), 0, max(len(raters.item_ids) - 1, 0))
    rated = raters.item_ids[place] == ids if len(raters.item_ids) else np.zeros(len(ids), np.bool_)
    enough = rated.copy()
    enough[rated] = raters.n[place[rated]] >= min_raters
    answered = np.isfinite(distributions).all(axis=1)
    kept = enough & answered
    keys = clusters.keys_of(ids[kept])
    readout = str(rows["readout"][0])
    counted = pc.coalesce(*(rows[name] for name in _ANSWERS), 0).to_numpy().astype(np.float64)
    model, protocol = (str(rows[column][0]) for column in ("model", "protocol"))
    return DistributionCell(
        model=model,
        protocol=protocol,
        dataset=dataset,
        scale=name,
        readout=readout,
        kind="labels" if labels else "ordinal",
        points=np.array(points, dtype=np.float64),
        labels=labels,
        item_ids=ids[kept],
        groups=np.unique(keys, return_inverse=True)[1].astype(np.int64),
        cluster_keys=keys,
        people=raters.at(place[kept]),
        spread=spread.reindex(ids[kept]).to_numpy(dtype=np.float64),
        model_shares=distributions[kept],
        answers=counted[kept] if readout == "sampled" else np.full(int(kept.sum()), np.inf),
        left_out=LeftOut(
            no_ratings=int((~rated).sum()),
            few_raters=int((rated & ~enough).sum()),
            no_answer=int((enough & ~answered).sum()),
        ),
    )
