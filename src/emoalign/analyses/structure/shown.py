"""The table of similarity: how far apart the items that figures show are, for people and models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.analyses.structure.analysis import StructureJob
from emoalign.items.rated_items import RatedItems
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.seeds import seed_of
from emoalign.statistics.structure import alike_side_by_side, dissimilarities, distance_ranks
from emoalign.study.fields import Range
from emoalign.study.scales import Frameworks
from emoalign.tables import SIMILARITY

ITEMS_SHOWN = 80
"""More could not be told apart on paper."""

FEWEST_SHOWN = 3
"""Two have no order."""

_CELL = ("model", "protocol", "readout")


def similarity_rows(rated: Sequence[RatedItems], job: StructureJob) -> pd.DataFrame:
    """Rows of people, then of each cell, pair by pair of the items shown; see `tables.SIMILARITY`.

    Datasets that were not rated on both frameworks are left out, and those with human means of
    fewer than three items on all of these scales.
    """
    frames = [pd.DataFrame(columns=SIMILARITY.schema.names)]
    for _, readouts in groupby(rated, key=lambda items: items.dataset):
        frames += _of_dataset(list(readouts), job)
    return pd.concat([frame for frame in frames if len(frame)] or frames, ignore_index=True)


def _of_dataset(readouts: Sequence[RatedItems], job: StructureJob) -> Iterator[pd.DataFrame]:
    dataset = job.datasets[readouts[0].dataset]
    shown = shown_items(readouts[0], job)
    if len(shown) < FEWEST_SHOWN:
        return
    a, b = np.triu_indices(len(shown), 1)
    names = np.array(readouts[0].item_ids)[shown]
    pairs = {
        "dataset": readouts[0].dataset,
        "place_a": a + 1,
        "place_b": b + 1,
        "item_a": names[a],
        "item_b": names[b],
    }

    def frame(means: Mapping[str, FloatArray], *cell: str | None) -> pd.DataFrame:
        ranks = {
            name: _ranks([means[scale][shown] for scale in scales], scales, dataset.scales)
            for name, scales in _scales(dataset.frameworks.within(means))
        }
        return pd.DataFrame(
            {**pairs, **dict(zip(_CELL, cell, strict=True)), **ranks},
            columns=SIMILARITY.schema.names,
        )

    first = readouts[0]
    yield frame({scale: first.people(scale) for scale in first.scales}, None, None, None)
    for items in readouts:
        for rater in items.raters:
            means = {scale: items.of(rater, scale) for scale in items.scales}
            yield frame(means, *rater, items.readout)


def shown_items(items: RatedItems, job: StructureJob) -> NDArray[np.intp]:
    """Places of the items that are shown, in their order: those with human means on all scales of
    both frameworks, drawn at random where there are too many.

    Those that are alike for people stand side by side, unpleasant ones first; without valence,
    those low on the first dimension. Empty where a framework was not rated.
    """
    dataset = job.datasets[items.dataset]
    frameworks = dataset.frameworks.within(items.scales)
    if not (frameworks.dimensions and frameworks.emotions):
        return np.empty(0, dtype=np.intp)
    scales = [*frameworks.dimensions, *frameworks.emotions]
    people = np.stack([items.people(scale) for scale in scales], axis=1)
    places = np.flatnonzero(np.isfinite(people).all(axis=1))
    if len(places) > ITEMS_SHOWN:
        rng = np.random.default_rng(seed_of(job.seed, items.dataset, "sample"))
        places = places[np.sort(rng.choice(len(places), ITEMS_SHOWN, replace=False))]
    if len(places) < FEWEST_SHOWN:
        return places
    apart = dissimilarities(people[places], _widths(scales, dataset.scales))
    places = places[alike_side_by_side(apart)]
    rising = people[places, scales.index("valence") if "valence" in scales else 0]
    middle = len(places) // 2
    return places[::-1] if rising[:middle].mean() > rising[-middle:].mean() else places


def _scales(frameworks: Frameworks) -> Iterator[tuple[str, Sequence[str]]]:
    yield "dimensions", frameworks.dimensions
    yield "emotions", frameworks.emotions


def _ranks(
    means: Sequence[FloatArray], scales: Sequence[str], ranges: Mapping[str, Range]
) -> FloatArray:
    """Ranks of the distances of all pairs, NaN where one of the two lacks a mean."""
    ratings = np.stack(means, axis=1)
    complete = np.asarray(np.isfinite(ratings).all(axis=1))
    a, b = np.triu_indices(len(ratings), 1)
    both = complete[a] & complete[b]
    ranks = np.full(len(a), np.nan)
    if both.any():
        ranks[both] = distance_ranks(dissimilarities(ratings[complete], _widths(scales, ranges)))
    return ranks


def _widths(scales: Sequence[str], ranges: Mapping[str, Range]) -> list[float]:
    return [ranges[name].max - ranges[name].min for name in scales]
