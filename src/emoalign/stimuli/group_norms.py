"""Norms by groups of raters, such as women and men, read from the files of a dataset."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pandas as pd

from emoalign.stimuli.checking import read_items
from emoalign.stimuli.dataset_cards import GroupedSource
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.norms import on_scale
from emoalign.stimuli.public_ids import public_ids
from emoalign.study.scales import HumanScale
from emoalign.tables import NORMS

KEY = ["attribute", "group"]
"""The columns that name a group, beside those of norms."""


def group_norms(
    grouped: GroupedSource,
    dataset: str,
    scales: Mapping[str, HumanScale],
    item_ids: Collection[str],
) -> pd.DataFrame:
    """The norms of each group of raters for these items of a study, in points of its scales.

    The columns are those of norms with attribute and group. Single ratings and codes of raters are
    in them where they are known; whoever writes the rows leaves both out.

    Raises DataError when a file is missing, is another file, or holds what it must not.
    """
    mistakes = Mistakes()
    items = read_items(grouped.source, grouped.source.files(), scales, grouped.keep, mistakes)
    mistakes.tell()
    called = {item.item_id: item.item_id for item in items}
    if grouped.restricted:
        called = public_ids(items, dataset)
    wanted = set(item_ids)
    rows = [
        {"item_id": called[item.item_id], "scale": name, "attribute": group[0], "group": group[1]}
        | on_scale(ratings, scale, item)
        for item in items
        if called[item.item_id] in wanted
        for name, scale in scales.items()
        for group, ratings in item.by_group.get(name, {}).items()
    ]
    table = pd.DataFrame(rows, columns=[*KEY, *NORMS.schema.names])
    return table.sort_values(["scale", *KEY, "item_id"], ignore_index=True)
