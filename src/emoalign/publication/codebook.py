"""codebook.csv: a row for every column of every table of a bundle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import get_args

import pandas as pd

from emoalign.publication.contents import Contents, kind_of
from emoalign.publication.data_tables import DataTable
from emoalign.publication.publication_job import PublishedDataset
from emoalign.study.fields import Readout
from emoalign.study.scales import OrdinalScale
from emoalign.tables import STATUSES, Column

COLUMNS = (
    *("table", "variable", "label", "type", "unit", "minimum", "maximum", "values"),
    *("missing", "source", "formula", "citation"),
)
"""The columns of a codebook; `table` is the name of a file in data/."""

_ON_SCALE = frozenset({"rating", "mean", "mean_low", "mean_high", "human_mean"})
"""Columns of numbers that lie on the scale of their row."""

_SHARES = frozenset({"off_scale_mass", "returned_mass"})


def codebook(contents: Contents) -> pd.DataFrame:
    """The rows of the codebook, as texts and numbers."""
    return pd.DataFrame(_rows(contents), columns=list(COLUMNS))


def _rows(contents: Contents) -> Iterator[dict[str, object]]:
    references = {source.dataset: source for source in contents.sources}
    for table in contents.tables:
        card = contents.job.datasets[table.dataset]
        cited = references.get(table.dataset)
        citation = (cited and (cited.url or cited.fields.get("title"))) or ""
        for column in table.columns:
            yield _row(table, column, card, citation)


def _row(
    table: DataTable, column: Column, card: PublishedDataset, citation: str
) -> dict[str, object]:
    low, high = _range(column.name, card)
    human = column.name.startswith("human_")
    return {
        "table": table.name,
        "variable": column.name,
        "label": column.meaning,
        "type": kind_of(column.type),
        "unit": "points of the scale" if column.name in _ON_SCALE else "",
        "minimum": low,
        "maximum": high,
        "values": ", ".join(_values(column.name, card)),
        "missing": "empty",
        "source": "people" if human else _SOURCES.get(column.name, "model"),
        "formula": "",
        "citation": citation if human else "",
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
