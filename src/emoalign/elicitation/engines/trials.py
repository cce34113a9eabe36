"""Reading a table of trials, one row per rating, with the columns that a model's card names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from emoalign.elicitation.engines.cards import RecordedModel
from emoalign.stimuli.sheets import Layout, Record, read_records


def read_trials(path: Path, card: RecordedModel) -> Iterator[Record]:
    """The rows of a table, in its order, with their cells by what they hold (item, rating, ...).

    Raises DataError when the file is not of its format, or lacks a column.
    """
    columns: dict[str, str] = card.columns.model_dump(exclude_none=True)
    named = {f"columns.{key}": name for key, name in columns.items()}
    layout = Layout(card.table_format, "the model's card", card.encoding)
    for row in read_records(path, layout, named):
        yield Record(row.where, {key: row.cells[f"columns.{key}"] for key in columns})
