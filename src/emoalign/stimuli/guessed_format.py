"""Guesses about the format of a user's table: encoding, delimiter, decimals, header line."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from emoalign.errors import DataError
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.numbers import looks_like_number
from emoalign.stimuli.rows import Row
from emoalign.stimuli.sheets import layout_of, read_rows
from emoalign.stimuli.spreadsheets import sheet_names, sheet_rows
from emoalign.stimuli.table_format import TableFormat
from emoalign.study.fields import FileSource

ROWS = 20_000
"""Rows of a table that are looked at, from its beginning."""

_FIRST_LINES = 200
_TITLES = 20
"""Rows among which the names of the columns are looked for."""
_DELIMITERS = ("\t", ";", "|", ",")
_NONE = re.compile(r"#?n\.?[/.]?\s?a\.?|nan|null|none|nil|missing|-+|\.+|\?+|–|—", re.IGNORECASE)
_LIST = re.compile(r"\[[-+\d., ]*\]")
_WITH_COMMA = re.compile(r"[+-]?\d+,\d+")
_WITH_POINT = re.compile(r"[+-]?\d+\.\d+")


@dataclass(frozen=True)
class GuessedTable:
    """The beginning of a table, and how it is written.

    Attributes:
        written: how it is written, as far as that is not the default, by the keys of a card.
        header: the names of its columns; of two with the same name, name.0 and name.1.
        rows: its first rows as texts, "" where a field is empty, as wide as the header.
        more: whether the table has further rows.
    """

    written: Mapping[str, object]
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    more: bool = False

    @property
    def format(self) -> TableFormat:
        """The same as an entry."""
        return TableFormat.model_validate(dict(self.written))

    def column(self, name: str) -> list[str]:
        """The fields of a column."""
        place = self.header.index(name)
        return [row[place] for row in self.rows]


def guess_table(path: Path) -> GuessedTable:
    """Read the beginning of a table. Raises DataError if it is not a table, or has no header."""
    kind = path.suffix.removeprefix(".").lower()
    written: dict[str, object] = {}
    if kind in ("xlsx", "xls"):
        written |= _sheet(path)
    elif kind not in ("parquet", "jsonl"):
        written |= _as_text(path, kind)
    elif kind == "jsonl":
        written |= guessed_encoding(path.read_bytes())
    rows, header = _rows(path, written)
    more = len(rows) > ROWS
    width = len(header)
    texts = [[_text(value) for value in row.fields[:width]] for row in rows[:ROWS]]
    texts = [[*row, *[""] * (width - len(row))] for row in texts if any(row)]
    columns = [[row[place].strip() for row in texts] for place in range(width)]
    if kind not in ("xlsx", "xls", "parquet", "jsonl"):
        written |= _decimals(columns)
    written |= _missing(columns, str(written.get("decimal", ".")))
    return GuessedTable(written, _distinct(header), texts, more)


def _rows(path: Path, written: dict[str, object]) -> tuple[list[Row], list[str]]:
    """The rows below the header, and the header, whose line is added to `written`."""
    format_ = TableFormat.model_validate(written)
    source = FileSource(file=str(path))
    layout = layout_of(format_, source, "the card")
    mistakes = Mistakes()
    if layout.format in ("parquet", "jsonl"):
        header, rows = read_rows(path, layout, mistakes)
        return list(islice(rows, ROWS + 1)), list(header)
    line = _header_line(path, written)
    if line > 1:
        written["header_line"] = line
        layout = layout_of(TableFormat.model_validate(written), source, "the card")
    header, rows = read_rows(path, layout, mistakes)
    return list(islice(rows, ROWS + 1)), list(header)


def _header_line(path: Path, written: Mapping[str, object]) -> int:
    """The line with the names of the columns: the first one as wide as the table, without numbers.

    Raises DataError where data come first.
    """
    first = [
        (line, [_text(value).strip() for value in fields]) for line, fields in _first(path, written)
    ]
    filled = [(line, fields) for line, fields in first if any(fields)]
    if not filled:
        return 1
    widths = Counter(_width(fields) for _, fields in filled[1:] or filled)
    usual = max(widths, key=lambda width: (widths[width], width))
    for line, fields in filled[:_TITLES]:
        named = sum(map(bool, fields))
        if named < max(1, 0.6 * usual):
            continue
        if (
            sum(looks_like_number(name) or bool(_LIST.fullmatch(name)) for name in fields)
            > named / 4
        ):
            break
        above = [number for number, _ in filled if number < line]
        return line if above else 1
    raise DataError(
        f"{path}: the first line contains data instead of column names: add a line of column "
        "names above it, such as id,word,valence"
    )


def _width(fields: Sequence[str]) -> int:
    return 1 + max((place for place, value in enumerate(fields) if value), default=-1)


def _first(path: Path, written: Mapping[str, object]) -> Iterator[tuple[int, Sequence[object]]]:
    format_ = TableFormat.model_validate(dict(written))
    kind = path.suffix.removeprefix(".").lower()
    if kind in ("xlsx", "xls"):
        yield from islice(sheet_rows(path, format_.sheet, "the card"), _FIRST_LINES)
        return
    text = path.read_bytes().decode(format_.encoding, errors="replace")
    lines = list(islice(io.StringIO(text, newline=""), 2 * _FIRST_LINES))
    above = 1 if lines and _separator(lines[0]) else 0
    delimiter = (
        format_.delimiter or (above and _separator(lines[0])) or _default(format_.format or kind)
    )
    rows = csv.reader(
        lines[above:],
        delimiter=str(delimiter),
        quoting=csv.QUOTE_NONE if format_.quotes == "none" else csv.QUOTE_MINIMAL,
    )
    begins = above + 1
    with suppress(csv.Error):  # what is wrong is told when the table is read
        for row in islice(rows, _FIRST_LINES):
            yield begins, row
            begins = above + rows.line_num + 1


def _default(kind: str) -> str:
    return "\t" if kind == "tsv" else ","


def _separator(line: str) -> str | None:
    found = re.fullmatch(r'\ufeff?"?sep=([^\r\n"])"?[\r\n]*', line, re.IGNORECASE)
    return found[1] if found else None


def _text(value: object) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _sheet(path: Path) -> dict[str, object]:
    """The sheet with the most rows, where it is not the first."""
    names = sheet_names(path)
    if len(names) < 2:
        return {}
    lengths = {name: sum(1 for _ in sheet_rows(path, name, "the card")) for name in names}
    longest = max(names, key=lambda name: lengths[name])
    return {} if longest == names[0] else {"sheet": longest}


def _as_text(path: Path, kind: str) -> dict[str, object]:
    content = path.read_bytes()
    written: dict[str, object] = {}
    if kind not in ("csv", "tsv"):
        written["format"] = "csv"
    written |= guessed_encoding(content)
    text = content.decode(str(written.get("encoding", "utf-8-sig")), errors="replace")
    first = "".join(islice(io.StringIO(text, newline=""), _FIRST_LINES))
    if _separator(first.splitlines()[0] if first else ""):
        return written
    delimiter = _delimiter(first)
    if delimiter == "\t" and kind not in ("csv", "tsv"):
        written["format"] = "tsv"
    elif delimiter != _default(kind):
        written["delimiter"] = delimiter
    if _quotes_are_characters(text, delimiter):
        written["quotes"] = "none"
    return written


def guessed_encoding(content: bytes) -> dict[str, object]:
    """The key `encoding` of a card for a file with this content; empty for UTF-8."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return {"encoding": "utf-16"}
    head = content[:4000]
    if head.count(0) > len(head) / 4:
        return {"encoding": "utf-16-le" if head[1:2] == b"\0" else "utf-16-be"}
    for encoding in ("utf-8-sig", "cp1252", "latin-1"):
        try:
            content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return {} if encoding == "utf-8-sig" else {"encoding": encoding}
    return {}


def _delimiter(text: str) -> str:
    """The delimiter that gives the first lines the same number of fields, and more than one."""

    def cut(delimiter: str) -> tuple[float, int]:
        try:
            rows = [
                row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row
            ]
        except csv.Error:
            return 0.0, 0
        if not rows:
            return 0.0, 0
        widths = Counter(map(len, rows))
        width, times = widths.most_common(1)[0]
        return (times / len(rows) if width > 1 else 0.0), width

    cuts = {delimiter: cut(delimiter) for delimiter in _DELIMITERS}
    for delimiter in _DELIMITERS[:-1]:
        if cuts[delimiter][0] > 0.8:
            return delimiter
    best = max(_DELIMITERS, key=lambda delimiter: cuts[delimiter])
    return best if cuts[best][0] > 0 else ","


def _quotes_are_characters(text: str, delimiter: str) -> bool:
    """Tell whether quotation marks, taken as such, would swallow rows or do not fit."""
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            if any(delimiter in each and "\n" in each for each in row):
                return True
    except csv.Error:
        return True
    return False


def _decimals(columns: Sequence[Sequence[str]]) -> dict[str, object]:
    commas = points = 0
    for values in columns:
        held = [value for value in values if value]
        comma = sum(bool(_WITH_COMMA.fullmatch(value)) for value in held)
        point = sum(bool(_WITH_POINT.fullmatch(value)) for value in held)
        numbers = sum(map(looks_like_number, held))
        if numbers > 0.8 * len(held):
            commas, points = commas + comma, points + point
    return {"decimal": ","} if commas > points else {}


def _missing(columns: Sequence[Sequence[str]], decimal: str) -> dict[str, object]:
    """The marks of missing values in columns of numbers."""
    words: Counter[str] = Counter()
    for values in columns:
        others = [value for value in values if value and not _NONE.fullmatch(value)]
        numbers = sum(is_number(value, decimal) for value in others)
        if others and numbers > 0.9 * len(others):
            words.update(value for value in values if value and _NONE.fullmatch(value))
    return {"na_values": ["", *sorted(words)]} if words else {}


def is_number(value: str, decimal: str = ".") -> bool:
    """Tell whether a field is a number with this mark of decimals, or a percentage."""
    plain = plain_number(value)
    return looks_like_number(plain.replace(".", " ") if decimal == "," else plain.replace(",", " "))


def plain_number(value: str) -> str:
    """A number without a percent sign and with a plain minus, which the reader will ask for."""
    return value.removesuffix("%").rstrip().replace("\N{MINUS SIGN}", "-")


def _distinct(header: Sequence[str]) -> list[str]:
    """Names of columns as a card may give them: of several with a name, name.0 and name.1."""
    times, seen = Counter(header), Counter[str]()
    names = []
    for name in header:
        names.append(f"{name}.{seen[name]}" if times[name] > 1 and name else name)
        seen[name] += 1
    return names
