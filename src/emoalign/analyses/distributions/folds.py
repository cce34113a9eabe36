"""Parts of the items: what is learned on some is tried on others, and a text is never in both."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Folds = NDArray[np.int64]
Keys = NDArray[np.uint64]


def text_keys(texts: Sequence[str]) -> Keys:
    """A number for each text (or checksum of an image), the same wherever the text stands."""
    return np.array(
        [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) for text in texts],
        dtype=np.uint64,
    )


def folds_of(keys: Keys, n_folds: int, seed: int, draw: str = "") -> Folds:
    """The part of each item, from 0 to `n_folds` - 1: items with one text share it.

    A part follows from text, seed and `draw` alone, so that neither the order of the items nor
    which others there are can matter; another `draw` deals the items anew. Parts are about equally
    large, as far as chance goes.
    """
    salt = int.from_bytes(hashlib.sha256(f"{seed}:{draw}".encode()).digest()[:8])
    return np.asarray(_mixed(keys ^ np.uint64(salt)) % np.uint64(n_folds), dtype=np.int64)


def _mixed(keys: Keys) -> Keys:
    """Every bit of a key spread over all bits (the finalizer of SplitMix64, Steele et al. 2014)."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
