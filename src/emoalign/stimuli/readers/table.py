"""Any table of items, described by a dataset card without program code; ANEW is checked besides."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from emoalign.errors import DataError
from emoalign.stimuli.readers.base import (
    HumanLabels,
    HumanRatings,
    SourceItem,
    from_ratings,
    rater_code,
    sample_sd,
)
from emoalign.stimuli.readers.table_columns import ItemTable, JoinedTable, ScaleColumns
from emoalign.stimuli.rows import Record
from emoalign.stimuli.sheets import layout_of, number, read_records

CARD = "the dataset's card"
_RATER = "rater"
_log = logging.getLogger(__name__)


@dataclass
class _Item:
    """An item: its first row, and the ratings in all of its rows with their places and raters."""

    first: Record
    ratings: dict[str, HumanRatings | HumanLabels] = field(default_factory=dict)
    single: dict[str, list[tuple[float, str, str | None]]] = field(default_factory=dict)
    choices: dict[str, list[tuple[tuple[str, ...], str, str | None]]] = field(default_factory=dict)


class TableSource(ItemTable):
    """Any table of items, with human ratings or without: no program code is needed."""

    reader: Literal["table"] = Field(description="The file format.")

    def read(self, paths: Mapping[str, Path]) -> list[SourceItem]:
        """The items of the table in its order; see `read_table`."""
        return read_table(self, paths)


def read_table(source: ItemTable, paths: Mapping[str, Path]) -> list[SourceItem]:
    """The items of a table in its order, with the ratings of all tables that are joined to it.

    An item has no entry for a scale where the table holds no number. Raises DataError with file,
    line and column for whatever does not fit the card.
    """
    items = [
        _source_item(source, item_id, item)
        for item_id, item in _read(source, paths["table"], _stimulus_columns(source)).items()
    ]
    for place, part in enumerate(source.joined):
        items = _joined(items, part, paths[f"joined.{place}.table"])
    return items


def _stimulus_columns(source: ItemTable) -> dict[str, str]:
    named = {key: getattr(source, key) for key in ("text", "image", "stratum", "split", "cluster")}
    return {key: name for key, name in named.items() if name is not None}


def _source_item(source: ItemTable, item_id: str, item: _Item) -> SourceItem:
    fields, where = item.first.fields, item.first.where
    shown = "text" if source.text is not None else "image"
    stimulus = fields[shown] or ""
    if not stimulus.strip():
        raise DataError(
            f"{where}, column {getattr(source, shown)!r}: expected the {shown} of item "
            f"{item_id!r}, found nothing. Fill the field, or take the row out of the table."
        )
    return SourceItem(
        item_id=item_id,
        text=stimulus if shown == "text" else None,
        ratings=item.ratings,
        image=f"{stimulus.strip()}{source.image_suffix}" if shown == "image" else None,
        stratum=fields.get("stratum"),
        split=fields.get("split"),
        cluster=(fields.get("cluster") or "").strip() or None,
        where=f"{where}, column {getattr(source, shown)!r}",
    )


def _joined(items: Sequence[SourceItem], part: JoinedTable, path: Path) -> list[SourceItem]:
    more = _read(part, path, {})
    item_ids = {item.item_id for item in items}
    strangers = [item_id for item_id in more if item_id not in item_ids]
    if len(strangers) == len(more):
        raise DataError(
            f"{path}: none of its {len(more)} ids in column {part.id!r} (such as "
            f"{', '.join(strangers[:3])}) is an id of an item (such as "
            f"{', '.join(sorted(item_ids)[:3])}). Name the column with the items' ids as id of the "
            f"joined table in {CARD}."
        )
    if strangers:
        _log.warning(
            "%s: rows left out because no item has their id: %d (%s)",
            path,
            len(strangers),
            ", ".join(strangers[:3]),
        )
    return [
        replace(item, ratings={**item.ratings, **more[item.item_id].ratings})
        if item.item_id in more
        else item
        for item in items
    ]


def _read(part: JoinedTable, path: Path, stimulus: Mapping[str, str]) -> dict[str, _Item]:
    """The items of one table by their ids."""
    columns = {"id": part.id, **stimulus} | {
        f"scales.{scale}.{key}": name
        for scale, entry in part.scales.items()
        for key, name in entry.named().items()
    }
    if part.rater is not None:
        columns[_RATER] = part.rater
    layout = layout_of(part, part.table, CARD)
    items: dict[str, _Item] = {}
    for row in read_records(path, layout, columns, confidential=(_RATER,)):
        item_id = (row.fields["id"] or "").strip()
        if not item_id:
            raise DataError(
                f"{row.where}, column {part.id!r}: expected the id of the item, found nothing"
            )
        item = items.setdefault(item_id, _Item(row))
        if item.first is not row:
            _check_again(part, item_id, item.first, row, stimulus)
        _add_ratings(part, item, row)
    for item in items.values():
        for scale, single in item.single.items():
            values, places, raters = zip(*single, strict=True)
            item.ratings[scale] = from_ratings(values, item.first.where, places, _all(raters))
        for scale, choices in item.choices.items():
            chosen, places, raters = zip(*choices, strict=True)
            item.ratings[scale] = HumanLabels(chosen, places, _all(raters))
    return items


def _check_again(
    part: JoinedTable, item_id: str, first: Record, row: Record, stimulus: Mapping[str, str]
) -> None:
    """Check that an item may have another row."""
    line = first.where.rpartition(", ")[2]
    if part.rows == "items":
        raise DataError(
            f"{row.where}, column {part.id!r}: the id {item_id!r} stands in {line} already. Every "
            "item needs an id of its own, even where two texts are the same; if a row is one "
            f"person's rating and not an item, say rows: ratings in {CARD}."
        )
    for key, name in stimulus.items():
        if row.fields[key] != first.fields[key]:
            raise DataError(
                f"{row.where}, column {name!r}: item {item_id!r} has {row.fields[key]!r} here, but "
                f"{first.fields[key]!r} in {line}"
            )


def _add_ratings(part: JoinedTable, item: _Item, row: Record) -> None:
    for scale, entry in part.scales.items():
        named = entry.named()
        written = {
            key: field
            for key in named
            if (field := row.fields[f"scales.{scale}.{key}"]) is not None
            and field.strip() not in part.na_values
        }
        places = {key: f"{row.where}, column {named[key]!r}" for key in written}
        if not written:
            continue
        if entry.labels is not None:
            item.choices.setdefault(scale, []).extend(
                (
                    tuple(label.strip() for label in field.split(part.label_separator)),
                    places[key],
                    _rater(part, row, named[key]),
                )
                for key, field in written.items()
            )
            continue
        numbers = {
            key: number(field, places[key], _decimal(part, field)) for key, field in written.items()
        }
        if entry.ratings:
            item.single.setdefault(scale, []).extend(
                (value, places[key], _rater(part, row, named[key]))
                for key, value in numbers.items()
            )
        elif "mean" in numbers:
            item.ratings[scale] = _summary(part, entry, numbers, row.where)


def _all(raters: Sequence[str | None]) -> tuple[str, ...] | None:
    """Who gave each rating, where the card says how to tell."""
    known = tuple(rater for rater in raters if rater is not None)
    return known or None


def _rater(part: JoinedTable, row: Record, column: str) -> str | None:
    """The code of who gave a rating; None where the card does not say how to tell."""
    if part.rater is None:
        return rater_code(column) if part.columns_are_raters else None
    written = row.fields[_RATER]
    if written is None or written.strip() in {"", *part.na_values}:
        raise DataError(
            f"{row.where}, column {part.rater!r}: expected the rater, found nothing. Fill "
            f"the field, or leave rater out of {CARD}: then raters are not told apart."
        )
    return rater_code(written.strip())


def _decimal(part: JoinedTable, field: str) -> str:
    """The decimal mark in a field. Numbers that a spreadsheet knows as such have a point."""
    typed = part.format_of(part.table) not in ("csv", "tsv") and "," not in field
    return "." if typed else part.decimal


def _summary(
    part: JoinedTable, entry: ScaleColumns, numbers: Mapping[str, float], where: str
) -> HumanRatings:
    """Ratings of which only mean, SD and number are known."""
    sd, n = numbers.get("sd", float("nan")), numbers.get("n")
    if sd < 0:
        raise DataError(
            f"{where}, column {entry.sd!r}: expected a standard deviation, never below 0, found "
            f"{sd:g}. Check that the card names the right column; a spreadsheet that writes "
            "SDs in brackets turns them into negative numbers: get the table anew."
        )
    if n is not None and (n < 1 or not n.is_integer()):
        raise DataError(
            f"{where}, column {entry.n!r}: expected a number of raters, found {n:g}. Check that "
            "the card names the right column."
        )
    raters = None if n is None else int(n)
    return HumanRatings(
        mean=numbers["mean"],
        sd=sample_sd(sd, raters, part.sd_ddof),
        n=raters,
        ratings=None,
        where=f"{where}, column {entry.mean!r}",
    )


_ENOUGH = 100
"""Words that are needed to tell a correlation near 0 from one above .7."""


class AnewSource(ItemTable):
    """ANEW, read like any table and then checked: copies circulate with columns swapped."""

    reader: Literal["anew"] = Field(description="The file format.")

    def read(self, paths: Mapping[str, Path]) -> list[SourceItem]:
        """The words with all ratings that the card names columns of.

        In ANEW, valence goes with dominance (r about .8) and hardly with arousal. Where it is the
        other way round, the two columns were swapped, and the table is refused.
        """
        items = read_table(self, paths)
        arousal, dominance = (
            _correlation(items, "valence", name) for name in ("arousal", "dominance")
        )
        if abs(arousal) > abs(dominance):
            columns = {name: self.scales[name].mean for name in ("arousal", "dominance")}
            raise DataError(
                f"{paths['table']}: valence correlates {arousal:.2f} with arousal (column "
                f"{columns['arousal']!r}) and {dominance:.2f} with dominance (column "
                f"{columns['dominance']!r}); in ANEW it is about 0 and .8. Copies circulate in "
                "which the two are swapped: get the table anew, or swap the names of the columns "
                f"in {CARD}."
            )
        return items


def _correlation(items: Sequence[SourceItem], scale: str, other: str) -> float:
    """r of the means on two scales; NaN where too few words have both."""
    pairs = [
        (first.mean, second.mean)
        for item in items
        if isinstance(first := item.ratings.get(scale), HumanRatings)
        and isinstance(second := item.ratings.get(other), HumanRatings)
    ]
    if len(pairs) < _ENOUGH:
        return float("nan")
    import numpy as np

    return float(np.corrcoef(np.array(pairs).T)[0, 1])
