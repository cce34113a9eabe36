"""The table of items: their texts, where they come from, and the ratings of those with norms."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from emoalign.commands.estimation.items import Items
from emoalign.commands.estimation.norms import Norms
from emoalign.tables import atomic

MOST_RATINGS = 50
"""Single ratings of an item that are kept; where there are more, mean, SD and n stand for them."""


def write_table(path: Path, items: Items, norms: Norms) -> dict[str, dict[str, Any]]:
    """Write the table of items; returns the columns of each scale as a card names them."""
    columns = {scale: _columns(scale, items, norms) for scale in norms.scales}
    clusters = clustered(items)
    header = ["id", "text", "from", *["cluster"] * clusters]
    header += [name for named in columns.values() for name in _flat(named)]
    width = len(str(len(items.chosen)))
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    for number, each in enumerate(items.chosen, 1):
        row: list[object] = [f"{number:0{width}d}", each.text, each.origin]
        if clusters:
            row.append("" if each.rated is None else each.rated.cluster or "")
        for scale, named in columns.items():
            item_id = "" if each.rated is None else each.rated.item_id
            row += _numbers(norms.by_item.get((item_id, scale)), named)
        writer.writerow(row)
    with atomic(path) as partial:
        partial.write_text(out.getvalue(), encoding="utf-8", newline="")
    return columns


def clustered(items: Items) -> bool:
    """Tell whether the norms say which items belong together, such as sentences of a document."""
    return any(each.rated is not None and each.rated.cluster for each in items.chosen)


def _columns(scale: str, items: Items, norms: Norms) -> dict[str, Any]:
    """The columns of a scale: single ratings where all are known, else mean, and SD and n."""
    rated = [
        norms.by_item[each.rated.item_id, scale]
        for each in items.chosen
        if each.rated is not None and (each.rated.item_id, scale) in norms.by_item
    ]
    singles = [norm["ratings"] for norm in rated]
    most = max((len(one) for one in singles if isinstance(one, list)), default=0)
    if 1 < most <= MOST_RATINGS and all(isinstance(one, list) for one in singles):
        return {"ratings": [f"{scale}.{place}" for place in range(1, most + 1)]}
    known = [key for key in ("sd", "n") if any(_number(norm[key]) for norm in rated)]
    return {key: f"{scale}.{key}" for key in ("mean", *known)}


def _flat(named: Mapping[str, Any]) -> Iterator[str]:
    for value in named.values():
        yield from value if isinstance(value, list) else [value]


def _numbers(norm: Mapping[str, object] | None, named: Mapping[str, Any]) -> Iterator[str]:
    if "ratings" in named:
        given = [] if norm is None else norm["ratings"]
        ratings = [_number(value) for value in given] if isinstance(given, list) else []
        yield from ratings
        yield from [""] * (len(named["ratings"]) - len(ratings))
        return
    for key in named:
        yield "" if norm is None else _number(norm[key])


def _number(value: object) -> str:
    """A number as it is read again, with nothing for one that is not known."""
    if not isinstance(value, int | float) or value != value:
        return ""
    return str(int(value)) if float(value).is_integer() else repr(float(value))
