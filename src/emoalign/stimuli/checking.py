"""A check of the data of a card: all mistakes at once, or else a summary of the content."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from emoalign.stimuli.dataset_cards import DatasetCard, DatasetSource
from emoalign.stimuli.images import image_files
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.norms import check_ratings, norm_rows
from emoalign.stimuli.readers.base import SourceItem
from emoalign.stimuli.readers.table_columns import ItemTable
from emoalign.study.fields import FileSource
from emoalign.study.scales import DatasetScale
from emoalign.study.source_files import locate_verified
from emoalign.tables import groups


@dataclass(frozen=True)
class ScaleSummary:
    """A summary of the human ratings on a scale.

    Attributes:
        items: number of rated items.
        lowest, highest: lowest and highest item mean in points of the scale; None for labels.
        raters: fewest and most raters of an item; None if unknown.
    """

    items: int
    lowest: float | None
    highest: float | None
    raters: tuple[int, int] | None


@dataclass(frozen=True)
class DataCheck:
    """The mistakes in the data of a card, or else the number of items and the ratings by scale.

    `norms` are the rows of the table of norms, for all items.
    """

    problems: tuple[str, ...] = ()
    items: int = 0
    scales: Mapping[str, ScaleSummary] = field(default_factory=dict)
    norms: pd.DataFrame | None = None


def check_data(card: DatasetCard, images: bool = True) -> DataCheck:
    """Read all files of a card, with image files if `images` is True. Nothing is written.

    Mistakes in the files raise no exception; all of them are in the result.
    """
    mistakes = Mistakes()
    items = read_items(card.source, card.files(), card.scales, card.keep, mistakes)
    items = [item for item in items if kept(item, card.keep)]
    if images and card.images is not None:
        image_files(items, card.images, mistakes)
    if mistakes:
        return DataCheck(tuple(mistakes.problems()))
    norms = norm_rows(items, card.scales)
    return DataCheck((), len(items), summaries(norms), norms)


def summaries(norms: pd.DataFrame) -> dict[str, ScaleSummary]:
    """A summary of the human ratings by scale, from the table of norms."""
    return {str(scale): _summary(rows) for (scale,), rows in groups(norms, ["scale"])}


def _summary(rows: pd.DataFrame) -> ScaleSummary:
    means, n = rows["mean"].dropna(), rows["n"].dropna()
    return ScaleSummary(
        items=len(rows),
        lowest=None if means.empty else float(means.min()),
        highest=None if means.empty else float(means.max()),
        raters=None if n.empty else (int(n.min()), int(n.max())),
    )


def read_items(
    source: DatasetSource,
    files: Mapping[str, FileSource],
    scales: Mapping[str, DatasetScale],
    keep: str | None,
    mistakes: Mistakes,
) -> list[SourceItem]:
    """All items of a source. Mistakes in its files are added to `mistakes`, except those in ratings
    of items that `keep` leaves out."""
    paths: dict[str, Path] = {}
    for place, file in files.items():
        with mistakes.noted():
            paths[place] = locate_verified(file)[0]
    if len(paths) < len(files):
        return []
    items = source.read(paths, mistakes)
    if not isinstance(source, ItemTable):  # whose reader tells which row is whose
        _check_ids(items, mistakes)
    elif items and not mistakes:
        _check_rated(source, items, scales, mistakes)
    check_ratings([item for item in items if kept(item, keep)], scales, mistakes)
    return items


def _check_rated(
    source: ItemTable,
    items: Sequence[SourceItem],
    scales: Mapping[str, DatasetScale],
    mistakes: Mistakes,
) -> None:
    """Note every scale with columns in a table, none of which has a rating of any item."""
    for part in source.parts():
        for scale, columns in part.scales.items():
            if scale in scales and not any(scale in item.ratings for item in items):
                names = ", ".join(map(repr, columns.named().values()))
                mistakes.add(
                    "",
                    f"{part.table.file}: no item has a rating on the scale {scale!r}: "
                    f"every field is empty or a missing value (column {names})",
                    f"Name other columns under source: scales: {scale}, or remove the scale there "
                    "and under scales.",
                )


def kept(item: SourceItem, keep: str | None) -> bool:
    """Tell whether the whole text of an item, or the name of its image, matches `keep`."""
    return keep is None or re.fullmatch(keep, shown_name(item)) is not None


def shown_name(item: SourceItem) -> str:
    """The name that patterns and demonstrations are compared with: text, or image's file name."""
    return item.text if item.text is not None else Path(item.image or "").stem


def _check_ids(items: Sequence[SourceItem], mistakes: Mistakes) -> None:
    first: dict[str, str] = {}
    for item in items:
        earlier = first.setdefault(item.item_id, item.where)
        if earlier != item.where:
            mistakes.add(
                "Ids used for more than one item",
                (
                    f"{item.where}: the id {item.item_id!r} is already used by another item: "
                    f"{earlier}"
                ),
                "Every item needs an id of its own.",
            )
