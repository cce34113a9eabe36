"""Single human answers on one scale, from a table of norms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from emoalign.statistics.raters import People, counted_choices, counted_ratings
from emoalign.study.scales import LabelScale, OrdinalScale
from emoalign.tables import NORMS


def human_answers(
    norms: pa.Table | pd.DataFrame, name: str, scale: OrdinalScale | LabelScale
) -> People:
    """The answers on the scale called `name`, of the items that have any, in order of their ids.

    An item without single answers is left out, and so is one with a rating between two points.
    """
    column = "labels" if isinstance(scale, LabelScale) else "ratings"
    rows = _arrow(norms, column) if isinstance(norms, pd.DataFrame) else norms
    rows = rows.filter(pc.equal(rows["scale"], name))
    rows = rows.filter(pc.greater(pc.fill_null(pc.list_value_length(rows[column]), 0), 0))
    rows = rows.sort_by("item_id").combine_chunks()
    item_ids = rows["item_id"].to_numpy().astype(str)
    answers = rows[column].combine_chunks()
    n = np.asarray(pc.list_value_length(answers), dtype=np.int64)
    if not isinstance(scale, LabelScale):
        ratings = answers.flatten().to_numpy(zero_copy_only=False).astype(np.float64)
        return counted_ratings(item_ids, n, ratings, np.array(scale.points))
    chosen = answers.flatten()
    rater = np.asarray(pc.list_parent_indices(chosen), dtype=np.int64)
    label = pc.index_in(chosen.flatten(), value_set=pa.array(scale.labels))
    known = np.asarray(pc.is_valid(label), dtype=np.bool_)
    place = pc.fill_null(label, 0).to_numpy(zero_copy_only=False).astype(np.int64)
    return counted_choices(item_ids, n, rater[known], place[known], len(scale.labels))


def _arrow(norms: pd.DataFrame, column: str) -> pa.Table:
    names = ("item_id", "scale", column)
    return pa.table({name: pa.array(norms[name], NORMS.schema.field(name).type) for name in names})
