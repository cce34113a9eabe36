"""Items that people rated, among those that are there to be estimated."""

from __future__ import annotations

import pandas as pd


def rated_rows(items: pd.DataFrame) -> pd.DataFrame:
    """The rows of an item table without items that nobody rated, where people rated others.

    Such items are there to be estimated. In comparisons with people they would be drawn by
    resamples as items that are missing. Where people rated no item, all are kept.
    """
    known = items["human_mean"].notna() | items["human_n"].gt(0)
    if known.all() or not known.any():
        return items
    by_people = items["scale"].isin(items.loc[known, "scale"].unique())
    rated = items["item_id"].isin(items.loc[known, "item_id"].unique())
    return items[known | (rated & ~by_people)].reset_index(drop=True)
