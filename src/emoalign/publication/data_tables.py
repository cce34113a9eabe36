"""The tables of a bundle, as Parquet and as CSV: which columns may be passed on, and how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from emoalign.items.cells import Tables
from emoalign.publication.portable import without_places
from emoalign.publication.publication_job import PublishedDataset
from emoalign.tables import ITEMS, RATINGS, STATUSES, Column, read_parquet
from emoalign.tables.contract import FORMULAS, ITEM, TEXT

DATA = "data"
"""The folder of tables in a bundle."""

PRIVATE = frozenset({"reply_id", "latency_s"})
"""Columns of ratings that concern whoever asked, not the answers."""

_NUMBERS_OF_MODELS = frozenset(
    {"model", "protocol", "dataset", "scale", "readout", "item_id", "cluster", "participant"}
    | {"form", "session", "position", "status", "rating", "rating_shown", "labels"}
    | {"label_order", "probabilities", "off_scale_mass", "returned_mass", "stated_total"}
    | {"model_reported", "received", "mean", "sd", "mean_se", "mean_low", "mean_high", "sd_low"}
    | {"sd_high", "distribution", "n_distribution", "n_forms_left_out", "raw_moment_1"}
    | {"raw_moment_2", "persona"}
)
"""The columns that tell nothing of items or of people; none that is added later, unless it is named
here. Answers may repeat an item, and whoever knows the prompt can compute the request id of every
word there is."""


@dataclass(frozen=True)
class DataTable:
    """A table of a bundle: its name, what a row of it is, its columns, and the number of rows.

    `codebook` are its rows of the codebook, where more is known than its columns say.
    """

    name: str
    dataset: str
    row: str
    columns: tuple[Column, ...]
    rows: int
    codebook: pd.DataFrame | None = None

    def with_codebook(self, rows: pd.DataFrame) -> DataTable:
        """The table with rows of its own in the codebook."""
        return replace(self, codebook=rows)

    @property
    def parquet(self) -> str:
        """The path of its Parquet file in the bundle."""
        return f"{DATA}/{self.name}.parquet"

    @property
    def csv(self) -> str:
        """The path of its CSV file in the bundle."""
        return f"{DATA}/{self.name}.csv"


def item_table(name: str, card: PublishedDataset, tables: Tables, to: Path) -> DataTable:
    """Write the items of a dataset: numbers of models, and where it may be passed on, the item
    itself and the human norm. `to` is the folder of the bundle."""
    columns = _permitted(ITEMS.columns, card)
    table = read_parquet(tables["items"]).select([column.name for column in columns])
    if card.redistribute:
        shown = Column(card.modality, TEXT, _SHOWN[card.modality])
        looks = _looks(card, tables["stimuli"])
        place = columns.index(ITEM) + 1
        values = [looks.get(item_id) for item_id in table["item_id"].to_pylist()]
        table = table.add_column(place, shown.name, pa.array(values, TEXT))
        columns = (*columns[:place], shown, *columns[place:])
    return write_table(f"{name}-items", name, ITEMS.row, columns, [table], to)


_SHOWN = {
    "word": "The word that was rated.",
    "sentence": "The text that was rated.",
    "image": "The name of the file of the image that was rated.",
}


def rating_table(
    name: str, card: PublishedDataset, ratings: Sequence[Path], to: Path, *, requests: bool = True
) -> DataTable:
    """Write the answers of all models about a dataset, file by file, in little memory; with or
    without ids of requests, which give away an example in a prompt to whoever knows the rest."""
    hidden = PRIVATE if requests else PRIVATE | {"request_id"}
    columns = tuple(
        column for column in _permitted(RATINGS.columns, card) if column.name not in hidden
    )
    names = [column.name for column in columns]
    tables = (_placeless(read_parquet(path, columns=names)) for path in sorted(ratings))
    return write_table(f"{name}-ratings", name, RATINGS.row, columns, tables, to)


def _permitted(columns: Iterable[Column], card: PublishedDataset) -> tuple[Column, ...]:
    if card.redistribute:
        return tuple(columns)
    return tuple(
        column
        for column in columns
        if column.name in _NUMBERS_OF_MODELS or column.name.removeprefix("n_") in STATUSES
    )


def _looks(card: PublishedDataset, stimuli: Path) -> dict[str, str | None]:
    """The texts of items by id, or the names of their images."""
    table = read_parquet(stimuli, columns=["item_id", "text", "image_path"]).to_pydict()
    shown = table["text"]
    if card.modality == "image":
        shown = [path and PurePath(path).name for path in table["image_path"]]
    return dict(zip(table["item_id"], shown, strict=True))


def _placeless(table: pa.Table) -> pa.Table:
    """Ratings without paths of the machine that gave them, which servers call models by."""
    if "model_reported" not in table.column_names:
        return table
    said = table["model_reported"].combine_chunks().dictionary_encode()
    names = pa.array([without_places(name) for name in said.dictionary.to_pylist()], TEXT)
    place = table.column_names.index("model_reported")
    again = pa.DictionaryArray.from_arrays(said.indices, names).cast(TEXT)
    return table.set_column(place, "model_reported", again)


def write_table(
    name: str,
    dataset: str,
    row: str,
    columns: Sequence[Column],
    tables: Iterable[pa.Table],
    to: Path,
) -> DataTable:
    """Write a table of a bundle as Parquet and CSV, part by part.

    Neither holds notes or times, so that the same rows are the same bytes.
    """
    schema = pa.schema([pa.field(column.name, column.type) for column in columns])
    plain = pa.schema([pa.field(each.name, _in_csv(each.type)) for each in columns])
    rows = 0
    (to / DATA).mkdir(parents=True, exist_ok=True)
    with (
        pq.ParquetWriter(to / DATA / f"{name}.parquet", schema, compression="zstd") as whole,
        pa_csv.CSVWriter(
            to / DATA / f"{name}.csv",
            plain,
            write_options=pa_csv.WriteOptions(quoting_style="needed"),
        ) as text,
    ):
        for table in tables:
            part = table.select(schema.names).replace_schema_metadata(None).cast(schema)
            rows += part.num_rows
            whole.write_table(part)
            text.write_table(pa.table([_cells(part[each]) for each in schema.names], schema=plain))
    return DataTable(name, dataset, row, tuple(columns), rows)


def _in_csv(kind: pa.DataType) -> pa.DataType:
    return TEXT if pa.types.is_nested(kind) else kind


def _cells(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column as CSV has it: lists as JSON, no formulas, numbers that are none as missing."""
    if pa.types.is_nested(column.type):
        return pa.chunked_array([list(_json(column))], TEXT)
    if pa.types.is_floating(column.type):
        return pc.if_else(pc.is_nan(column), None, column)
    if pa.types.is_string(column.type):
        formula = pc.match_substring_regex(column, _FORMULA)
        return pc.if_else(formula, pc.binary_join_element_wise("'", column, ""), column)
    return column


_FORMULA = f"^{FORMULAS.pattern}"


def _json(column: pa.ChunkedArray) -> Iterator[str | None]:
    if column.null_count == len(column):
        yield from [None] * len(column)
        return
    for value in column.to_pylist():
        yield None if value is None else orjson.dumps(value).decode()
