"""The table of calibrated distributions: written as it is made, read by cell and method."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from emoalign.errors import DataError
from emoalign.items.cells import as_lists, runs, shares
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import Folds
from emoalign.tables import CALIBRATED, CELL_KEY

Key = tuple[str, str, str, str, str]
"""Model, protocol, dataset, scale and readout."""

_RUN = [*CELL_KEY, "method"]


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """The rated items of a cell, calibrated by what was learnt on others.

    Attributes:
        item_ids: the items, shape (items,).
        shares: their distributions, shape (items, K).
    """

    item_ids: NDArray[np.str_]
    shares: FloatArray


def rows(
    key: Key, method: str, item_ids: NDArray[np.str_], shares: FloatArray, fold: Folds | None
) -> pa.RecordBatch:
    """Rows of the table: items rated by people with their folds, or others without."""
    n = len(item_ids)
    constant = [pa.array([name] * n, pa.string()) for name in (*key, method)]
    return pa.record_batch(
        [
            *constant,
            pa.array(item_ids.tolist(), pa.string()),
            as_lists(shares),
            pa.array([fold is not None] * n, pa.bool_()),
            pa.nulls(n, pa.int32()) if fold is None else pa.array(fold, pa.int32()),
        ],
        schema=CALIBRATED.schema,
    )


def write(batches: Iterator[pa.RecordBatch], path: Path) -> None:
    """Write the table in memory that does not grow with it."""
    CALIBRATED.write_batches(pa.RecordBatchReader.from_batches(CALIBRATED.schema, batches), path)


def out_of_fold(path: Path) -> dict[Key, dict[str, OutOfFold]]:
    """The rated items by cell and method. Raises DataError where the file is of another kind."""
    table = pq.read_table(path)
    if not table.schema.equals(CALIBRATED.schema):
        raise DataError(f"{path}: its columns are not those of {CALIBRATED.path}")
    table = table.filter(table["out_of_fold"])
    by_cell: dict[Key, dict[str, OutOfFold]] = {}
    for run in runs(table, _RUN):
        first = [str(run[column][0]) for column in _RUN]
        model, protocol, dataset, scale, readout, method = first
        by_cell.setdefault((model, protocol, dataset, scale, readout), {})[method] = OutOfFold(
            run["item_id"].to_numpy().astype(str),
            shares(run["distribution"], len(run["distribution"][0])),
        )
    return by_cell
