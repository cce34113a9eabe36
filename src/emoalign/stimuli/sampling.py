"""Drawing items by hash, so that a sample changes as little as its definition does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence


def sample_ids(item_ids: Iterable[str], size: int | None, seed: int) -> list[str]:
    """`size` of the ids in ascending order, or all of them; the same seed draws the same ids.

    Each id has a fixed random rank under the seed and the lowest ranks are taken. So the order of
    the ids does not matter, a larger sample contains the smaller one, and leaving one id out
    brings in exactly one other.
    """
    return sorted(sorted(item_ids, key=lambda item_id: rank(item_id, seed))[:size])


def rank(item_id: str, seed: int, draw: str = "") -> bytes:
    """The random rank of an item under a seed: whoever else is there, it stays the same.

    Another `draw` has ranks that have nothing to do with those of the first.
    """
    return hashlib.sha256(f"{seed}:{draw}{item_id}".encode()).digest()


def shard_names(n_items: int, shard_items: int | None) -> Sequence[str]:
    """The shard of each of `n_items` items in order: consecutive runs of at most `shard_items`."""
    size = shard_items or max(n_items, 1)
    return [f"{index // size:04d}" for index in range(n_items)]
