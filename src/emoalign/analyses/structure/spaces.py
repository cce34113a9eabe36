"""The tables of structure: similarity of the spaces of items, and the distances in figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.structure.analysis import StructureJob
from emoalign.items.rated_items import RatedItems, Rater, rated_items, read_items
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.seeds import seed_of
from emoalign.statistics.structure import (
    FEWEST_ITEMS,
    Similarity,
    alike_side_by_side,
    dissimilarities,
    distance_ranks,
    similarity,
)
from emoalign.study.fields import Range
from emoalign.study.scales import Frameworks
from emoalign.tables import SIMILARITY, STRUCTURE
from emoalign.wording import only

COMPARED = (
    (("human", "dimensions"), ("human", "emotions")),
    (("human", "dimensions"), ("model", "dimensions")),
    (("human", "emotions"), ("model", "emotions")),
    (("model", "dimensions"), ("model", "emotions")),
)
"""Pairs of spaces: two frameworks within people or the model, or one framework across the two."""

Space = tuple[str, str]

ITEMS_SHOWN = 80
"""The most items that can be distinguished in print."""

FEWEST_SHOWN = 3
"""Two have no order."""

_CELL = ("model", "protocol", "readout")


def compare_structure(job: StructureJob, files: AnalysisFiles) -> None:
    """Write the tables of structure and of similarity."""
    items = read_items(files.by_dataset("items").values())
    rated = list(rated_items(items, job.datasets))
    files.write(STRUCTURE, structure_rows(rated, job))
    files.write(SIMILARITY, similarity_rows(rated, job))


def structure_rows(rated: Sequence[RatedItems], job: StructureJob) -> pd.DataFrame:
    """One row per model, protocol, dataset, readout and pair of spaces; see `tables.STRUCTURE`.

    Datasets that were not rated on both frameworks are left out.
    """
    rows = [row for dataset in rated for row in _rows(dataset, job)]
    return pd.DataFrame(rows, columns=STRUCTURE.schema.names).sort_values(
        ["model", "protocol", "dataset", "readout"], kind="stable", ignore_index=True
    )


def _rows(rated: RatedItems, job: StructureJob) -> Iterator[dict[str, object]]:
    dataset = job.datasets[rated.dataset]
    frameworks = dataset.frameworks.within(rated.scales)
    if not (frameworks.dimensions and frameworks.emotions):
        return
    seed = seed_of(job.seed, rated.dataset, "permutations")
    scales = {"dimensions": frameworks.dimensions, "emotions": frameworks.emotions}
    widths = {
        framework: np.array([dataset.scales[name].max - dataset.scales[name].min for name in names])
        for framework, names in scales.items()
    }
    sampled = _sampled(rated, [*frameworks.dimensions, *frameworks.emotions], job)
    among_people: dict[bytes, Similarity] = {}
    for rater in rated.raters:
        means = _means(rated, rater, scales, sampled)
        complete = np.isfinite(np.hstack(list(means.values()))).all(axis=1)
        distances = {
            space: dissimilarities(values[complete], widths[space[1]])
            for space, values in means.items()
        }
        for a, b in COMPARED:
            # The spaces of people are the same beside every model that rated the same items.
            key = complete.tobytes() if a[0] == b[0] == "human" else b""
            alike = among_people.get(key)
            if alike is None:
                alike = similarity(distances[a], distances[b], job.permutations, seed)
            if key:
                among_people[key] = alike
            yield _row(rated, rater, a, b, int(complete.sum()), alike)


def _means(
    rated: RatedItems,
    rater: Rater,
    scales: Mapping[str, Sequence[str]],
    sampled: NDArray[np.intp],
) -> dict[Space, FloatArray]:
    """Item means in the four spaces, shape (items, scales) each."""
    return {
        (who, framework): np.stack(
            [
                (rated.people(scale) if who == "human" else rated.of(rater, scale))[sampled]
                for scale in names
            ],
            axis=1,
        )
        for framework, names in scales.items()
        for who in ("human", "model")
    }


def _sampled(rated: RatedItems, scales: Sequence[str], job: StructureJob) -> NDArray[np.intp]:
    """Places of the items that are compared: those with human means on all scales, or a sample."""
    with_norms = np.isfinite([rated.people(scale) for scale in scales]).all(axis=0)
    places = np.flatnonzero(with_norms)
    if len(places) > job.structure_items:
        rng = np.random.default_rng(seed_of(job.seed, rated.dataset, "sample"))
        places = np.sort(rng.choice(places, job.structure_items, replace=False))
    return places


def _row(
    rated: RatedItems, rater: Rater, a: Space, b: Space, n_items: int, alike: Similarity
) -> dict[str, object]:
    reason = None
    if n_items < FEWEST_ITEMS:
        reason = (
            f"{only(n_items, 'item')} with means on all of these scales; {FEWEST_ITEMS} are needed"
        )
    elif np.isnan(alike.rho):
        reason = "all pairs of items have the same distance in one of the spaces"
    return {
        "model": rater[0],
        "protocol": rater[1],
        "dataset": rated.dataset,
        "readout": rated.readout,
        "a": " ".join(a),
        "b": " ".join(b),
        "n_items": n_items,
        "rho": alike.rho,
        "p": alike.p,
        "reason": reason,
    }


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
