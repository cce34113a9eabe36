"""Item means of every way of asking, side by side with people's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.items.rated_items import drawn_items
from emoalign.statistics.correlation import FEWEST_ITEMS
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.replicates import Replicates
from emoalign.statistics.resampling import FEWEST_CLUSTERS, Clusters
from emoalign.tables import groups
from emoalign.wording import only


class Specification(NamedTuple):
    """A way of asking for ratings and reading them; `form` is None where nobody asked."""

    protocol: str
    form: str | None
    readout: str


Way = tuple[str, Specification]
"""A model, and how it was asked."""


@dataclass(frozen=True, eq=False)
class AskedScale:
    """The ratings of all items of a dataset on one scale of numbers.

    Attributes:
        dataset, scale: their names.
        item_ids: the items of the dataset, ascending, so that all scales and ways of asking share
            the resamples of items.
        clusters: the cluster of each, from 0, shape (items,).
        human, human_sd: means and SDs of people, shape (items,); NaN where there is none.
        asked: means, SDs and counts of answers of each way of asking, a row for each item, as in
            `form_means.form_means`; in ascending order.
    """

    dataset: str
    scale: str
    item_ids: NDArray[np.str_]
    clusters: Clusters
    human: FloatArray
    human_sd: FloatArray
    asked: Mapping[Way, pd.DataFrame]

    def values(self, way: Way, column: str = "mean") -> FloatArray:
        """A column of a way of asking, shape (items,); NaN where there is none."""
        found: FloatArray = self.asked[way][column].to_numpy(dtype=float)
        return found


def asked_scales(items: pd.DataFrame, means: pd.DataFrame) -> Iterator[AskedScale]:
    """The scales of one dataset, ascending, from its rows of `tables.ITEMS` on scales of numbers
    and from `form_means.form_means`."""
    item_ids, clusters = drawn_items(items)
    by_scale = dict(groups(means, ["scale"]))
    for (scale,), rows in groups(items, ["scale"]):
        people = rows.drop_duplicates("item_id").set_index("item_id").reindex(item_ids)
        yield AskedScale(
            dataset=str(rows["dataset"].iloc[0]),
            scale=scale,
            item_ids=item_ids,
            clusters=clusters,
            human=people["human_mean"].to_numpy(dtype=float),
            human_sd=people["human_sd"].to_numpy(dtype=float),
            asked=_asked(by_scale[(scale,)], item_ids) if (scale,) in by_scale else {},
        )


def _asked(means: pd.DataFrame, item_ids: NDArray[np.str_]) -> dict[Way, pd.DataFrame]:
    found: dict[Way, pd.DataFrame] = {}
    # A name is never empty, so that nothing else can be taken for a form that there is not.
    named = means.assign(form=means["form"].fillna(""))
    for key, rows in groups(named, ["model", "protocol", "form", "readout"]):
        model, protocol, form, readout = key
        way = model, Specification(protocol, form or None, readout)
        found[way] = rows.set_index("item_id").reindex(item_ids)
    return dict(sorted(found.items(), key=lambda entry: in_order(*entry[0])))


def in_order(model: str, way: Specification) -> tuple[str, str, str, int, str]:
    """What ways of asking are sorted by: rotations of labels by their number."""
    prompts, _, turned = (way.form or "").partition("/")
    return model, way.protocol, prompts, int(turned) if turned else -1, way.readout


def missing(found: Replicates) -> str | None:
    """Why a correlation with people's means, or its interval, is not known."""
    if found.n_items < FEWEST_ITEMS:
        return f"{only(found.n_items, 'item')} with both means; {FEWEST_ITEMS} are needed"
    if np.isnan(found.estimate):
        return "the means do not vary"
    if found.n_clusters < FEWEST_CLUSTERS:
        clusters = only(found.n_clusters, "cluster")
        return f"{clusters} of items; an interval needs {FEWEST_CLUSTERS}"
    if np.isnan(found.interval().low):
        return "no interval: r rests on too few items, or all items lie on one straight line"
    return None
