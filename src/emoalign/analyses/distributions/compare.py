"""The tables of distributions, and of contrasts between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, groupby

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.distributions.analysis import DistributionJob
from emoalign.analyses.distributions.cell_rows import (
    Row,
    Scored,
    category_rows,
    distribution_rows,
    entropy_row,
    item_entropies,
    mean,
)
from emoalign.analyses.distributions.reference_predictors import Draws, references
from emoalign.items.cells import DistributionCell, read_cells
from emoalign.statistics.clustered import Means, clustered_means, text_means
from emoalign.statistics.distances import METRICS
from emoalign.statistics.pairs import ROUNDING, FloatArray
from emoalign.statistics.resampling import FEWEST_CLUSTERS
from emoalign.statistics.seeds import seed_of
from emoalign.statistics.significance import (
    holm,
    signed_rank,
)
from emoalign.tables import (
    BASELINE,
    CATEGORIES,
    CELL_KEY,
    DISTRIBUTION_CONTRASTS,
    DISTRIBUTIONS,
    ENTROPY,
    ITEM_ENTROPIES,
    Table,
)

TABLES: tuple[Table, ...] = (DISTRIBUTIONS, ENTROPY, CATEGORIES, DISTRIBUTION_CONTRASTS)
"""The tables that the stage writes, besides the entropies of items."""

COMPARED = {"ordinal": ("jsd", "rps", "rps_debiased", "w1"), "labels": ("jsd", "brier")}
"""The metrics two cells are compared by."""

GUESSES = ("uniform", "marginal")
"""The references that ignore the item; each cell is compared with them."""


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


def scored_scales(job: DistributionJob, files: AnalysisFiles) -> Iterator[list[Scored]]:
    """The cells of each scale of each dataset, with their metrics and references."""
    predictions = [*files.below("baselines", ".parquet"), *files.by_dataset("ridge").values()]
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


def contrast_rows(scored: Sequence[Scored]) -> Iterator[Row]:
    """A row for each pair of the cells of a scale, for each cell and guess, and metric; see
    `DISTRIBUTION_CONTRASTS`."""
    cells = sorted(scored, key=lambda scored: scored.cell.key)
    pairs = [
        (kind, second, first)
        if kind == "baseline" and cells[first].cell.protocol == BASELINE
        else (kind, first, second)
        for first, second in combinations(range(len(cells)), 2)
        for kind in (_kind(cells[first].cell, cells[second].cell),)
        if kind is not None
    ]
    if not cells:
        return
    kind_of_scale = cells[0].cell.kind
    named = [_named(kind, cells[a].cell, cells[b].cell) for kind, a, b in pairs]
    named += [_beside_guess(one.cell, guess) for guess in GUESSES for one in cells]
    for metric in COMPARED[kind_of_scale]:
        row = METRICS[kind_of_scale].index(metric)
        values, groups = _side_by_side(cells, [one.values[row] for one in cells])
        compared = [(values[:, a], values[:, b]) for _, a, b in pairs]
        for guess in GUESSES:
            guessed, _ = _side_by_side(cells, [one.references[guess].values[row] for one in cells])
            compared += zip(values.T, guessed.T, strict=True)
        apart = np.stack([a - b for a, b in compared], axis=1)
        means = clustered_means(apart, groups, cells[0].n_resamples, cells[0].seed)
        texts = text_means(apart, groups)
        for place, (a, b) in enumerate(compared):
            both = np.isfinite(apart[:, place])
            yield {
                **named[place],
                "metric": metric,
                "mean_a": mean(a[both]),
                "mean_b": mean(b[both]),
                **_difference(means, place),
                **_tested(texts[:, place]),
            }


def adjusted(contrasts: pd.DataFrame) -> pd.DataFrame:
    """The contrasts of all scales in order, with p-values adjusted within their family."""
    family = contrasts.groupby(["kind", "readout", "metric"])["p"]
    adjusted = contrasts.assign(p_holm=family.transform(lambda p: holm(p.to_numpy(dtype=float))))
    return adjusted.sort_values(
        ["kind", "dataset", "scale", "readout", "within", "a", "b", "metric"], ignore_index=True
    )


def _kind(first: DistributionCell, second: DistributionCell) -> str | None:
    """The one thing that two cells differ in; None where they differ in more."""
    if (first.dataset, first.scale) != (second.dataset, second.scale):
        return None
    baselines = [cell.protocol == BASELINE for cell in (first, second)]
    if baselines[0] != baselines[1]:
        return "baseline"
    if first.readout != second.readout:
        return None
    if (first.model == second.model) == (first.protocol == second.protocol):
        return None
    return "protocol" if first.model == second.model else "model"


def _side_by_side(
    cells: Sequence[Scored], of_cells: Sequence[FloatArray]
) -> tuple[FloatArray, NDArray[np.int64]]:
    """Values of the items of every cell, (items, cells), over the items of any, and the text of
    each item."""
    ids, first = np.unique(
        np.concatenate([scored.cell.item_ids for scored in cells]), return_index=True
    )
    keys = np.concatenate([scored.cell.cluster_keys for scored in cells])[first]
    values = np.full((len(ids), len(cells)), np.nan)
    for column, (scored, own) in enumerate(zip(cells, of_cells, strict=True)):
        values[np.searchsorted(ids, scored.cell.item_ids), column] = own
    return values, np.unique(keys, return_inverse=True)[1].astype(np.int64)


def _named(kind: str, a: DistributionCell, b: DistributionCell) -> Row:
    by_protocol = kind == "protocol"
    return {
        "kind": kind,
        "within": a.model if by_protocol else a.protocol,
        "a": a.protocol if by_protocol else a.model,
        "b": b.protocol if by_protocol else b.model,
        "dataset": a.dataset,
        "scale": a.scale,
        "readout": a.readout,
    }


def _beside_guess(cell: DistributionCell, guess: str) -> Row:
    return {**_named("guess", cell, cell), "b": guess}


def _difference(means: Means, place: int) -> Row:
    return {
        "n_items": int(means.n_items[place]),
        "n_texts": int(means.n_texts[place]),
        "difference": float(means.means[place]),
        "difference_low": means.intervals[place].low,
        "difference_high": means.intervals[place].high,
    }


def _tested(texts: FloatArray) -> Row:
    """Test and effects of the differences, mean over the items of each text, (texts,)."""
    apart = texts[np.isfinite(texts)]
    test = signed_rank(apart, np.zeros_like(apart))
    ranks = test.n * (test.n + 1) / 2
    spread = float(apart.std(ddof=1)) if apart.size > 1 else 0.0
    reason = None
    if apart.size < FEWEST_CLUSTERS:
        reason = (
            f"only {apart.size} texts (or clusters) with a value for both "
            f"({FEWEST_CLUSTERS} are needed)"
        )
    elif test.n == 0:
        reason = "both are equally close to people on every text"
    elif spread <= ROUNDING:
        reason = "the difference is the same on every text"
    return {
        "signedrank_z": test.z,
        "p": test.p,
        "rank_biserial": (2 * test.w - ranks) / ranks if test.n else np.nan,
        "d_z": float(apart.mean()) / spread if spread > ROUNDING else np.nan,
        "reason": reason,
    }
