"""The table of readouts: the readouts of a cell compared with each other, two by two.

Do the answers follow the probabilities, do two ways to probabilities lead to the same, and which of
two readouts is closer to people? What was not returned is nobody's disagreement.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.readouts.analysis import ReadoutsJob
from emoalign.items.cells import DistributionCell, read_cells
from emoalign.items.rated_items import of_scales, read_items
from emoalign.statistics.clustered import clustered_means
from emoalign.statistics.distances import rps, rps_debiased
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.readouts import agreement
from emoalign.statistics.resampling import FEWEST_CLUSTERS
from emoalign.statistics.seeds import seed_of
from emoalign.statistics.undecided import Bounded, compare_means, rps_bounds
from emoalign.study.scales import HumanScale
from emoalign.tables import CELL_KEY, READOUTS, STATUSES, groups

ORDER = ("sampled", "exact", "decision")
"""The readouts, in the order in which a pair names them."""

NEEDED = {
    "sampled": "two sampled answers",
    "exact": "an exact distribution",
    "decision": "a decision",
}
"""What an item needs for its distance from people, by readout."""

Cells = Mapping[tuple[str, ...], DistributionCell]
"""The cells of datasets, by their keys (`CELL_KEY`)."""


def compare_readouts(job: ReadoutsJob, files: AnalysisFiles) -> None:
    """Write the table of readouts."""
    items = of_scales(read_items(files.by_dataset("items").values()), job.scales)
    cells: Cells = {
        cell.key: cell
        for dataset, scales in job.scales.items()
        for cell in read_cells(dataset, scales, files.tables_of(dataset), job.min_raters)
    }
    files.write(READOUTS, readouts(items, cells, job))


def readouts(items: pd.DataFrame, cells: Cells, job: ReadoutsJob) -> pd.DataFrame:
    """One row per pair of readouts of a model, protocol and scale; see `tables.READOUTS`."""
    named = [name for name in CELL_KEY if name != "readout"]
    rows = []
    for key, group in groups(items, named):
        scale = job.scales[key[2]][key[3]]
        sides = {
            readout: _Side(readout, part.set_index("item_id"), cells[(*key, readout)], scale)
            for (readout,), part in groups(group, ["readout"])
        }
        for a, b in combinations([name for name in ORDER if name in sides], 2):
            pair = dict(zip(named, key, strict=True)) | {"readout_a": a, "readout_b": b}
            rows.append(pair | _compared(sides[a], sides[b], key[2], job))
    return pd.DataFrame(rows, columns=READOUTS.schema.names)


class _Side:
    """A readout of a cell: its items, beside people where they have single ratings of them."""

    def __init__(
        self, readout: str, items: pd.DataFrame, cell: DistributionCell, scale: HumanScale
    ) -> None:
        self.readout, self.cell, self._items, self._scale = readout, cell, items, scale

    def means(self, item_ids: pd.Index[str]) -> Bounded:
        """The means of items of these ids, each with the least and most it may be."""
        rows = self._items.reindex(item_ids)
        mean = rows["mean"].to_numpy(dtype=float)
        low, high = (rows[f"mean_{end}"].fillna(rows["mean"]) for end in ("low", "high"))
        return Bounded(mean, low.to_numpy(dtype=float), high.to_numpy(dtype=float))

    def undecided(self, item_ids: pd.Index[str] | NDArray[np.str_]) -> FloatArray:
        """The undecided part of what may be on the scale: as far as it can move the mean from one
        end of the scale to the other."""
        rows = self._items.reindex(item_ids)
        moved = (rows["mean_high"] - rows["mean_low"]) / (self._scale.max - self._scale.min)
        return moved.fillna(0).clip(0, 1).to_numpy(dtype=float)  # but for rounding

    def shares(self, item_ids: pd.Index[str]) -> FloatArray:
        """The distributions of items of these ids, shape (items, K); NaN where there is none."""
        none = np.full(len(self._scale.points), np.nan)
        rows = self._items.reindex(item_ids)["distribution"]
        return np.array([none if one is None else one for one in rows], dtype=float).reshape(
            len(item_ids), len(none)
        )

    def answers(self, item_ids: pd.Index[str]) -> FloatArray:
        """How many ratings the distributions of items of these ids are made of."""
        items = self._items.reindex(item_ids)
        return items["n_distribution"].fillna(items["n_ok"]).to_numpy(dtype=float)

    def usable(self) -> float:
        """The share of answers that are ratings, or the mean exact probability of a rating."""
        if self.readout == "exact":
            return float((self._items["returned_mass"] - self._items["off_scale_mass"]).mean())
        answers = sum(self._items[f"n_{status}"].sum() for status in STATUSES)
        return float(self._items["n_ok"].sum() / answers) if answers else np.nan

    @property
    def rated(self) -> pd.Index[str]:
        """The ids of items with a distribution, ascending."""
        return self._items.index[self._items["distribution"].notna()].sort_values()


def _compared(first: _Side, second: _Side, dataset: str, job: ReadoutsJob) -> dict[str, object]:
    items = first.rated.intersection(second.rated)
    means = compare_means(first.means(items), second.means(items))
    return {
        "n_items": means.n_items,
        "r_means": means.r,
        "r_means_least": means.r_least,
        "r_means_most": means.r_most,
        "mean_abs_difference": means.difference,
        "mean_abs_difference_least": means.least,
        "mean_abs_difference_most": means.most,
        "share_within_bounds": means.share_within,
        "usable_a": first.usable(),
        "usable_b": second.usable(),
        **_tested(first, second, items, seed_of(job.seed, dataset, "answers"), job),
        **_nearer(first, second, seed_of(job.seed, dataset, "texts"), job),
    }


def _tested(
    first: _Side, second: _Side, items: pd.Index[str], seed: int, job: ReadoutsJob
) -> dict[str, object]:
    """The tests of answers against probabilities; none of probabilities against probabilities."""
    if first.readout != "sampled":
        return {}
    counts = np.rint(first.shares(items) * first.answers(items)[:, None])
    undecided = second.undecided(items)
    agreed = agreement(counts, second.shares(items), seed, job.simulations, undecided)
    names = ("g_total", "p_pooled", "share_below_05", "ks_p", "sharpness", "p_sharpness")
    return {name: getattr(agreed, name) for name in names}


def _nearer(first: _Side, second: _Side, seed: int, job: ReadoutsJob) -> dict[str, object]:
    """The debiased scores of both readouts on the items that both have, and their difference."""
    _, *places = np.intersect1d(first.cell.item_ids, second.cell.item_ids, return_indices=True)
    a, b = (_scores(side)[place] for side, place in zip((first, second), places, strict=True))
    values = np.column_stack((a, b, a[:, 0] - b[:, 0]))
    values[np.isnan(values).any(axis=1)] = np.nan
    texts = np.unique(first.cell.cluster_keys[places[0]], return_inverse=True)[1].astype(np.int64)
    found = clustered_means(values, texts, job.bootstrap_resamples, seed)
    of_a, a_least, a_most, of_b, b_least, b_most, difference = map(float, found.means)
    interval = found.intervals[-1]
    return {
        "rps_debiased_n_items": int(found.n_items[-1]),
        "rps_debiased_a": of_a,
        "rps_debiased_a_least": a_least,
        "rps_debiased_a_most": a_most,
        "rps_debiased_b": of_b,
        "rps_debiased_b_least": b_least,
        "rps_debiased_b_most": b_most,
        "rps_debiased_difference": difference,
        "rps_debiased_low": interval.low,
        "rps_debiased_high": interval.high,
        "reason": _why(first, second, int(found.n_items[-1]), int(found.n_texts[-1]), interval.low),
    }


def _scores(side: _Side) -> FloatArray:
    """The debiased score of each item with the least and most it may be, shape (items, 3)."""
    cell = side.cell
    score = rps_debiased(*cell.beside(cell.model_shares, cell.answers))
    undecided = side.undecided(cell.item_ids)
    ends = np.stack(rps_bounds(cell.human_shares, cell.model_shares, undecided))
    # What is subtracted from the score of probabilities depends on people alone.
    ends += score - rps(cell.human_shares, cell.model_shares)
    return np.column_stack((score, *ends))


def _why(first: _Side, second: _Side, n_items: int, n_texts: int, low: float) -> str | None:
    """The reason why a distance from people, or its interval, is missing; None without any."""
    if not np.isnan(low):
        return None
    if n_items:
        few = f"only {n_texts} texts (or clusters), but an interval needs {FEWEST_CLUSTERS}"
        return few if n_texts < FEWEST_CLUSTERS else "no interval: the differences do not vary"
    left_out = first.cell.left_out
    if not len(first.cell.item_ids) and not left_out.few_raters and not left_out.no_answer:
        return "the human ratings are known only as summaries, not as single ratings"
    needed = f"{NEEDED[first.readout]} and {NEEDED[second.readout]}"
    return f"no item has enough single human ratings, {needed}"
