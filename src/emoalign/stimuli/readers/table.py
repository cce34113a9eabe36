"""Any table of items, described by a dataset card without program code."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.readers.base import SourceItem
from emoalign.stimuli.readers.table_columns import ItemTable, JoinedTable
from emoalign.stimuli.readers.table_rows import CARD, TableItem, TableReading
from emoalign.stimuli.rows import composed, lines_of, tell_composed

_log = logging.getLogger(__name__)


class TableSource(ItemTable):
    """Any table of items, with or without human ratings."""

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
        given = TableReading(source, paths["table"], stimulus, mistakes).items()
        items = [_source_item(source, item, mistakes) for item in given.values()]
    for place, part in enumerate(source.joined):
        with mistakes.noted():
            path = paths[f"joined.{place}.table"]
            more = TableReading(part, path, {}, mistakes).items()
            items = _joined(items, part, path, more, mistakes)
    return items


def _stimulus_columns(source: ItemTable) -> dict[str, str]:
    named = {key: getattr(source, key) for key in ("text", "image", "stratum", "split", "cluster")}
    return {key: name for key, name in named.items() if name is not None}


def _source_item(source: ItemTable, item: TableItem, mistakes: Mistakes) -> SourceItem:
    fields, where = item.first.fields, item.first.where
    shown = "text" if source.text is not None else "image"
    where = f"{where}, column {getattr(source, shown)!r}"
    stimulus = fields[shown] or ""
    if not stimulus.strip():
        mistakes.add(
            f"Items without {shown}",
            f"{where}: expected the {shown} of item {item.item_id!r}, found nothing",
            "Fill in the field, or remove the row from the table.",
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
        covariates=item.covariates,
        by_group=item.by_group,
    )


def _joined(
    items: Sequence[SourceItem],
    part: JoinedTable,
    path: Path,
    more: Mapping[str, TableItem],
    mistakes: Mistakes,
) -> list[SourceItem]:
    """The items with the ratings of one more table. Ids that look the same are the same."""
    there = {composed(item.item_id): item.item_id for item in items}
    strangers = [item for name, item in more.items() if name not in there]
    if there and len(strangers) == len(more) and (more or not mistakes):
        mistakes.add(
            "",
            f"{path}: none of its {len(more)} ids in column {part.id!r} (such as "
            f"{', '.join(item.item_id for item in strangers[:3])}) is the id of an item (such as "
            f"{', '.join(sorted(there.values())[:3])})",
            f"Set id of the joined table in {CARD} to the column that contains the items' ids.",
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
        replace(
            item,
            ratings={**item.ratings, **more[name].ratings},
            covariates={**item.covariates, **more[name].covariates},
            by_group={**item.by_group, **more[name].by_group},
        )
        if (name := composed(item.item_id)) in more
        else item
        for item in items
    ]
