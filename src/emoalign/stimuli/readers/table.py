"""Any table of items, described by a dataset card without program code."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.numbers import read_number
from emoalign.stimuli.readers.base import (
    HumanLabels,
    HumanRatings,
    SourceItem,
    from_ratings,
    rater_code,
    sample_sd,
)
from emoalign.stimuli.readers.table_columns import ItemTable, JoinedTable, ScaleColumns
from emoalign.stimuli.rows import Record, composed, lines_of, tell_composed
from emoalign.stimuli.sheets import layout_of, read_records

CARD = "the dataset's card"
_RATER = "rater"
_log = logging.getLogger(__name__)


@dataclass
class _Item:
    """An item: its id as first written, its first row, and the ratings in all of its rows with
    their places and raters."""

    item_id: str
    first: Record
    ratings: dict[str, HumanRatings | HumanLabels] = field(default_factory=dict)
    single: dict[str, list[tuple[float, str, str | None]]] = field(default_factory=dict)
    choices: dict[str, list[tuple[tuple[str, ...], str, str | None]]] = field(default_factory=dict)


class TableSource(ItemTable):
    """Any table of items, with human ratings or without: no program code is needed."""

    reader: Literal["table"] = Field(description="The file format.")

    def read_noting(self, paths: Mapping[str, Path], mistakes: Mistakes) -> list[SourceItem]:
        """The items of the table in its order; see `read_table`."""
        return read_table(self, paths, mistakes)


def read_table(
    source: ItemTable, paths: Mapping[str, Path], mistakes: Mistakes
) -> list[SourceItem]:
    """The items of a table in its order, with the ratings of all tables that are joined to it.

    An item has no entry for a scale where the table holds no number. Whatever does not fit the card
    is noted with file, line and column.
    """
    items: list[SourceItem] = []
    with mistakes.noted():
        stimulus = _stimulus_columns(source)
        given = _TableReading(source, paths["table"], stimulus, mistakes).items()
        items = [_source_item(source, item, mistakes) for item in given.values()]
    for place, part in enumerate(source.joined):
        with mistakes.noted():
            path = paths[f"joined.{place}.table"]
            more = _TableReading(part, path, {}, mistakes).items()
            items = _joined(items, part, path, more, mistakes)
    return items


def _stimulus_columns(source: ItemTable) -> dict[str, str]:
    named = {key: getattr(source, key) for key in ("text", "image", "stratum", "split", "cluster")}
    return {key: name for key, name in named.items() if name is not None}


def _source_item(source: ItemTable, item: _Item, mistakes: Mistakes) -> SourceItem:
    fields, where = item.first.fields, item.first.where
    shown = "text" if source.text is not None else "image"
    where = f"{where}, column {getattr(source, shown)!r}"
    stimulus = fields[shown] or ""
    if not stimulus.strip():
        mistakes.add(
            f"Items without {shown}",
            f"{where}: expected the {shown} of item {item.item_id!r}, found nothing",
            "Fill the field, or take the row out of the table.",
        )
    return SourceItem(
        item_id=item.item_id,
        text=stimulus if shown == "text" else None,
        ratings=item.ratings,
        image=f"{stimulus.strip()}{source.image_suffix}" if shown == "image" else None,
        stratum=fields.get("stratum"),
        split=fields.get("split"),
        cluster=(fields.get("cluster") or "").strip() or None,
        where=where,
    )


def _joined(
    items: Sequence[SourceItem],
    part: JoinedTable,
    path: Path,
    more: Mapping[str, _Item],
    mistakes: Mistakes,
) -> list[SourceItem]:
    """The items with the ratings of one more table. Ids that look the same are the same."""
    there = {composed(item.item_id): item.item_id for item in items}
    strangers = [item for name, item in more.items() if name not in there]
    if there and len(strangers) == len(more) and (more or not mistakes):
        mistakes.add(
            "",
            f"{path}: none of its {len(more)} ids in column {part.id!r} (such as "
            f"{', '.join(item.item_id for item in strangers[:3])}) is an id of an item (such as "
            f"{', '.join(sorted(there.values())[:3])})",
            f"Name the column with the items' ids as id of the joined table in {CARD}.",
        )
    elif strangers:
        _log.warning(
            "%s: rows left out because no item has their id: %d (%s)",
            path,
            len(strangers),
            lines_of([item.first.where for item in strangers]),
        )
    tell_composed(
        path,
        sum(name in there and item.item_id != there[name] for name, item in more.items()),
    )
    return [
        replace(item, ratings={**item.ratings, **more[name].ratings})
        if (name := composed(item.item_id)) in more
        else item
        for item in items
    ]


class _TableReading:
    """The reading of one table."""

    def __init__(
        self, part: JoinedTable, path: Path, stimulus: Mapping[str, str], mistakes: Mistakes
    ) -> None:
        self.part = part
        self.path = path
        self.stimulus = stimulus
        self.mistakes = mistakes

    def items(self) -> dict[str, _Item]:
        """The items of the table by their ids, as `composed` writes them."""
        part = self.part
        scales = {
            f"scales.{scale}.{key}": name
            for scale, entry in part.scales.items()
            for key, name in entry.named().items()
        }
        columns = {"id": part.id, **self.stimulus, **scales}
        if part.rater is not None:
            columns[_RATER] = part.rater
        numbers = [key for key in scales if not key.endswith(".labels")]
        layout = layout_of(part, part.table, CARD)
        items: dict[str, _Item] = {}
        otherwise = 0
        for row in read_records(
            self.path, layout, columns, (_RATER,), numbers, mistakes=self.mistakes
        ):
            item_id = (row.fields["id"] or "").strip()
            if not item_id:
                self.mistakes.add(
                    "Rows without id",
                    f"{row.where}, column {part.id!r}: expected the id of the item, found nothing",
                    "Fill the field, or take the row out of the table.",
                )
            item = items.setdefault(composed(item_id) or row.where, _Item(item_id, row))
            otherwise += item.item_id != item_id
            if item.first is not row and not self._may_come_again(item, row):
                # Its numbers are read all the same: they may hold other mistakes.
                item = items.setdefault(row.where, _Item(item_id, row))
            self._add_ratings(item, row)
        tell_composed(self.path, otherwise)
        for item in items.values():
            for scale, single in item.single.items():
                values, places, raters = zip(*single, strict=True)
                item.ratings[scale] = from_ratings(values, item.first.where, places, _all(raters))
            for scale, choices in item.choices.items():
                chosen, places, raters = zip(*choices, strict=True)
                item.ratings[scale] = HumanLabels(chosen, places, _all(raters))
        return items

    def _may_come_again(self, item: _Item, row: Record) -> bool:
        """Tell whether an item may have another row; else note why not."""
        line = item.first.where.rpartition(", ")[2]
        if self.part.rows == "items":
            self.mistakes.add(
                "Ids that stand in the table twice",
                f"{row.where}, column {self.part.id!r}: the id {item.item_id!r} stands in {line} "
                "already",
                "Every item needs an id of its own, even where two texts are the same; if a row is "
                f"one person's rating and not an item, say rows: ratings in {CARD}.",
            )
            return False
        for key, name in self.stimulus.items():
            here, first = row.fields[key], item.first.fields[key]
            if composed(here or "") != composed(first or ""):
                self.mistakes.add(
                    "Rows that contradict an earlier row of the item",
                    f"{row.where}, column {name!r}: item {item.item_id!r} has {here!r} here, but "
                    f"{first!r} in {line}",
                    "Correct the rows, or give different items different ids.",
                )
                return False
        return True

    def _add_ratings(self, item: _Item, row: Record) -> None:
        part = self.part
        person = self._rater(row)
        rated = False
        for scale, entry in part.scales.items():
            named = entry.named()
            written = {
                key: field
                for key in named
                if (field := row.fields[f"scales.{scale}.{key}"]) is not None
                and not part.missing(field)
            }
            if not written:
                continue
            rated = True
            places = {key: f"{row.where}, column {named[key]!r}" for key in written}
            raters = {key: person or self._column_code(name) for key, name in named.items()}
            if entry.labels is not None:
                item.choices.setdefault(scale, []).extend(
                    (
                        tuple(label.strip() for label in field.split(part.label_separator)),
                        places[key],
                        raters[key],
                    )
                    for key, field in written.items()
                )
                continue
            read = {
                key: read_number(
                    field, places[key], self.mistakes, self._decimal(field), part, CARD
                )
                for key, field in written.items()
            }
            numbers = {key: value for key, value in read.items() if value is not None}
            if entry.ratings:
                if numbers:
                    item.single.setdefault(scale, []).extend(
                        (value, places[key], raters[key]) for key, value in numbers.items()
                    )
            elif "mean" in written:
                summary = self._summary(entry, numbers, row.where)
                if "mean" in numbers:
                    item.ratings[scale] = summary
        if rated and part.rater is not None and person is None:
            self.mistakes.add(
                "Ratings without rater",
                f"{row.where}, column {part.rater!r}: expected the rater, found nothing",
                f"Fill the field, or leave rater out of {CARD}: then raters are not told apart.",
            )

    def _rater(self, row: Record) -> str | None:
        """The code of who gave the ratings of a row, where the card says how to tell."""
        written = row.fields.get(_RATER)
        if written is None or self.part.missing(written):
            return None
        return rater_code(written.strip())

    def _column_code(self, column: str) -> str | None:
        """The code of whose ratings a column holds, where the card says that it is one person's."""
        return rater_code(column) if self.part.columns_are_raters else None

    def _decimal(self, field: str) -> str:
        """The decimal mark in a field. Numbers that a spreadsheet knows as such have a point."""
        typed = self.part.format_of(self.part.table) not in ("csv", "tsv") and "," not in field
        return "." if typed else self.part.decimal

    def _summary(
        self, entry: ScaleColumns, numbers: Mapping[str, float], where: str
    ) -> HumanRatings:
        """Ratings of which only mean, SD and number are known."""
        sd, n = numbers.get("sd", float("nan")), numbers.get("n")
        if sd < 0:
            self.mistakes.add(
                "Standard deviations below 0",
                f"{where}, column {entry.sd!r}: expected a standard deviation, never below 0, "
                f"found {sd:g}",
                "Check that the card names the right column; a spreadsheet that writes SDs in "
                "brackets turns them into negative numbers: get the table anew.",
            )
        if n is not None and (n < 1 or not n.is_integer()):
            self.mistakes.add(
                "Impossible numbers of raters",
                f"{where}, column {entry.n!r}: expected a number of raters, found {n:g}",
                "Check that the card names the right column.",
            )
            n = None
        raters = None if n is None else int(n)
        return HumanRatings(
            mean=numbers.get("mean", float("nan")),
            sd=sample_sd(sd, raters, self.part.sd_ddof),
            n=raters,
            ratings=None,
            where=f"{where}, column {entry.mean!r}",
        )


def _all(raters: Sequence[str | None]) -> tuple[str, ...] | None:
    """Who gave each rating, where the card says how to tell."""
    known = tuple(rater for rater in raters if rater is not None)
    return known or None
