"""The table of equivalence: biases, and differences of correlations, within the study's margins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.substitution.analysis import EquivalenceJob
from emoalign.items.rated_items import drawn_items, of_scales, read_items
from emoalign.statistics.correlation import FEWEST_ITEMS, pearson
from emoalign.statistics.equivalence import (
    Equivalence,
    equivalent_correlations,
    equivalent_means,
)
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import Clusters
from emoalign.tables import CELL_KEY, EQUIVALENCE, groups

ASKED = ("model", "protocol", "readout")
"""What tells the conditions of a scale apart."""


def compare_within_margins(job: EquivalenceJob, files: AnalysisFiles) -> None:
    """Write the table of equivalence: without rows where the study states no margin."""
    items = of_scales(read_items(files.by_dataset("items").values()), job.scales)
    files.write(EQUIVALENCE, equivalence_rows(items, job))


def equivalence_rows(items: pd.DataFrame, job: EquivalenceJob) -> pd.DataFrame:
    """A row per cell for the bias, and per pair of cells for r; see `tables.EQUIVALENCE`."""
    rows: list[dict[str, object]] = []
    for _, of_dataset in groups(items, ["dataset"]):
        item_ids, clusters = drawn_items(of_dataset)
        for _, of_scale in groups(of_dataset, ["scale"]):
            human = _means(of_scale.drop_duplicates("item_id"), "human_mean", item_ids)
            cells = [
                (dict(zip(CELL_KEY, key, strict=True)), _means(cell, "mean", item_ids))
                for key, cell in groups(of_scale, CELL_KEY)
            ]
            if job.bias_within is not None:
                rows += [_bias(*cell, human, clusters, job.bias_within) for cell in cells]
            if job.r_within is not None:
                rows += _differences(cells, human, clusters, job.r_within)
    table = pd.DataFrame(rows, columns=EQUIVALENCE.schema.names)
    return table.sort_values(
        ["kind", *CELL_KEY, *(f"other_{name}" for name in ASKED)], ignore_index=True
    )


def _means(rows: pd.DataFrame, column: str, item_ids: NDArray[np.str_]) -> FloatArray:
    of_items = rows.set_index("item_id")[column].reindex(item_ids)
    means: FloatArray = of_items.to_numpy(dtype=float)
    return means


def _bias(
    named: Mapping[str, object],
    model: FloatArray,
    human: FloatArray,
    clusters: Clusters,
    margin: float,
) -> dict[str, object]:
    both = np.isfinite(model) & np.isfinite(human)
    number = np.unique(clusters[both], return_inverse=True)[1]
    sums, counts = np.bincount(number, (model - human)[both]), np.bincount(number)
    # The bias over items, as everywhere; its error is that of clusters, which are independent.
    bias = sums.sum() / counts.sum()
    found = equivalent_means(bias + (sums - bias * counts) * len(counts) / counts.sum(), margin)
    why = None
    if np.isnan(found.p):
        why = "fewer than two independent items have both a model rating and a human rating"
    return {"kind": "bias", **named} | _row(found, int(both.sum()), why)


def _differences(
    cells: list[tuple[dict[str, str], FloatArray]],
    human: FloatArray,
    clusters: Clusters,
    margin: float,
) -> Iterator[dict[str, object]]:
    """Pairs of cells that differ in the model, the protocol or the readout alone."""
    for (one, a), (other, b) in combinations(cells, 2):
        if sum(one[name] != other[name] for name in ASKED) != 1:
            continue
        both = np.isfinite(a) & np.isfinite(b) & np.isfinite(human)
        n = len(np.unique(clusters[both]))
        r_a, r_b, r_between = (
            pearson(x[both], y[both]).r for x, y in ((a, human), (b, human), (a, b))
        )
        found = equivalent_correlations(r_a, r_b, r_between, n, margin)
        why = None
        if both.sum() < FEWEST_ITEMS:
            why = "fewer than three items were rated in both conditions and by people"
        elif np.isnan(r_a + r_b):
            why = "a correlation is undefined: means are the same for all items"
        elif np.isnan(found.p):
            why = "no interval: too few independent items, or the two conditions agree perfectly"
        others = {f"other_{name}": other[name] for name in ASKED}
        yield {"kind": "r", **one, **others} | _row(found, int(both.sum()), why)


def _row(found: Equivalence, n_items: int, why: str | None) -> dict[str, object]:
    return {
        "n_items": n_items,
        "n_units": found.n,
        "margin": found.margin,
        "estimate": found.difference,
        "low": found.interval.low,
        "high": found.interval.high,
        "p": found.p,
        "equivalent": None if np.isnan(found.p) else found.equivalent,
        "reason": why,
    }
