"""Norms of all items of a study, estimated scale by scale from those that people rated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.estimates.analysis import EMBEDDING, ESTIMATES, EstimatesJob
from emoalign.analyses.estimates.distributions import pooled_distributions
from emoalign.analyses.estimates.known import CELL, Cell, KnownDataset
from emoalign.statistics.estimation.estimated import (
    Estimated,
    Known,
    Limits,
    TooFewRated,
    estimated,
)
from emoalign.statistics.estimation.known import FEWEST_OK
from emoalign.statistics.seeds import seed_of
from emoalign.tables import ESTIMATES as ESTIMATED_NORMS
from emoalign.tables import ESTIMATION, ESTIMATION_CURVE, ESTIMATION_WEIGHTS, Table

LABELS = "answers are labels; means are estimated on scales of numbers"

FEW_ITEMS = f"it has a mean of fewer than {FEWEST_OK:.0%} of the items that people rated"

UNWEIGHTED = "not used"

Row = dict[str, Any]


@dataclass
class _Rows:
    """The rows of all tables, as they are made."""

    quality: list[Row] = field(default_factory=list)
    weights: list[Row] = field(default_factory=list)
    curve: list[Row] = field(default_factory=list)


def estimate(job: EstimatesJob, files: AnalysisFiles) -> None:
    """Write the estimated norms of each dataset, and how good they are."""
    rows = _Rows()
    for name, scales in sorted(job.scales.items()):
        known = KnownDataset.read(job, name, files)
        seed = seed_of(job.seed, name, "folds")
        tables = []
        for scale_name, scale in sorted(scales.items()):
            same = {"dataset": name, "scale": scale_name}
            cells, of_scale = known.of(scale_name, scale)
            try:
                found = estimated(of_scale, job.coverage, seed)
            except TooFewRated as refused:
                rows.quality.append({**same, **_none(of_scale, known), "reason": str(refused)})
                continue
            pooled = pooled_distributions(files, name, scale_name, scale, known, job, seed)
            tables.append(_items(found, of_scale, known, pooled).assign(**same))
            rows.quality += [{**same, **row} for row in _qualities(found)]
            rows.weights += [{**same, **row} for row in _weights(found, cells)]
            rows.curve += [{**same, **vars(point)} for point in found.curve]
        rows.quality += [
            {"dataset": name, "scale": scale_name, "reason": LABELS, "region": "all"}
            for scale_name in job.labels.get(name, ())
        ]
        written = pd.concat(tables) if tables else _empty(ESTIMATED_NORMS)
        path = files.folder / ESTIMATES.replace("<dataset>", name)
        ESTIMATED_NORMS.write(written[ESTIMATED_NORMS.schema.names], path)
    files.write(ESTIMATION, _table(rows.quality, ESTIMATION))
    files.write(ESTIMATION_WEIGHTS, _table(rows.weights, ESTIMATION_WEIGHTS))
    files.write(ESTIMATION_CURVE, _table(rows.curve, ESTIMATION_CURVE))


def _empty(table: Table) -> pd.DataFrame:
    return pd.DataFrame(columns=table.schema.names)


def _table(rows: Sequence[Row], table: Table) -> pd.DataFrame:
    """Rows with every column of a table, missing where a row has none; counts may be missing."""
    found = pd.DataFrame(rows, columns=table.schema.names)
    counts = [name for name in ("n_rated", "n_unrated", "n_clusters", "draws") if name in found]
    return found.astype(dict.fromkeys(counts, "Int32"))


def _none(known: Known, dataset: KnownDataset) -> Row:
    """The row of a scale on which nothing is estimated."""
    rated = np.isfinite(known.human)
    return {
        "method": "stack",
        "region": "all",
        "n_rated": int(rated.sum()),
        "n_unrated": int((~rated).sum()),
        "n_clusters": len(np.unique(dataset.keys[rated])),
    }


def _qualities(found: Estimated) -> Iterator[Row]:
    of_sd = [] if found.sd_quality is None else [found.sd_quality]
    for quality in (*found.qualities, *of_sd):
        row: Row = {"domain_auc": found.domain_auc}
        for one in fields(quality):
            value = getattr(quality, one.name)
            if isinstance(value, Limits):
                ends = {f"{one.name}_low": value.low, f"{one.name}_high": value.high}
                row |= {one.name: value.value, **ends}
            else:
                row[one.name] = value
        yield row


def _weights(found: Estimated, cells: Sequence[Cell]) -> Iterator[Row]:
    for cell in cells:
        name = " ".join(cell)
        dropped = FEW_ITEMS if name in found.dropped else None
        weight = found.weights.get(name)
        reason = dropped or (UNWEIGHTED if weight is None else None)
        yield {**dict(zip(CELL, cell, strict=True)), "weight": weight, "reason": reason}
    if EMBEDDING in found.weights:
        yield {"model": EMBEDDING, "weight": found.weights[EMBEDDING]}


def _items(
    found: Estimated, known: Known, dataset: KnownDataset, pooled: list[Any] | None
) -> pd.DataFrame:
    """The rows of a scale's items."""
    rated = np.isfinite(known.human)
    flags: list[list[str]] = [[] for _ in rated]
    for name, flagged in found.flags.items():
        for place in np.flatnonzero(flagged):
            flags[place].append(name)
    return pd.DataFrame(
        {
            "item_id": dataset.item_ids,
            "mean": found.mean,
            "low": found.low,
            "high": found.high,
            "sd": found.sd,
            "distribution": [None] * len(rated) if pooled is None else pooled,
            "rated": rated,
            "fold": pd.array(found.fold, dtype="Int32"),
            "region": found.region,
            "flags": flags,
            "to_rate": found.drawn,
            "stratum": pd.array(found.stratum, dtype="Int32"),
            "inclusion": found.inclusion,
        }
    ).assign(
        fold=lambda rows: rows["fold"].where(rows["rated"]),
        stratum=lambda rows: rows["stratum"].where(~rows["rated"]),
    )
