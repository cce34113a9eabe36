"""The difference between a model's correlations on discrete emotions and on dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.base import ComparisonJob
from emoalign.items.rated_items import RatedItems, correlated, rated_items, read_items
from emoalign.statistics.replicates import Replicates, combination, independent_sum
from emoalign.statistics.resampling import FEWEST_CLUSTERS
from emoalign.statistics.significance import holm
from emoalign.tables import FRAMEWORK
from emoalign.wording import only

Cells = dict[tuple[str, str], Replicates]
"""Correlations with people by dataset and scale, of one model, protocol and readout."""


def compare_frameworks(job: ComparisonJob, files: AnalysisFiles) -> None:
    """Write the table of frameworks."""
    items = read_items(files.by_dataset("items").values())
    files.write(FRAMEWORK, framework_rows(list(rated_items(items, job.datasets)), job))


def framework_rows(rated: Sequence[RatedItems], job: ComparisonJob) -> pd.DataFrame:
    """One row per model, protocol and set of datasets; see `tables.FRAMEWORK`.

    Datasets with both frameworks have rows of their own; where a rater has several datasets of a
    modality, there is one for all of them, so that dimensions of one set stand against emotions of
    another.
    """
    correlations = correlated(rated, job.seed, job.bootstrap_resamples)
    raters = sorted({(dataset.readout, rater) for dataset in rated for rater in dataset.raters})
    rows = []
    for readout, rater in raters:
        names = [
            dataset.dataset
            for dataset in rated
            if dataset.readout == readout and rater in dataset.raters
        ]
        for together in _sets(sorted(names), job):
            cells = {
                (name, scale): correlation
                for name in together
                for scale, correlation in correlations[name, readout, rater].items()
            }
            row = _row(cells, job)
            if row is not None:
                names_of_row = {
                    "model": rater[0],
                    "protocol": rater[1],
                    "datasets": "+".join(together),
                    "readout": readout,
                }
                rows.append(names_of_row | row)
    table = pd.DataFrame(rows, columns=FRAMEWORK.schema.names)
    table["p_holm"] = table.groupby("readout")["p"].transform(
        lambda p: holm(p.to_numpy(dtype=float))
    )
    return table.sort_values(["model", "protocol", "datasets", "readout"], ignore_index=True)


def _sets(names: Sequence[str], job: ComparisonJob) -> Iterator[tuple[str, ...]]:
    """Each dataset, and all of a modality that belong to any framework where they are several."""

    def modality(name: str) -> str:
        return job.datasets[name].modality

    for name in names:
        yield (name,)
    placed = [name for name in names if _of_framework(name, job)]
    for _, group in groupby(sorted(placed, key=lambda name: (modality(name), name)), modality):
        together = tuple(group)
        if len(together) > 1:
            yield together


def _of_framework(name: str, job: ComparisonJob) -> bool:
    frameworks = job.datasets[name].frameworks
    return bool(frameworks.dimensions or frameworks.emotions)


def _row(cells: Cells, job: ComparisonJob) -> dict[str, object] | None:
    """The numbers of a row; None where one of the frameworks is missing."""
    emotions, dimensions = (
        [key for key in sorted(cells) if key[1] in getattr(job.datasets[key[0]].frameworks, which)]
        for which in ("emotions", "dimensions")
    )
    if not emotions or not dimensions:
        return None
    parts = []
    for name in sorted({key[0] for key in (*emotions, *dimensions)}):
        weights = {key: 1 / len(emotions) for key in emotions if key[0] == name}
        weights |= {key: -1 / len(dimensions) for key in dimensions if key[0] == name}
        parts.append(combination([cells[key] for key in weights], list(weights.values())))
    difference = parts[0] if len(parts) == 1 else independent_sum(parts)
    interval = difference.interval()
    undefined = [key for key in (*emotions, *dimensions) if np.isnan(cells[key].estimate)]
    fewest = min(cells[key].n_clusters for key in (*emotions, *dimensions))
    reason = None
    if undefined:
        reason = "no correlation for " + ", ".join(sorted({scale for _, scale in undefined}))
    elif fewest < FEWEST_CLUSTERS:
        clusters = only(fewest, "cluster")
        reason = f"{clusters} of items; a bootstrap interval needs {FEWEST_CLUSTERS}"
    elif np.isnan(interval.low):
        reason = "no interval: the difference rests on single items"
    return {
        "n_items": difference.n_items,
        "n_emotions": len(emotions),
        "n_dimensions": len(dimensions),
        "r_emotions": np.mean([cells[key].estimate for key in emotions]),
        "r_dimensions": np.mean([cells[key].estimate for key in dimensions]),
        "difference": difference.estimate,
        "difference_low": interval.low,
        "difference_high": interval.high,
        "p": difference.p(),
        "reason": reason,
    }
