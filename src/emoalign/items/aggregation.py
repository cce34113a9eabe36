"""Aggregation of ratings into items, streamed by DuckDB: memory does not grow with the ratings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from emoalign.study.fields import LabelScale
from emoalign.study.jobs import AggregationJob
from emoalign.tables import ITEMS, STATUSES

MEMORY_LIMIT = "800MB"

Options = Mapping[str, Sequence[float] | Sequence[str]]
"""The points or labels of each scale, in their order."""

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

_CHOSEN = f"""
SELECT {_KEYS}, histogram(label) AS counts
FROM (
    SELECT {_KEYS}, unnest(labels) AS label
    FROM read_parquet($files)
    WHERE readout = 'sampled' AND status = 'ok'
)
GROUP BY ALL
"""  # noqa: S608

_NORMS = """
SELECT item_id, scale, mean AS human_mean, sd AS human_sd, n AS human_n, labels AS human_labels
FROM read_parquet($norms)
"""

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
    options: Options = {
        name: scale.labels if isinstance(scale, LabelScale) else scale.points
        for name, scale in job.scales.items()
    }
    with duckdb.connect(config={"threads": threads, "memory_limit": MEMORY_LIMIT}) as database:
        sampled = database.execute(_SAMPLED, {"files": files}).df()
        chosen = database.execute(_CHOSEN, {"files": files}).df()
        exact = database.execute(_EXACT, {"files": files}).df()
        norm_rows = database.execute(_NORMS, {"norms": str(norms)}).df()
    parts = [
        _from_counts(_with_labels(sampled, chosen), options),
        _from_probabilities(exact, options),
    ]
    filled = [part for part in parts if len(part)]
    items = pd.concat(filled, ignore_index=True) if filled else parts[0]
    norm_rows["human_distribution"] = _human_shares(norm_rows, options)
    items = items.merge(
        norm_rows.drop(columns="human_labels"),
        on=["item_id", "scale"],
        how="left",
        validate="many_to_one",
    )
    items["human_n"] = items["human_n"].astype("Int32")
    order = ["model", "protocol", "scale", "readout", "item_id"]
    ITEMS.write(items.sort_values(order, ignore_index=True), output)


def _with_labels(sampled: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """Counts of labels in place of those of numbers, where labels were chosen."""
    if chosen.empty:
        return sampled
    keys = _KEYS.split(", ")
    rows = sampled.merge(chosen, on=keys, how="left", suffixes=("", "_of_labels"))
    rows["counts"] = rows["counts_of_labels"].where(
        rows["counts_of_labels"].notna(), rows["counts"]
    )
    return rows.drop(columns="counts_of_labels")


def _from_counts(sampled: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Share of each point or label among the answers that are a rating.

    An answer may choose several labels, or none: their shares need not sum to 1.
    """
    distributions: list[list[float] | None] = []
    for scale, counts, n_ok in zip(
        sampled["scale"], sampled["counts"], sampled["n_ok"], strict=True
    ):
        found = counts if isinstance(counts, dict) else {}
        shares = [found.get(option, 0) / n_ok for option in options[scale]] if n_ok else None
        distributions.append(shares)
    return sampled.drop(columns="counts").assign(
        distribution=pd.Series(distributions, index=sampled.index, dtype=object),
        **dict.fromkeys(
            ("raw_moment_1", "raw_moment_2", "off_scale_mass", "returned_mass"), np.nan
        ),
    )


def _from_probabilities(exact: pd.DataFrame, options: Options) -> pd.DataFrame:
    """Moments of the exact distribution, raw and over the mass that is on the scale."""
    rows = []
    for scale, probabilities in zip(exact["scale"], exact["probabilities"], strict=True):
        points = np.array(options[scale], dtype=float)
        withheld = np.full(len(points), np.nan)
        mass = np.asarray(probabilities if np.iterable(probabilities) else withheld, dtype=float)
        first, second = float(mass @ points), float(mass @ points**2)
        on_scale = mass.sum()
        mean = first / on_scale if on_scale > 0 else np.nan
        variance = max(second / on_scale - mean**2, 0.0) if on_scale > 0 else np.nan
        distribution = (mass / on_scale).tolist() if on_scale > 0 else None
        rows.append((mean, variance**0.5, distribution, first, second))
    names = ["mean", "sd", "distribution", "raw_moment_1", "raw_moment_2"]
    moments = pd.DataFrame(rows, columns=names, index=exact.index)
    return exact.drop(columns="probabilities").join(moments)


def _human_shares(norms: pd.DataFrame, options: Options) -> pd.Series:
    """Share of the raters who chose each label; None for scales of numbers."""
    shares: list[list[float] | None] = []
    for scale, choices in zip(norms["scale"], norms["human_labels"], strict=True):
        if not isinstance(choices, np.ndarray) or not len(choices):
            shares.append(None)
            continue
        counts = Counter(label for choice in choices for label in choice)
        shares.append([counts[label] / len(choices) for label in options[scale]])
    return pd.Series(shares, index=norms.index, dtype=object)
