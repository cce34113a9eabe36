"""The rater-level files of GoEmotions (Demszky et al. 2020)."""

from __future__ import annotations

import csv
import io
import logging
from pathlib import Path

from emoalign.errors import DataError
from emoalign.stimuli.source_items import HumanLabels, SourceItem
from emoalign.stimuli.text import utf8

SCALE = "emotions"
_UNCLEAR = "example_very_unclear"
_TRUTHS = {"true": True, "false": False}
_log = logging.getLogger(__name__)


def read_goemotions(path: Path) -> list[SourceItem]:
    """Comments with the labels that each rater chose: a row per rater and comment.

    Every column after `example_very_unclear` is a label. A rater who called a comment very unclear
    chose no labels: such rows do not count, and comments that have no others are left out, with a
    line in the log. Who wrote and who rated a comment is not read.
    """
    rows = csv.reader(io.StringIO(utf8(path), newline=""))
    header = next(rows, [])
    lacking = [name for name in ("id", "text", _UNCLEAR) if name not in header]
    if lacking:
        raise DataError(f"{path}, line 1: lacks the columns {', '.join(lacking)}")
    place = {name: header.index(name) for name in ("id", "text", _UNCLEAR)}
    labels = header[place[_UNCLEAR] + 1 :]
    texts: dict[str, str] = {}
    choices: dict[str, list[tuple[str, ...]]] = {}
    unclear = 0
    for row in rows:
        where = f"{path}, line {rows.line_num}"
        if len(row) != len(header):
            raise DataError(f"{where}: expected {len(header)} fields, found {len(row)}")
        item_id, text = row[place["id"]], row[place["text"]]
        if texts.setdefault(item_id, text) != text:
            raise DataError(f"{where}: {item_id} has another text here than in an earlier line")
        chosen = _chosen(row[place[_UNCLEAR] + 1 :], labels, where)
        if _truth(row[place[_UNCLEAR]], where):
            unclear += 1
        else:
            choices.setdefault(item_id, []).append(chosen)
    _log.info(
        "%s: %d rows without labels (%s), %d of %d comments have no others and are left out",
        path,
        unclear,
        _UNCLEAR,
        len(texts) - len(choices),
        len(texts),
    )
    return [
        SourceItem(item_id=item_id, text=texts[item_id], ratings={SCALE: HumanLabels(tuple(sets))})
        for item_id, sets in choices.items()
    ]


def _chosen(cells: list[str], labels: list[str], where: str) -> tuple[str, ...]:
    for label, cell in zip(labels, cells, strict=True):
        if cell not in ("0", "1"):
            raise DataError(f"{where}, column {label}: expected 0 or 1, found {cell[:40]!r}")
    return tuple(label for label, cell in zip(labels, cells, strict=True) if cell == "1")


def _truth(cell: str, where: str) -> bool:
    """True or False, as programs write it: True, TRUE, False, FALSE."""
    try:
        return _TRUTHS[cell.lower()]
    except KeyError:
        raise DataError(
            f"{where}, column {_UNCLEAR}: expected True or False, found {cell[:40]!r}"
        ) from None
