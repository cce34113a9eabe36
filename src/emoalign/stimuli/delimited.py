"""Tables as text, CSV and TSV: lines of fields with a delimiter between them."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from emoalign.errors import DataError
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.rows import Row
from emoalign.stimuli.table_format import TableFormat
from emoalign.wording import sentence

_DELIMITERS = {"csv": ",", "tsv": "\t"}
_END_OF_LINE = re.compile(rb"\r\n|\r|\n")
_SEPARATOR_LINE = re.compile(r'"?sep=([^\r\n"])"?[\r\n]*', re.IGNORECASE)
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def delimited_rows(
    path: Path, kind: str, written: TableFormat, card: str, mistakes: Mistakes
) -> Iterator[Row]:
    """The rows of a table from the line with its header on.

    A first line such as sep=; says the delimiter, as Excel writes it, and is no row. A field in
    quotation marks that spans lines and holds the delimiter is noted among the `mistakes`, unless
    the card says quotes: standard. Raises DataError for quotation marks that do not fit.
    """
    lines = list(io.StringIO(decoded(path, written.encoding, card), newline=""))
    separated = _SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    delimiter = written.delimiter or (separated and separated[1]) or _DELIMITERS[kind]
    above = 1 if separated else 0
    rows = csv.reader(
        lines[above:],
        delimiter=delimiter,
        strict=True,
        quoting=csv.QUOTE_NONE if written.quotes == "none" else csv.QUOTE_MINIMAL,
    )
    first = above + 1
    try:
        for row in rows:
            begins, first = first, above + rows.line_num + 1
            if begins < written.header_line:
                continue
            swallowed = None if written.quotes else _swallowed(row, delimiter)
            if swallowed is None:
                yield Row(f"{path}, line {begins}", row)
                continue
            breaks = sum(_breaks(field) for field in row[:swallowed])
            opened = begins + breaks
            mistakes.add(
                "Quoted fields that span several lines",
                f"{path}, line {opened}: a quotation mark opens a field here that ends only in "
                f"line {opened + _breaks(row[swallowed])} and contains the delimiter, so it may "
                "have swallowed rows",
                _remedy(card),
            )
    except csv.Error as error:
        opened = _opened(lines[first - 1 : above + rows.line_num], delimiter, first)
        if "field larger" in str(error):
            raise DataError(
                f"{path}, line {opened}: a field is longer than {csv.field_size_limit():,} "
                "characters, too long for a word or sentence. Was a quotation mark opened there "
                f"and never closed? {_remedy(card)}"
            ) from error
        problem = str(error)
        if "unexpected end" in problem:
            problem = "a quotation mark opens a field here and is never closed"
        if "expected after" in problem:
            problem = "text follows the quotation mark that closes a field"
        raise DataError(
            f"{path}, line {opened}: not valid {kind.upper()}: {problem}. A field that begins with "
            "a quotation mark must end with one, and quotation marks within it must be doubled "
            f'(""). {_remedy(card)}'
        ) from error


def _remedy(card: str) -> str:
    return (
        f"If quotation marks are ordinary characters in this table, set quotes: none in {card}. "
        "If a quotation mark was never closed, close it. If fields may contain line breaks and "
        "delimiters, set quotes: standard."
    )


def _swallowed(row: Sequence[str], delimiter: str) -> int | None:
    """The place of a field that spans lines and holds the delimiter."""
    for place, field in enumerate(row):
        if delimiter in field and ("\n" in field or "\r" in field):
            return place
    return None


def _breaks(field: str) -> int:
    return len(re.findall(r"\r\n|\r|\n", field))


def _opened(lines: Sequence[str], delimiter: str, first: int) -> int:
    """The number of the line with the last quotation mark that opens a field; else the last."""
    opened, quoted, at_start, closed = None, False, True, False
    for number, line in enumerate(lines, first):
        for mark in line:
            if quoted:
                quoted = mark != '"'
                closed = not quoted
                continue
            if mark == '"' and at_start:
                opened, quoted = number, True
            elif mark == '"' and closed:
                # The second of two within a field: it goes on.
                quoted = True
            at_start, closed = mark in (delimiter, "\n", "\r"), False
    return first if opened is None else opened


def decoded(path: Path, encoding: str = "utf-8-sig", card: str = "the dataset's card") -> str:
    """The text of a file. Raises DataError with the line when it is in another encoding."""
    content = path.read_bytes()
    if content.startswith(_UTF_16) and not _is_utf_16(encoding):
        raise DataError(
            f"{path}: looks like UTF-16, not {encoding}: set encoding: utf-16 in {card}, or save "
            "the file as UTF-8."
        )
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = len(_END_OF_LINE.findall(content[: error.start])) + 1
        raise DataError(
            f"{path}, line {line}: not {encoding} text ({error.reason}: byte "
            f"0x{content[error.start]:02x}). If the file is in another encoding, give it in "
            f"{card}, such as encoding: cp1252 (Western Europe), cp1251 (Cyrillic), cp932 "
            "(Japanese), gb18030 (Chinese) or mac_roman."
        ) from error
    except UnicodeError as error:
        raise DataError(
            f"{path}: not {encoding} text: {sentence(str(error))} Give its encoding in {card}."
        ) from error
    if "\0" in text:
        line = len(_END_OF_LINE.findall(text[: text.index("\0")].encode(errors="replace"))) + 1
        raise DataError(
            f"{path}, line {line}: contains a NUL byte, which does not occur in text. If the file "
            f"is UTF-16, set encoding: utf-16-le (or utf-16-be) in {card}; otherwise it is "
            "damaged: download or export it again."
        )
    return text.removeprefix("\ufeff")


def _is_utf_16(encoding: str) -> bool:
    return codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))
