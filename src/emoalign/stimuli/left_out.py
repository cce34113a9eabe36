"""Rows of a table as wide as its header; empty rows and notes are left out and counted."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.numbers import looks_like_number
from emoalign.stimuli.rows import Row, lines_of
from emoalign.stimuli.table_format import TableFormat

_HELD = {
    False: "A field that contains the delimiter must be in quotation marks.",
    True: "With quotes: none, no field can contain the delimiter.",
}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Used:
    """The places of the columns that are read, and of those among them that hold numbers."""

    places: Collection[int] = ()
    numbers: Collection[int] = ()
    written: TableFormat = field(default_factory=TableFormat)


def fitted(
    path: Path,
    header: Sequence[str],
    rows: Iterator[Row],
    mistakes: Mistakes,
    used: Used | None = None,
    separated: bool = True,
    expected: str = "fields, as in the first line",
) -> Iterator[Row]:
    """The rows that have all named columns.

    A row whose named columns are all empty is left out, and so are notes to the right of the named
    columns; the log counts both. A row that is too short is a mistake. So is a row that is too long
    because a field may contain the separator, if fields are `separated` by one: the fields to its
    right would be read as those of other columns.
    """
    used = used or Used()
    named = 1 + max((place for place, name in enumerate(header) if name), default=-1)
    named = max(named, 1 + max(used.places, default=0))
    empty: list[str] = []
    notes: list[str] = []
    widths: Counter[int] = Counter()

    def too_many(_: Counter[str]) -> str:
        if widths.keys() == {len(header) + 1} and widths.total() > 1:
            return (
                "Every row has one field more than there are column names: the first column may "
                "contain row names, as written by R's write.table. Write the table with "
                "row.names = FALSE (or col.names = NA), or add a name for the first column at "
                "the beginning of the first line."
            )
        return (
            f"{_HELD[used.written.quotes == 'none']} If the last fields are a note, leave an "
            "empty field before the note, or give its column a name in the first line."
        )

    for row in rows:
        if all(map(_blank, row.fields[:named])):
            empty.append(row.where)
            continue
        widths[len(row.fields)] += 1
        if len(row.fields) < named:
            mistakes.add(
                "Rows with too few fields",
                f"{row.where}: expected {named} {expected}, found {len(row.fields)}",
                "Keep the delimiters of empty fields, and check that no line is broken in two. "
                "If this is a note below the table, remove it.",
            )
            continue
        if not all(map(_blank, row.fields[named:])):
            if separated and _shifted(row.fields, len(header), named, used):
                mistakes.add(
                    "Rows with too many fields",
                    f"{row.where}: expected {len(header)} {expected}, found {len(row.fields)}",
                    too_many,
                )
                continue
            notes.append(row.where)
        yield row
    _tell("empty rows left out", path, empty)
    _tell("notes to the right of the last named column left out", path, notes)


def _shifted(fields: Sequence[object], width: int, named: int, used: Used) -> bool:
    """Tell whether a field that contains the separator may have shifted the fields to its right.

    The row is then wider than the header, without a gap after the named columns, and a field beyond
    the last column of numbers could be a number.
    """
    gap = next((place for place in range(named, len(fields)) if _blank(fields[place])), len(fields))
    most = min(gap - named, len(fields) - width)
    if most < 1:
        return False
    last = max(used.numbers, default=None)
    if last is None or max(used.places) > last:
        return True
    moved = (str(fields[last + step]) for step in range(1, most + 1))
    return any(looks_like_number(field) or used.written.missing(field) for field in moved)


def _blank(field: object) -> bool:
    return field is None or field != field or (isinstance(field, str) and not field.strip())


def _tell(what: str, path: Path, where: Sequence[str]) -> None:
    if where:
        _log.info("%s: %s: %d (%s)", path, what, len(where), lines_of(where))
