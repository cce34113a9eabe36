"""The columns of a table of items that people rated in part, checked field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emoalign.commands.correction.named import Named
from emoalign.statistics.pairs import FloatArray
from emoalign.stimuli.guessed_format import guess_table
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.numbers import read_number
from emoalign.stimuli.rows import Record
from emoalign.stimuli.sheets import layout_of, read_records
from emoalign.stimuli.table_format import NO_NAME, TableFormat
from emoalign.study.fields import FileSource

_REMEDIES = {
    "--people": "Correct the fields, and leave those empty that people did not rate.",
    "--outcome": "Correct the fields, or name a column of numbers by --outcome.",
    "--with": "Correct the fields. If the column names two groups, use --by.",
    "--probability": "Write the probabilities as numbers from 0 to 1: 35% as 0.35, 1/3 as 0.3333.",
    "--on": "Correct the fields. To regress on groups, give each but one a column of 0 and 1.",
}
"""What to do where a column contains something else than numbers."""


_MANY = " If there are many, --model and --people may be swapped."


@dataclass(frozen=True, eq=False)
class Columns:
    """The columns of a table, an element for each item.

    Attributes:
        lines: the numbers of the lines (or rows) of the table.
        numbers: all that are numbers, by their names; NaN where the field is empty.
        groups: the names of groups, "" without any.
    """

    lines: Sequence[int]
    numbers: Mapping[str, FloatArray]
    groups: Sequence[str]


def read_columns(table: Path, named: Named) -> Columns:
    """Read the columns named. Raises DataError with all that is wrong in their fields."""
    named.once(table)
    written = guess_table(table).format
    layout = layout_of(written, FileSource(file=str(table)), "the command")
    columns = {f"{option} {name}": name for option, name in named.given()}
    of_numbers = [key for key in columns if not key.startswith("--by ")]
    mistakes = Mistakes()
    read = _Fields(named, written, mistakes)
    lines, rows, groups = [], [], []
    for record in read_records(table, layout, columns, numbers=of_numbers, mistakes=mistakes):
        lines.append(int(record.where.rpartition(" ")[2]))
        groups.append(read.group(record))
        rows.append([read.number(record, key, columns[key]) for key in of_numbers])
        read.check(record, dict(zip(of_numbers, rows[-1], strict=True)))
    mistakes.tell()
    values = np.array(rows, dtype=np.float64).T
    numbers = {columns[key]: column for key, column in zip(of_numbers, values, strict=True)}
    return Columns(lines, numbers, groups)


class _Fields:
    """The fields of a row as numbers and names; what is wrong with them is noted."""

    def __init__(self, named: Named, written: TableFormat, mistakes: Mistakes) -> None:
        self.named, self.written, self.mistakes = named, written, mistakes

    def group(self, record: Record) -> str:
        if self.named.by is None:
            return ""
        name = (record.fields[f"--by {self.named.by}"] or "").strip()
        if not name or NO_NAME.fullmatch(name):
            found = f", found {name!r}" if name else ""
            self._add(
                "Items without a group",
                f"{record.where}, column {self.named.by!r}: the name of a group is missing{found}",
                "Fill in the fields, or remove these lines.",
            )
        return name

    def number(self, record: Record, key: str, name: str) -> float:
        """The number in a field; NaN if it is empty or, which is noted, something else."""
        field = record.fields[key]
        if field is None or self.written.missing(field):
            return np.nan
        apart = Mistakes()
        value = read_number(field, "", apart, self.written.decimal)
        if value is None:
            self._add(
                "Fields that are not numbers",
                f"{record.where}, column {name!r}: expected a number, found {field[:60]!r}",
                _REMEDIES.get(key.split(" ")[0], "Correct the fields."),
            )
            return np.inf
        return value

    def check(self, record: Record, found: Mapping[str, float]) -> None:
        """Note what a row lacks, and a probability that is none. What is infinite was noted."""
        named = self.named
        rated = not np.isnan(found[f"--people {named.people}"])
        for model in named.models:
            first = model == named.model
            if np.isnan(found[f"--model {model}"]) and (rated or first):
                self._add(
                    "Items that the model did not rate",
                    f"{record.where}, column {model!r}: the model's rating is missing",
                    "Remove these lines: the estimates are then about the items that remain."
                    + (_MANY if first else f" If there are many, leave out --model {model}."),
                )
        if named.outcome is not None and np.isnan(found[f"--outcome {named.outcome}"]):
            self._add(
                "Items without an outcome",
                f"{record.where}, column {named.outcome!r}: the outcome is missing",
                "Remove these lines: the regression is then about the items that remain.",
            )
        for option, name in (("--with", named.covariate), *(("--on", name) for name in named.on)):
            if name is not None and np.isnan(found[f"{option} {name}"]):
                self._add(
                    "Missing predictors",
                    f"{record.where}, column {name!r}: the field is empty",
                    "Fill in the fields, or remove these lines: the estimates are then about the "
                    "items that remain.",
                )
        if named.probability is not None:
            self._probability(record.where, found[f"--probability {named.probability}"], rated)

    def _probability(self, where: str, value: float, rated: bool) -> None:
        place = f"{where}, column {self.named.probability!r}"
        if np.isnan(value) and rated:
            self._add(
                "People's ratings without a probability",
                f"{place}: the probability is missing, but people rated the item",
                "Fill in the probability with which each item was given to people. If it was the "
                "same for all, leave --probability out.",
            )
        elif np.isfinite(value) and not 0 <= value <= 1:
            self._add(
                "Fields that are not probabilities",
                f"{place}: expected a probability from 0 to 1, found {value:g}",
                "Write 35% as 0.35.",
            )
        elif value == 0 and rated:
            self._add(
                "People's ratings of items with probability 0",
                f"{place}: the probability is 0, but people rated the item",
                "Correct the probabilities.",
            )
        elif value == 0:
            self._add(
                "Items that people could not have rated",
                f"{place}: the probability is 0, so nothing corrects what the model says of it",
                "Leave the field empty if the probability is not known, or remove these lines: the "
                "estimates are then about the items that remain.",
            )
        elif value == 1 and not rated:
            self._add(
                "Items with probability 1 that people did not rate",
                f"{place}: the probability is 1, but people did not rate the item",
                "Correct the probabilities. What is needed is the probability with which each item "
                "was given to people, not whether they rated it.",
            )

    def _add(self, kind: str, problem: str, remedy: str) -> None:
        self.mistakes.add(kind, problem, remedy)
