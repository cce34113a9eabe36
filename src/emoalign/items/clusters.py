"""Items that belong together: resamples draw them, and folds deal them, as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from emoalign.statistics.resampling import Keys, text_keys
from emoalign.tables import read_parquet

_SHOWN = ("image_sha256", "text", "image_path")
"""The columns by which two items show the same; images without a file are compared by name."""


@dataclass(frozen=True, eq=False)
class ItemClusters:
    """The clusters of a dataset's items.

    Two items are in one cluster if the dataset's card puts them there, if they show the same text
    or image, or if other items link them: a sentence found in two documents joins the documents.

    Attributes:
        item_ids: the items, ascending.
        numbers: the cluster of each item, from 0, shape (items,), in order of their names: what the
            card calls them, or else the id of their first item.
        keys: a number for each item that only its cluster shares, from that name or else from the
            text (image) alone, shape (items,).
    """

    item_ids: NDArray[np.str_]
    numbers: NDArray[np.int64]
    keys: Keys

    @classmethod
    def read(cls, stimuli: Path, by_card: bool = True) -> ItemClusters:
        """The clusters of a table of stimuli; without `by_card`, only what they show counts."""
        rows = read_parquet(stimuli, columns=["item_id", *_SHOWN, "cluster"])
        rows = rows.sort_by("item_id")
        item_ids = rows["item_id"].to_pylist()
        shown = pc.coalesce(*(rows[name] for name in _SHOWN)).to_pylist()
        of_card = rows["cluster"].to_pylist() if by_card else [None] * len(item_ids)
        together = belonging(shown, of_card).tolist()
        # What has several names on the card goes by the first.
        names: dict[int, str] = {}
        for cluster, name in zip(together, of_card, strict=True):
            if name is not None:
                names[cluster] = min(name, names.get(cluster, name))
        first = dict(zip(reversed(together), reversed(item_ids), strict=True))
        # An item's id may be what the card calls another's cluster.
        in_order = sorted(first, key=lambda one: (names.get(one, first[one]), one in names))
        number = {cluster: place for place, cluster in enumerate(in_order)}
        return cls(
            item_ids=np.array(item_ids, dtype=np.str_),
            numbers=np.array([number[cluster] for cluster in together], dtype=np.int64),
            keys=text_keys(
                [
                    f"cluster {names[cluster]}" if cluster in names else text
                    for cluster, text in zip(together, shown, strict=True)
                ]
            ),
        )

    def keys_of(self, item_ids: NDArray[np.str_]) -> Keys:
        """The keys of some items, which must be among these."""
        keys: Keys = self.keys[np.searchsorted(self.item_ids, item_ids)]
        return keys

    def table(self) -> pa.Table:
        """Items and the numbers of their clusters, as columns item_id and cluster."""
        item_ids = pa.array(self.item_ids.tolist(), pa.string())
        return pa.table({"item_id": item_ids, "cluster": pa.array(self.numbers, pa.int32())})


def belonging(shown: Sequence[str], of_card: Sequence[str | None]) -> NDArray[np.int64]:
    """A number for each item, the same for items that belong together, shape (items,).

    Items with equal entries of `shown`, or of `of_card`, belong together, directly or through
    others. An item may have no cluster on the card (None).
    """
    text, texts = pd.factorize(np.array(shown, dtype=object))
    card, cards = pd.factorize(np.array(of_card, dtype=object))
    named = card >= 0
    size = len(texts) + len(cards)
    links = coo_array(
        (np.ones(named.sum()), (text[named], len(texts) + card[named])), shape=(size, size)
    )
    _, components = connected_components(links, directed=False)
    found: NDArray[np.int64] = components[text].astype(np.int64)
    return found
