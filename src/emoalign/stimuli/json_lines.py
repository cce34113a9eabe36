"""Tables in JSONL: an object on each line, whose keys are the columns."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from emoalign.errors import DataError
from emoalign.stimuli.rows import Row


def json_rows(path: Path, text: str) -> tuple[list[str], Iterator[Row]]:
    """The names of the columns and the rows; a row that lacks a key has None in its place.

    Columns stand in the order in which their keys first appear. Blank lines are passed over. Raises
    DataError with the line that is no object.
    """
    objects = [
        (f"{path}, line {line}", _object(path, line, written))
        for line, written in enumerate(io.StringIO(text, newline=None), 1)
        if written.strip()
    ]
    if not objects:
        raise DataError(f"{path}: the file is empty; expected an object in braces on each line")
    header = list(dict.fromkeys(key for _, fields in objects for key in fields))
    return header, (Row(where, [fields.get(key) for key in header]) for where, fields in objects)


def _object(path: Path, line: int, written: str) -> dict[str, object]:
    where = f"{path}, line {line}"
    try:
        value = json.loads(written, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        problem: object = error
        if isinstance(error, json.JSONDecodeError):
            problem = f"{error.msg} (character {error.colno})"
        raise DataError(
            f"{where}: not valid JSON: {problem}. In JSONL each line is an object in braces, "
            'such as {"id": "w1", "word": "beach"}, and nothing stands between lines.'
        ) from error
    if "\\u" in written:
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            half = ascii(error.object[error.start])
            raise DataError(
                f"{where}: holds half of a character ({half[1:-1]}), which is no text. The "
                "program that wrote the line cut a text in the middle of an emoji: correct it."
            ) from error
    if not isinstance(value, dict):
        raise DataError(
            f"{where}: expected an object in braces, found {written.strip()[:60]!r}. In JSONL each "
            "line is an object, without brackets around them all."
        )
    return value


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} stands in the object twice")
    return fields
