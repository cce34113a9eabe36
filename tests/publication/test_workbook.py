"""norms.xlsx: every word and every number, as openpyxl reads them."""

from __future__ import annotations

import csv
from pathlib import Path

import openpyxl


def test_the_workbook_has_the_rows_of_the_table(bundle: Path) -> None:
    book = openpyxl.load_workbook(bundle / "norms.xlsx")
    assert book.sheetnames == ["norms", "codebook", "methods"]
    head, *rows = book["norms"].iter_rows(values_only=True)
    with (bundle / "data/open-norms.csv").open(encoding="utf-8", newline="") as file:
        names, *written = csv.reader(file)
    assert list(head) == names
    words, place = [row[1] for row in rows], names.index("Valence.M")
    assert {"NA", "TRUE", "null", "1e5", "=SUM(A1:A9)", "-joy", "007", "nan"} <= set(words)
    assert [row[place] for row in rows] == [float(row[place]) for row in written]
    assert {cell.data_type for cell in book["norms"]["B"]} == {"s"}
