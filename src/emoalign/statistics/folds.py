"""Parts of the items: what is learned on some is tried on others, and a text is never in both."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Folds = NDArray[np.int64]
"""The part of each item, shape (items,), from 0."""

Keys = NDArray[np.uint64]
"""A number for what each item shows, shape (items,): items that show the same share it."""


def text_keys(texts: Sequence[str]) -> Keys:
    """A number for each text (or checksum of an image), the same wherever the text stands."""
    return np.array(
        [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) for text in texts],
        dtype=np.uint64,
    )


def hashed_folds(keys: Keys, n_folds: int, seed: int, draw: str = "") -> Folds:
    """The part of each item, from 0 to `n_folds` - 1, by hash; items with one text share it.

    A part follows from text, seed and `draw` alone: neither the order of the items nor which others
    there are can matter, so that cells with other items have them in the same parts. Parts are
    about equally large, as far as chance goes. Another `draw` deals the items anew.
    """
    salt = int.from_bytes(hashlib.sha256(f"{seed}:{draw}".encode()).digest()[:8])
    return np.asarray(_mixed(keys ^ np.uint64(salt)) % np.uint64(n_folds), dtype=np.int64)


def dealt_folds(keys: Keys, n_folds: int, seed: int, draw: str = "") -> Folds:
    """The part of each item, from 0 to `n_folds` - 1, in turn; items with one text share it.

    Texts are put in the order of their hash with seed and `draw` and dealt out in turn, so that
    parts have as many texts as each other, or one more, even where there are few: every part must
    be there to learn from. Nothing depends on the order of the items.
    """
    texts, place = np.unique(keys, return_inverse=True)
    ranks = [hashlib.sha256(f"{seed} {draw}:{text}".encode()).digest() for text in texts]
    parts = np.empty(len(texts), dtype=np.int64)
    parts[sorted(range(len(texts)), key=ranks.__getitem__)] = np.arange(len(texts)) % n_folds
    folds: Folds = parts[place]
    return folds


def _mixed(keys: Keys) -> Keys:
    """Every bit of a key spread over all bits (the finalizer of SplitMix64, Steele et al. 2014)."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
