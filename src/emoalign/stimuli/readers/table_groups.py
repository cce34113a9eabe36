"""The groups that raters belong to, in the columns of a table and row by row."""

from __future__ import annotations

import logging
from collections import Counter
from pathlib import Path

from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.readers.base import Group
from emoalign.stimuli.readers.group_columns import GROUP
from emoalign.stimuli.readers.table_columns import JoinedTable
from emoalign.stimuli.rows import Record, composed
from emoalign.stimuli.table_format import NO_NAME
from emoalign.study.fields import LONGEST_NAME

MOST_GROUPS = 12
"""A column with more values than this holds something else than groups, such as ages in years."""

_log = logging.getLogger(__name__)


def group_key(scale: str, key: str, code: str) -> str:
    """The key of a column with norms of a group, as messages name it."""
    return f"scales.{scale}.by_group.{key} with {GROUP} = {code}"


def group_columns(part: JoinedTable) -> dict[str, str]:
    """The columns with norms of groups, by the keys that name them."""
    codes = [code for entry in part.groups.values() if not entry.column for code in entry.names]
    return {
        group_key(scale, key, code): name
        for scale, columns in part.scales.items()
        if columns.by_group is not None
        for code in codes
        for key, name in columns.by_group.named(code).items()
    }


class GroupsOfRows:
    """The groups of the rater of each row, where columns of the table name them."""

    def __init__(self, part: JoinedTable, path: Path, mistakes: Mistakes) -> None:
        self._part, self._path, self._mistakes = part, path, mistakes
        self._named = {name: entry for name, entry in part.groups.items() if entry.column}
        self._names = {
            attribute: {composed(code): name for code, name in entry.names.items()}
            for attribute, entry in self._named.items()
        }
        self._found: dict[str, Counter[str]] = {name: Counter() for name in self._named}
        self._first: dict[tuple[str, str], tuple[str, str]] = {}

    @property
    def columns(self) -> dict[str, str]:
        """The columns by the keys that name them."""
        return {_key(name): str(entry.column) for name, entry in self._named.items()}

    def of(self, row: Record, rater: str | None) -> list[Group]:
        """The groups of the rater of a row. A rater who is in another group in an earlier row is
        noted; a field may be empty."""
        groups: list[Group] = []
        for attribute, entry in self._named.items():
            code = (row.fields[_key(attribute)] or "").strip()
            if not code or self._part.missing(code):
                continue
            code = composed(code)
            self._found[attribute][code] += 1
            if rater is not None:
                self._check_rater(row, rater, attribute, code)
            name = self._names[attribute].get(code) if entry.names else code
            if name is not None:
                groups.append((attribute, name))
        return groups

    def _check_rater(self, row: Record, rater: str, attribute: str, code: str) -> None:
        first, where = self._first.setdefault((rater, attribute), (code, row.where))
        if first != code:
            self._mistakes.add(
                "Raters in two groups",
                f"{row.where}, column {self._part.groups[attribute].column!r}: the rater is "
                f"{code!r} here, but {first!r} in {where.rpartition(', ')[2]}",
                "A rater belongs to one group throughout: correct the fields, or leave them empty "
                "for this rater, whose ratings are then in no group.",
            )

    def _one_rater_each(self, attribute: str) -> bool:
        raters = Counter(code for (_, of), (code, _) in self._first.items() if of == attribute)
        return bool(raters) and max(raters.values()) == 1

    def check(self) -> None:
        """Note columns without groups, with codes the card does not know, or with too many."""
        for attribute, entry in self._named.items():
            found, where = self._found[attribute], f"{self._path}, column {entry.column!r}"
            # A column with many values may be that of the raters' ids, which no message quotes.
            few = 0 < len(found) <= MOST_GROUPS
            shown = f"; its values are {', '.join(map(repr, sorted(found)))}" if few else ""
            names = self._names[attribute]
            missing = [code for code in names if code not in found]
            if missing:
                self._mistakes.add(
                    "",
                    f"{where}: no row has {', '.join(map(repr, missing))}{shown}",
                    f"Correct the codes in groups.{attribute}.names in the dataset's card.",
                )
            elif not names and any(len(code) > LONGEST_NAME for code in found):
                self._mistakes.add(
                    "",
                    f"{where}: expected groups of raters, found texts of more than "
                    f"{LONGEST_NAME} characters",
                    f"Name another column in groups.{attribute}.column in the dataset's card.",
                )
            elif not entry.names and not 2 <= len(found) <= MOST_GROUPS:
                many = "more than" if len(found) > MOST_GROUPS else "fewer than"
                bound = MOST_GROUPS if len(found) > MOST_GROUPS else 2
                self._mistakes.add(
                    "",
                    f"{where}: expected groups of raters, found {many} {bound} values{shown}",
                    f"Name another column in groups.{attribute}.column in the dataset's card, or "
                    "give the groups to compare as names.",
                )
            elif not names and (no_name := sorted(filter(NO_NAME.fullmatch, found))):
                self._mistakes.add(
                    "",
                    f"{where}: {', '.join(map(repr, no_name))} is taken for the name of a group",
                    f"If it says that the group is not known, add na_values: [{no_name[0]}] to the "
                    "dataset's card; if not, give the groups to compare as names.",
                )
            elif len(found) > 2 and self._one_rater_each(attribute):
                self._mistakes.add(
                    "",
                    f"{where}: expected groups of raters, found another value for each rater",
                    f"Name another column in groups.{attribute}.column in the dataset's card: the "
                    "values of this one would identify people in the results.",
                )
            others = {code: n for code, n in found.items() if names and code not in names}
            if others and not missing:
                _log.info(
                    "%s: rows of raters in none of the groups that the card names: %d (%s)",
                    where,
                    sum(others.values()),
                    ", ".join(sorted(others)[:MOST_GROUPS]),
                )


def _key(attribute: str) -> str:
    return f"groups.{attribute}.column"
