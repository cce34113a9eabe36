"""The stage that compares distributions: how models spread their answers beside how people do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import pandas as pd

from emoalign.analyses.distributions.analysis import DistributionJob
from emoalign.analyses.distributions.contrast_rows import adjusted, contrast_rows
from emoalign.analyses.distributions.references import Draws, references
from emoalign.analyses.distributions.rows import (
    CELL,
    Row,
    Scored,
    category_rows,
    distribution_rows,
    entropy_row,
    item_entropies,
)
from emoalign.items.cells import Tables, read_cells
from emoalign.statistics.seeds import seed_of
from emoalign.tables import (
    CATEGORIES,
    DISTRIBUTION_CONTRASTS,
    DISTRIBUTIONS,
    ENTROPY,
    ITEM_ENTROPIES,
    Table,
)


@dataclass(frozen=True)
class DatasetFiles:
    """The tables of one dataset, and predictions of models that nobody asked."""

    tables: Tables
    predictions: Sequence[Path] = ()


def dataset_files(
    items: Sequence[str],
    norms: Sequence[str],
    stimuli: Sequence[str],
    predictions: Sequence[str] = (),
) -> dict[str, DatasetFiles]:
    """The files of each dataset, which are named <dataset>.parquet."""
    by_name: list[dict[str, Path]] = [
        {Path(path).stem: Path(path) for path in paths} for paths in (items, norms, stimuli)
    ]
    return {
        dataset: DatasetFiles(
            tables={"items": rated, "norms": by_name[1][dataset], "stimuli": by_name[2][dataset]},
            predictions=[Path(path) for path in sorted(predictions) if Path(path).stem == dataset],
        )
        for dataset, rated in by_name[0].items()
    }


def compare_distributions(
    job: DistributionJob, files: Mapping[str, DatasetFiles], folder: Path
) -> None:
    """Write distributions, entropy, item_entropies, categories and distribution_contrasts, as
    Parquet and CSV.

    `files` are by dataset. The tables do not depend on the order of files, rows or models. One
    scale of one dataset is held in memory at a time.
    """
    rows: dict[str, list[Row]] = {table.path: [] for table in TABLES}
    of_items = [pd.DataFrame(columns=ITEM_ENTROPIES.schema.names)]
    for cells in scored_scales(job, files):
        for scored in cells:
            rows[DISTRIBUTIONS.path] += distribution_rows(scored)
            rows[ENTROPY.path].append(entropy_row(scored))
            rows[CATEGORIES.path] += category_rows(scored)
            of_items.append(item_entropies(scored))
        rows[DISTRIBUTION_CONTRASTS.path] += contrast_rows(cells)
    for table in TABLES:
        frame = pd.DataFrame(rows[table.path], columns=table.schema.names)
        if table is DISTRIBUTION_CONTRASTS:
            frame = adjusted(frame)
        else:
            frame = frame.sort_values(list(CELL), kind="stable", ignore_index=True)
        table.write_both(frame, folder)
    entropies = pd.concat([frame for frame in of_items if len(frame)] or of_items)
    entropies = entropies.sort_values([*CELL, "item_id"], ignore_index=True)
    ITEM_ENTROPIES.write_both(entropies, folder)


TABLES: tuple[Table, ...] = (DISTRIBUTIONS, ENTROPY, CATEGORIES, DISTRIBUTION_CONTRASTS)
"""What the stage writes, beside the entropies of items."""


def scored_scales(
    job: DistributionJob, files: Mapping[str, DatasetFiles]
) -> Iterator[list[Scored]]:
    """The cells of each scale of each dataset, with their metrics and all they are set beside."""
    for dataset, one in sorted(files.items()):
        seed = seed_of(job.seed, dataset, "texts")
        cells = read_cells(
            dataset, job.scales[dataset], one.tables, job.settings.min_raters, one.predictions
        )
        for _, group in groupby(cells, key=lambda cell: cell.scale):
            drawn = Draws(job.seed, job.settings)
            yield [
                Scored.of(cell, references(cell, drawn), job.bootstrap_resamples, seed)
                for cell in group
            ]
