"""The rows of a table become items with their ratings, as a card says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.numbers import read_number
from emoalign.stimuli.readers.base import (
    Group,
    HumanLabels,
    HumanRatings,
    from_ratings,
    rater_code,
    sample_sd,
)
from emoalign.stimuli.readers.table_columns import JoinedTable
from emoalign.stimuli.readers.table_groups import GroupsOfRows, group_columns, group_key
from emoalign.stimuli.rows import Record, composed, tell_composed
from emoalign.stimuli.sheets import layout_of, read_records

CARD = "the dataset's card"
_RATER = "rater"


@dataclass
class TableItem:
    """An item: its id as first written, its first row, its covariates, and the ratings in all of
    its rows with their places and raters; those of groups as well, from columns of theirs or
    rating by rating."""

    item_id: str
    first: Record
    ratings: dict[str, HumanRatings | HumanLabels] = field(default_factory=dict)
    single: dict[str, list[tuple[float, str, str | None]]] = field(default_factory=dict)
    choices: dict[str, list[tuple[tuple[str, ...], str, str | None]]] = field(default_factory=dict)
    covariates: dict[str, float] = field(default_factory=dict)
    by_group: dict[str, dict[Group, HumanRatings]] = field(default_factory=dict)
    grouped: dict[str, dict[Group, list[tuple[float, str, str | None]]]] = field(
        default_factory=dict
    )


class TableReading:
    """The reading of one table."""

    def __init__(
        self, part: JoinedTable, path: Path, stimulus: Mapping[str, str], mistakes: Mistakes
    ) -> None:
        self.part = part
        self.path = path
        self.stimulus = stimulus
        self.mistakes = mistakes
        self.layout = layout_of(part, part.table, CARD)
        self.groups = GroupsOfRows(part, path, mistakes)

    def items(self) -> dict[str, TableItem]:
        """The items of the table by their ids, as `composed` writes them."""
        part = self.part
        scales = {
            f"scales.{scale}.{key}": name
            for scale, entry in part.scales.items()
            for key, name in entry.named().items()
        }
        covariates = {f"covariates.{name}": column for name, column in part.covariates.items()}
        of_groups = group_columns(part)
        columns = {"id": part.id, **self.stimulus, **scales, **covariates, **of_groups}
        columns |= self.groups.columns
        if part.rater is not None:
            columns[_RATER] = part.rater
        numbers = [key for key in scales if not key.endswith(".labels")]
        numbers += [*covariates, *of_groups]
        items: dict[str, TableItem] = {}
        otherwise = 0
        for row in read_records(
            self.path, self.layout, columns, (_RATER,), numbers, mistakes=self.mistakes
        ):
            item_id = (row.fields["id"] or "").strip()
            if not item_id:
                self.mistakes.add(
                    "Rows without an id",
                    f"{row.where}, column {part.id!r}: expected the id of the item, found nothing",
                    "Fill in the field, or remove the row from the table.",
                )
            item = items.setdefault(composed(item_id) or row.where, TableItem(item_id, row))
            otherwise += item.item_id != item_id
            if item.first is not row and not self._may_come_again(item, row):
                # Its numbers are read all the same: they may hold other mistakes.
                item = items.setdefault(row.where, TableItem(item_id, row))
            self._add_ratings(item, row)
            self._add_covariates(item, row)
        tell_composed(self.path, otherwise)
        self.groups.check()
        for item in items.values():
            for scale, single in item.single.items():
                values, places, raters = zip(*single, strict=True)
                item.ratings[scale] = from_ratings(values, item.first.where, places, _all(raters))
            for scale, of_scale in item.grouped.items():
                for group, single in of_scale.items():
                    values, places, raters = zip(*single, strict=True)
                    item.by_group.setdefault(scale, {})[group] = from_ratings(
                        values, item.first.where, places, _all(raters)
                    )
            for scale, choices in item.choices.items():
                chosen, places, raters = zip(*choices, strict=True)
                item.ratings[scale] = HumanLabels(chosen, places, _all(raters))
        return items

    def _may_come_again(self, item: TableItem, row: Record) -> bool:
        """Tell whether an item may have another row; if not, add a mistake."""
        line = item.first.where.rpartition(", ")[2]
        if self.part.rows == "items":
            self.mistakes.add(
                "Ids that occur twice in the table",
                f"{row.where}, column {self.part.id!r}: the id {item.item_id!r} already occurs in "
                f"{line}",
                "Every item needs an id of its own, even if two items have the same text. If "
                "each row is one person's rating rather than an item, set rows: ratings in "
                f"{CARD}.",
            )
            return False
        for key, name in self.stimulus.items():
            here, first = row.fields[key], item.first.fields[key]
            if composed(here or "") != composed(first or ""):
                self.mistakes.add(
                    "Rows that contradict an earlier row of the same item",
                    f"{row.where}, column {name!r}: item {item.item_id!r} has {here!r} here, but "
                    f"{first!r} in {line}",
                    "Correct the rows, or give different items different ids.",
                )
                return False
        return True

    def _add_ratings(self, item: TableItem, row: Record) -> None:
        part = self.part
        person = self._rater(row)
        groups = self.groups.of(row, person)
        rated = False
        for scale, entry in part.scales.items():
            self._add_groups(item, row, scale)
            named = entry.named()
            written = self._written(row, {key: f"scales.{scale}.{key}" for key in named})
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
            numbers = self._numbers(written, places)
            if entry.ratings:
                single = [(value, places[key], raters[key]) for key, value in numbers.items()]
                if single:
                    item.single.setdefault(scale, []).extend(single)
                    for group in groups:
                        of_scale = item.grouped.setdefault(scale, {})
                        of_scale.setdefault(group, []).extend(single)
            elif "mean" in written:
                summary = self._summary(named, numbers, row.where)
                if "mean" in numbers:
                    item.ratings[scale] = summary
        if rated and part.rater is not None and person is None:
            self.mistakes.add(
                "Ratings without a rater",
                f"{row.where}, column {part.rater!r}: expected the rater, found nothing",
                (
                    f"Fill in the field, or leave rater out of {CARD}; raters are then not "
                    "distinguished."
                ),
            )

    def _add_covariates(self, item: TableItem, row: Record) -> None:
        """Add the covariates of a row; those of an item are the same in all of its rows."""
        for name, column in self.part.covariates.items():
            written = row.fields[f"covariates.{name}"]
            if written is None or self.part.missing(written):
                continue
            place = f"{row.where}, column {column!r}"
            decimal = self._decimal(written)
            value = read_number(written, place, self.mistakes, decimal, self.part, CARD)
            if value is not None and item.covariates.setdefault(name, value) != value:
                self.mistakes.add(
                    "Covariates that differ between rows of the same item",
                    f"{place}: item {item.item_id!r} has {value:g} here, but "
                    f"{item.covariates[name]:g} in an earlier row",
                    "A covariate is a number of the item, not of a rating: correct the rows, or "
                    f"leave the column out of covariates in {CARD}.",
                )

    def _add_groups(self, item: TableItem, row: Record, scale: str) -> None:
        """The norms of groups that have columns of their own."""
        by_group = self.part.scales[scale].by_group
        if by_group is None:
            return
        for attribute, entry in self.part.groups.items():
            if entry.column is not None:
                continue
            for code, name in entry.names.items():
                named = by_group.named(code)
                written = self._written(row, {key: group_key(scale, key, code) for key in named})
                places = {key: f"{row.where}, column {named[key]!r}" for key in written}
                # Of a group in which nobody rated the item there may be a number, 0, and no mean.
                if "mean" in written:
                    numbers = self._numbers(written, places)
                    if "mean" in numbers:
                        summary = self._summary(named, numbers, row.where)
                        item.by_group.setdefault(scale, {})[attribute, name] = summary

    def _written(self, row: Record, keys: Mapping[str, str]) -> dict[str, str]:
        """The fields of some columns that hold something, by what `keys` calls the keys."""
        fields = {name: row.fields[key] for name, key in keys.items()}
        return {
            name: field
            for name, field in fields.items()
            if field is not None and not self.part.missing(field)
        }

    def _numbers(self, written: Mapping[str, str], places: Mapping[str, str]) -> dict[str, float]:
        """The numbers in some fields; what is no number is noted."""
        read = {
            key: read_number(
                field, places[key], self.mistakes, self._decimal(field), self.part, CARD
            )
            for key, field in written.items()
        }
        return {key: value for key, value in read.items() if value is not None}

    def _rater(self, row: Record) -> str | None:
        """The code of the rater of a row; None if the card names no column of raters."""
        written = row.fields.get(_RATER)
        if written is None or self.part.missing(written):
            return None
        return rater_code(written.strip())

    def _column_code(self, column: str) -> str | None:
        """The code of whose ratings a column holds, where the card says that it is one person's."""
        return rater_code(column) if self.part.columns_are_raters else None

    def _decimal(self, field: str) -> str:
        """The decimal mark in a field. Numbers that a spreadsheet knows as such have a point."""
        typed = self.layout.format not in ("csv", "tsv") and "," not in field
        return "." if typed else self.part.decimal

    def _summary(
        self, named: Mapping[str, str], numbers: Mapping[str, float], where: str
    ) -> HumanRatings:
        """Ratings of which only mean, SD and number are known, from columns of these names."""
        sd, n = numbers.get("sd", float("nan")), numbers.get("n")
        if sd < 0:
            self.mistakes.add(
                "Standard deviations below 0",
                f"{where}, column {named['sd']!r}: expected a standard deviation, never below 0, "
                f"found {sd:g}",
                "Check that the card names the right column. If SDs were in brackets, a "
                "spreadsheet may have turned them into negative numbers: export the table again.",
            )
        if n is not None and (n < 1 or not n.is_integer()):
            self.mistakes.add(
                "Impossible numbers of raters",
                f"{where}, column {named['n']!r}: expected a number of raters, found {n:g}",
                "Check that the card names the right column.",
            )
            n = None
        raters = None if n is None else int(n)
        return HumanRatings(
            mean=numbers.get("mean", float("nan")),
            sd=sample_sd(sd, raters, self.part.sd_ddof),
            n=raters,
            ratings=None,
            where=f"{where}, column {named['mean']!r}",
        )


def _all(raters: Sequence[str | None]) -> tuple[str, ...] | None:
    """The rater of each rating; None unless all are known."""
    known = tuple(rater for rater in raters if rater is not None)
    return known or None
