"""The columns of a table of items that people rated in part, checked field by field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from emoalign.errors import DataError
from emoalign.statistics.pairs import FloatArray
from emoalign.stimuli.guessed_format import guess_table
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.numbers import read_number
from emoalign.stimuli.rows import Record
from emoalign.stimuli.sheets import layout_of, read_records
from emoalign.stimuli.table_format import NO_NAME, TableFormat
from emoalign.study.fields import FileSource
from emoalign.wording import counted

_REMEDIES = {
    "--people": "Correct the fields, and leave those empty that people did not rate.",
    "--with": "Correct the fields. If the column names two groups, use --by.",
    "--probability": "Write the probabilities as numbers from 0 to 1: 35% as 0.35, 1/3 as 0.3333.",
    "--on": "Correct the fields. To regress on groups, give each but one a column of 0 and 1.",
}
"""What to do where a column contains something else than numbers."""


@dataclass(frozen=True)
class Named:
    """The columns of a table that were named, by the options that name them.

    Attributes:
        model: the model's ratings, of all items.
        people: people's, empty where they were not asked.
        by: names of two groups of items, for their difference.
        covariate: numbers that people's ratings are correlated with.
        on: predictors of a regression.
        probability: with which people were asked about an item.
    """

    model: str
    people: str
    by: str | None = None
    covariate: str | None = None
    on: Sequence[str] = ()
    probability: str | None = None

    def given(self) -> list[tuple[str, str]]:
        """Each option with the column it names, in the order of the help."""
        single = (
            ("--model", self.model),
            ("--people", self.people),
            ("--by", self.by),
            ("--with", self.covariate),
            ("--probability", self.probability),
        )
        named = [(option, name) for option, name in single if name is not None]
        return named + [("--on", name) for name in self.on]


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
    _once(table, named)
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


def _once(table: Path, named: Named) -> None:
    """Refuse a column that has two parts. Groups and covariates may be predictors as well."""
    roles = [(option, name) for option, name in named.given() if option not in ("--by", "--with")]
    twice = [name for name, times in Counter(name for _, name in roles).items() if times > 1]
    twice += [name for name in (named.by, named.covariate) if name in (named.model, named.people)]
    for name in filter(None, twice):
        given = dict.fromkeys(option for option, column in named.given() if column == name)
        options = " and ".join(given)
        remedy = "name a column of its own for each" if len(given) > 1 else "name it once"
        raise DataError(f"{table}: the column {name!r} is given twice, by {options}: {remedy}")


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
        if np.isnan(found[f"--model {named.model}"]):
            self._add(
                "Items that the model did not rate",
                f"{record.where}, column {named.model!r}: the model's rating is missing",
                "Remove these lines: the estimates are then about the items that remain. If there "
                "are many, --model and --people may be swapped.",
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
            rated = not np.isnan(found[f"--people {named.people}"])
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


MOST_GROUPS = 10
"""A column with more values does not name groups."""


def two_groups(table: Path, column: str, groups: Sequence[str]) -> tuple[str, str]:
    """The names of two groups in order. Raises DataError if there are more, or only one."""
    sizes = Counter(groups)
    if len(sizes) == 2:
        first, second = sorted(sizes, key=_in_order)
        return first, second
    shown = ", ".join(f"{name!r} ({size:,})" for name, size in sizes.most_common(5))
    more = f" and {len(sizes) - 5} more" if len(sizes) > 5 else ""
    raise DataError(
        f"{table}: the column {column!r} (--by) has {counted(len(sizes), 'value')}: {shown}{more}. "
        "A difference needs two groups: "
        + (
            "name another column."
            if len(sizes) == 1
            else "name another column; for a column of numbers, use --with."
            if len(sizes) > MOST_GROUPS
            else "keep the lines of two of them. For more, give each group but one a column of 0 "
            "and 1, and name these columns by --on."
        )
    )


def _in_order(name: str) -> tuple[float, str]:
    """Numbers by size, before words by the alphabet."""
    try:
        return float(name.replace(",", ".")), ""
    except ValueError:
        return np.inf, name.casefold()
