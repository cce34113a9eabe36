"""The stage that compares distributions: how models spread their answers beside how people do."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.distributions.analysis import DistributionJob
from emoalign.analyses.distributions.cell_rows import (
    Row,
    Scored,
    category_rows,
    distribution_rows,
    entropy_row,
    item_entropies,
)
from emoalign.analyses.distributions.contrast_pairs import adjusted, contrast_rows
from emoalign.analyses.distributions.reference_predictors import Draws, references
from emoalign.items.cells import read_cells
from emoalign.statistics.seeds import seed_of
from emoalign.tables import (
    CATEGORIES,
    CELL_KEY,
    DISTRIBUTION_CONTRASTS,
    DISTRIBUTIONS,
    ENTROPY,
    ITEM_ENTROPIES,
    Table,
)


def compare_distributions(job: DistributionJob, files: AnalysisFiles) -> None:
    """Write distributions, entropy, item_entropies, categories and distribution_contrasts.

    One scale of one dataset is held in memory at a time.
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
            frame = frame.sort_values(CELL_KEY, kind="stable", ignore_index=True)
        files.write(table, frame)
    entropies = pd.concat([frame for frame in of_items if len(frame)] or of_items)
    entropies = entropies.sort_values([*CELL_KEY, "item_id"], ignore_index=True)
    files.write(ITEM_ENTROPIES, entropies)


TABLES: tuple[Table, ...] = (DISTRIBUTIONS, ENTROPY, CATEGORIES, DISTRIBUTION_CONTRASTS)
"""What the stage writes, beside the entropies of items."""


def scored_scales(job: DistributionJob, files: AnalysisFiles) -> Iterator[list[Scored]]:
    """The cells of each scale of each dataset, with their metrics and all they are set beside."""
    predictions = files.below("baselines", ".parquet")
    for dataset, scales in sorted(job.scales.items()):
        cells = read_cells(
            dataset,
            scales,
            files.tables_of(dataset),
            job.settings.min_raters,
            [path for path in predictions if path.stem == dataset],
        )
        seed = seed_of(job.seed, dataset, "texts")
        for _, group in groupby(cells, key=lambda cell: cell.scale):
            drawn = Draws(job.seed, job.settings)
            yield [
                Scored.of(cell, references(cell, drawn), job.bootstrap_resamples, seed)
                for cell in group
            ]
