"""DuckDB for queries about rating files, in memory that does not grow with the ratings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from emoalign.tables.parquet import intact

MEMORY_LIMIT = "600MB"


@contextmanager
def ratings_database(
    files: Sequence[Path], near: Path | None = None, threads: int = 1
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory; what does not fit goes to the disk, into the folder `near`, by default
    that of the first file.

    `files` are those that queries read. Raises DataError where one is damaged.
    """
    with (
        intact(files),
        TemporaryDirectory(dir=near or files[0].parent, prefix=".duckdb.") as spill,
        duckdb.connect(
            config={"threads": threads, "memory_limit": MEMORY_LIMIT, "temp_directory": spill}
        ) as database,
    ):
        database.execute("SET enable_progress_bar = false")
        yield database
