"""Spreadsheets (XLSX, XLS), read whole, unless a small file would fill the memory."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from emoalign.errors import DataError
from emoalign.study.reading import nearest
from emoalign.wording import sentence

LARGEST_SHEET = 10**9
"""Bytes that the parts of a spreadsheet may have when they are unpacked, together."""

MOST_CELLS = 50_000_000
"""Cells that a sheet may span: it is read whole, with the empty ones between."""

_CELL = re.compile(rb'<c [^>]{0,64}?\br="([A-Z]{1,3})([0-9]{1,7})"')


def sheet_rows(path: Path, sheet: str | None, card: str) -> Iterator[tuple[int, Sequence[object]]]:
    """The number and the cells of each row of a sheet, or of the first one.

    `card` names the file that names the sheet. Raises DataError when the file is no spreadsheet, is
    not whole, would fill the memory, or has no such sheet.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    _refuse_bomb(path)
    try:
        with CalamineWorkbook.from_path(path) as book:
            name = sheet or next(iter(book.sheet_names), "")
            if name not in book.sheet_names:
                raise DataError(
                    f"{path}: there is no sheet {name!r} (sheet in {card}); "
                    f"{nearest(name, book.sheet_names)}"
                )
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except (CalamineError, OSError) as error:
        with path.open("rb") as file:
            begins = file.read(4096)
        if begins and begins.isascii() and b"\0" not in begins:
            kind = "a web page" if begins.lstrip().startswith(b"<") else "text"
            raise DataError(
                f"{path}: not a spreadsheet but {kind}; some programs export these with the "
                "extension of a spreadsheet. Open it in a spreadsheet program and save it as "
                "XLSX or CSV"
                + ("." if kind == "a web page" else f", or set format: csv (or tsv) in {card}.")
            ) from error
        raise broken(path, "spreadsheet", error) from error
    yield from enumerate(rows, 1)


def sheet_names(path: Path) -> list[str]:
    """The names of the sheets of a spreadsheet. Raises DataError if it is not a spreadsheet."""
    from python_calamine import CalamineError, CalamineWorkbook

    _refuse_bomb(path)
    try:
        with CalamineWorkbook.from_path(path) as book:
            return list(book.sheet_names)
    except (CalamineError, OSError) as error:
        raise broken(path, "spreadsheet", error) from error


def _refuse_bomb(path: Path) -> None:
    """Refuse a small file that would fill the memory. Raises DataError."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            size = sum(part.file_size for part in parts)
            if size > LARGEST_SHEET:
                raise DataError(
                    f"{path}: unpacks to {size / 1e9:.1f} GB, more than a spreadsheet of "
                    f"{LARGEST_SHEET / 1e9:g} GB. Save the table as CSV or Parquet."
                )
            for part in parts:
                if part.filename.startswith("xl/worksheets/"):
                    with archive.open(part) as sheet:
                        _refuse_wide(path, sheet)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise broken(path, "spreadsheet", error) from error


def _refuse_wide(path: Path, sheet: IO[bytes]) -> None:
    """Refuse a sheet with cells so far out that all between them would not fit."""
    width, height, rest = 0, 0, b""
    while block := sheet.read(2**20):
        block = rest + block
        for letters, line in _CELL.findall(block):
            column = 0
            for letter in letters:
                column = 26 * column + letter - 64
            width, height = max(width, column), max(height, int(line))
        rest = block[-128:]
    if width * height > MOST_CELLS:
        raise DataError(
            f"{path}: a sheet spans {height:,} rows and {width:,} columns, most of them empty. "
            "Delete the cells far out, or save the table as CSV."
        )


def broken(path: Path, kind: str, error: Exception) -> DataError:
    """The complaint about a file that somebody gave and that cannot be read."""
    return DataError(
        f"{path}: not a {kind}, or an incomplete one: {sentence(str(error))} If it was cut off "
        "when it was copied, copy or download it again; if it has another format, give it as "
        "format in the card."
    )
