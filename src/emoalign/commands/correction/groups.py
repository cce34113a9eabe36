"""The two groups of items that `--by` names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emoalign.errors import DataError
from emoalign.wording import counted

MOST_GROUPS = 10
"""A column with more values does not name groups."""


def two_groups(table: Path, column: str, groups: Sequence[str]) -> tuple[str, str]:
    """The names of two groups in order. Raises DataError if there are more, or only one."""
    sizes = Counter(groups)
    if len(sizes) == 2:
        first, second = sorted(sizes, key=_in_order)
        return first, second
    shown = ", ".join(f"{name!r} ({size:,})" for name, size in sizes.most_common(5))
    more = f" and {len(sizes) - 5} more" if len(sizes) > 5 else ""
    raise DataError(
        f"{table}: the column {column!r} (--by) has {counted(len(sizes), 'value')}: {shown}{more}. "
        "A difference needs two groups: "
        + (
            "name another column."
            if len(sizes) == 1
            else "name another column; for a column of numbers, use --with."
            if len(sizes) > MOST_GROUPS
            else "keep the lines of two of them. For more, give each group but one a column of 0 "
            "and 1, and name these columns by --on."
        )
    )


def _in_order(name: str) -> tuple[float, str]:
    """Numbers by size, before words by the alphabet."""
    try:
        return float(name.replace(",", ".")), ""
    except ValueError:
        return np.inf, name.casefold()
