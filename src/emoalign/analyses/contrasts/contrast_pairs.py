"""The table of contrasts: model against model, and protocol against protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.base import ComparisonJob
from emoalign.items.rated_items import RatedItems, Rater, rated_items, read_items
from emoalign.statistics.contrasts import contrasts
from emoalign.statistics.seeds import seed_of
from emoalign.statistics.significance import benjamini_hochberg, holm
from emoalign.tables import CONTRASTS


def compare_pairs(job: ComparisonJob, files: AnalysisFiles) -> None:
    """Write the table of contrasts."""
    items = read_items(files.by_dataset("items").values())
    files.write(CONTRASTS, contrast_rows(list(rated_items(items, job.datasets)), job))


def contrast_rows(rated: Sequence[RatedItems], job: ComparisonJob) -> pd.DataFrame:
    """One row per pair of cells of a scale that share protocol or model; see `tables.CONTRASTS`."""
    rows = [
        row
        for dataset in rated
        for scale in dataset.scales
        for row in _of_scale(dataset, scale, job)
    ]
    table = pd.DataFrame(rows, columns=CONTRASTS.schema.names)
    family = table.groupby(["kind", "readout"])["p"]
    for column, adjust in (("p_holm", holm), ("p_adjusted", benjamini_hochberg)):
        table[column] = family.transform(lambda p, adjust=adjust: adjust(p.to_numpy(dtype=float)))
    return table.sort_values(
        ["kind", "dataset", "scale", "readout", "within", "a", "b"], ignore_index=True
    )


def _of_scale(rated: RatedItems, scale: str, job: ComparisonJob) -> Iterator[dict[str, object]]:
    pairs = list(_pairs(rated.raters))
    if not pairs:
        return
    first, second = (np.stack([rated.of(pair[side], scale) for pair in pairs]) for side in (0, 1))
    seed = seed_of(job.seed, rated.dataset, "items")
    compared = contrasts(
        first,
        second,
        rated.people(scale),
        job.bootstrap_resamples,
        seed,
        clusters=rated.clusters,
    )
    for (a, b), contrast in zip(pairs, compared, strict=True):
        between_models = a[1] == b[1]
        yield {
            "kind": "model" if between_models else "protocol",
            "within": a[1] if between_models else a[0],
            "a": a[0] if between_models else a[1],
            "b": b[0] if between_models else b[1],
            "dataset": rated.dataset,
            "scale": scale,
            "readout": rated.readout,
            "n_items": contrast.n_items,
            "n_clusters": contrast.n_clusters,
            "r_a": contrast.r_a,
            "r_b": contrast.r_b,
            "r_between": contrast.r_between,
            "difference": contrast.difference,
            "difference_low": contrast.low,
            "difference_high": contrast.high,
            "zou_low": contrast.zou_low,
            "zou_high": contrast.zou_high,
            "williams_t": contrast.t,
            "p": contrast.p,
            "reason": contrast.reason,
        }


def _pairs(raters: tuple[Rater, ...]) -> Iterator[tuple[Rater, Rater]]:
    """Pairs that differ in the model alone, or in the protocol alone."""
    for a, b in combinations(raters, 2):
        if (a[0] == b[0]) != (a[1] == b[1]):
            yield a, b
