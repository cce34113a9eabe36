"""Tables that readers can take out of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from emoalign.report.packing import packed
from emoalign.report.section import Results, Section
from emoalign.tables import Table

DIGITS = 6
"""Significant digits in the page; the files of the study have all of them."""


def name(table: Table) -> str:
    """What a table is called in the page: the name of its file."""
    return PurePosixPath(table.path).stem


def downloads(results: Results, sections: Sequence[Section]) -> Mapping[str, str]:
    """The tables of the sections on the page as CSV, packed, by name."""
    tables = {name(table): table for section in sections for table in section.tables}
    return {one: packed(as_csv(results, table)) for one, table in sorted(tables.items())}


def as_csv(results: Results, table: Table) -> bytes:
    """A table as CSV with DIGITS significant digits; empty cells for what is not there."""
    rows = results.table(table)
    text: str = rows.to_csv(index=False, float_format=f"%.{DIGITS}g", lineterminator="\n")
    return text.encode()
