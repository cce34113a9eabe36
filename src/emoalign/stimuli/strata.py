"""Kinds of items by what people said of them, and samples spread over the kinds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd

from emoalign.statistics.raters import agreement_on_labels
from emoalign.stimuli.human_answers import human_answers
from emoalign.stimuli.sampling import rank
from emoalign.study.scales import DatasetScale
from emoalign.study.strata import Strata, Stratifier


def strata_of(
    norms: pd.DataFrame, strata: Strata, scales: Mapping[str, DatasetScale]
) -> dict[str, str]:
    """The stratum of each item by its id, from the norms of all items on the scales it takes.

    `scales` are those of the dataset. Items whose statistic is undefined (an SD of one rater, no
    rater at all) are in none.
    """
    classes = [_classes(norms, one, scales) for one in strata.by]
    known = set.intersection(*(set(found) for found in classes))
    return {item_id: "/".join(found[item_id] for found in classes) for item_id in sorted(known)}


def stratified_ids(
    strata: Mapping[str, str], wanted: Mapping[str, int], size: int | None, seed: int
) -> list[str]:
    """So many ids of each stratum, topped up to `size` from all that are left; ascending.

    Drawn by rank as in `sample_ids`. A stratum that holds fewer than wanted gives all it has.
    """
    by_stratum: dict[str, list[str]] = defaultdict(list)
    for item_id in sorted(strata, key=lambda item_id: rank(item_id, seed)):
        by_stratum[strata[item_id]].append(item_id)
    drawn = {item_id for name, ids in by_stratum.items() for item_id in ids[: wanted.get(name, 0)]}
    if size is not None:
        # By other ranks: those left of a stratum that gave many have high ones, and would be late.
        left = sorted(strata.keys() - drawn, key=lambda item_id: rank(item_id, seed, "top up:"))
        drawn |= set(left[: max(size - len(drawn), 0)])
    return sorted(drawn)


def _classes(
    norms: pd.DataFrame, one: Stratifier, scales: Mapping[str, DatasetScale]
) -> dict[str, str]:
    rows = norms[norms["scale"].isin(one.scales)]
    if one.statistic == "agreement":
        agreed: dict[str, set[str]] = defaultdict(set)
        for scale in one.scales:
            people = human_answers(rows, scale, scales[scale])
            if people.choices is None:
                continue
            for kind, items in agreement_on_labels(people.choices, people.n).items():
                for item_id in people.item_ids[items].tolist():
                    agreed[item_id].add(kind)
        return {
            item_id: kinds.pop() if len(kinds) == 1 else "partial"
            for item_id, kinds in agreed.items()
        }
    values = rows.pivot(index="item_id", columns="scale", values=one.statistic)
    means = values.reindex(columns=list(one.scales)).mean(axis=1, skipna=False).dropna()
    side: Literal["left", "right"] = "left" if one.closed == "right" else "right"
    places = np.searchsorted(np.array(one.bounds), means.to_numpy(), side=side)
    return {
        str(item_id): one.names[place] for item_id, place in zip(means.index, places, strict=True)
    }
