"""The table of structure: the spaces of emotions and dimensions, of people and of each model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.structure.analysis import StructureJob
from emoalign.analyses.structure.shown import similarity_rows
from emoalign.items.rated_items import RatedItems, Rater, rated_items, read_items
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.seeds import seed_of
from emoalign.statistics.structure import FEWEST_ITEMS, Similarity, dissimilarities, similarity
from emoalign.tables import SIMILARITY, STRUCTURE

COMPARED = (
    (("human", "dimensions"), ("human", "emotions")),
    (("human", "dimensions"), ("model", "dimensions")),
    (("human", "emotions"), ("model", "emotions")),
    (("model", "dimensions"), ("model", "emotions")),
)
"""Pairs of spaces: two frameworks within people or the model, or one framework across the two."""

Space = tuple[str, str]


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
        reason = f"{n_items} items with all means; {FEWEST_ITEMS} are needed"
    elif np.isnan(alike.rho):
        reason = "all items are equally far apart in one of the spaces"
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
