"""Parts of the items that share no text, whatever order the items are in."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


def deal(texts: Sequence[str], folds: int, salt: str) -> IntArray:
    """The part of each item, shape (items,), from 0 to folds - 1.

    `texts` says of each item what it shows: items that show the same are never parted. Texts are
    put in the order of their sha256 with the salt and dealt out in turn, so that parts have nearly
    as many texts each, and neither the order of the items nor their number of duplicates matters.
    """
    distinct, place = np.unique(np.asarray(texts, dtype=object), return_inverse=True)
    keys = [hashlib.sha256(f"{salt}\n{text}".encode()).digest() for text in distinct]
    dealt = np.empty(len(distinct), dtype=np.int64)
    dealt[sorted(range(len(distinct)), key=keys.__getitem__)] = np.arange(len(distinct)) % folds
    parts: IntArray = dealt[place]
    return parts
