"""Bounded memory: work through many rows a block at a time."""

from __future__ import annotations

from collections.abc import Iterator

# Values held at once per array: 32 MB as float64.
BLOCK_VALUES = 4_000_000


def row_blocks(n_rows: int, row_size: int, block_values: int = BLOCK_VALUES) -> Iterator[slice]:
    """Cut `n_rows` rows of `row_size` values into slices of at most `block_values` values.

    A slice has one row at least, so that a single row may exceed the bound.
    """
    step = max(1, block_values // max(1, row_size))
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))
