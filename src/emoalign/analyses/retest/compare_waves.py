"""The table of test–retest agreement: the same questions in two waves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.retest.analysis import RetestJob
from emoalign.items.rated_items import RatedItems, rated_items, read_items
from emoalign.statistics.correlation import FEWEST_ITEMS
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.replicates import (
    Replicates,
    pearson_replicates,
    replicates_of,
    undefined,
)
from emoalign.statistics.resampling import FEWEST_CLUSTERS
from emoalign.statistics.retest import Measure, retest_sums
from emoalign.statistics.seeds import seed_of
from emoalign.tables import RETEST
from emoalign.tables.ratings_database import ratings_database
from emoalign.wording import only

MEASURES: tuple[Measure, ...] = ("icc_consistency", "icc_agreement", "change", "sem")

CellName = tuple[str, str, str, str, str]
"""Model, protocol, dataset, scale and readout, as in `tables.CELL_KEY`."""

_ARRIVED = """
SELECT
    model, protocol, dataset, scale, readout,
    quantile_disc(CAST(received AS DATE), 0.5) AS day,
    list_sort(list(DISTINCT model_reported) FILTER (model_reported IS NOT NULL)) AS reported
FROM read_parquet($files)
WHERE protocol IN (SELECT unnest($protocols))
GROUP BY ALL
"""


@dataclass(frozen=True)
class Arrived:
    """When the answers of a cell arrived, by the middle one, and from which models."""

    day: date | None
    reported: tuple[str, ...]


def compare_waves(job: RetestJob, files: AnalysisFiles) -> None:
    """Write the table of test–retest agreement."""
    items = read_items(files.by_dataset("items").values())
    arrived = read_arrived(files.below("ratings", ".parquet"), job)
    files.write(RETEST, retest_rows(items, arrived, job))


def read_arrived(ratings: Sequence[Path], job: RetestJob) -> dict[CellName, Arrived]:
    """When answers under the protocols of the job arrived, by cell."""
    protocols = sorted({name for pair in job.pairs for name in pair})
    with ratings_database(ratings) as database:
        named = {"files": [str(path) for path in ratings], "protocols": protocols}
        found = database.execute(_ARRIVED, named).fetchall()
    return {
        (model, protocol, dataset, scale, readout): Arrived(day, tuple(reported or ()))
        for model, protocol, dataset, scale, readout, day, reported in found
    }


def retest_rows(
    items: pd.DataFrame, arrived: Mapping[CellName, Arrived], job: RetestJob
) -> pd.DataFrame:
    """One row per model, pair of waves, scale and readout; see `tables.RETEST`."""
    rows = [
        row
        for rated in rated_items(items, job.datasets)
        for scale in rated.scales
        for row in _of_scale(rated, scale, arrived, job)
    ]
    table = pd.DataFrame(rows, columns=RETEST.schema.names)
    by = ["model", "first", "second", "dataset", "scale", "readout"]
    return table.sort_values(by, ignore_index=True)


def _of_scale(
    rated: RatedItems, scale: str, arrived: Mapping[CellName, Arrived], job: RetestJob
) -> Iterator[dict[str, object]]:
    for model in sorted({model for model, _ in rated.raters}):
        for pair in job.pairs:
            if not {(model, protocol) for protocol in pair} <= set(rated.raters):
                continue
            first, second = (rated.of((model, protocol), scale) for protocol in pair)
            times = [
                arrived.get((model, protocol, rated.dataset, scale, rated.readout))
                for protocol in pair
            ]
            yield {
                "model": model,
                "first": pair[0],
                "second": pair[1],
                "dataset": rated.dataset,
                "scale": scale,
                "readout": rated.readout,
                **_agreement(rated, first, second, job),
                **_arrivals(*times),
            }


def _agreement(
    rated: RatedItems, first: FloatArray, second: FloatArray, job: RetestJob
) -> dict[str, object]:
    """The columns of numbers, and why one is missing."""
    drawn = job.bootstrap_resamples, seed_of(job.seed, rated.dataset, "items"), rated.clusters
    (r,) = pearson_replicates(first, second, *drawn)
    found: dict[str, Replicates] = {"r": r}
    for measure in MEASURES:
        replicates = replicates_of(retest_sums(first, second, measure), *drawn)
        found[measure] = replicates if r.n_items >= FEWEST_ITEMS else undefined(replicates)
    row: dict[str, object] = {"n_items": r.n_items}
    for name, measured in found.items():
        limits = measured.interval()
        row |= {name: measured.estimate, f"{name}_low": limits.low, f"{name}_high": limits.high}
    return {**row, "reason": _reason(r, found["icc_consistency"])}


def _reason(r: Replicates, icc: Replicates) -> str | None:
    if r.n_items < FEWEST_ITEMS:
        return f"{only(r.n_items, 'item')} with means in both waves; {FEWEST_ITEMS} are needed"
    if np.isnan(icc.estimate):
        return "the means do not vary"
    if np.isnan(r.estimate):
        return "the means of one wave do not vary"
    if r.n_clusters < FEWEST_CLUSTERS:
        clusters = only(r.n_clusters, "cluster")
        return f"{clusters} of items; an interval needs {FEWEST_CLUSTERS}"
    if np.isnan(icc.interval().low):
        return "no interval: too few items differ between the waves, or none"
    return None


def _arrivals(first: Arrived | None, second: Arrived | None) -> dict[str, object]:
    """Days between the waves, and whether another model answered."""
    if first is None or second is None:
        return {"days": None, "model_changed": None}
    days = None
    if first.day is not None and second.day is not None:
        days = (second.day - first.day).days
    named = bool(first.reported and second.reported)
    return {
        "days": days,
        "model_changed": first.reported != second.reported if named else None,
    }
