"""Tables as readers see them: texts in cells, and what to sort and filter them by."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from emoalign.report.wording import interval, number, p_value, percent
from emoalign.study.jobs import ReportJob
from emoalign.tables import Table, records

FILTERS = ("model", "protocol", "dataset", "scale", "readout")
"""Columns by which the page can be filtered, where a table has them."""

FEW_ROWS = 40
"""Rows of a table in the page itself; further ones are drawn when they are asked for."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """A column: its title, the text of a row, and the column of the table that sorts it.

    `meaning` explains it in the head of the table; `numeric` columns are right-aligned.
    """

    title: str
    text: Callable[[Row], str]
    sort: str | None = None
    numeric: bool = True
    meaning: str = ""


@dataclass(frozen=True)
class Grid:
    """A table of the page. `texts[row][column]` is shown, `keys[row][column]` sorts, and `of[row]`
    says which model, protocol, dataset, scale and readout the row is about."""

    id: str
    name: str
    columns: tuple[Column, ...]
    texts: tuple[tuple[str, ...], ...]
    keys: tuple[tuple[float | str | None, ...], ...]
    of: tuple[Mapping[str, str], ...]
    table: str | None = None


def grid(
    id: str,
    name: str,
    rows: pd.DataFrame,
    columns: Sequence[Column],
    table: Table | None = None,
) -> Grid:
    """A table of the page from rows of a table, in their order.

    `name` says what is in it to those who cannot see it. `table` is the kind of table that the
    rows are from: readers can then download it with all of its columns.
    """
    listed = records(rows)
    return Grid(
        id=id,
        name=name,
        columns=tuple(columns),
        texts=tuple(tuple(column.text(row) for column in columns) for row in listed),
        keys=tuple(tuple(_key(column, row) for column in columns) for row in listed),
        of=tuple({name: str(row[name]) for name in FILTERS if name in row} for row in listed),
        table=None if table is None else table.path.split("/")[-1].removesuffix(".parquet"),
    )


def _key(column: Column, row: Row) -> float | str | None:
    value = row[column.sort] if column.sort is not None else column.text(row)
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return None
    return value if isinstance(value, str) else float(value)


def text(title: str, name: str, meaning: str = "") -> Column:
    """A column of texts of the table, as they are; nothing where there is none."""
    return Column(
        title, lambda row: "" if pd.isna(row[name]) else str(row[name]), name, False, meaning
    )


def count(title: str, name: str, meaning: str = "") -> Column:
    """A column of whole numbers."""
    return Column(title, lambda row: number(row[name], 0), name, meaning=meaning)


def value(title: str, name: str, meaning: str = "", digits: int = 2) -> Column:
    """A column of numbers; a dash where one is undefined."""
    return Column(title, lambda row: number(row[name], digits), name, meaning=meaning)


def between(title: str, name: str, low: str, high: str, meaning: str = "") -> Column:
    """A number with the ends of its interval, from three columns of the table."""

    def told(row: Row) -> str:
        return f"{number(row[name])} {interval(row[low], row[high])}".rstrip()

    return Column(title, told, name, meaning=meaning)


def p(title: str, name: str, meaning: str = "") -> Column:
    """A p-value."""
    return Column(title, lambda row: p_value(row[name]), name, meaning=meaning)


def share(title: str, name: str, meaning: str = "") -> Column:
    """A share from 0 to 1, in percent."""
    return Column(title, lambda row: percent(row[name]), name, meaning=meaning)


def model_column(job: ReportJob) -> Column:
    """The title of the row's model."""
    return Column("Model", lambda row: job.models[row["model"]].title, "model", False)


def cell_columns(job: ReportJob) -> tuple[Column, ...]:
    """The columns that say which cell a row is about: model, protocol, and dataset with scale."""
    where = Column("Scale", lambda row: f"{row['dataset']} {row['scale']}", "dataset", False)
    return (model_column(job), text("Protocol", "protocol"), where)
