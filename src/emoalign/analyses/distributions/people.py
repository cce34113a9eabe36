"""What people answered to the items of a dataset on one scale, as distributions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emoalign.statistics.pairs import FloatArray
from emoalign.study.scales import LabelScale, OrdinalScale

# A rating this near to a point, in steps, is on it: as in the item table.
ON_POINT = 1e-6


@dataclass(frozen=True, eq=False)
class People:
    """Single human ratings of one scale, for the items that have any that can be used.

    Attributes:
        item_ids: the items, ascending.
        counts: how many raters gave each point, or chose each label, shape (items, K).
        n: raters of each item, shape (items,).
        sd: standard deviation of the ratings (ddof 1) in points; NaN for labels, shape (items,).
        choices: for labels, what each rater chose, shape (items, most raters, L), False beyond the
            raters an item has; None for ordinal scales.
    """

    item_ids: NDArray[np.str_]
    counts: FloatArray
    n: NDArray[np.int64]
    sd: FloatArray
    choices: NDArray[np.bool_] | None

    @property
    def shares(self) -> FloatArray:
        """Share of the raters who gave each point, or chose each label, shape (items, K)."""
        found: FloatArray = self.counts / self.n[:, np.newaxis]
        return found


def people(norms: pa.Table, name: str, scale: OrdinalScale | LabelScale) -> People:
    """The ratings of the scale called `name`, from a table of norms.

    An item without single ratings is left out, and so is one with a rating between two points.
    """
    column = "labels" if isinstance(scale, LabelScale) else "ratings"
    rows = norms.filter(pc.equal(norms["scale"], name))
    rows = rows.filter(pc.greater(pc.fill_null(pc.list_value_length(rows[column]), 0), 0))
    rows = rows.sort_by("item_id").combine_chunks()
    ids = rows["item_id"].to_numpy().astype(str)
    lists = rows[column].combine_chunks()
    n = np.asarray(pc.list_value_length(lists), dtype=np.int64)
    # The rater and the item of every single answer, in the order of the lists.
    item = np.repeat(np.arange(len(n)), n)
    if isinstance(scale, LabelScale):
        return _labelled(ids, lists.flatten(), n, item, scale)
    ratings = lists.flatten().to_numpy(zero_copy_only=False).astype(np.float64)
    return _numbered(ids, ratings, n, item, scale)


def _numbered(
    ids: NDArray[np.str_],
    ratings: FloatArray,
    n: NDArray[np.int64],
    item: NDArray[np.int64],
    scale: OrdinalScale,
) -> People:
    n_points = len(scale.points)
    steps = (ratings - scale.min) / scale.step
    place = np.rint(steps).astype(np.int64)
    off = (np.abs(steps - place) >= ON_POINT) | (place < 0) | (place >= n_points)
    kept = np.bincount(item[off], minlength=len(n)) == 0
    counts = np.bincount(
        item * n_points + np.clip(place, 0, n_points - 1), minlength=len(n) * n_points
    ).reshape(len(n), n_points)[kept]
    n, points = n[kept], np.array(scale.points)
    mean = counts @ points / n
    squares = (counts * (points - mean[:, np.newaxis]) ** 2).sum(axis=1)
    sd = np.sqrt(squares / np.where(n > 1, n - 1, np.nan))
    return People(ids[kept], counts.astype(np.float64), n, sd, None)


def _labelled(
    ids: NDArray[np.str_],
    chosen: pa.ListArray,
    n: NDArray[np.int64],
    item: NDArray[np.int64],
    scale: LabelScale,
) -> People:
    first = np.cumsum(n) - n
    rater = np.arange(len(item)) - first[item]
    answer = np.asarray(pc.list_parent_indices(chosen), dtype=np.int64)
    label = pc.index_in(chosen.flatten(), value_set=pa.array(scale.labels))
    known = np.asarray(pc.is_valid(label), dtype=np.bool_)
    place = pc.fill_null(label, 0).to_numpy(zero_copy_only=False)
    choices = np.zeros((len(n), int(n.max(initial=0)), len(scale.labels)), dtype=np.bool_)
    choices[item[answer[known]], rater[answer[known]], place[known]] = True
    counts = choices.sum(axis=1, dtype=np.float64)
    return People(ids, counts, n, np.full(len(n), np.nan), choices)
