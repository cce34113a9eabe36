"""codebook.csv: a row for every column of every table of a bundle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import get_args

import pandas as pd

from emoalign.analyses.estimates.codebook import cited_as
from emoalign.publication.contents import Contents, Kind, kind_of
from emoalign.publication.data_tables import DataTable
from emoalign.publication.publication_job import PublishedDataset
from emoalign.study.fields import Readout
from emoalign.study.scales import OrdinalScale
from emoalign.tables import CODEBOOK, STATUSES, Column

COLUMNS = ("table", *CODEBOOK.schema.names[1:])
"""The columns of a codebook; `table` is the name of a file in data/."""

_TYPES: Mapping[Kind, str] = {"string": "text", "array": "list"}
"""Types that codebooks call otherwise than Frictionless does."""

_ON_SCALE = frozenset({"rating", "mean", "mean_low", "mean_high", "human_mean"})
"""Columns of numbers that lie on the scale of their row."""

_SHARES = frozenset({"off_scale_mass", "returned_mass"})


def codebook(contents: Contents) -> pd.DataFrame:
    """The rows of the codebook, as texts and numbers."""
    return pd.concat(
        [
            pd.DataFrame(_rows(contents, table), columns=list(COLUMNS))
            if table.codebook is None
            else table.codebook.assign(table=table.name)[list(COLUMNS)]
            for table in contents.tables
        ],
        ignore_index=True,
    )


def _rows(contents: Contents, table: DataTable) -> Iterator[dict[str, object]]:
    card = contents.job.datasets[table.dataset]
    for column in table.columns:
        yield _row(table, column, card, cited_as(card.citation))


def _row(
    table: DataTable, column: Column, card: PublishedDataset, citation: str
) -> dict[str, object]:
    low, high = _range(column.name, card)
    kind = kind_of(column.type)
    human = column.name.startswith("human_")
    return {
        "table": table.name,
        "variable": column.name,
        "label": column.meaning,
        "type": _TYPES.get(kind, kind),
        "unit": "points of the scale" if column.name in _ON_SCALE else None,
        "minimum": low,
        "maximum": high,
        "values": ", ".join(_values(column.name, card)) or None,
        "missing": None,
        "source": "people" if human else _SOURCES.get(column.name, "model"),
        "formula": None,
        "citation": citation if human else None,
    }


_SOURCES: Mapping[str, str] = dict.fromkeys(
    ("item_id", "word", "sentence", "image", "cluster", "dataset", "scale"), "dataset"
) | dict.fromkeys(("protocol", "readout", "participant", "persona", "form"), "study")


def _range(name: str, card: PublishedDataset) -> tuple[float | None, float | None]:
    """The ends of a column, where all scales of its dataset have the same."""
    if name in _SHARES:
        return 0.0, 1.0
    if name not in _ON_SCALE:
        return None, None
    ends = {
        (scale.min, scale.max) for scale in card.scales.values() if isinstance(scale, OrdinalScale)
    }
    return next(iter(ends)) if len(ends) == 1 else (None, None)


def _values(name: str, card: PublishedDataset) -> Iterable[str]:
    if name == "scale":
        return sorted(card.scales)
    return {"status": STATUSES, "readout": get_args(Readout)}.get(name, ())
