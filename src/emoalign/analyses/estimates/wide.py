"""Norms as people file them: a row for each item, with columns for every scale."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

from emoalign.analyses.estimates.filed import FiledDataset
from emoalign.items.cells import Tables
from emoalign.items.item_names import item_names
from emoalign.study.fields import Modality
from emoalign.tables import ESTIMATES, NORMS, STIMULI, atomic, inert, read_parquet

Role = Literal[
    "id", "text", "M", "SD", "low", "high", "rated", "flags",
    "human.M", "human.SD", "human.N", "model",
]  # fmt: skip
"""The kinds of columns; those of a scale are named by it and this."""

TEXT_HEADERS: Mapping[Modality, str] = {"word": "Word", "sentence": "Text", "image": "Image"}
"""What the column of the items themselves is called."""

ESTIMATED: Mapping[Role, str] = {
    "M": "mean", "SD": "sd", "low": "low", "high": "high", "rated": "rated", "flags": "flags",
}  # fmt: skip
HUMAN: Mapping[Role, str] = {"human.M": "mean", "human.SD": "sd", "human.N": "n"}
"""Columns of a scale, and those of the tables that they come from."""

Kind = Literal["text", "number", "integer"]
"""The kinds of values of a column."""

Cell = tuple[str, str, str]
"""Model, protocol and readout."""

CELL_COLUMNS = ["model", "protocol", "readout"]

SEPARATOR = ";"
"""Stands between flags."""


@dataclass(frozen=True)
class Variable:
    """A column of a wide table.

    Attributes:
        name: its header, which no other column has, in any case.
        role: what it holds.
        scale: the scale it belongs to; empty for id and text.
        cell: the model whose means it holds, with protocol and readout.
    """

    name: str
    role: Role
    scale: str = ""
    cell: Cell | None = None

    @property
    def type(self) -> Kind:
        """The kind of its values."""
        if self.role in ("id", "text", "flags"):
            return "text"
        return "integer" if self.role in ("rated", "human.N") else "number"


@dataclass(frozen=True)
class Sources:
    """The tables of a dataset that its wide table is made of.

    `items` has the columns scale, those of a cell, item_id and mean; the others are whole.
    """

    estimates: pd.DataFrame
    items: pd.DataFrame
    norms: pd.DataFrame
    stimuli: pd.DataFrame

    @classmethod
    def read(cls, estimates: Path, tables: Tables) -> Sources:
        """Read the tables. Raises DataError where one is damaged or of another kind."""
        columns = ["scale", *CELL_COLUMNS, "item_id", "mean"]
        return cls(
            ESTIMATES.read(estimates),
            read_parquet(tables["items"], columns=columns).to_pandas(),
            NORMS.read(tables["norms"]),
            STIMULI.read(tables["stimuli"]),
        )


@dataclass(frozen=True)
class WideTable:
    """Norms of a dataset, a row for each item in order of its id, and what its columns hold.

    Texts and numbers are as they are; missing values are null.
    """

    rows: pd.DataFrame
    variables: tuple[Variable, ...]


def wide_table(
    dataset: FiledDataset, sources: Sources, *, texts: bool = True, people: bool | None = None
) -> WideTable:
    """The norms of a dataset: estimates, people's where these may be passed on, every model's.

    Scales that were not estimated have no columns of estimates.

    Args:
        dataset: what its card says.
        sources: its tables.
        texts: whether items are shown, and not their ids alone.
        people: whether people's norms are shown. Default: as the card says.
    """
    people = dataset.redistribute if people is None else people
    ids = pd.Index(sorted(sources.stimuli["item_id"].astype(str)), name="item_id")
    made: list[tuple[Variable, pd.Series]] = [(Variable("id", "id"), ids.to_series())]
    if texts:
        names = pd.Series(item_names(sources.stimuli, True), dtype=object).reindex(ids)
        made.append((Variable(TEXT_HEADERS[dataset.modality], "text"), names))
    for scale, _ in dataset.in_order():
        made += [
            (variable, values.reindex(ids))
            for variable, values in _of_scale(scale, sources, people=people)
        ]
    variables = tuple(_named_apart(variable for variable, _ in made))
    columns = {
        variable.name: _plain(values, variable.type)
        for variable, (_, values) in zip(variables, made, strict=True)
    }
    return WideTable(pd.DataFrame(columns), variables)


def _plain(values: pd.Series, kind: Kind) -> pd.Series:
    """Values without their index; what is missing is None, NaN or NA by their kind."""
    if kind == "text":
        return values.astype(object).where(values.notna(), None).reset_index(drop=True)
    return values.astype("float64" if kind == "number" else "Int64").reset_index(drop=True)


def _of_scale(
    scale: str, sources: Sources, *, people: bool
) -> Iterator[tuple[Variable, pd.Series]]:
    """The columns of a scale, by item."""
    shown = scale[0].upper() + scale[1:]
    estimates = _by_item(sources.estimates, scale)
    if len(estimates):
        estimates = estimates.assign(
            rated=estimates["rated"].astype("Int64"),
            flags=estimates["flags"].map(lambda flags: SEPARATOR.join(flags) or None),
        )
        for role, column in ESTIMATED.items():
            yield Variable(f"{shown}.{role}", role, scale), estimates[column]
    if people:
        norms = _by_item(sources.norms, scale)
        for role, column in HUMAN.items():
            yield Variable(f"{shown}.{role}", role, scale), norms[column]
    of_models = sources.items[sources.items["scale"] == scale]
    for cell, rows in of_models.groupby(CELL_COLUMNS, sort=True):
        model, protocol, readout = map(str, cell)
        name = f"{shown}.{model}.{protocol}.{readout}"
        means = rows.set_index("item_id")["mean"]
        yield Variable(name, "model", scale, (model, protocol, readout)), means


def _by_item(rows: pd.DataFrame, scale: str) -> pd.DataFrame:
    return rows[rows["scale"] == scale].set_index("item_id")


def _named_apart(variables: Iterable[Variable]) -> Iterator[Variable]:
    """Variables with a number after names that stand before, in any case: valence and Valence are
    one to a spreadsheet or a database, and dots in names of models can make two cells alike."""
    there: set[str] = set()
    for variable in variables:
        name, number = variable.name, 1
        while name.casefold() in there:
            number += 1
            name = f"{variable.name}_{number}"
        there.add(name.casefold())
        yield Variable(name, variable.role, variable.scale, variable.cell)


_ARROW = {"text": pa.string(), "number": pa.float64(), "integer": pa.int64()}


def write_wide_csv(table: WideTable, path: Path) -> None:
    """Write a wide table as CSV (RFC 4180, UTF-8, lines that end with a line feed).

    Texts stand in quotes, so that no reader trims them; numbers have all digits that tell them
    apart; what is missing is empty. Texts that spreadsheets would carry out as formulas begin with
    an apostrophe (see `tables.inert`).
    """
    schema = pa.schema([(variable.name, _ARROW[variable.type]) for variable in table.variables])
    rows = pa.Table.from_pandas(inert(table.rows), schema=schema, preserve_index=False)
    with atomic(path) as partial:
        pa_csv.write_csv(rows, partial, pa_csv.WriteOptions(quoting_style="needed"))
