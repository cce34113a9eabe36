"""Parts of the items that share no text, whatever order the items are in."""

from __future__ import annotations

import hashlib

import numpy as np

from emoalign.analyses.distributions.folds import Folds, Keys


def deal(keys: Keys, folds: int, salt: str) -> Folds:
    """The part of each item, shape (items,), from 0 to folds - 1; items of one text share it.

    `keys` are those of the items' texts (`folds.text_keys`). Texts are put in the order of the
    sha256 of salt and key and dealt out in turn, so that parts have as many texts as each other, or
    one more, even where there are few. Nothing depends on the order of the items.
    """
    distinct, place = np.unique(keys, return_inverse=True)
    order = sorted(
        range(len(distinct)),
        key=lambda one: hashlib.sha256(f"{salt}:{distinct[one]}".encode()).digest(),
    )
    dealt = np.empty(len(distinct), dtype=np.int64)
    dealt[order] = np.arange(len(distinct)) % folds
    parts: Folds = dealt[place]
    return parts
