"""The items of a dataset that recorded models have rated (items: rated)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from emoalign.errors import DataError
from emoalign.stimuli.images import image_name
from emoalign.stimuli.readers.base import SourceItem
from emoalign.stimuli.rows import composed

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RatedItems:
    """The items that a recorded model has answers to, by id, text or image, in Unicode NFC."""

    model: str
    names: frozenset[str]
    named_by: Literal["item", "text", "image"]

    def has(self, item: SourceItem) -> bool:
        """Tell whether an item is among them."""
        if self.named_by == "image":
            return item.image is not None and composed(image_name(item.image)) in self.names
        name = item.text if self.named_by == "text" else item.item_id
        return name is not None and composed(name) in self.names


def only_rated(
    dataset: str, items: Sequence[SourceItem], rated: Sequence[RatedItems]
) -> list[SourceItem]:
    """The items that every model of `rated` has answers to; all items if `rated` is empty.

    Logs their number, altogether and by model. Raises DataError if no item is left.
    """
    left = [item for item in items if all(model.has(item) for model in rated)]
    if not rated:
        return left
    counts = ", ".join(f"{model.model}: {sum(map(model.has, items))}" for model in rated)
    if not left:
        raise DataError(
            f"dataset {dataset!r}: items: rated keeps only items with recorded answers from every "
            f"model on all scales, and none of the {len(items)} items has them ({counts}). Check "
            "which column identifies the items (columns.item or columns.text in the model's "
            "card), or leave out items: rated."
        )
    _log.info(
        "dataset %s: %d of %d items have recorded answers from every model on all scales (%s); "
        "the others are left out (items: rated)",
        dataset,
        len(left),
        len(items),
        counts,
    )
    return left
