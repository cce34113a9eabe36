"""Which columns of a table are shown, which of them a phone puts together, and how paper lies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from typing import TYPE_CHECKING

from emoalign.tables import CELL_KEY

if TYPE_CHECKING:
    from emoalign.report.grid import Column

OF_CELLS = (*CELL_KEY, "datasets", "a", "b", "within")
"""Columns that say which cell, or which two, a row is about."""

NAMES = ("model", "a", "b")
"""Columns whose names are kept on one line where there is room."""

UPRIGHT = 125
"""Letters that fit across upright paper."""

TURNED = 195
"""Letters that fit across turned paper."""

BETWEEN = 1.5
"""Letters that the room between two columns takes."""

LONG_WORD = 24
"""Letters of a word that may not be broken: no term of the page has more."""

NOTHING = frozenset({"", "–"})
"""Texts of cells that have none."""

RECORDED = "recorded"
"""The protocol of a study that asks no model: it says nothing, nor does how answers were read."""

_WORD = re.compile(r"[^ -]+-?")
"""What a browser keeps on one line."""


@dataclass(frozen=True)
class Layout:
    """How a table is laid out: `texts[row][column]` are its cells. Columns go by their place."""

    columns: Sequence[Column]
    texts: Sequence[Sequence[str]]

    @cached_property
    def places(self) -> list[int]:
        """The columns that are shown: all but those that one line can tell."""
        left_out = set(self._told)
        return [place for place in range(len(self.columns)) if place not in left_out]

    @property
    def same(self) -> list[tuple[str, str]]:
        """Title and text of the columns of names that say the same in all rows."""
        told = [
            (self.columns[place].title, self.texts[0][place])
            for place in self._told
            if self.texts[0][place] not in NOTHING
        ]
        if any(text.startswith(RECORDED) for _, text in told):
            return [one for one in told if not one[1].startswith((RECORDED, "sampled"))]
        return told

    @property
    def empty(self) -> list[str]:
        """Titles of the columns without a number in any row."""
        return [self.columns[place].title for place in self._told if self.columns[place].numeric]

    @cached_property
    def leading(self) -> list[int]:
        """The first columns, as far as they say which cell a row is about: on a phone they share
        the place of the first one."""
        cells = takewhile(lambda place: self.columns[place].sort in OF_CELLS, self.places[1:])
        return [*self.places[:1], *cells]

    @property
    def wide(self) -> bool:
        """Whether paper must be turned to hold the table, though lines end between all words."""
        return self._across(set()) > UPRIGHT

    @property
    def unbroken(self) -> str:
        """Classes of the table for what that paper holds on one line each: names of models and of
        what is compared, and numbers too."""
        room = TURNED if self.wide else UPRIGHT
        names = {place for place in self.places if self.columns[place].sort in NAMES}
        numbers = {place for place in self.places if self.columns[place].numeric}
        if self._across(names | numbers) <= room:
            return "named whole"
        return "named" if self._across(names) <= room else ""

    def _across(self, unbroken: set[int]) -> float:
        """Letters that the table is wide, at least, if some columns are not broken."""
        words = (
            max(self._longest[place], *(len(row[place]) for row in self.texts))
            if place in unbroken
            else min(self._longest[place], LONG_WORD)
            for place in self.places
        )
        return sum(words) + BETWEEN * len(self.places)

    def classes(self, place: int) -> str:
        """The classes of the cells of a column: t for texts, name for names of models or of what is
        compared, key for names that a phone puts under those of the first column, long where words
        must be broken."""
        of = {
            "t": not self.columns[place].numeric,
            "name": self.columns[place].sort in NAMES,
            "key": place in self.leading[1:],
            "long": self._longest[place] > LONG_WORD,
        }
        return " ".join(name for name, holds in of.items() if holds)

    def under(self, row: Sequence[str]) -> str:
        """What stands under the text of the first column of a row on a phone."""
        return " · ".join(filter(None, (row[place] for place in self.leading[1:])))

    @property
    def under_title(self) -> str:
        """What stands under the title of the first column on a phone."""
        return self.under([column.title for column in self.columns])

    @cached_property
    def _longest(self) -> list[int]:
        """Letters of the longest word of each column and its head."""
        said = [{column.title} for column in self.columns]
        for row in self.texts:
            for texts, text in zip(said, row, strict=True):
                texts.add(text)
        return [max(map(len, _WORD.findall(" ".join(texts))), default=0) for texts in said]

    @cached_property
    def _told(self) -> list[int]:
        """Columns that need no place of their own: names that are the same in several rows, and
        columns without anything. Numbers stay where they are equal by chance, and so does what
        leads to an item."""
        told = []
        for place, column in enumerate(self.columns):
            said = {row[place] for row in self.texts}
            same = not column.numeric and len(said) == 1 and len(self.texts) > 1
            if column.sort != "item_id" and (same or said <= NOTHING):
                told.append(place)
        return told if len(told) < len(self.columns) else []
