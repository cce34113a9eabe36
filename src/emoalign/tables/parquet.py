"""Parquet files of a study; an error names the file that is damaged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from emoalign import descriptors
from emoalign.errors import DataError, EmoalignError


@contextmanager
def intact(files: Iterable[Path]) -> Iterator[None]:
    """Run a block that reads `files`, and name the damaged one if it fails.

    Raises DataError if one of `files` is missing, cut off or damaged, or if they are more than may
    be open at once; any other error passes.
    """
    files = list(files)
    try:
        yield
    except EmoalignError:
        raise
    except Exception as error:
        if descriptors.used_up(error):
            why = descriptors.too_few(len(files)) or "too many files are open"
            raise DataError(f"{files[0]} and others cannot be read: {why}") from error
        for path in files:
            damage = _damage(path)
            if damage:
                raise DataError(
                    f"{path}: incomplete Parquet file ({damage}). It was damaged, or cut off by a "
                    "full disk or an interrupted copy. Delete it and run again; it is rebuilt, "
                    f"and answers that have arrived are read from the journal: rm '{path}'"
                ) from error
        raise


def _damage(path: Path) -> str | None:
    """The reason why a file cannot be read to its end."""
    try:
        with pq.ParquetFile(path) as file:
            for _ in file.iter_batches():
                pass
    except (pa.ArrowException, OSError) as error:
        return str(error).splitlines()[0].rstrip(".")
    return None


def read_parquet(path: Path, **options: Any) -> pa.Table:
    """Read a Parquet file, or only some `columns`, or the rows that match `filters`.

    Raises DataError if the file is damaged.
    """
    with intact([path]):
        return pq.read_table(path, **options)


def metadata(path: Path) -> dict[str, str]:
    """The notes that a stage left in a Parquet file, by key.

    Raises DataError if the file is damaged.
    """
    with intact([path]):
        notes = pq.read_schema(path).metadata or {}
    return {key.decode(): value.decode() for key, value in notes.items()}
