"""What is missing in a table of cells, and why, each reason once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from emoalign.tables import records

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Gap:
    """Something that could not be computed, why, and in which cells."""

    what: str
    why: str
    cells: tuple[str, ...]


def gaps(rows: pd.DataFrame, asked: Mapping[str, Callable[[Row], str | None]]) -> list[Gap]:
    """What is missing: `asked` has for each thing what tells why a row lacks it, if it does."""
    missing: dict[tuple[str, str], list[str]] = {}
    for row in records(rows):
        for what, why in asked.items():
            reason = why(row)
            if reason is not None:
                missing.setdefault((what, reason), []).append(_cell(row))
    return [Gap(what, why, tuple(cells)) for (what, why), cells in missing.items()]


def _cell(row: Row) -> str:
    names: Iterable[str] = (row[name] for name in ("model", "protocol", "dataset", "scale"))
    return f"{', '.join(names)}, {row['readout']}"
