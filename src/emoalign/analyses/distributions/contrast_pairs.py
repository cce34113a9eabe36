"""Is one model, or one way of asking, nearer to how people spread than another?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.analyses.distributions.cell_rows import Row, Scored, mean
from emoalign.items.cells import DistributionCell
from emoalign.statistics.clustered import FEWEST_TEXTS, Means, clustered_means, text_means
from emoalign.statistics.distances import METRICS, ROUNDING
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.significance import holm, signed_rank
from emoalign.tables import BASELINE

COMPARED = {"ordinal": ("jsd", "rps"), "labels": ("jsd", "brier")}
"""The metrics two cells are compared by."""


def contrast_rows(scored: Sequence[Scored]) -> Iterator[Row]:
    """A row for each pair of the cells of a scale and metric; see `DISTRIBUTION_CONTRASTS`."""
    cells = sorted(scored, key=lambda scored: scored.cell.key)
    pairs = [
        (kind, second, first)
        if kind == "baseline" and cells[first].cell.protocol == BASELINE
        else (kind, first, second)
        for first, second in combinations(range(len(cells)), 2)
        for kind in (_kind(cells[first].cell, cells[second].cell),)
        if kind is not None
    ]
    if not pairs:
        return
    kind_of_scale = cells[0].cell.kind
    for metric in COMPARED[kind_of_scale]:
        values, groups = _side_by_side(cells, METRICS[kind_of_scale].index(metric))
        apart = np.stack([values[:, a] - values[:, b] for _, a, b in pairs], axis=1)
        means = clustered_means(apart, groups, cells[0].n_resamples, cells[0].seed)
        texts = text_means(apart, groups)
        for place, (kind, a, b) in enumerate(pairs):
            both = np.isfinite(apart[:, place])
            yield {
                **_named(kind, cells[a].cell, cells[b].cell),
                "metric": metric,
                "mean_a": mean(values[both, a]),
                "mean_b": mean(values[both, b]),
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
    """What sets two cells apart, where it is one thing alone."""
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


def _side_by_side(cells: Sequence[Scored], place: int) -> tuple[FloatArray, NDArray[np.int64]]:
    """A metric of every cell, (items, cells), over the items of any, and the text of each item."""
    ids, first = np.unique(
        np.concatenate([scored.cell.item_ids for scored in cells]), return_index=True
    )
    keys = np.concatenate([scored.cell.text_keys for scored in cells])[first]
    values = np.full((len(ids), len(cells)), np.nan)
    for column, scored in enumerate(cells):
        values[np.searchsorted(ids, scored.cell.item_ids), column] = scored.values[place]
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
    if apart.size < FEWEST_TEXTS:
        reason = f"{apart.size} texts that both have a value for; {FEWEST_TEXTS} are needed"
    elif test.n == 0:
        reason = "the two are equally near to people on every text"
    elif spread <= ROUNDING:
        reason = "the difference is the same on every text"
    return {
        "signedrank_z": test.z,
        "p": test.p,
        "rank_biserial": (2 * test.w - ranks) / ranks if test.n else np.nan,
        "d_z": float(apart.mean()) / spread if spread > ROUNDING else np.nan,
        "reason": reason,
    }
