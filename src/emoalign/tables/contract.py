"""The contract of a kind of file: its columns, those many share, and how it is read and written."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from emoalign.disks import writing
from emoalign.errors import DataError
from emoalign.tables.parquet import read_parquet


@dataclass(frozen=True)
class Column:
    """A column: its name, Arrow type and meaning."""

    name: str
    type: pa.DataType
    meaning: str


@dataclass(frozen=True)
class Table:
    """A kind of file: where it is, what a row of it is, and its columns in order."""

    path: str
    row: str
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema every file of this kind has."""
        return pa.schema([pa.field(column.name, column.type) for column in self.columns])

    def write(
        self, rows: pd.DataFrame, path: Path, metadata: Mapping[str, str] | None = None
    ) -> None:
        """Write `rows` as zstd Parquet; the file appears whole or not at all.

        Raises DataError when a column is missing, unknown or of another type.
        """
        try:
            table = pa.Table.from_pandas(rows, schema=self.schema, preserve_index=False, safe=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError, KeyError) as error:
            raise DataError(
                f"{path}: rows do not fit the contract of {self.path}: {error}"
            ) from error
        unknown = set(rows.columns) - set(self.schema.names)
        if unknown:
            raise DataError(f"{path}: columns unknown to {self.path}: {', '.join(sorted(unknown))}")
        table = table.replace_schema_metadata(dict(metadata or {}))
        with atomic(path) as partial:
            pq.write_table(table, partial, compression="zstd")

    def write_batches(self, batches: pa.RecordBatchReader, path: Path) -> None:
        """Write rows as they come, a row group at a time, in memory that does not grow with them.

        The file is that of `write` for the same rows, but for its row groups.
        """
        with (
            atomic(path) as partial,
            pq.ParquetWriter(partial, self.schema, compression="zstd") as writer,
        ):
            for batch in batches:
                rows = pa.Table.from_batches([batch]).select(self.schema.names)
                writer.write_table(rows.cast(self.schema))

    def write_csv(self, rows: pd.DataFrame, path: Path) -> None:
        """Write `rows` as CSV for people who read tables in a spreadsheet; see `inert`."""
        table = pa.Table.from_pandas(inert(rows), schema=self.schema, preserve_index=False)
        with atomic(path) as partial:
            pa_csv.write_csv(table, partial, pa_csv.WriteOptions(quoting_style="needed"))

    def write_both(self, rows: pd.DataFrame, folder: Path) -> None:
        """Write `rows` as Parquet and as CSV, named as this kind is, into `folder`."""
        name = Path(self.path).stem
        self.write(rows, folder / f"{name}.parquet")
        self.write_csv(rows, folder / f"{name}.csv")

    def read(self, path: Path) -> pd.DataFrame:
        """The rows of a file of this kind. Raises DataError when it is another kind."""
        table = read_parquet(path)
        if not table.schema.equals(self.schema):
            raise DataError(
                f"{path}: its columns are not those of {self.path}. Another version of emoalign "
                f"wrote it, or it is another file: delete it and run again (rm '{path}')."
            )
        rows: pd.DataFrame = table.to_pandas()
        return rows


FORMULAS = re.compile("'*[=+@\t\r\n-]")
"""Beginnings of a cell that a spreadsheet may take for a formula and carry out, with apostrophes
before them: one more is added to these, too, so that it can be told from theirs."""


def inert(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows for CSV: texts that begin like a formula get an apostrophe before them; numbers stay.

    Spreadsheets carry out what an item, an answer or a title from elsewhere says in a cell. Texts
    that differ stay different: to read them, take away one apostrophe from what still matches.
    """

    def shown(value: object) -> object:
        return f"'{value}" if isinstance(value, str) and FORMULAS.match(value) else value

    texts = [name for name in rows.columns if not pd.api.types.is_numeric_dtype(rows[name])]
    return rows.assign(**{name: rows[name].map(shown) for name in texts})


def groups(
    rows: pd.DataFrame, columns: Sequence[str], *, sort: bool = True
) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """The rows that share their texts in `columns`, group by group in ascending order, or in that
    of their first rows."""
    for key, group in rows.groupby(list(columns), sort=sort):
        yield tuple(map(str, key)), group


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain dictionaries."""
    return [{str(name): value for name, value in row.items()} for _, row in rows.iterrows()]


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A path to write to that takes the place of `path` when the block ends without an error.

    Raises OSError with the name of `path` where there is no room for it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with writing(path):
            yield partial
            partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


TEXT = pa.string()
NUMBER = pa.float64()
COUNT = pa.int32()
NUMBERS = pa.list_(pa.float64())
TEXTS = pa.list_(TEXT)

MODEL = Column("model", TEXT, "Model: the name of its card, or its own in a table of several.")
PROTOCOL = Column("protocol", TEXT, "Protocol, as named in the study.")
DATASET = Column("dataset", TEXT, "Dataset: the name of its card.")
SCALE = Column("scale", TEXT, "Scale, as named on the dataset's card.")
READOUT = Column(
    "readout",
    TEXT,
    "`sampled` (answers), `exact` (probabilities of the answers), `decision` (probabilities of a "
    "Decisions API) or `stated` (distributions that models write).",
)
ITEM = Column(
    "item_id", TEXT, "The dataset's id of the item; where that may not be shown, a generated one."
)
N_ITEMS = Column("n_items", COUNT, "Items the numbers of the row are based on.")
N_TEXTS = Column(
    "n_texts",
    COUNT,
    "Different texts or images among these items; clusters where the card defines them.",
)
REASON = Column("reason", TEXT, "Why a number of the row is missing.")
CELL = (MODEL, PROTOCOL, DATASET, SCALE, READOUT)

CELL_KEY = [column.name for column in CELL]
"""The names of the columns that identify a cell, in one order everywhere."""

RECURRING = (*CELL, ITEM, N_ITEMS, N_TEXTS, REASON)
"""Columns of many tables, each with one meaning everywhere."""


def numbers(**meanings: str) -> tuple[Column, ...]:
    """Columns of numbers, from their names and meanings."""
    return tuple(Column(name, NUMBER, meaning) for name, meaning in meanings.items())


def shared(meaning: str, *names: str) -> tuple[Column, ...]:
    """Columns of numbers that are explained together."""
    return tuple(Column(name, NUMBER, meaning) for name in names)


def estimate(name: str, meaning: str) -> tuple[Column, ...]:
    """A number and the ends of its 95% confidence interval, `name`_low and `name`_high."""
    return shared(meaning, name, f"{name}_low", f"{name}_high")
