"""What a study knows of the items of each scale: people's means, and what may predict them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.estimates.analysis import EstimatesJob
from emoalign.embeddings.embedding import embedded
from emoalign.items.clusters import ItemClusters
from emoalign.statistics.estimation.estimated import Known
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import Keys
from emoalign.study.scales import HumanScale
from emoalign.tables import NORMS, STATUSES, STIMULI, read_parquet

CELL = ("model", "protocol", "readout")
"""The columns that a predictor is named by."""

_COUNTS = [f"n_{status}" for status in STATUSES]

Cell = tuple[str, str, str]
"""A model, its protocol and its readout."""


@dataclass(frozen=True, eq=False)
class KnownDataset:
    """A dataset as far as it is the same for all of its scales.

    Attributes:
        item_ids: the items, ascending.
        keys: what folds are dealt by, shape (items,).
        items: the rows of `tables.ITEMS` of the models that are learnt from, with `answered`, the
            share of answers that are ratings.
        norms: the rows of `tables.NORMS`.
        vectors: embeddings, shape (items, size); None without.
    """

    item_ids: NDArray[np.str_]
    keys: Keys
    items: pd.DataFrame
    norms: pd.DataFrame
    vectors: FloatArray | None

    @classmethod
    def read(cls, job: EstimatesJob, name: str, files: AnalysisFiles) -> KnownDataset:
        """A dataset from its tables; embeddings are kept in the journal, none is made twice."""
        tables = files.tables_of(name)
        clusters = ItemClusters.read(tables["stimuli"], by_card=job.cluster == "dataset")
        columns = [*CELL, "scale", "item_id", "mean", "sd", *_COUNTS]
        items = read_parquet(tables["items"], columns=columns).to_pandas()
        if job.predictors is not None:
            items = items[items["model"].isin(job.predictors)]
        answers = items[_COUNTS].sum(axis=1).to_numpy(dtype=float)
        given = items["n_ok"].to_numpy(dtype=float)
        share = np.divide(given, answers, out=np.zeros(len(items)), where=answers > 0)
        items = items.assign(answered=share)
        return cls(
            clusters.item_ids,
            clusters.keys,
            items.drop(columns=_COUNTS),
            NORMS.read(tables["norms"]),
            _vectors(job, name, clusters.item_ids, files),
        )

    def of(self, scale_name: str, scale: HumanScale) -> tuple[tuple[Cell, ...], Known]:
        """The cells of a scale, ascending, and what is known of it."""
        human = self.norms[self.norms["scale"] == scale_name].set_index("item_id")
        human = human.reindex(self.item_ids)[["mean", "sd", "n"]].astype(float)
        rows = self.items[self.items["scale"] == scale_name]
        cells = sorted(set(zip(*(rows[name] for name in CELL), strict=True)))
        means, sds, answered = self._columns(rows, cells, "mean", "sd", "answered")
        known = Known(
            human=human["mean"].to_numpy(),
            human_sd=human["sd"].to_numpy(),
            human_n=human["n"].to_numpy(),
            keys=self.keys,
            names=tuple(map(" ".join, cells)),
            means=means,
            sds=sds,
            answered=np.nan_to_num(answered),
            vectors=self.vectors,
            ends=(float(scale.min), float(scale.max)),
        )
        return tuple(cells), known

    def _columns(
        self, rows: pd.DataFrame, cells: Sequence[Cell], *names: str
    ) -> Iterator[FloatArray]:
        """Columns of a scale's rows, each of shape (items, cells); NaN where there is no row."""
        place = {cell: number for number, cell in enumerate(cells)}
        column = [place[cell] for cell in zip(*(rows[name] for name in CELL), strict=True)]
        row = np.searchsorted(self.item_ids, rows["item_id"].to_numpy(dtype=str))
        for name in names:
            values = np.full((len(self.item_ids), len(cells)), np.nan)
            values[row, column] = rows[name].to_numpy(dtype=float)
            yield values


def _vectors(
    job: EstimatesJob, name: str, item_ids: NDArray[np.str_], files: AnalysisFiles
) -> FloatArray | None:
    """Embeddings of the items; None where there is no embedding, or the items are images."""
    if job.embedding is None:
        return None
    texts = STIMULI.read(files.by_dataset("stimuli")[name]).set_index("item_id")["text"]
    texts = texts.reindex(item_ids)
    if texts.isna().any():
        return None
    return embedded(job.embedding, texts.tolist(), files.journal / "embeddings")
