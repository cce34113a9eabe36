"""Ids of items that may not be shown: an id that would give away the text is replaced."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence

from emoalign.stimuli.readers.base import SourceItem
from emoalign.stimuli.rows import composed

LENGTH = 10
"""Hexadecimal digits of an id that is made, unless two items would share them."""

_FEWEST = 4
"""The number of letters shared by an id and a text from which on the id gives away the text."""

_SYLLABLES = "\u1100"
"""The first of the characters that stand for syllables or words, of which one is enough."""


def public_ids(items: Sequence[SourceItem], dataset: str) -> dict[str, str]:
    """The ids of items in results, by their ids in the dataset.

    Their ids, unless one of them holds the text of an item, or a part of it: then an id is made for
    every item of the dataset. It depends on the dataset's name and the item's own id alone, and is
    the same on every machine.
    """
    item_ids = [item.item_id for item in items]
    if not _tell_texts(items):
        return {item_id: item_id for item_id in item_ids}
    full = {item_id: _digest(item_id, dataset) for item_id in item_ids}
    distinct = len(set(full.values()))
    length = LENGTH
    while len({digest[:length] for digest in full.values()}) < distinct:
        length += 1
    return {item_id: digest[:length] for item_id, digest in full.items()}


class ItemFinder:
    """Items of a study by their ids in the dataset or by their texts, as other tables name them.

    Names that look the same are the same, however their letters are coded.
    """

    def __init__(self, dataset: str, item_ids: Iterable[str], texts: Iterable[str] | None) -> None:
        self._dataset = dataset if texts is None else None
        self._ids: dict[str, list[str]] = {}
        ids = list(item_ids)
        names = ids if texts is None else list(texts)
        for item_id, name in zip(ids, names, strict=True):
            self._ids.setdefault(composed(name), []).append(item_id)
        self._names = set(names)
        self.otherwise: set[str] = set()
        """Names that were matched although their letters are coded in another way."""
        self._lengths = {len(item_id) for item_id in ids if _MADE.fullmatch(item_id)}

    def __call__(self, name: str) -> list[str]:
        """The ids in results of the items that have this id, or this text."""
        found = self._ids.get(composed(name), [])
        if found and name not in self._names:
            self.otherwise.add(name)
        if found or self._dataset is None or not self._lengths:
            return found
        digest = _digest(name, self._dataset)
        return next(
            (ids for length in self._lengths if (ids := self._ids.get(digest[:length]))), []
        )


_MADE = re.compile(rf"[0-9a-f]{{{LENGTH},64}}")


def _digest(item_id: str, dataset: str) -> str:
    return hashlib.sha256(f"{dataset}\0{composed(item_id)}".encode()).hexdigest()


def _tell_texts(items: Sequence[SourceItem]) -> bool:
    texts = {_folded(item.text) for item in items if item.text is not None} - {""}
    return any(_tells(item, texts) for item in items if item.text is not None)


def _tells(item: SourceItem, texts: Collection[str]) -> bool:
    """Tell whether an id gives away the item's own text, or is the text of another."""
    item_id, text = _folded(item.item_id), _folded(item.text or "")
    if item_id in texts or text in item_id.split():
        return True
    within, around = sorted((item_id.replace(" ", ""), text.replace(" ", "")), key=len)
    letters = sum(map(str.isalpha, within))
    wordy = letters >= _FEWEST or any(letter >= _SYLLABLES for letter in within)
    return wordy and within in around


def _folded(text: str) -> str:
    """The words and numbers of a text, without capitals, accents or marks between them; umlauts are
    the same whether they are written ü, ue or u."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(mark for mark in plain if not unicodedata.combining(mark))
    return " ".join(re.findall(r"[^\W\d_]+|\d+", re.sub("([aou])e", r"\1", plain)))
