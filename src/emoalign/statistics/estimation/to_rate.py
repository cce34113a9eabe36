"""Which items to have rated next: a random sample with known probabilities, by strata."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.estimation.intervals import REGIONS, regions, terciles
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import Keys

TO_RATE = 100
"""Items that are drawn, of those that nobody rated."""


class ToRate(NamedTuple):
    """Items to have rated, each of shape (items,).

    Attributes:
        drawn: the items drawn.
        stratum: the third of the predicted means of unrated items, from 1; 0 for rated items.
        inclusion: the probability of being drawn; NaN for rated items.
    """

    drawn: NDArray[np.bool_]
    stratum: NDArray[np.int64]
    inclusion: FloatArray


def to_rate(means: FloatArray, rated: NDArray[np.bool_], keys: Keys, seed: int) -> ToRate:
    """Draw items at random, about equally many in each stratum (Cochran 1977, chapter 5).

    Within a stratum all items have the same probability. Who is drawn follows from a hash of each
    item's cluster and its place there, so the order of clusters does not matter.
    """
    drawn, stratum = np.zeros(len(means), dtype=np.bool_), np.zeros(len(means), dtype=np.int64)
    inclusion = np.full(len(means), np.nan)
    asked = np.flatnonzero(~rated)
    if not len(asked):
        return ToRate(drawn, stratum, inclusion)
    stratum[asked] = regions(means[asked], terciles(means[asked]))
    chance = _chances(keys, seed)
    sizes = np.bincount(stratum[asked], minlength=REGIONS + 1)[1:]
    for number, (size, wanted) in enumerate(zip(sizes, _allotted(sizes), strict=True), 1):
        items = np.flatnonzero(stratum == number)
        drawn[items[np.argsort(chance[items])[:wanted]]] = True
        inclusion[items] = wanted / max(size, 1)
    return ToRate(drawn, stratum, inclusion)


def _allotted(sizes: NDArray[np.int64]) -> list[int]:
    """How many to draw of each stratum: in proportion to its size, `TO_RATE` together."""
    total = int(sizes.sum())
    wanted = min(TO_RATE, total)
    ends = np.round(np.append(0, np.cumsum(sizes)) * wanted / total).astype(int)
    allotted: list[int] = np.diff(ends).tolist()
    return allotted


def _chances(keys: Keys, seed: int) -> FloatArray:
    """A number for each item, at random."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    first = np.searchsorted(ordered, ordered, side="left")
    place = np.empty(len(keys), dtype=np.int64)
    place[order] = np.arange(len(keys)) - first
    hashes = [
        int.from_bytes(hashlib.sha256(f"{seed} rate:{key} {number}".encode()).digest()[:7])
        for key, number in zip(keys.tolist(), place.tolist(), strict=True)
    ]
    return np.array(hashes, dtype=np.float64)
