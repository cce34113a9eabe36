"""Tables as readers see them: texts in cells, what to sort and filter them by, what is missing."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from emoalign.report.carried import packed, packed_json
from emoalign.report.csv_text import csv_text
from emoalign.report.layout import Layout
from emoalign.report.report_job import ReportJob
from emoalign.tables import CELL_KEY, Table, records
from emoalign.wording import (
    ABSENT,
    ceilings,
    coefficient,
    interval,
    number,
    p_value,
    percent,
    scale_name,
)

FILTERS = tuple(CELL_KEY)
"""Columns by which the page can be filtered, where a table has them."""

CELL_ORDER = ["dataset", "scale", "model", "protocol", "readout"]
"""By what cells are ordered on the page, so that those of one scale stand together."""

NAMED = (*FILTERS, "item_id")
"""What a row can be about: a row about an item leads readers to it."""

FEW_ROWS = 25
"""Rows of a table that are shown at first; further ones when they are asked for."""

_KEPT = re.compile(r"\[[^\]]*\]|[<>] \.| → ")
"""Parts of numbers that stay on one line."""

COMPARED = {"model": "protocol", "protocol": "model"}
"""What a contrast is of, and what its two sides share."""

Row = Mapping[str, Any]


def in_order(rows: pd.DataFrame, job: ReportJob) -> pd.DataFrame:
    """The rows by those columns of `CELL_ORDER` that they have, in the order in which the study
    names datasets, scales, models, protocols; what it does not name comes last."""
    by = [name for name in CELL_ORDER if name in rows]
    order = {name: {one: place for place, one in enumerate(job.order[name])} for name in by}

    def places(column: pd.Series[Any]) -> pd.Series[Any]:
        known = order[str(column.name)]
        named = sorted(set(column.dropna()) - set(known))
        return column.map(known | {one: len(known) + place for place, one in enumerate(named)})

    return rows.sort_values(by, key=places, kind="stable", ignore_index=True) if by else rows


@dataclass(frozen=True)
class Column:
    """A column: its title, the text of a row, and the column of the table that sorts it.

    `meaning` explains it in the head of the table; `numeric` columns are right-aligned, and
    `optional` ones are left out where no row has a text or a number.
    """

    title: str
    text: Callable[[Row], str]
    sort: str | None = None
    numeric: bool = True
    meaning: str = ""
    optional: bool = False


@dataclass(frozen=True)
class Grid:
    """A table of the page. `texts[row][column]` is shown, `keys[row][column]` sorts, and `of[row]`
    says which model, protocol, dataset, scale, readout and item the row is about; a row that
    compares two models is about both.

    `table` is the file of the study that has all rows and columns; a table that is in no such file
    brings them itself, as `csv`. `source` says where the rows are in the folder of the study.
    """

    id: str
    name: str
    columns: tuple[Column, ...]
    texts: tuple[tuple[str, ...], ...]
    keys: tuple[tuple[float | str | None, ...], ...]
    of: tuple[Mapping[str, str | tuple[str, ...]], ...]
    table: str | None = None
    csv: str | None = None
    source: str = ""

    @property
    def of_items(self) -> bool:
        """Whether its rows are about items."""
        return any("item_id" in row for row in self.of)

    @cached_property
    def layout(self) -> Layout:
        """Which of its columns are shown, and how."""
        return Layout(self.columns, self.texts)

    @property
    def data(self) -> str:
        """All rows of the columns shown, packed column by column."""
        named = sorted({name for row in self.of for name in row})
        places = self.layout.places
        return packed_json(
            {
                "texts": [[row[place] for row in self.texts] for place in places],
                "keys": [[row[place] for row in self.keys] for place in places],
                "under": [self.layout.under(row) for row in self.texts],
                "of": {name: [row.get(name) for row in self.of] for name in named},
            }
        )


def grid(
    id: str,
    name: str,
    rows: pd.DataFrame,
    columns: Sequence[Column],
    table: Table | None = None,
    source: str = "statistics/",
) -> Grid:
    """A table of the page from rows of a table, in their order.

    `name` says what is in it to those who cannot see it. `table` is the kind of table that the
    rows are from: readers can then download it with all of its columns. Rows of
    no such table are downloaded as they are; `source` is the folder that they are from.
    """
    listed = records(rows)
    file = None if table is None else PurePosixPath(table.path)
    columns = [
        column
        for column in columns
        if not column.optional or any(column.text(row) not in ("", ABSENT) for row in listed)
    ]
    return Grid(
        id=id,
        name=name,
        columns=tuple(columns),
        texts=tuple(tuple(_shown(column, row) for column in columns) for row in listed),
        keys=tuple(tuple(_key(column, row) for column in columns) for row in listed),
        of=tuple(map(_about, listed)),
        table=None if file is None else file.stem,
        csv=None if file is not None else packed(csv_text(rows)),
        source=source if file is None else str(file.with_suffix(".csv")),
    )


def _about(row: Row) -> dict[str, str | tuple[str, ...]]:
    """What a row is about. One that compares two models, or two protocols, is about both."""
    about: dict[str, str | tuple[str, ...]] = {
        name: str(row[name]) for name in NAMED if not pd.isna(row.get(name))
    }
    if row.get("kind") in COMPARED:
        about[row["kind"]] = (str(row["a"]), str(row["b"]))
        about[COMPARED[row["kind"]]] = str(row["within"])
    return about


def _shown(column: Column, row: Row) -> str:
    """The text of a cell, in which no line ends within an interval, a p-value or a change."""
    text = column.text(row)
    return _KEPT.sub(lambda kept: kept[0].replace(" ", "\xa0"), text) if column.numeric else text


def _key(column: Column, row: Row) -> float | str | None:
    value = row[column.sort] if column.sort is not None else column.text(row)
    if value is None or (isinstance(value, float) and pd.isna(value)):
        return None
    if isinstance(value, str):
        return value
    # JSON knows no infinity: the page sorts it as the largest number there is.
    return max(-sys.float_info.max, min(sys.float_info.max, float(value)))


def text(title: str, name: str, meaning: str = "") -> Column:
    """A column of texts of the table, as they are; nothing where there is none."""
    return Column(
        title, lambda row: "" if pd.isna(row[name]) else str(row[name]), name, False, meaning
    )


def reason() -> Column:
    """Why a number of the row is missing; no such column where none is."""
    return replace(text("What is missing", "reason"), optional=True)


def readout() -> Column:
    """The readout of the row's cell."""
    return text(
        "Readout",
        "readout",
        "sampled: from answers drawn at random; exact: from the probabilities of all ratings; "
        "decision: from those of the provider's Decisions API; stated: from the distribution of "
        "people's ratings as the model says it.",
    )


def count(title: str, name: str, meaning: str = "") -> Column:
    """A column of whole numbers, in groups of three digits."""

    def shown(row: Row) -> str:
        return number(row[name], 0) if pd.isna(row[name]) else f"{row[name]:,.0f}"

    return Column(title, shown, name, meaning=meaning)


def value(title: str, name: str, meaning: str = "", digits: int = 2) -> Column:
    """A column of numbers; a dash where one is undefined."""
    return Column(title, lambda row: number(row[name], digits), name, meaning=meaning)


def bounded(title: str, name: str, meaning: str = "", digits: int = 2) -> Column:
    """A column of numbers that cannot exceed 1, such as correlations."""
    return Column(title, lambda row: coefficient(row[name], digits), name, meaning=meaning)


def ceiling(meaning: str) -> Column:
    """A column of the highest r to expect."""
    return Column(
        "Ceiling", lambda row: ceilings([row["ceiling"]]) or ABSENT, "ceiling", meaning=meaning
    )


def between(
    title: str,
    name: str,
    low: str,
    high: str,
    meaning: str = "",
    digits: int = 2,
    *,
    bounded: bool = False,
) -> Column:
    """A number with the ends of its interval, from three columns of the table; `bounded` ones,
    which cannot exceed 1, as coefficients."""
    written = coefficient if bounded else number

    def shown(row: Row) -> str:
        ends = interval(row[low], row[high], digits, bounded=bounded)
        return f"{written(row[name], digits)} {ends}".rstrip()

    return Column(title, shown, name, meaning=meaning)


def p(title: str, name: str, meaning: str = "") -> Column:
    """A p-value."""
    return Column(title, lambda row: p_value(row[name]), name, meaning=meaning)


def datasets(job: ReportJob, name: str) -> Column:
    """The titles of the datasets that a column names, joined with + where they are several."""

    def titles(row: Row) -> str:
        return " + ".join(job.datasets[one].title for one in str(row[name]).split("+"))

    return Column("Dataset", titles, name, numeric=False)


def share(title: str, name: str, meaning: str = "") -> Column:
    """A share from 0 to 1, in percent."""
    return Column(title, lambda row: percent(row[name]), name, meaning=meaning)


def model_column(job: ReportJob) -> Column:
    """The short name of the row's model; the page's legend says what it stands for."""
    names = job.short_names
    return Column("Model", lambda row: names[row["model"]], "model", False)


def scale_column(job: ReportJob) -> Column:
    """The scale of the row, after the title of its dataset where there are several."""

    def shown(row: Row) -> str:
        title = job.datasets[row["dataset"]].title
        scale = scale_name(str(row["scale"]))
        return f"{title}, {scale}" if len(job.datasets) > 1 else scale

    return Column("Scale", shown, "dataset", False)


def cell_columns(job: ReportJob) -> tuple[Column, ...]:
    """The columns that say which cell a row is about: model, protocol, and dataset with scale."""
    return (model_column(job), text("Protocol", "protocol"), scale_column(job))


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
                missing.setdefault((what, reason), []).append(_named_cell(row))
    return [Gap(what, why, tuple(cells)) for (what, why), cells in missing.items()]


def _named_cell(row: Row) -> str:
    names: Iterable[str] = (row[name] for name in ("model", "protocol", "dataset", "scale"))
    return f"{', '.join(names)}, {row['readout']}"
