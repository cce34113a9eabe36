"""A row of a table, and where it stands."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from emoalign.errors import DataError


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table, and where it stands: "people.csv, line 5"."""

    where: str
    fields: Sequence[object]

    def text(self, place: int, column: str, confidential: bool = False) -> str | None:
        """A field as it would stand in a CSV file, whole numbers without decimals; None for a null.

        Raises DataError for what a spreadsheet has made of a word, a truth value or a date, and for
        a list or an object. The message does not say what stands in a field that is `confidential`.
        """
        value = self.fields[place]
        if isinstance(value, bool | datetime.date | datetime.time | datetime.timedelta):
            kind = "truth value" if isinstance(value, bool) else "date or time"
            held = kind if confidential else f"{kind} {value}"
            raise DataError(
                f"{self.where}, column {column!r}: holds the {held}, expected text or a "
                "number. Spreadsheets make such of words like true or 1-2 as they are typed: give "
                "the column the format Text and type the word again. In JSON, text stands in "
                "quotation marks."
            )
        if isinstance(value, list | tuple | Mapping):
            kind = "an object" if isinstance(value, Mapping) else "a list"
            raise DataError(
                f"{self.where}, column {column!r}: holds {kind}, expected text or a number. Give "
                "what is within it columns of its own."
            )
        if isinstance(value, float):
            if value != value:
                return None
            return str(int(value)) if value.is_integer() else repr(value)
        return None if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of a row by the keys of their columns; None for a null."""

    where: str
    fields: Mapping[str, str | None]
