"""Aggregation of ratings into items, streamed by DuckDB: memory does not grow with the ratings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from emoalign.study.jobs import AggregationJob
from emoalign.tables import ITEMS, STATUSES

MEMORY_LIMIT = "800MB"

_KEYS = "model, protocol, dataset, scale, readout, item_id"

# Only names from the data contract are put into these queries; values are bound.
_COUNTS = ",\n    ".join(
    f"(count(*) FILTER (status = '{status}'))::INTEGER AS n_{status}" for status in STATUSES
)

_SAMPLED = f"""
SELECT {_KEYS},
    {_COUNTS},
    avg(rating) AS mean,
    stddev_samp(rating) AS sd,
    histogram(rating) AS counts
FROM read_parquet($files)
WHERE readout = 'sampled'
GROUP BY ALL
"""  # noqa: S608

_EXACT = f"""
SELECT {_KEYS},
    {_COUNTS},
    any_value(probabilities) AS probabilities,
    any_value(off_scale_mass) AS off_scale_mass,
    any_value(returned_mass) AS returned_mass
FROM read_parquet($files)
WHERE readout = 'exact'
GROUP BY ALL
"""  # noqa: S608


def aggregate(
    job: AggregationJob, ratings: Sequence[Path], norms: Path, output: Path, threads: int = 1
) -> None:
    """Write the item table of a dataset: its ratings by cell and item, joined with the norms.

    The result does not depend on the order or number of the files the ratings are in.
    """
    files = [str(path) for path in ratings]
    points = {name: np.array(scale.points) for name, scale in job.scales.items()}
    with duckdb.connect(config={"threads": threads, "memory_limit": MEMORY_LIMIT}) as database:
        sampled = database.execute(_SAMPLED, {"files": files}).df()
        exact = database.execute(_EXACT, {"files": files}).df()
        norm_rows = database.execute(
            "SELECT item_id, scale, mean AS human_mean, sd AS human_sd, n AS human_n "
            "FROM read_parquet($norms)",
            {"norms": str(norms)},
        ).df()
    parts = [_from_counts(sampled, points), _from_probabilities(exact, points)]
    filled = [part for part in parts if len(part)]
    items = pd.concat(filled, ignore_index=True) if filled else parts[0]
    items = items.merge(norm_rows, on=["item_id", "scale"], how="left", validate="many_to_one")
    items["human_n"] = items["human_n"].astype("Int32")
    order = ["model", "protocol", "scale", "readout", "item_id"]
    ITEMS.write(items.sort_values(order, ignore_index=True), output)


def _from_counts(sampled: pd.DataFrame, points: dict[str, np.ndarray]) -> pd.DataFrame:
    """Share of each point of the scale among the answers that are a rating."""
    distributions: list[list[float] | None] = []
    for scale, counts in zip(sampled["scale"], sampled["counts"], strict=True):
        if not isinstance(counts, dict) or not counts:
            distributions.append(None)
            continue
        shares = np.array([counts.get(float(point), 0) for point in points[scale]], dtype=float)
        distributions.append((shares / shares.sum()).tolist())
    return sampled.drop(columns="counts").assign(
        distribution=pd.Series(distributions, index=sampled.index, dtype=object),
        **dict.fromkeys(
            ("raw_moment_1", "raw_moment_2", "off_scale_mass", "returned_mass"), np.nan
        ),
    )


def _from_probabilities(exact: pd.DataFrame, points: dict[str, np.ndarray]) -> pd.DataFrame:
    """Moments of the exact distribution, raw and over the mass that is on the scale."""
    rows = []
    for scale, probabilities in zip(exact["scale"], exact["probabilities"], strict=True):
        withheld = np.full(len(points[scale]), np.nan)
        mass = np.asarray(probabilities if np.iterable(probabilities) else withheld, dtype=float)
        first, second = float(mass @ points[scale]), float(mass @ points[scale] ** 2)
        on_scale = mass.sum()
        mean = first / on_scale if on_scale > 0 else np.nan
        variance = max(second / on_scale - mean**2, 0.0) if on_scale > 0 else np.nan
        distribution = (mass / on_scale).tolist() if on_scale > 0 else None
        rows.append((mean, variance**0.5, distribution, first, second))
    names = ["mean", "sd", "distribution", "raw_moment_1", "raw_moment_2"]
    moments = pd.DataFrame(rows, columns=names, index=exact.index)
    return exact.drop(columns="probabilities").join(moments)
