"""Reading tables that people made, field by field: CSV, TSV, spreadsheets, Parquet, JSONL.

No word is taken for a missing value, and every row knows where it stands.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from emoalign.errors import DataError
from emoalign.stimuli.json_lines import json_rows
from emoalign.stimuli.rows import Record, Row
from emoalign.stimuli.spreadsheets import broken, sheet_rows
from emoalign.stimuli.table_format import TableFormat
from emoalign.study.fields import FileSource
from emoalign.study.reading import nearest

if TYPE_CHECKING:  # a card is read without pyarrow
    import pyarrow.parquet as pq

_DELIMITERS = {"csv": ",", "tsv": "\t"}
_SHEETS = ("xlsx", "xls")
_END_OF_LINE = re.compile(rb"\r\n|\r|\n")
LARGEST = 1e15
"""Beyond it, numbers are not exact enough to be told apart, and their squares soon infinite."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Layout:
    """The format of a table, and how it is written. `card` names who says so, for messages."""

    format: str
    card: str
    written: TableFormat = field(default_factory=TableFormat)


def layout_of(written: TableFormat, file: FileSource, card: str) -> Layout:
    """The layout of a file that is written as a card says."""
    return Layout(written.format_of(file), card, written)


def read_records(
    path: Path, layout: Layout, columns: Mapping[str, str], confidential: Collection[str] = ()
) -> Iterator[Record]:
    """The rows of a table with the columns that are named, by the keys that name them.

    Raises DataError when the file is not of its format, or lacks a column. No message says what
    stands in a column with one of the `confidential` keys.
    """
    header, rows = read_rows(path, layout)
    at = places(path, columns, header, layout.card)
    for row in rows:
        fields = {
            key: row.text(place, columns[key], key in confidential) for key, place in at.items()
        }
        yield Record(row.where, fields)


def read_rows(path: Path, layout: Layout) -> tuple[list[str], Iterator[Row]]:
    """The names of the columns and the rows below them, in the order of the table.

    Lines may end in LF, CRLF or CR alone. Rows without any content are passed over. Raises
    DataError when the file is not of its format.
    """
    if layout.format == "parquet":
        return _parquet(path)
    if layout.format == "jsonl":
        return json_rows(path, decoded(path, layout.written.encoding, layout.card))
    rows = _sheet(path, layout) if layout.format in _SHEETS else _lines(path, layout)
    header = next(rows, None)
    if header is None:
        raise DataError(f"{path}: the file is empty; expected a line with the names of columns")
    names = [" ".join(str(name).split()) for name in header.fields]
    return names, _fitted(rows, len(names))


def places(
    path: Path, columns: Mapping[str, str], header: Sequence[str], card: str
) -> dict[str, int]:
    """Places of the named columns. `columns` has their names by the keys that give them.

    Of columns with the same name, the second may be called name.1, the third name.2. Raises
    DataError with every column that is not there, or that is there more than once.
    """
    place_of, problems = {}, []
    for key, name in columns.items():
        at = [place for place, other in enumerate(header) if other == name]
        base, _, number = name.rpartition(".")
        alike = [place for place, other in enumerate(header) if other == base]
        if len(at) == 1:
            place_of[key] = at[0]
        elif at:
            problems.append(f"there is more than one column {name!r} ({key} in {card})")
        elif number.isdigit() and int(number) < len(alike) > 1:
            place_of[key] = alike[int(number)]
        else:
            problems.append(
                f"there is no column {name!r} ({key} in {card}); {nearest(name, header)}"
            )
    if problems:
        raise DataError(f"{path}: " + "; ".join(problems) + _one_column(header))
    return place_of


def number(field: str, where: str, decimal: str = ".") -> float:
    """The number in a field. Raises DataError for anything else, with what it seems to be."""
    written = field.strip()
    if decimal == ",":
        written = written.replace(".", " ").replace(",", ".")
    if not _NUMBER.fullmatch(written):
        hint = _hint(field.strip(), decimal)
        raise DataError(f"{where}: expected a number, found {field[:60]!r}{hint}")
    value = float(written)
    if abs(value) > LARGEST:
        raise DataError(f"{where}: expected a rating, found {field[:60]!r}, too large to be one")
    return value


def _hint(field: str, decimal: str) -> str:
    if _NUMBER.fullmatch(field.replace(",", ".", 1)):
        return f"; decimals are written with a {'point' if decimal == '.' else 'comma'}"
    if _NUMBER.fullmatch(field.removesuffix("%").rstrip()):
        return "; write numbers without the percent sign"
    if _NUMBER.fullmatch(field.removeprefix("(").removesuffix(")")):
        return "; a spreadsheet writes negative numbers in brackets"
    return ""


def _one_column(header: Sequence[str]) -> str:
    """A hint where fields seem to be separated by something else than was expected."""
    separator = next((mark for mark in ";\t," if mark in header[0]), None)
    if len(header) > 1 or separator is None:
        return ""
    return (
        f". Its first line is a single column, but holds {separator!r}: if that separates the "
        "fields, say so as delimiter on a dataset card, or save the table with commas between them"
    )


def _fitted(rows: Iterator[Row], width: int) -> Iterator[Row]:
    """The rows as wide as the header; a line may end in empty fields too many."""
    for row in rows:
        if len(row.fields) < width or any(row.fields[width:]):
            raise DataError(
                f"{row.where}: expected {width} fields, as in the first line, found "
                f"{len(row.fields)}. A field that holds the separator must stand in "
                "quotation marks."
            )
        yield row


def _lines(path: Path, layout: Layout) -> Iterator[Row]:
    text = io.StringIO(decoded(path, layout.written.encoding, layout.card), newline="")
    delimiter = layout.written.delimiter or _DELIMITERS[layout.format]
    rows = csv.reader(text, delimiter=delimiter, strict=True)
    line = 1
    try:
        for row in rows:
            where, first, line = f"{path}, line {line}", line, rows.line_num + 1
            if any(row) and first >= layout.written.header_line:
                yield Row(where, row)
    except csv.Error as error:
        if "field larger" in str(error):
            raise DataError(
                f"{path}, line {line}: a field is longer than {csv.field_size_limit():,} "
                "characters, which no word or sentence is. Is a quotation mark opened there and "
                "never closed?"
            ) from error
        raise DataError(
            f"{path}, line {line}: not valid {layout.format.upper()}: {error}. A field that "
            'begins with a quotation mark must end in one, and those within are doubled ("").'
        ) from error


def decoded(path: Path, encoding: str = "utf-8-sig", card: str = "the dataset's card") -> str:
    """The text of a file. Raises DataError with the line when it is in another encoding."""
    content = path.read_bytes()
    if content.startswith(_UTF_16) and not _is_utf_16(encoding):
        raise DataError(
            f"{path}: begins like a file in UTF-16, not {encoding}: say encoding: utf-16 "
            f"in {card}, or save the file as UTF-8."
        )
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = len(_END_OF_LINE.findall(content[: error.start])) + 1
        raise DataError(
            f"{path}, line {line}: not {encoding} text ({error.reason}: byte "
            f"0x{content[error.start]:02x}). If the file is in another encoding, say which "
            f"in {card}, such as encoding: cp1252."
        ) from error
    except UnicodeError as error:
        raise DataError(
            f"{path}: not {encoding} text: {error}. Say its encoding in {card}."
        ) from error
    if "\0" in text:
        line = len(_END_OF_LINE.findall(text[: text.index("\0")].encode(errors="replace"))) + 1
        raise DataError(
            f"{path}, line {line}: holds a NUL byte, which no text does. If the file is in UTF-16, "
            f"say encoding: utf-16-le (or utf-16-be) in {card}; else it is damaged: get it anew."
        )
    return text


_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _is_utf_16(encoding: str) -> bool:
    return codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))


def _sheet(path: Path, layout: Layout) -> Iterator[Row]:
    for line, values in sheet_rows(path, layout.written.sheet, layout.card):
        if line >= layout.written.header_line and any(value != "" for value in values):
            yield Row(f"{path}, line {line}", values)


def _parquet(path: Path) -> tuple[list[str], Iterator[Row]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # What is read from the rows may fail in its own way: only the reading is in the try.
    def rows(file: pq.ParquetFile) -> Iterator[Row]:
        with file:
            line = 0
            for batch in whole(file.iter_batches()):
                for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    line += 1
                    yield Row(f"{path}, row {line}", values)

    def whole(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        try:
            yield from batches
        except (pa.ArrowException, OSError) as error:
            raise broken(path, "Parquet file", error) from error

    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise broken(path, "Parquet file", error) from error
    return list(file.schema_arrow.names), rows(file)
