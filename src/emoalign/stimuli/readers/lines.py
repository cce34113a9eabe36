"""Files of tab-separated lines in which a quotation mark is a character like any other."""

from __future__ import annotations

import ast
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoalign.errors import DataError
from emoalign.stimuli.sheets import decoded


def tab_separated(path: Path, fields: Sequence[str]) -> Iterator[tuple[int, str, list[str]]]:
    """Number, place ("words.txt, line 3") and fields of every line that is not empty.

    Lines may end in LF, CRLF or CR alone. Raises DataError for a line with other fields.
    """
    for number, line in enumerate(io.StringIO(decoded(path), newline=None), 1):
        found = line.rstrip("\n").split("\t")
        if found == [""]:
            continue
        where = f"{path}, line {number}"
        if len(found) != len(fields):
            raise DataError(
                f"{where}: expected {len(fields)} tab-separated fields ({', '.join(fields)}), "
                f"found {len(found)}"
            )
        yield number, where, found


def rating_list(field: str, where: str) -> NDArray[np.float64]:
    """Ratings written as a list of whole numbers. Raises DataError for anything else."""
    try:
        values = ast.literal_eval(field)
    except (ValueError, SyntaxError):
        values = None
    if not isinstance(values, list) or not all(type(value) is int for value in values):
        raise DataError(
            f"{where}: expected a list of whole numbers such as [-1, 0, 2], found {field[:60]!r}"
        )
    return np.array(values, dtype=np.float64)
