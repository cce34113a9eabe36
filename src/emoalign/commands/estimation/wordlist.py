"""A list of words or sentences: read from text or a table, and told what is left out of it."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from emoalign.errors import DataError
from emoalign.stimuli.delimited import decoded
from emoalign.stimuli.guessed_columns import guess_columns, names_texts
from emoalign.stimuli.guessed_format import GuessedTable, guess_table, guessed_encoding
from emoalign.stimuli.rows import composed
from emoalign.stimuli.sheets import layout_of, read_records
from emoalign.study.fields import FileSource, Modality

LONGEST = 2_000
"""Characters of a text; a longer one is a document."""

_TABLES = (".csv", ".tsv", ".xlsx", ".xls", ".parquet", ".jsonl")
_DOCUMENTS = {b"%PDF": "a PDF", b"PK\x03\x04": "a document or an archive", b"{\\rtf": "RTF"}
_HEADER = "that names the column"
_REPEATED = "that repeats another"
_CONTROL = "with control characters"
_UNREADABLE = "with characters that were lost (\N{REPLACEMENT CHARACTER})"
_LONG = f"of more than {LONGEST:,} characters"


@dataclass(frozen=True)
class WordList:
    """The texts of a list, in its order.

    Attributes:
        texts: each of them once, with single blanks.
        left_out: what is not among them, by reason.
        modality, language: guessed from most texts.
        column: the column of the table they come from; None where the file is a plain list.
    """

    texts: tuple[str, ...]
    left_out: Mapping[str, Sequence[str]]
    modality: Modality
    language: str
    column: str | None = None

    @property
    def in_two_spellings(self) -> list[tuple[str, str]]:
        """Texts that differ in capitals alone."""
        first: dict[str, str] = {}
        pairs = []
        for text in self.texts:
            earlier = first.setdefault(composed(text).casefold(), text)
            if earlier != text:
                pairs.append((earlier, text))
        return pairs


def read_list(path: Path) -> WordList:
    """The texts of a file: a line each, or a column of a table (CSV, TSV, XLSX, XLS, …).

    Raises DataError for a file that is neither, or that has no text.
    """
    column = None
    if path.suffix.lower() in _TABLES or _has_tabs(path):
        column, fields = _of_table(path)
    else:
        fields = list(_lines(path))
    texts, left_out = _sorted_out(fields, headed=column is None)
    if not texts:
        raise DataError(
            f"{path}: no word was found. Expected a text file with a word per line, or a table "
            "with a column of words."
        )
    looks = guess_columns(GuessedTable({}, ["text"], [[text] for text in texts]))
    return WordList(tuple(texts), left_out, looks.modality, looks.language, column)


def _sorted_out(fields: Sequence[str], headed: bool) -> tuple[list[str], dict[str, list[str]]]:
    """The texts to be used, and the others by reason. Blank lines count as nothing.

    The first text is a header where it is the usual name of such a column, if there may be one.
    """
    kept: dict[str, str] = {}
    left_out: dict[str, list[str]] = {}
    first = headed
    for field in fields:
        text = " ".join(field.replace("\ufeff", "").split()).strip("\u200b")
        if not text:
            continue
        if first and names_texts(text):
            reason: str | None = _HEADER
        else:
            reason = _unusable(text) or (_REPEATED if composed(text) in kept else None)
        first = False
        if reason is None:
            kept[composed(text)] = text
        else:
            left_out.setdefault(reason, []).append(text)
    return list(kept.values()), left_out


def _unusable(text: str) -> str | None:
    """The reason why nobody can be asked about a text."""
    if any(unicodedata.category(mark) in ("Cc", "Cs") for mark in text):
        return _CONTROL
    if "\N{REPLACEMENT CHARACTER}" in text:
        return _UNREADABLE
    return _LONG if len(text) > LONGEST else None


def _has_tabs(path: Path) -> bool:
    """Tell whether every line of a text has the same fields with tabs between them: a table."""
    counts = {line.count("\t") for line in _lines(path) if line.strip()}
    return len(counts) == 1 and counts != {0}


def _lines(path: Path) -> Iterator[str]:
    """Lines of a text, whether they end in LF, CRLF or CR, in the encoding it seems to have."""
    content = path.read_bytes()
    for beginning, kind in _DOCUMENTS.items():
        if content.startswith(beginning):
            raise DataError(
                f"{path}: expected text, found {kind}. Save the list as plain text, a word per "
                "line, or as CSV or XLSX."
            )
    encoding = str(guessed_encoding(content).get("encoding", "utf-8-sig"))
    yield from io.StringIO(decoded(path, encoding, "the list"), newline=None)


def _of_table(path: Path) -> tuple[str | None, list[str]]:
    """The column of a table with words, and its fields; of a single column, its name among them,
    which may be the first word."""
    if path.suffix.lower() in (".csv", ".tsv") and _single(path):
        return None, [line.strip().strip('"') for line in _lines(path)]
    table = guess_table(path)
    columns = guess_columns(table)
    if columns.image is not None:
        raise DataError(
            f"{path}: the column {columns.image!r} seems to name images. A list for estimates "
            "holds words or sentences."
        )
    if columns.text is None or not columns.named_text:
        raise DataError(
            f"{path}: no column with words was found among {', '.join(table.header[:10])}. Name "
            "one of them word, or save the words as text, one per line."
        )
    source = FileSource(file=str(path))
    layout = layout_of(table.format, source, "the list")
    records = read_records(path, layout, {"text": columns.text})
    fields = [record.fields["text"] or "" for record in records]
    if len(table.header) == 1:
        return None, [columns.text, *fields]
    return columns.text, fields


def _single(path: Path) -> bool:
    """Tell whether no line of a text has a delimiter: it is a list, whatever its name."""
    return not any(mark in line for line in _lines(path) for mark in ",;\t|")
