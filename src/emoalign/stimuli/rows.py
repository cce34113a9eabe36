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

        A truth value or a date, which a spreadsheet may have made of a word, is a mistake, and so
        is a list or an object. No message quotes a field that is `confidential`.
        """
        value = self.fields[place]
        where = f"{self.where}, column {column!r}"
        if isinstance(value, bool | datetime.date | datetime.time | datetime.timedelta):
            kind = "truth value" if isinstance(value, bool) else "date or time"
            held = kind if confidential else f"{kind} {value}"
            mistakes.add(
                "Truth values and dates",
                f"{where}: expected text or a number, found the {held}",
                "A spreadsheet turns words such as true or 1-2 into truth values or dates as "
                "they are typed: format the column as Text and type the word again. In JSON, put "
                "text in quotation marks.",
            )
            return None
        if isinstance(value, bytes):
            try:
                return value.decode()
            except UnicodeDecodeError:
                mistakes.add(
                    "Bytes that are not text",
                    f"{where}: expected text or a number, found bytes that are not UTF-8",
                    "Save the column as text.",
                )
                return None
        if isinstance(value, list | tuple | Mapping):
            kind = "an object" if isinstance(value, Mapping) else "a list"
            mistakes.add(
                "Lists and objects",
                f"{where}: expected text or a number, found {kind}",
                "Put each value inside it in a column of its own.",
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
            "%s: ids or texts matched although their characters are encoded differently, such "
            "as é as one character or as e with a combining accent (Unicode NFC, NFD): %d",
            path,
            count,
        )


def lines_of(where: Sequence[str], most: int = 3) -> str:
    """The lines of some places for a message: "line 3, line 7, …"."""
    lines = [place.rpartition(", ")[2] for place in where]
    return ", ".join([*lines[:most], "…"] if len(lines) > most else lines)
