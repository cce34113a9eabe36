"""Correlations together with all their resamples, so that differences and means have intervals too.

What is computed from cells on the same items keeps their pairing: resample k has the same items in
all of them. Datasets with items of their own are resampled independently.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.bca import Interval, bca_interval
from emoalign.statistics.correlation import FEWEST_ITEMS
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import pearson_sums, resample_counts

# Cells worked on at once, so that memory does not grow with their number.
CELLS_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class Replicates:
    """A statistic over items and what becomes of it when items are drawn anew.

    Attributes:
        estimate: the statistic itself.
        resampled: the statistic of each resample, shape (n_resamples,).
        left_out: the statistic without each item in turn, shape (items,); without an item that it
            does not use, it is the estimate.
        present: the items it uses, shape (items,).
    """

    estimate: float
    resampled: FloatArray
    left_out: FloatArray
    present: NDArray[np.bool_]

    @property
    def n_items(self) -> int:
        """Items the statistic uses."""
        return int(self.present.sum())

    def __sub__(self, other: Replicates) -> Replicates:
        """The difference of two statistics over the same items."""
        return combination((self, other), (1, -1))

    def interval(self, level: float = 0.95) -> Interval:
        """The BCa interval; see `bca_interval` for when it is NaN."""
        return bca_interval(self.estimate, self.resampled, self.left_out[self.present], level)

    def p(self) -> float:
        """Two-sided p against 0: twice the smaller share of resamples on either side of it.

        (1 + count) / (n + 1) over the resamples where the statistic is defined, at most 1 (Davison
        & Hinkley 1997, section 4.2). NaN where the interval is.
        """
        defined = self.resampled[np.isfinite(self.resampled)]
        if np.isnan(self.interval().low):
            return np.nan
        fewer = min(np.sum(defined <= 0), np.sum(defined >= 0))
        return min(1.0, 2 * float(1 + fewer) / (defined.size + 1))


def pearson_replicates(
    model: FloatArray, human: FloatArray, n_resamples: int, seed: int
) -> list[Replicates]:
    """Pearson r of every cell with its replicates, from item means of shape (cells, items).

    Cells may have missing items (NaN); all see the same resamples. Everything is NaN for cells with
    fewer than three items.
    """
    model, human = np.broadcast_arrays(np.atleast_2d(model), np.atleast_2d(human))
    found: list[Replicates] = []
    for start in range(0, len(model), CELLS_AT_ONCE):
        some = slice(start, start + CELLS_AT_ONCE)
        sums = pearson_sums(model[some], human[some])
        n_items = sums.present.shape[1]
        resampled = (
            sums.replicates(resample_counts(n_items, n_resamples, seed))
            if n_items
            else np.full((len(sums.present), n_resamples), np.nan)
        )
        enough = np.where(sums.present.sum(axis=1) >= FEWEST_ITEMS, 1.0, np.nan)
        found += [
            Replicates(float(r * known), row * known, others * known, present)
            for r, row, others, present, known in zip(
                sums.estimate(), resampled, sums.jackknife(), sums.present, enough, strict=True
            )
        ]
    return found


def combination(parts: Sequence[Replicates], weights: Sequence[float]) -> Replicates:
    """The weighted sum of statistics over the same items."""
    return Replicates(
        estimate=sum(part.estimate * weight for part, weight in zip(parts, weights, strict=True)),
        resampled=sum_of([part.resampled for part in parts], weights),
        left_out=sum_of([part.left_out for part in parts], weights),
        present=np.any([part.present for part in parts], axis=0),
    )


def independent_sum(parts: Sequence[Replicates]) -> Replicates:
    """The sum of statistics over different items, which were resampled with different seeds.

    The acceleration of its interval is that for several samples: influences of the items of each,
    (n-1)·(mean - left out), divided by its n (Davison & Hinkley 1997, section 5.3.2).
    """
    total = sum(part.estimate for part in parts)
    influences = [
        (part.left_out[part.present] - part.left_out[part.present].mean())
        * ((part.n_items - 1) / part.n_items)
        for part in parts
        if part.n_items
    ]
    left_out = total + np.concatenate([*influences, np.empty(0)])
    return Replicates(
        estimate=total,
        resampled=sum_of([part.resampled for part in parts], [1.0] * len(parts)),
        left_out=left_out,
        present=np.ones(len(left_out), dtype=np.bool_),
    )


def sum_of(values: Sequence[FloatArray], weights: Sequence[float]) -> FloatArray:
    """The weighted sum of arrays of one shape."""
    total: FloatArray = np.tensordot(np.asarray(weights, dtype=np.float64), np.stack(values), 1)
    return total


def seed_of(seed: int, name: str) -> int:
    """A seed of its own for a dataset: one seed for all would pair items that are not the same."""
    return int.from_bytes(hashlib.sha256(f"{seed} {name}".encode()).digest()[:7])
