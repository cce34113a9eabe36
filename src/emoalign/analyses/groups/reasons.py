"""Why a number of the tables of groups is missing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from emoalign.analyses.groups.measures import (
    FEWEST_RATERS,
    GroupOfRaters,
    Items,
    Measured,
    ScaleCells,
)
from emoalign.items.rated_items import Rater
from emoalign.statistics.correlation import FEWEST_ITEMS
from emoalign.statistics.replicates import Replicates
from emoalign.statistics.resampling import FEWEST_CLUSTERS, Clusters
from emoalign.stimuli.readers.base import Group
from emoalign.wording import only


def why_missing(cells: ScaleCells, rater: Rater, group: Group, one: Measured) -> str | None:
    """Why something of a condition beside a group is missing; None where nothing is."""
    people, name = cells.groups[group], group[1]
    if (none := _no_means(people, name)) is not None:
        return none
    if one.r.n_items < FEWEST_ITEMS:
        return (
            f"{only(one.r.n_items, 'item')} with a rating by the model and {FEWEST_RATERS} or more "
            f"by {name}; {FEWEST_ITEMS} are needed"
        )
    if np.isnan(one.r.estimate):
        return f"the means of the model or of {name} do not vary"
    if one.r.n_clusters < FEWEST_CLUSTERS:
        return _clusters(one.r.n_clusters)
    told = []
    if not one.reliability.estimate >= 0:
        told.append(f"ceiling: {_no_ceiling(people, name)}")
    if np.isnan(one.log_rms_sd_ratio.estimate):
        told.append(f"spread: {_no_spread(cells, rater, people, name)}")
    return "; ".join(told) or None


def why_undecided(items: Items, clusters: Clusters, difference: Replicates) -> str | None:
    """Why two groups, or what personas do, cannot be compared on these items at all."""
    n_items = int(items.sum())
    if n_items < FEWEST_ITEMS:
        return (
            f"{only(n_items, 'item')} with a rating by the model and {FEWEST_RATERS} or more by "
            f"each group; {FEWEST_ITEMS} are needed"
        )
    n_clusters = len(np.unique(clusters[items]))
    if n_clusters < FEWEST_CLUSTERS:
        return _clusters(n_clusters)
    if np.isfinite(difference.estimate) and np.isnan(difference.interval().low):
        return "no interval: the difference does not vary over resamples, or is often undefined"
    return None


def why_unknown(
    cells: ScaleCells, groups: Sequence[Group], measure: str, values: Sequence[Replicates]
) -> str | None:
    """Why a measure beside one of the groups is undefined; None where it is not."""
    for group, value in zip(groups, values, strict=True):
        if np.isfinite(value.estimate):
            continue
        people = cells.groups[group]
        if measure == "r":
            return f"the means of the model or of {group[1]} do not vary"
        return _no_ceiling(people, group[1])
    return None


def _clusters(n: int) -> str:
    return f"{only(n, 'cluster')} of items; a bootstrap interval needs {FEWEST_CLUSTERS}"


def _no_means(people: GroupOfRaters, name: str) -> str | None:
    if not np.isfinite(people.every.mean).any():
        return f"no item of the study was rated by {name}"
    if not np.isfinite(people.norms.mean).any():
        return f"no item was rated by {FEWEST_RATERS} or more {name}"
    return None


def _no_ceiling(people: GroupOfRaters, name: str) -> str:
    rated = np.isfinite(people.norms.mean)
    if not np.isfinite(people.norms.sd[rated]).any():
        return f"the dataset has no SDs of the ratings by {name}"
    if not np.isfinite(people.norms.n[rated]).any():
        return f"the dataset does not tell how many {name} rated an item"
    return f"the means of {name} vary no more than sampling error alone would make them"


def _no_spread(cells: ScaleCells, rater: Rater, people: GroupOfRaters, name: str) -> str:
    rated = np.isfinite(people.norms.mean)
    if not np.isfinite(people.norms.sd[rated]).any():
        return f"the dataset has no SDs of the ratings by {name}"
    if not np.isfinite(cells.sd[rater]).any():
        return "no item has two answers or more"
    return f"the ratings of an item by the model or by {name} do not differ"
