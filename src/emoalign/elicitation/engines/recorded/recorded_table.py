"""The table of recorded ratings, row by row: those rows that the card is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from emoalign.elicitation.engines.recorded.recorded_columns import names_of
from emoalign.elicitation.engines.recorded.recorded_model import RecordedModel
from emoalign.errors import DataError
from emoalign.stimuli.rows import Record, composed
from emoalign.stimuli.sheets import layout_of, read_records, read_rows
from emoalign.study.source_files import locate_all

CARD = "the model's card"
_NAMED = 3
_MODEL = "model.column"
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")


def header_of(path: Path, card: RecordedModel) -> Sequence[str]:
    """The names of all columns of the table. Raises DataError when it is not of its format."""
    return read_rows(path, layout_of(card, card.source, CARD))[0]


def rows_of(
    path: Path, card: RecordedModel, columns: Mapping[str, str], exact: bool = False
) -> Iterator[Record]:
    """The rows that `only` and `model` of the card let pass, with the columns that are named.

    `columns` has their names by the keys of the card that name them. `exact` says whether the
    log-probabilities of a batch are read. Raises DataError when the file is not of its format or
    lacks a column, or when no row passes.
    """
    wanted = {f"only.{column}": values for column, values in card.only.items()}
    named = {**columns, **{f"only.{column}": column for column in card.only}}
    if card.model is not None and card.model.values:
        wanted[_MODEL] = tuple(composed(value.strip()) for value in card.model.values.values())
        named[_MODEL] = card.model.column
    held: dict[str, dict[str, None]] = {key: {} for key in wanted}

    def test(key: str, values: Collection[str]) -> Callable[[str], bool]:
        def holds(field: str) -> bool:
            # Models 4.1 and 4.10 are two, although they are the same number.
            same = composed(field) in values if key == _MODEL else _is_one_of(field, values)
            if not same:
                held[key][field] = None
            return same

        return holds

    tests = {key: test(key, values) for key, values in wanted.items()}
    passed = False
    for row in _read(path, card, named, tests, exact):
        passed = True
        yield row
    if held and not passed:
        key = next((key for key in held if held[key]), next(iter(held)))
        raise DataError(
            f"{path}: no row has {' or '.join(map(repr, wanted[key]))} in column {named[key]!r} "
            f"({key.partition('.')[0]} in {CARD}); it contains {some(list(held[key]))}"
            f"{_turned_round(card, held[key]) if key == _MODEL else ''}"
        )


def _read(
    path: Path,
    card: RecordedModel,
    named: Mapping[str, str],
    tests: Mapping[str, Callable[[str], bool]],
    exact: bool,
) -> Iterator[Record]:
    """The rows of the table, or of the files of a batch, that pass the tests."""
    if card.batch is not None:
        from emoalign.elicitation.engines.recorded.batch_table import batch_records

        return batch_records(card.batch, locate_all(card.source), named, tests, exact)
    ratings = [key for key in named if key.startswith("columns.rating")]
    layout = layout_of(card, card.source, CARD)
    return read_records(path, layout, named, numbers=ratings, wanted=tests)


def _turned_round(card: RecordedModel, held: Collection[str]) -> str:
    """What to write where names and values of `model` have changed places; else nothing."""
    names = card.model.values if card.model is not None else {}
    value = next((name for name in names if name in held), None)
    if value is None:
        return ""
    return (
        ". Under model.values, a model's name in this study stands before the colon, and its value "
        f"in the table after it: values: {{my-name: {value!r}, ...}}"
    )


def _is_one_of(field: str, values: Collection[str]) -> bool:
    return any(_same(field, value) for value in values)


def _same(field: str, value: str) -> bool:
    """Tell whether a field holds a value: the same text, or the same number. 007 is no number."""
    value = value.strip()
    if field == value:
        return True
    return all(map(_DECIMAL.fullmatch, (field, value))) and float(field) == float(value)


def values_of(card: RecordedModel, column: str) -> dict[str, str]:
    """The values in a column of the table by the names that they make, in order of appearance.

    Only the column and those of `only` are read. Raises DataError when the table is missing or
    lacks the column, or when a value makes no name.
    """
    path = locate_all(card.source)[0]
    values: dict[str, None] = {}
    for row in rows_of(path, card, {_MODEL: column}):
        value = composed((row.fields[_MODEL] or "").strip())
        if not value:
            raise DataError(
                f"{row.where}, column {column!r}: expected the name of a model, found nothing. "
                f"Fill in the field, or list the models to use as model.values in {CARD}."
            )
        values[value] = None
    if not values:
        raise DataError(f"{path}: there are no rows below the column names")
    try:
        return names_of(list(values))
    except ValueError as error:
        raise DataError(f"{path}, column {column!r}: {error} in {CARD}, under model") from error


def some(names: Sequence[str]) -> str:
    """The first of some names, for messages."""
    shown = ", ".join(repr(name[:60]) for name in names[:_NAMED])
    return f"{shown}, …" if len(names) > _NAMED else shown
