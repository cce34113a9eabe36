"""Reading tables that people made, field by field: CSV, TSV, spreadsheets, Parquet, JSONL.

No word is taken for a missing value, and every row knows where it stands.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from emoalign.errors import DataError
from emoalign.stimuli.delimited import decoded, delimited_rows
from emoalign.stimuli.json_lines import json_rows
from emoalign.stimuli.left_out import Used, fitted
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.numbers import looks_like_number
from emoalign.stimuli.rows import Record, Row, composed
from emoalign.stimuli.spreadsheets import broken, sheet_rows
from emoalign.stimuli.table_format import TableFormat
from emoalign.study.fields import FileSource
from emoalign.study.reading import nearest

if TYPE_CHECKING:  # a card is read without pyarrow
    import pyarrow as pa
    import pyarrow.parquet as pq

_TEXT = ("csv", "tsv")
_SHEETS = ("xlsx", "xls")
_COLUMNS = 40
"""The largest number of column names in a message."""

_TITLES = 30
"""Rows among which the names of columns are looked for, where they are not in the first."""


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
    path: Path,
    layout: Layout,
    columns: Mapping[str, str],
    confidential: Collection[str] = (),
    numbers: Collection[str] = (),
    mistakes: Mistakes | None = None,
    wanted: Mapping[str, Callable[[str], bool]] | None = None,
) -> Iterator[Record]:
    """The rows of a table with the columns that are named, by the keys that name them.

    If `wanted` is given, only rows whose fields pass its tests, by the keys of their columns, are
    read further: those of one model, in a table of many.

    `numbers` are the keys of columns that hold numbers, by which a note beside a row is told from a
    row whose fields have shifted. Rows with a mistake are left out and added to `mistakes`; without
    it, a DataError lists them once all rows are read. Raises DataError if the file is not of its
    format, or lacks a column. No message quotes a column with one of the `confidential` keys.
    """
    noted = Mistakes() if mistakes is None else mistakes
    header, rows = _raw_rows(path, layout, noted)
    try:
        at = places(path, columns, header, layout.card)
    except DataError as error:
        raise _names_elsewhere(path, layout, columns, header) or error from None
    used = Used(set(at.values()), {at[key] for key in numbers}, layout.written)
    empty, at_first = True, noted.count
    for row in fitted(path, header, rows, noted, used, layout.format in _TEXT):
        empty = False
        before = noted.count
        if not all(
            test((row.text(at[key], columns[key], noted) or "").strip())
            for key, test in (wanted or {}).items()
        ):
            continue
        fields = {
            key: row.text(place, columns[key], noted, key in confidential)
            for key, place in at.items()
        }
        if noted.count == before:
            yield Record(row.where, fields)
    if empty and noted.count == at_first:
        noted.add("", f"{path}: there are no rows below the column names")
    if mistakes is None:
        noted.tell()


def read_rows(
    path: Path, layout: Layout, mistakes: Mistakes | None = None
) -> tuple[list[str], Iterator[Row]]:
    """The names of the columns and the rows below them, in the order of the table.

    Lines may end in LF, CRLF or CR alone. Empty rows are left out, and counted in the log. Rows
    with other fields than the first line are added to `mistakes`; without it, a DataError lists
    them once all rows are read. Raises DataError if the file is not of its format.
    """
    noted = Mistakes() if mistakes is None else mistakes
    header, rows = _raw_rows(path, layout, noted)

    def read() -> Iterator[Row]:
        used = Used(written=layout.written)
        yield from fitted(path, header, rows, noted, used, layout.format in _TEXT)
        if mistakes is None:
            noted.tell()

    return header, read()


def _raw_rows(path: Path, layout: Layout, mistakes: Mistakes) -> tuple[list[str], Iterator[Row]]:
    if layout.format == "parquet":
        return _parquet(path)
    if layout.format == "jsonl":
        return json_rows(path, decoded(path, layout.written.encoding, layout.card))
    rows = _lines(path, layout, layout.written, mistakes)
    header = next(rows, None)
    if header is None:
        raise DataError(f"{path}: the file is empty; expected a line with the names of columns")
    return [" ".join(str(name).split()) for name in header.fields], rows


def _lines(path: Path, layout: Layout, written: TableFormat, mistakes: Mistakes) -> Iterator[Row]:
    """The rows of a sheet or a text from the header on, without empty ones before it."""
    if layout.format in _SHEETS:
        rows = _sheet(path, written, layout.card)
    else:
        rows = delimited_rows(path, layout.format, written, layout.card, mistakes)
    for row in rows:
        if any(str(value).strip() for value in row.fields):
            yield row
            break
    yield from rows


def places(
    path: Path, columns: Mapping[str, str], header: Sequence[str], card: str
) -> dict[str, int]:
    """Places of the named columns. `columns` has their names by the keys that give them.

    Of columns with the same name, the first may be called name.0, the second name.1. Raises
    DataError with every column that is not there, or that is there more than once.
    """
    place_of: dict[str, int] = {}
    problems = []
    there: dict[str, list[int]] = {}
    for place, name in enumerate(header):
        there.setdefault(composed(name), []).append(place)
    keys_of: dict[str, list[str]] = {}
    for key, given in columns.items():
        keys_of.setdefault(given, []).append(key)
    for given, keys in keys_of.items():
        name = composed(given)
        at = there.get(name, [])
        base, _, number = name.rpartition(".")
        alike = there.get(base, [])
        if len(at) == 1:
            place_of |= dict.fromkeys(keys, at[0])
        elif at:
            problems.append(
                f"there is more than one column {given!r} ({_named(keys, card)}): write {given}.0 "
                f"for the first, {given}.1 for the second"
            )
        elif number.isdigit() and int(number) < len(alike) > 1:
            place_of |= dict.fromkeys(keys, alike[int(number)])
        else:
            hint = nearest(given, filter(None, header))
            meant = f"; {hint}" if hint.startswith("did you mean") else ""
            problems.append(f"there is no column {given!r} ({_named(keys, card)}){meant}")
    if problems:
        told = (
            _one_column(header, set(map(composed, keys_of)), card)
            or f"{'; '.join(problems)}. {_all_of(header)}"
        )
        raise DataError(f"{path}: {told.replace('?. ', '? ')}")
    return place_of


def _named(keys: Sequence[str], card: str) -> str:
    return f"{' and '.join(keys)} in {card}"


def _all_of(header: Sequence[str]) -> str:
    """The names of all columns, or what is there in place of names."""
    names = [name for name in header if name]
    if 2 * sum(map(looks_like_number, names)) > len(names):
        return "The line that should contain the column names contains numbers: check header_line"
    shown = ", ".join(name[:60] for name in names[:_COLUMNS])
    more = f" and {len(names) - _COLUMNS} more" if len(names) > _COLUMNS else ""
    unnamed = [place for place, name in enumerate(header, 1) if not name]
    called = '".0"' if len(unnamed) > 1 else '""'
    rest = f". Column {unnamed[0]} has no name: write {called}" if unnamed and names else ""
    return f"Its columns are: {shown}{more}{rest}"


def _names_elsewhere(
    path: Path, layout: Layout, columns: Mapping[str, str], header: Sequence[str]
) -> DataError | None:
    """The complaint where another of the first lines has the names of the columns."""
    if layout.format not in (*_TEXT, *_SHEETS):
        return None
    names = [composed(name) for name in columns.values()]
    wanted = {*names, *(name.rpartition(".")[0] for name in names if "." in name)}

    def known(fields: Sequence[object]) -> int:
        return len(wanted & {composed(" ".join(str(name).split())) for name in fields})

    whole = layout.written.model_copy(update={"header_line": 1})
    try:
        rows = list(islice(_lines(path, layout, whole, Mistakes()), _TITLES))
    except DataError:
        return None
    best = max(rows, key=lambda row: known(row.fields), default=None)
    if best is None or known(best.fields) <= max(known(header), len(set(names)) / 2 - 1):
        return None
    line = best.where.rpartition("line ")[2]
    return DataError(
        f"{path}: expected the column names in line {layout.written.header_line}, but they are in "
        f"line {line}: set header_line: {line} in {layout.card}, or remove the lines above"
    )


def _one_column(header: Sequence[str], wanted: set[str], card: str) -> str:
    """The complaint where fields seem to be separated by something else than was expected."""
    separator = next((mark for mark in ";\t,|" if mark in header[0]), None)
    if separator is None and len(header) == 1 and wanted & set(header[0].split()):
        return (
            "its fields seem to be separated by spaces: if there is always a single space, set "
            f'delimiter: " " in {card}; otherwise save the table as CSV'
        )
    if separator is None:
        return ""
    pieces = {composed(piece.strip().strip('"')) for piece in ",".join(header).split(separator)}
    if len(header) > 1 and not pieces.intersection(wanted):
        return ""
    held = "is a single column, but" if len(header) == 1 else "has no such columns, but"
    return (
        f"the first line {held} contains {separator!r}: if that separates the fields, set "
        f"delimiter: {json.dumps(separator)} in {card}"
    )


def _sheet(path: Path, written: TableFormat, card: str) -> Iterator[Row]:
    for line, values in sheet_rows(path, written.sheet, card):
        if line >= written.header_line:
            yield Row(f"{path}, line {line}", values)


def _values(column: pa.Array) -> list[object]:
    """The values of a column. 2.1 of 32 bits is 2.1, not the 2.0999999046 it is with 64."""
    import pyarrow as pa

    if column.type in (pa.float16(), pa.float32()):
        column = column.cast(pa.float32()).cast(pa.string()).cast(pa.float64())
    values: list[object] = column.to_pylist()
    return values


def _parquet(path: Path) -> tuple[list[str], Iterator[Row]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    # What is read from the rows may fail in its own way: only the reading is in the try.
    def rows(file: pq.ParquetFile) -> Iterator[Row]:
        with file:
            line = 0
            for batch in whole(file.iter_batches()):
                for values in zip(*map(_values, batch.columns), strict=True):
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
