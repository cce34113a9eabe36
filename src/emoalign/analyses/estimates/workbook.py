"""A wide table as a spreadsheet, in which no cell is a formula, a link or a date."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from emoalign.tables import atomic

SHEET, CODEBOOK_SHEET, METHODS_SHEET = "norms", "codebook", "methods"

CREATED = datetime(2000, 1, 1)
"""Said by every file, so that the same tables give the same bytes."""

LONGEST_TEXT = 32_767
"""Characters that Excel takes in a cell."""

MOST_ROWS = 1_048_575
"""Rows of a sheet, without that of the names: what is beyond goes on in another sheet."""

WIDTHS = {SHEET: 14, CODEBOOK_SHEET: 24, METHODS_SHEET: 24}

Methods = Sequence[tuple[str, str]]
"""Sentences on a file, each with what it is about."""

_log = logging.getLogger(__name__)


class _Exact(float):
    """A number that is written with all of its digits: xlsxwriter asks for 16, and some need 17."""

    def __format__(self, specification: str) -> str:
        return repr(float(self))


def write_xlsx(norms: pd.DataFrame, codebook: pd.DataFrame, methods: Methods, path: Path) -> None:
    """Write a workbook with the sheets norms, codebook and methods.

    Texts are written as texts and numbers as numbers, exactly; missing values are empty cells. The
    same rows give the same bytes. A text of more than LONGEST_TEXT characters, which no sheet can
    hold, is cut there, and that is logged.
    """
    told = pd.DataFrame(methods, columns=["about", "what"])
    with atomic(path) as partial, xlsxwriter.Workbook(partial) as book:
        book.set_properties({"created": CREATED})
        bold = book.add_format({"bold": True})
        text = book.add_format({"num_format": "@"})
        for name, rows in (*_sheets(norms), (CODEBOOK_SHEET, codebook), (METHODS_SHEET, told)):
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 2 if len(rows.columns) > 2 else 1)
            sheet.set_column(0, max(len(rows.columns) - 1, 0), WIDTHS.get(name, WIDTHS[SHEET]))
            for column, header in enumerate(rows.columns):
                sheet.write_string(0, column, str(header), bold)
                _write_column(sheet, column, rows[header], text)
            sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{len(rows) + 1}"})


def _sheets(norms: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    for number, start in enumerate(range(0, max(len(norms), 1), MOST_ROWS), start=1):
        name = SHEET if number == 1 else f"{SHEET} {number}"
        yield name, norms.iloc[start : start + MOST_ROWS]


def _write_column(sheet: Any, column: int, values: pd.Series, text: Any) -> None:
    """Write the values of a column below its name."""
    for row, value in enumerate(values.tolist(), start=1):
        if pd.isna(value):
            continue
        if not isinstance(value, str):
            sheet.write_number(row, column, _Exact(value))
            continue
        if len(value) > LONGEST_TEXT:
            _log.warning("%s, row %d: text cut at %d characters", sheet.name, row, LONGEST_TEXT)
        sheet.write_string(row, column, value[:LONGEST_TEXT], text)
