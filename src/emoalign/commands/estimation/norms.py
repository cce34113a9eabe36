"""The rated items of a dataset from which estimates for other words are to be learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from emoalign.commands.group import Told
from emoalign.commands.kinds import entries, found
from emoalign.errors import DataError
from emoalign.stimuli.checking import kept, read_items
from emoalign.stimuli.dataset_cards import DatasetCard
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.norms import norm_rows
from emoalign.stimuli.readers.base import SourceItem
from emoalign.study.reading import nearest, read_card
from emoalign.study.scales import HumanScale
from emoalign.wording import listed


@dataclass(frozen=True)
class Norms:
    """The items of a dataset that people rated on the chosen scales.

    Attributes:
        name, card: the dataset.
        scales: the chosen scales.
        items: those with a rating on any of them, in order of their ids.
        rows: their norms in points of the scales, see `tables.NORMS`.
    """

    name: str
    card: DatasetCard
    scales: Mapping[str, HumanScale]
    items: tuple[SourceItem, ...]
    rows: pd.DataFrame

    @cached_property
    def by_item(self) -> Mapping[tuple[str, str], Mapping[str, object]]:
        """The norm of an item on a scale, by the item's id and the scale."""
        columns = ["mean", "sd", "n", "ratings"]
        return {
            (str(item), str(scale)): dict(zip(columns, values, strict=True))
            for item, scale, *values in self.rows[["item_id", "scale", *columns]].itertuples(
                index=False
            )
        }

    def means(self, scale: str) -> np.ndarray:
        """The human means on a scale, (items,) in points of it."""
        rows = self.rows[self.rows["scale"] == scale]
        return rows["mean"].dropna().to_numpy(dtype=np.float64)


def chosen(name: str, wanted: Sequence[str]) -> tuple[DatasetCard, dict[str, HumanScale]]:
    """The card of a dataset, and the scales of numbers among those wanted, or all of them.

    Raises Told where there is no such dataset or scale, and where nothing can be estimated.
    """
    ((_, entry),) = found(name, ["datasets"])
    card = read_card(entry.path, DatasetCard)
    if card.modality == "image":
        raise Told(
            f"The items of {name} are images, and estimates are made for a list of words or "
            f"sentences. {_others('word')}"
        )
    numbers = {
        scale: kind
        for scale, kind in card.scales.items()
        if isinstance(kind, HumanScale) and scale in card.source.scale_names()
    }
    for scale in wanted:
        if scale not in card.scales:
            raise Told(f"{name} has no scale {scale!r}; {nearest(scale, numbers or card.scales)}")
        if scale not in numbers:
            raise Told(
                f"{scale} of {name} has labels, not numbers: estimates are means of people's "
                f"ratings.{' Its scales of numbers: ' + listed(numbers) + '.' if numbers else ''}"
            )
    if not numbers:
        raise Told(
            f"{name} has no scale of numbers that people rated, so there is nothing to learn "
            f"from. {_others('word')}"
        )
    return card, {scale: kind for scale, kind in numbers.items() if not wanted or scale in wanted}


def _others(modality: str) -> str:
    names = [
        entry.name
        for entry in entries("datasets")
        if f"\nmodality: {modality}\n" in entry.path.read_text(encoding="utf-8")
    ]
    return f"Datasets of {modality}s: {', '.join(names)}."


def check_kind(name: str, card: DatasetCard, modality: str) -> None:
    """Raises Told where sentences are to be estimated from ratings of words."""
    if modality == "sentence" and card.modality == "word":
        raise Told(
            f"The list holds sentences, but people rated words for {name}: what is learned from "
            f"words does not hold for sentences. {_others('sentence')}"
        )


def read_norms(name: str, card: DatasetCard, scales: Mapping[str, HumanScale]) -> Norms:
    """The rated items of a dataset. Raises Told with how to get its files where they are not
    there, and what is wrong with them otherwise."""
    mistakes = Mistakes()
    everything = read_items(card.source, card.files(), card.scales, card.keep, mistakes)
    try:
        mistakes.tell()
    except DataError as error:
        raise Told(f"The human ratings of {name} cannot be read.\n{error}") from error
    items = [
        item
        for item in everything
        if kept(item, card.keep) and any(scale in item.ratings for scale in scales)
    ]
    items.sort(key=lambda item: item.item_id)
    return Norms(name, card, scales, tuple(items), norm_rows(items, scales))
