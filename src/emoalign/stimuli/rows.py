"""A row of a table, and where it stands."""

from __future__ import annotations

import datetime
import logging
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emoalign.stimuli.mistakes import Mistakes

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table, and where it stands: "people.csv, line 5"."""

    where: str
    fields: Sequence[object]

    def text(
        self, place: int, column: str, mistakes: Mistakes, confidential: bool = False
    ) -> str | None:
        """A field as it would stand in a CSV file, whole numbers without decimals; None for a null.

        What a spreadsheet has made of a word, a truth value or a date, is noted as a mistake, and
        so is a list or an object. No message says what stands in a field that is `confidential`.
        """
        value = self.fields[place]
        where = f"{self.where}, column {column!r}"
        if isinstance(value, bool | datetime.date | datetime.time | datetime.timedelta):
            kind = "truth value" if isinstance(value, bool) else "date or time"
            held = kind if confidential else f"{kind} {value}"
            mistakes.add(
                "Truth values and dates",
                f"{where}: holds the {held}, expected text or a number",
                "Spreadsheets make such of words like true or 1-2 as they are typed: give the "
                "column the format Text and type the word again. In JSON, text stands in "
                "quotation marks.",
            )
            return None
        if isinstance(value, bytes):
            try:
                return value.decode()
            except UnicodeDecodeError:
                mistakes.add(
                    "Bytes that are no text",
                    f"{where}: holds bytes that are not UTF-8, expected text or a number",
                    "Save the column as text.",
                )
                return None
        if isinstance(value, list | tuple | Mapping):
            kind = "an object" if isinstance(value, Mapping) else "a list"
            mistakes.add(
                "Lists and objects",
                f"{where}: holds {kind}, expected text or a number",
                "Give what is within it columns of its own.",
            )
            return None
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


def composed(text: str) -> str:
    """A text with each letter as one character (Unicode NFC), however its accents were written.

    Two texts that look the same are then the same. Only comparisons use it: what models are sent
    stays as it is in the file.
    """
    return unicodedata.normalize("NFC", text)


def tell_composed(path: Path, count: int) -> None:
    """Say in the log how many ids or texts were matched although their characters differ."""
    if count:
        _log.info(
            "%s: matched with items although their letters are coded in another way, such as é as "
            "e and an accent (Unicode NFC, NFD): %d",
            path,
            count,
        )


def lines_of(where: Sequence[str], most: int = 3) -> str:
    """The lines of some places for a message: "line 3, line 7, …"."""
    lines = [place.rpartition(", ")[2] for place in where]
    return ", ".join([*lines[:most], "…"] if len(lines) > most else lines)
