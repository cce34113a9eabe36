"""The card of recorded ratings that `emoalign new model` writes, guessed from their table."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from emoalign.commands.group import Told
from emoalign.commands.new_files import CHECK
from emoalign.elicitation.engines.recorded.likely_columns import likely_columns
from emoalign.stimuli.guessed_format import GuessedTable, is_number
from emoalign.stimuli.guessed_scales import scale_name

FIRST_ROWS = 1000
"""Rows that are looked at."""


def recorded_card(name: str, file: str, table: GuessedTable) -> Iterator[str]:
    """A card from the table's own header and rows."""
    card = likely_columns(table.header, _numbers_alone(table)).card(name, file)
    columns = card["columns"]
    if not columns.keys() & {"rating", "answer", "ratings", "answers"}:
        raise Told(
            f"{Path(file).name}: no column with ratings was found among "
            f"{', '.join(map(repr, table.header))}. Name the column of ratings rating, or answer "
            "if it contains raw answers."
        )
    if "ratings" in columns:  # by the names that datasets and prompt sets know
        wide = columns["ratings"]
        columns["ratings"] = {scale_name(scale.split("-")): name for scale, name in wide.items()}
    single = columns.keys() & {"rating", "answer"} and "scale" not in columns
    yield f"# Made by `emoalign new model` from {Path(file).name}: {', '.join(table.header)}"
    yield from _yaml({"title": name, "engine": "recorded"})
    yield from _yaml({"source": card["source"]})
    if table.written:
        yield from _yaml(dict(table.written))
    if "model" in card:
        yield "# Each value of this column becomes a model."
        yield from _yaml({"model": card["model"]})
    yield f"columns:  {CHECK}: the names of your columns"
    for line in _yaml(columns):
        yield f"  {line}"
    if single:
        yield f"scale: valence  {CHECK}: the scale of the dataset that was rated"
    if "answer" in card:
        yield "# How raw answers are read."
        yield from _yaml({"answer": card["answer"]})
    yield "# If the ratings are on another range than the dataset's scale, or reversed:"
    yield "# native: {min: 1, max: 7}"


def _numbers_alone(table: GuessedTable) -> list[list[str]]:
    """The first rows; of columns that mostly hold numbers, nothing else: a few words in them are
    mistakes, or stand for no rating."""
    rows = [list(row) for row in table.rows[:FIRST_ROWS]]
    decimal = str(table.written.get("decimal", "."))
    for place in range(len(table.header)):
        held = [row[place] for row in rows if row[place]]
        numbers = sum(is_number(value, decimal) for value in held)
        if numbers >= len(held) / 2:
            for row in rows:
                row[place] = row[place] if is_number(row[place], decimal) else ""
    return rows


def _yaml(content: Mapping[str, Any]) -> Iterator[str]:
    writer = YAML(pure=True)
    writer.allow_unicode = True
    writer.width = 100
    out = io.StringIO()
    writer.dump(dict(content), out)
    yield from out.getvalue().splitlines()
