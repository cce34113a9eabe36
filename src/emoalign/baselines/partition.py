"""Items that a baseline may learn from: none that it is evaluated on, or that has its text."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from emoalign.baselines.baseline_cards import Splits
from emoalign.errors import BaselineError
from emoalign.stimuli.readers.base import SourceItem
from emoalign.study.fields import Entry

_WORDS = re.compile(r"\w+")


class PartitionCounts(Entry):
    """Numbers of items in the splits, and of those left out of training, by reason."""

    held_out: int
    """Items the baseline may be evaluated on."""
    train: int
    train_same_item: int
    train_same_text: int
    """Left out of the train split: items evaluated on, and others with the text of one."""
    train_text_in_dev: int
    """Left out of the train split besides: items with the text of one in the dev split."""
    dev: int
    dev_same_item: int
    dev_same_text: int


@dataclass(frozen=True)
class Partition:
    """The items to learn from and to stop by, in order of their ids."""

    train: tuple[SourceItem, ...]
    dev: tuple[SourceItem, ...]
    counts: PartitionCounts
    not_drawn: int = 0
    """Items of the train split that a limit on training texts leaves out besides."""

    def drawn(self, most: int, seed: int, usable: NDArray[np.bool_]) -> Partition:
        """The same with at most so many training items, drawn at random from the usable ones.

        The draw depends on the seed and on the items alone; a smaller one is part of a larger one.
        """
        places = np.flatnonzero(usable)
        if len(places) <= most:
            return self
        chosen = np.sort(np.random.default_rng(seed).permutation(places)[:most])
        return replace(
            self,
            train=tuple(self.train[place] for place in chosen),
            not_drawn=len(self.train) - most,
        )

    @property
    def seen(self) -> Seen:
        """The items that a baseline of this partition knows."""
        return Seen.of((*self.train, *self.dev))

    @property
    def digest(self) -> str:
        """sha256 of the ids and texts of both, which tells partitions apart."""
        lines = (
            f"{part}\0{item.item_id}\0{item.text}\n"
            for part, items in (("train", self.train), ("dev", self.dev))
            for item in items
        )
        return hashlib.sha256("".join(lines).encode()).hexdigest()


@dataclass(frozen=True)
class Seen:
    """The ids and normalised texts of items that a baseline has learned from or was chosen by."""

    ids: frozenset[str]
    texts: frozenset[str]

    @classmethod
    def of(cls, items: Iterable[SourceItem]) -> Seen:
        """The ids and texts that are seen by learning from these items."""
        seen = tuple(items)
        return cls(
            frozenset(item.item_id for item in seen),
            frozenset(normalised(item.text or "") for item in seen),
        )

    def has(self, item_id: str, text: str) -> bool:
        """Tell whether an item, or another with its text, is among them."""
        return item_id in self.ids or normalised(text) in self.texts


def normalised(text: str) -> str:
    """The part by which texts are taken for the same: letters and digits, word by word.

    Case, punctuation, spaces, emoji and compatibility forms (NFKC) make no difference, so that
    "Thank you!!" is a duplicate of "thank you". A text without any letter or digit is itself.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_WORDS.findall(folded)) or " ".join(folded.split())


def partition(
    items: Sequence[SourceItem], splits: Splits, also_held_out: Mapping[str, str] | None = None
) -> Partition:
    """Leave out of train and dev what the baseline is evaluated on, by id and by normalised text.

    That is the test split, and `also_held_out`: texts of further items by id. Texts of the dev
    split are left out of the train split as well. The result does not depend on the order of
    `items`. Raises BaselineError when a split is empty or nothing is left to learn from.
    """
    by_split = {name: _in_order(items, name) for name in (splits.train, splits.dev, splits.test)}
    _check_splits(items, by_split)
    held_out = {item.item_id: item.text or "" for item in by_split[splits.test]}
    held_out |= also_held_out or {}
    texts = {normalised(text) for text in held_out.values()}
    dev, dev_same_item, dev_same_text = _without(by_split[splits.dev], held_out, texts)
    train, train_same_item, train_same_text = _without(by_split[splits.train], held_out, texts)
    train, _, train_text_in_dev = _without(train, (), {normalised(item.text or "") for item in dev})
    learned = Partition(
        tuple(train),
        tuple(dev),
        PartitionCounts(
            held_out=len(held_out),
            train=len(train),
            train_same_item=train_same_item,
            train_same_text=train_same_text,
            train_text_in_dev=train_text_in_dev,
            dev=len(dev),
            dev_same_item=dev_same_item,
            dev_same_text=dev_same_text,
        ),
    )
    check(learned, held_out)
    return learned


def check(learned: Partition, held_out: Mapping[str, str]) -> None:
    """Raise BaselineError unless nothing that is held out can have been learned from."""
    if not learned.train or not learned.dev:
        raise BaselineError(
            f"nothing is left to train on: {len(learned.train)} items of the train split and "
            f"{len(learned.dev)} of the dev split are neither evaluated on nor have the text of an "
            "item that is"
        )
    seen = learned.seen
    leaked = sorted(item_id for item_id, text in held_out.items() if seen.has(item_id, text))
    if leaked:
        raise BaselineError(
            f"{len(leaked)} items that the baseline is evaluated on are among those it learns "
            f"from, such as {leaked[0]}; this is a fault in emoalign itself, please report it"
        )


def _in_order(items: Sequence[SourceItem], split: str) -> list[SourceItem]:
    return sorted((item for item in items if item.split == split), key=lambda item: item.item_id)


def _check_splits(
    items: Sequence[SourceItem], by_split: Mapping[str, Sequence[SourceItem]]
) -> None:
    missing = [name for name, members in by_split.items() if not members]
    if missing:
        splits = sorted({item.split for item in items if item.split is not None})
        raise BaselineError(
            f"no item is in the split {missing[0]!r}; splits of the dataset: "
            f"{', '.join(splits) or 'none'}. Say in the baseline's card what they are called "
            "(splits), and give the files with the splits in the dataset's card"
        )


def _without(
    items: Sequence[SourceItem], ids: Collection[str], texts: Collection[str]
) -> tuple[list[SourceItem], int, int]:
    """The items with other ids and texts; how many had one of the ids, and else of the texts."""
    other = [item for item in items if item.item_id not in ids]
    kept = [item for item in other if normalised(item.text or "") not in texts]
    return kept, len(items) - len(other), len(other) - len(kept)
