"""The table of raters' worth: of conditions, of averages of models, and of fewer answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.substitution.analysis import WorthJob
from emoalign.items.human_agreement import ScaleNorms, people_reliability
from emoalign.items.rated_items import drawn_items, of_scales, read_items
from emoalign.statistics.averaged_answers import Answered, averaged_sums
from emoalign.statistics.correlation import FEWEST_ITEMS
from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.raters_worth import (
    Regressed,
    ResampledWorth,
    percentile_interval,
    worth_by_drawing,
    worth_in_points,
    worth_in_ranking,
)
from emoalign.statistics.replicates import UNDEFINED, Interval, Sums
from emoalign.statistics.resampling import (
    FEWEST_CLUSTERS,
    Clusters,
    Counts,
    ItemSums,
    resample_counts,
)
from emoalign.statistics.seeds import seed_of
from emoalign.tables import CELL_KEY, NORMS, RATERS_WORTH, groups

RESAMPLES = 2_000
"""Resamples at most, the first of those of r."""

DRAWS = 50
"""Draws of raters."""

CURVE = (1, 2, 5, 10, 20)
"""Numbers of answers at which fewer answers are looked at."""

Used = NDArray[np.bool_]


def count_raters(job: WorthJob, files: AnalysisFiles) -> None:
    """Write the table of raters' worth."""
    items = of_scales(read_items(files.by_dataset("items").values()), job.scales)
    norms = {dataset: NORMS.read(path) for dataset, path in files.by_dataset("norms").items()}
    files.write(RATERS_WORTH, worth_rows(items, norms, job))


def worth_rows(
    items: pd.DataFrame, norms: Mapping[str, pd.DataFrame], job: WorthJob
) -> pd.DataFrame:
    """One row per cell, average of models and number of answers; see `tables.RATERS_WORTH`."""
    rows: list[dict[str, object]] = []
    for (dataset,), of_dataset in groups(items, ["dataset"]):
        item_ids, clusters = drawn_items(of_dataset)
        n = min(job.bootstrap_resamples, RESAMPLES)
        drawn = _Resamples(
            clusters,
            resample_counts(int(clusters.max()) + 1, n, seed_of(job.seed, dataset, "items")),
        )
        raters = seed_of(job.seed, dataset, "raters")
        for (scale,), of_scale in groups(of_dataset, ["scale"]):
            people = _People(ScaleNorms.of(norms[dataset], scale, item_ids), drawn)
            cells = list(_cells(of_scale, item_ids, people.norms.mean))
            cells += list(_averages(cells))
            drawing: Sequence[ResampledWorth | None] = [None] * len(cells)
            if people.norms.ratings is not None:
                means = np.stack([cell.answered.model for cell in cells])
                drawing = worth_by_drawing(people.norms.ratings, means, DRAWS, raters)
            for cell, by_drawing in zip(cells, drawing, strict=True):
                rows += _rows(cell, people, drawn, by_drawing)
    table = pd.DataFrame(rows, columns=RATERS_WORTH.schema.names)
    return table.sort_values([*CELL_KEY, "answers"], na_position="last", ignore_index=True)


@dataclass(frozen=True, eq=False)
class _Resamples:
    """Resamples of the clusters of all items of a dataset."""

    clusters: Clusters
    counts: Counts

    def of(self, sums: Sums) -> FloatArray:
        """A statistic of each resample, shape (cells, resamples)."""
        return sums.by_cluster(self.clusters).replicates(self.counts)

    def of_items(self, used: Used) -> Counts:
        """How often each resample has each of the used items, shape (resamples, used items)."""
        drawn: Counts = self.counts[:, self.clusters[used]]
        return drawn

    def interval(self, replicates: FloatArray, used: Used) -> Interval:
        """Of a statistic of the used items; undefined with too few clusters."""
        few = len(np.unique(self.clusters[used])) < FEWEST_CLUSTERS
        return UNDEFINED if few else percentile_interval(replicates)


@dataclass(frozen=True, eq=False)
class _Cell:
    """A condition, or an average of models, over all items of its dataset.

    Attributes:
        key: the columns that name it.
        answered: means of model and people, with what the single answers say.
        sampled: whether the means are of answers whose number matters.
    """

    key: Mapping[str, object]
    answered: Answered
    sampled: bool

    @property
    def used(self) -> Used:
        """The items with both means."""
        return np.isfinite(self.answered.model) & np.isfinite(self.answered.human)


def _cells(
    of_scale: pd.DataFrame, item_ids: NDArray[np.str_], human: FloatArray
) -> Iterator[_Cell]:
    for key, rows in groups(of_scale, CELL_KEY):
        named = dict(zip(CELL_KEY, key, strict=True))
        numbers = rows.set_index("item_id")[["mean", "sd", "mean_se", "n_ok"]].reindex(item_ids)
        mean, *of_answers = numbers.to_numpy(dtype=float).T
        sampled = named["readout"] == "sampled"
        answered = Answered(human, mean, *of_answers) if sampled else _one_mean(human, mean)
        yield _Cell(named | {"n_models": 1}, answered, sampled)


def _one_mean(human: FloatArray, model: FloatArray) -> Answered:
    """Means that are taken as they are, whatever is behind them."""
    unknown = np.full_like(model, np.nan)
    return Answered(human, model, unknown, unknown, np.ones_like(model))


def _averages(cells: Sequence[_Cell]) -> Iterator[_Cell]:
    """The average of the models of each protocol and readout, on the items that all of them have.

    Models without any item are left out.
    """
    asked: dict[tuple[object, object], list[_Cell]] = {}
    for cell in cells:
        if cell.used.any():
            asked.setdefault((cell.key["protocol"], cell.key["readout"]), []).append(cell)
    for alike in asked.values():
        if len(alike) > 1:
            mean = np.mean([cell.answered.model for cell in alike], axis=0)
            answered = _one_mean(alike[0].answered.human, mean)
            yield _Cell(
                {**alike[0].key, "model": None, "n_models": len(alike)}, answered, sampled=False
            )


@dataclass(frozen=True, eq=False)
class _Agreement:
    """People's means of some items: their reliability and the ratings behind them, with what
    becomes of both in resamples, shape (resamples,)."""

    reliability: float
    n_raters: float
    resampled_reliability: FloatArray
    resampled_n: FloatArray


def _harmonic_mean(sums: FloatArray) -> FloatArray:
    several, inverse = sums
    return np.where(inverse > 0, several / np.where(inverse > 0, inverse, 1), np.nan)


class _People:
    """The norms of a scale, with the reliability of any items of it, computed once."""

    def __init__(self, norms: ScaleNorms, drawn: _Resamples) -> None:
        self.norms, self._drawn = norms, drawn
        self._known: dict[bytes, _Agreement] = {}

    def on(self, used: Used) -> _Agreement:
        key = used.tobytes()
        if key not in self._known:
            self._known[key] = self._agreement(used)
        return self._known[key]

    def _agreement(self, used: Used) -> _Agreement:
        norms = self.norms.at(used)
        _, sums = people_reliability(norms)
        counted = np.isfinite(norms.n) & (norms.n > 0)
        each = np.stack((counted, np.where(counted, 1 / np.where(counted, norms.n, 1), 0)))
        raters = ItemSums(each[:, np.newaxis], counted[np.newaxis], _harmonic_mean)
        (n_raters,), (resampled_n,) = raters.estimate(), self._drawn.of(raters)
        estimate = float(sums.estimate()[0])
        resampled = self._drawn.of(sums)[0] if used.any() else resampled_n
        return _Agreement(estimate, float(n_raters), resampled, resampled_n[: len(resampled)])


def _rows(
    cell: _Cell, people: _People, drawn: _Resamples, by_drawing: ResampledWorth | None
) -> Iterator[dict[str, object]]:
    """The row of all answers, and those of fewer."""
    used, answered = cell.used, cell.answered
    counted = answered.n[used] if cell.sampled else np.ones(0)
    most = counted.max(initial=1)
    fewer = [m for m in CURVE if m < most]
    wanted = [most, *fewer, *([np.inf] if most > 1 else [])]
    sums = averaged_sums(answered, wanted)
    agreement = people.on(used)
    few = used.sum() < FEWEST_ITEMS
    r = np.where(few, np.nan, sums.estimate())
    k = worth_in_ranking(r, agreement.reliability, agreement.n_raters)
    n = len(agreement.resampled_n)
    resampled = worth_in_ranking(
        drawn.of(sums)[:, :n], agreement.resampled_reliability, agreement.resampled_n
    )
    intervals = [
        UNDEFINED if np.isnan(one) else drawn.interval(part, used)
        for one, part in zip(k, resampled, strict=True)
    ]
    reliability, n_raters = agreement.reliability, agreement.n_raters
    shared = {
        **cell.key,
        "n_items": int(used.sum()),
        "n_raters": n_raters,
        "reliability": reliability,
        "phi": n_raters * (1 - reliability) / reliability if reliability > 0 else np.nan,
    }
    for place, answers in enumerate([None, *fewer]):
        why = _why(int(used.sum()), r[place], reliability) if np.isnan(k[place]) else None
        row = shared | {"answers": answers, "r": r[place], "reason": why}
        row |= _estimate("k", k[place], intervals[place])
        if answers is None:
            row |= _in_points(answered, people.norms, used, drawn)
            if most > 1:
                row |= _estimate("k_limit", k[-1], intervals[-1])
            if by_drawing is not None:
                row |= {"k_drawn": by_drawing.k, "k_drawn_most": by_drawing.most}
        yield row


def _in_points(
    answered: Answered, norms: ScaleNorms, used: Used, drawn: _Resamples
) -> dict[str, object]:
    """The worth on the error scale, on the items whose human error is known."""
    single = norms.n == 1
    known = used & (norms.n > 0) & (single | np.isfinite(norms.sd))
    if known.sum() < FEWEST_ITEMS:
        return {}
    variance = np.where(single, np.nan, norms.sd**2)
    of = Regressed(answered.human[known], answered.model[known], variance[known], norms.n[known])
    estimate = float(worth_in_points(of)[0])
    if np.isnan(estimate):
        return {}
    resampled = worth_in_points(of, drawn.of_items(known))
    return _estimate("k_error", estimate, drawn.interval(resampled, known))


def _estimate(name: str, value: float, interval: Interval) -> dict[str, object]:
    return {name: value, f"{name}_low": interval.low, f"{name}_high": interval.high}


def _why(n_items: int, r: float, reliability: float) -> str:
    """The reason why a number of raters is missing."""
    if n_items == 0:
        return "no item has both a model rating and a human rating"
    if n_items < FEWEST_ITEMS:
        return (
            f"only {n_items} items can be compared"
            if n_items > 1
            else "only 1 item can be compared"
        )
    if np.isnan(r):
        return "the model's means, or the human means, are the same for all items"
    if np.isnan(reliability):
        return (
            "the reliability of the human means is unknown, which takes several items with two or "
            "more ratings each, or with SDs and numbers of raters"
        )
    return "human means differ no more between items than chance would make them"
