"""Reading a table of trials, one row per rating: CSV, TSV or Parquet, cell by cell as text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from emoalign.errors import DataError
from emoalign.study.models import RecordedModel
from emoalign.study.reading import nearest

_DELIMITERS = {"csv": ",", "tsv": "\t"}
_END_OF_LINE = re.compile(rb"\r\n|\r|\n")

Cells = Mapping[str, str | None]
"""The cells of a row by what they hold (item, rating, ...); None for a null of Parquet."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A row of the table, and where it stands: "people.csv, line 5"."""

    where: str
    cells: Cells


def read_trials(path: Path, card: RecordedModel) -> Iterator[Trial]:
    """The rows of a table, in its order, with the columns that the card names.

    Lines may end in LF, CRLF or CR alone; no word is taken for a missing value. Rows without any
    content are passed over. Raises DataError when the file is not of its format, or lacks a column.
    """
    columns: dict[str, str] = card.columns.model_dump(exclude_none=True)
    if card.table_format == "parquet":
        return _parquet_rows(path, columns)
    return _text_rows(path, columns, card)


def _text_rows(path: Path, columns: Mapping[str, str], card: RecordedModel) -> Iterator[Trial]:
    text = io.StringIO(_decoded(path, card.encoding), newline="")
    rows = csv.reader(text, delimiter=_DELIMITERS[card.table_format], strict=True)
    header: list[str] | None = None
    places: dict[str, int] = {}
    line = 1
    try:
        for row in rows:
            where, line = f"{path}, line {line}", rows.line_num + 1
            if not any(row):
                continue
            if header is None:
                header = row
                places = _places(path, columns, header)
                continue
            if len(row) != len(header):
                raise DataError(
                    f"{where}: expected {len(header)} fields, as in the first line, found "
                    f"{len(row)}. A field that holds the separator must stand in quotation marks."
                )
            yield Trial(where, {key: row[place] for key, place in places.items()})
    except csv.Error as error:
        raise DataError(
            f"{path}, line {line}: not valid {card.table_format.upper()}: {error}. A field that "
            'begins with a quotation mark must end in one, and those within are doubled ("").'
        ) from error
    if header is None:
        raise DataError(f"{path}: the file is empty; expected a line with the names of columns")


def _decoded(path: Path, encoding: str) -> str:
    content = path.read_bytes()
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = len(_END_OF_LINE.findall(content[: error.start])) + 1
        raise DataError(
            f"{path}, line {line}: not {encoding} text ({error.reason}: byte "
            f"0x{content[error.start]:02x}). If the file is in another encoding, say which "
            "in the model's card, such as encoding: cp1252."
        ) from error


def _parquet_rows(path: Path, columns: Mapping[str, str]) -> Iterator[Trial]:
    try:
        with pq.ParquetFile(path) as file:
            _places(path, columns, file.schema_arrow.names)
            number = 0
            for batch in file.iter_batches(columns=sorted(set(columns.values()))):
                for row in batch.to_pylist():
                    number += 1
                    cells = {key: _as_text(row[column]) for key, column in columns.items()}
                    yield Trial(f"{path}, row {number}", cells)
    except pa.ArrowInvalid as error:
        raise DataError(f"{path}: not a Parquet file: {error}") from error


def _as_text(value: object) -> str | None:
    """A value of Parquet as it would stand in a CSV file; whole numbers without decimals."""
    if isinstance(value, float):
        if value != value:
            return None
        return str(int(value)) if value.is_integer() else repr(value)
    return None if value is None else str(value)


def _places(path: Path, columns: Mapping[str, str], header: Sequence[str]) -> dict[str, int]:
    problems = [
        f"there is no column {name!r} (columns.{key} in the model's card); {nearest(name, header)}"
        if name not in header
        else f"there is more than one column {name!r} (columns.{key} in the model's card)"
        for key, name in columns.items()
        if header.count(name) != 1
    ]
    if problems:
        raise DataError(f"{path}: " + "; ".join(problems))
    return {key: header.index(name) for key, name in columns.items()}
