"""The table of robustness: the correlation of every condition on parts of its items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from emoalign.analyses.analysis_files import AnalysisFiles
from emoalign.analyses.robustness.analysis import HALF, RobustnessJob
from emoalign.analyses.robustness.cells import Cell, Items, Parting, scale_cells
from emoalign.items.rated_items import rated_items, read_items
from emoalign.statistics.correlation import FEWEST_ITEMS
from emoalign.statistics.replicates import UNDEFINED, Replicates, pearson_replicates
from emoalign.statistics.resampling import FEWEST_CLUSTERS
from emoalign.statistics.robustness import (
    UNKNOWN,
    Parts,
    bounds,
    pearson_within,
    range_corrected,
    sd_within,
    weighted_pearson,
)
from emoalign.statistics.seeds import seed_of
from emoalign.tables import CELL_KEY, ROBUSTNESS, STATUSES, groups
from emoalign.wording import counted, only

CHECKS = ("all", "thirds", "sides", "answers", "weighted", "common", "mass")
"""The checks of a condition in their order."""


@dataclass(frozen=True, eq=False)
class Check:
    """A correlation of a cell on some of its items.

    Attributes:
        check, part, parted_by: as in the table.
        items: those it concerns, shape (items,).
        found: the correlation with its replicates.
        centred: the parts within which means are centred, shape (items,); one for most checks.
        same: why it says the same as the row of all items; None where it does not.
    """

    check: str
    part: str | None
    parted_by: str | None
    items: Items
    found: Replicates
    centred: Parts
    same: str | None = None


def check_robustness(job: RobustnessJob, files: AnalysisFiles) -> None:
    """Write the table of robustness."""
    items = read_items(files.by_dataset("items").values())
    files.write(ROBUSTNESS, robustness_rows(items, job))


def robustness_rows(items: pd.DataFrame, job: RobustnessJob) -> pd.DataFrame:
    """Rows of each cell, check by check; see `tables.ROBUSTNESS`."""
    by_cell = dict(groups(items, CELL_KEY))
    rows: list[dict[str, object]] = []
    for rated in rated_items(items, job.datasets):
        for scale in rated.scales:
            keys = [(*rater, rated.dataset, scale, rated.readout) for rater in rated.raters]
            asked = {key: by_cell[key] for key in keys if key in by_cell}
            cells = scale_cells(list(asked.values()), rated, scale, job)
            for key, cell in zip(asked, cells, strict=True):
                of_cell = dict(zip(CELL_KEY, key, strict=True))
                rows += [of_cell | row for row in cell_rows(cell, rated.dataset, job)]
    table = pd.DataFrame(rows, columns=ROBUSTNESS.schema.names)
    return table.sort_values(CELL_KEY, kind="stable", ignore_index=True)


def cell_rows(cell: Cell, dataset: str, job: RobustnessJob) -> Iterator[dict[str, object]]:
    """The rows of one cell, that of all items first."""
    drawn = job.bootstrap_resamples, seed_of(job.seed, dataset, "items")
    checks = sorted(_checks(cell, job, *drawn), key=lambda check: CHECKS.index(check.check))
    whole = checks[0]
    every = np.zeros(len(cell.human), dtype=np.int64)
    all_spread = sd_within(cell.human, every)
    for check in checks:
        r, limits = check.found.estimate, check.found.interval()
        difference = None if check is whole else check.found - whole.found
        apart = UNDEFINED if difference is None or check.same else difference.interval()
        used = np.where(check.items & cell.both, check.centred, -1)
        ratio = sd_within(cell.human, used) / all_spread if all_spread > 0 else np.nan
        possible = bounds(cell.model, cell.human, *cell.ends) if check is whole else UNKNOWN
        yield {
            "check": check.check,
            "part": check.part,
            "parted_by": check.parted_by,
            "n_items": check.found.n_items,
            "n_left_out": int(cell.both.sum()) - check.found.n_items,
            "n_missing": int((check.items & cell.rated & ~cell.both).sum()),
            "r": r,
            "low": limits.low,
            "high": limits.high,
            "difference": np.nan if difference is None else difference.estimate,
            "difference_low": apart.low,
            "difference_high": apart.high,
            "sd_ratio": ratio,
            "r_corrected": range_corrected(r, ratio),
            "r_least": possible.least,
            "r_most": possible.most,
            **_answered(cell, check.items),
            "reason": check.same or _reason(check, job.min_answers),
        }


def _checks(cell: Cell, job: RobustnessJob, n_resamples: int, seed: int) -> Iterator[Check]:
    """The correlations of a cell; those over the same items are computed once."""
    every, one = np.ones_like(cell.rated), np.zeros(len(cell.human), dtype=np.int64)
    wanted: list[tuple[str, str | None, str | None, Items]] = [("all", None, None, every)]
    wanted += [
        (parting.check, name, parting.scale, parting.parts == place)
        for parting in cell.partings
        for place, name in enumerate(parting.names)
    ]
    if cell.readout == "sampled":
        usable = cell.rows["n_ok"].to_numpy(dtype=float)
        wanted.append(("answers", None, None, usable >= job.min_answers))
    elif cell.readout == "exact":
        wanted.append(("mass", None, None, cell.on_scale >= HALF))
    wanted.append(("common", None, None, cell.common))
    different = {(items & cell.both).tobytes(): items & cell.both for *_, items in wanted}
    means = np.where(np.stack(list(different.values())), cell.model, np.nan)
    replicates = dict(
        zip(
            different,
            pearson_replicates(means, cell.human, n_resamples, seed, cell.clusters),
            strict=True,
        )
    )
    for check, part, scale, items in wanted:
        used = items & cell.both
        found = replicates[used.tobytes()]
        same = None
        if check == "common" and cell.alone:
            same = "no other condition to share items with: r is that of all items"
        elif check != "all" and used.any() and used.sum() == cell.both.sum():
            same = "no item is left out: r is that of all items"
        yield Check(check, part, scale, items, found, one, same)
    for parting in cell.partings:
        yield _pooled(cell, parting, n_resamples, seed)
    if cell.readout == "sampled":
        yield _weighted(cell, n_resamples, seed)


def _pooled(cell: Cell, parting: Parting, n_resamples: int, seed: int) -> Check:
    found = pearson_within(cell.model, cell.human, parting.parts, n_resamples, seed, cell.clusters)
    inside = parting.parts >= 0
    return Check(parting.check, "pooled", parting.scale, inside, found, parting.parts)


def _weighted(cell: Cell, n_resamples: int, seed: int) -> Check:
    usable = np.nan_to_num(cell.rows["n_ok"].to_numpy(dtype=float))
    found = weighted_pearson(cell.model, cell.human, usable, n_resamples, seed, cell.clusters)
    equal = cell.both.any() and np.ptp(usable[cell.both]) == 0
    same = "all items have the same number of answers: r is that of all items" if equal else None
    every = np.ones_like(cell.rated)
    return Check("weighted", None, None, every, found, np.zeros(len(usable), np.int64), same)


_REFUSED = ("refusal", "content_filter", "rejected")
"""The statuses of questions that the model, a filter or the provider refused to answer."""


def _answered(cell: Cell, items: Items) -> dict[str, object]:
    """Shares of the answers to the items that are no rating, or of the decisions that were not
    given; in the exact readout, the probability on the scale."""
    unknown = dict.fromkeys(("no_rating", "refused", "on_scale_mass", "below_half"), np.nan)
    if cell.readout != "exact":
        counts = dict(zip(STATUSES, cell.answers[:, items & cell.rated].sum(axis=1), strict=True))
        total = sum(counts.values())
        if not total:
            return {**unknown, "mostly_off_scale": None}
        return {
            **unknown,
            "no_rating": 1 - counts["ok"] / total,
            "refused": sum(counts[status] for status in _REFUSED) / total,
            "mostly_off_scale": None,
        }
    mass = cell.on_scale[items & cell.rated]
    mass = mass[np.isfinite(mass)]
    if not len(mass):
        return {**unknown, "mostly_off_scale": None}
    mean, below = float(mass.mean()), float(np.mean(mass < HALF))
    off = mean < HALF or below > HALF
    return {**unknown, "on_scale_mass": mean, "below_half": below, "mostly_off_scale": off}


def _reason(check: Check, min_answers: int) -> str | None:
    found = check.found
    if found.n_items < FEWEST_ITEMS:
        items = {
            "answers": f" and at least {counted(min_answers, 'answer')}",
            "mass": " and at least half of the probability on the scale",
        }.get(check.check, "")
        return f"{only(found.n_items, 'item')} with both means{items}; {FEWEST_ITEMS} are needed"
    if np.isnan(found.estimate):
        return "the means do not vary" + (" within the parts" if check.part == "pooled" else "")
    if found.n_clusters < FEWEST_CLUSTERS:
        clusters = only(found.n_clusters, "cluster")
        return f"{clusters} of items; an interval needs {FEWEST_CLUSTERS}"
    if np.isnan(found.interval().low):
        return "no interval: r rests on too few items, or all items lie on one straight line"
    return None
