"""Groups of people who differ by a known shift, and models between them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from emoalign.analyses.groups.analysis import GroupedDataset, GroupsJob
from emoalign.statistics.pairs import FloatArray
from emoalign.stimuli.group_norms import KEY
from emoalign.tables import ITEMS, NORMS, STATUSES

from .ratings import item_ids
from .words import SCALE

GROUPS = ("men", "women")


def felt(n: int, apart: float, seed: int = 0) -> dict[str, FloatArray]:
    """What men and women feel about each item, `apart` points (SD) of their own each."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(5, 1.5, n)
    return {name: shared + rng.normal(0, apart, n) for name in GROUPS}


def of_group(
    truth: FloatArray, raters: int, name: str, noise: float = 1.0, seed: int = 0
) -> pd.DataFrame:
    """The norms of a group, from so many ratings around what it feels."""
    rng = np.random.default_rng([seed, sum(map(ord, name))])
    ratings = truth[:, None] + rng.normal(0, noise, (len(truth), raters))
    rows: dict[str, object] = {
        "attribute": "sex",
        "group": name,
        "item_id": item_ids(len(truth)),
        "scale": "valence",
        "mean": ratings.mean(axis=1),
        "sd": ratings.std(axis=1, ddof=1) if raters > 1 else np.nan,
        "n": raters,
        "ratings": None,
        "labels": None,
        "raters": None,
    }
    return pd.DataFrame(rows)[[*KEY, *NORMS.schema.names]]


def norms_of(truths: Mapping[str, FloatArray], raters: int = 10, seed: int = 0) -> pd.DataFrame:
    """The norms of several groups."""
    told = [of_group(truth, raters, name, seed=seed) for name, truth in truths.items()]
    return pd.concat(told, ignore_index=True)


def rated_as(
    means: FloatArray, model: str = "m", protocol: str = "p", dataset: str = "words"
) -> pd.DataFrame:
    """The item rows of a model with these means."""
    rows: dict[str, object] = dict.fromkeys(ITEMS.schema.names)
    rows |= dict.fromkeys((f"n_{status}" for status in STATUSES), 0)
    rows |= {"model": model, "protocol": protocol, "dataset": dataset, "scale": "valence"}
    rows |= {"readout": "sampled", "item_id": item_ids(len(means)), "cluster": range(len(means))}
    return pd.DataFrame(rows | {"mean": means, "sd": 1.0, "n_ok": 20})


def groups_job(resamples: int = 500, **personas: str) -> GroupsJob:
    """The job for such tables; `personas` are protocols with the sex of their personas."""
    return GroupsJob(
        datasets={"words": GroupedDataset(groups={}, scales={"valence": SCALE})},
        personas={protocol: {"sex": (sex,)} for protocol, sex in personas.items()},
        seed=1,
        bootstrap_resamples=resamples,
    )
