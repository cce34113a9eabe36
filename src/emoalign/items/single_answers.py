"""Single answers of one cell after another, with who gave them and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from emoalign.statistics.pairs import FloatArray
from emoalign.tables import CELL_KEY, NORMS
from emoalign.tables.ratings_database import ratings_database

Cell = tuple[str, ...]
"""Model, protocol, dataset, scale and readout."""

_CELLS = """
SELECT model, protocol, dataset, scale, readout, bool_or(position IS NOT NULL) AS placed
FROM read_parquet($files) WHERE status IS NOT NULL GROUP BY ALL ORDER BY ALL
"""

_ANSWERS = """
SELECT item_id, participant, session, position, persona, status, rating, probabilities
FROM read_parquet($files)
WHERE status IS NOT NULL AND model = $model AND protocol = $protocol AND dataset = $dataset
    AND scale = $scale AND readout = $readout
ORDER BY session, position, participant, item_id, rating
"""


@dataclass(frozen=True, eq=False)
class SingleAnswers:
    """The rating files of a study, read cell by cell."""

    database: duckdb.DuckDBPyConnection
    files: Sequence[Path]

    def cells(self) -> Mapping[Cell, bool]:
        """All cells, ascending, and whether places of their answers in sessions are known."""
        rows = self.database.execute(_CELLS, self._bound).fetchall()
        return {tuple(row[:-1]): bool(row[-1]) for row in rows}

    def of(self, cell: Cell) -> pd.DataFrame:
        """The answers of a cell, in the order in which sessions went, then by participant."""
        named = dict(zip(CELL_KEY, cell, strict=True))
        return self.database.execute(_ANSWERS, self._bound | named).df()

    @property
    def _bound(self) -> dict[str, object]:
        return {"files": [str(path) for path in self.files]}


@contextmanager
def single_answers(ratings: Sequence[Path], folder: Path) -> Iterator[SingleAnswers]:
    """The answers in rating files; what does not fit into memory goes into `folder`.

    Raises DataError for a damaged file.
    """
    with ratings_database(ratings, folder) as database:
        yield SingleAnswers(database, ratings)


def human_means(norms: Path) -> pd.Series:
    """Human means, by scale and item."""
    return NORMS.read(norms).set_index(["scale", "item_id"])["mean"]


def beside_people(rows: pd.DataFrame, scale: str, means: pd.Series) -> FloatArray:
    """The human mean of the item of each answer, shape (answers,); NaN where there is none."""
    if scale not in means.index.get_level_values("scale"):
        return np.full(len(rows), np.nan)
    found: FloatArray = means[scale].reindex(rows["item_id"]).to_numpy(dtype=np.float64)
    return found
