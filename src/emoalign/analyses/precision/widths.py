"""The table of planning: a row for each scale, way of asking, assumption and half-width."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import get_args

import numpy as np
import pandas as pd

from emoalign.analyses.precision.analysis import PrecisionJob
from emoalign.items.clusters import ItemClusters
from emoalign.items.human_agreement import ScaleNorms, people_reliability
from emoalign.items.rated_items import unique_items
from emoalign.statistics import planned_precision, planned_spread
from emoalign.statistics.planned_precision import HumanSpread
from emoalign.statistics.planned_spread import Assumed, VarianceSpread
from emoalign.statistics.resampling import hashed_folds
from emoalign.statistics.seeds import seed_of
from emoalign.stimuli.norms import human_answers
from emoalign.study.scales import HumanScale, LabelScale
from emoalign.tables import PRECISION

Row = dict[str, object]

MODELS: tuple[planned_precision.Simulated, ...] = ("perfect", "marginal")

NO_NORMS = "there are no human ratings of these items to compare a model with"
NO_SPREAD = (
    "participants: how reliable the human means are is not known (no SD or number of raters), so "
    "that the assumed correlation is taken as the one that is seen"
)
UNRELIABLE = "the human means of these items are not reliable at all"
NO_SDS = (
    "how much ratings of an item vary is not known: that takes single ratings, or SDs and numbers "
    "of raters"
)
ALL_AGREE = "people agree fully on each of these items, so that a ratio to their SD is undefined"
NO_VARIANCE = "if all answers to an item are the same (sd_ratio 0), the ratio has no logarithm"
ONE_ANSWER = "one answer to an item has no SD"
NO_ANSWERS = (
    "the single human answers are not known, are of fewer people than min_raters, or lie between "
    "the points of the scale"
)
NO_OTHERS = "there are no other items whose mean distribution a marginal model could give"


def precision_rows(
    job: PrecisionJob, norms: Mapping[str, pd.DataFrame], clusters: Mapping[str, ItemClusters]
) -> pd.DataFrame:
    """One row per scale, way of asking, assumption and half-width; see `tables.PRECISION`.

    `norms` are the norm tables by dataset, `clusters` those of their items. The order of rows does
    not matter.
    """
    rows = []
    for dataset, scales in sorted(job.datasets.items()):
        table = norms[dataset].sort_values("item_id", ignore_index=True)
        for name, scale in sorted(scales.items()):
            of_scale = table[table["scale"] == name]
            parts = [_divergences(dataset, name, scale, of_scale, clusters[dataset], job)]
            if isinstance(scale, HumanScale):
                parts = [
                    _correlations(name, of_scale, job),
                    _ratios_of_sds(of_scale, job),
                    *parts,
                ]
            rows += [{"dataset": dataset, "scale": name} | row for part in parts for row in part]
    whole = dict.fromkeys(("participants", "items_needed", "participants_needed"), "Int32")
    return pd.DataFrame(rows, columns=PRECISION.schema.names).astype(whole)


def _ways(job: PrecisionJob) -> Iterator[tuple[float, Row]]:
    """The numbers of participants of the study, infinite for the exact readout."""
    for number in job.participants:
        yield number, {"readout": "sampled", "participants": number}
    if job.exact:
        yield math.inf, {"readout": "exact", "participants": None}


def _correlations(scale: str, norms: pd.DataFrame, job: PrecisionJob) -> Iterator[Row]:
    rated = norms.dropna(subset=["mean"])
    _, of_people = people_reliability(ScaleNorms.of(norms, scale, unique_items(norms)))
    spread = _spread(rated, float(of_people.estimate()[0]))
    for participants, way in _ways(job):
        for assumed in job.settings.expected_r:
            row = way | {"measure": "r", "assumed": f"{assumed:g}", "n_items": len(rated)}
            for width in job.settings.half_widths:
                yield (
                    row
                    | {"half_width": width}
                    | _r_needs(spread, len(rated), participants, assumed, width, job)
                )


def _spread(rated: pd.DataFrame, reliability: float) -> HumanSpread | None:
    """What the norms tell of how people vary; None where they do not tell."""
    if math.isnan(reliability):
        return None
    means, sds = rated["mean"].to_numpy(dtype=float), rated["sd"].to_numpy(dtype=float)
    return HumanSpread(
        reliability=reliability,
        items=max(reliability, 0) * float(np.var(means, ddof=1)),
        raters=float(np.nanmean(sds**2)),
    )


def _r_needs(
    spread: HumanSpread | None,
    n_items: int,
    participants: float,
    assumed: float,
    width: float,
    job: PrecisionJob,
) -> Row:
    if n_items < 2:
        return {"reason": NO_NORMS}
    if spread is not None and spread.items <= 0:
        return {"reliability_human": spread.reliability, "reason": UNRELIABLE}
    ratio = job.settings.sd_ratio
    own = planned_precision.model_reliability(spread, participants, ratio) if spread else math.nan
    people = spread.reliability if spread else math.nan
    seen = assumed * math.sqrt(people * own) if spread else assumed
    needed, reason = (
        _r_participants(spread, n_items, participants, assumed, width, ratio)
        if spread
        else (None, NO_SPREAD)
    )
    return {
        "expected": seen,
        "reliability_human": people,
        "reliability_model": own,
        "planned": planned_precision.half_width_of_r(seen, n_items),
        "items_needed": planned_precision.items_needed_for_r(seen, width),
        "participants_needed": needed,
        "reason": reason,
    }


def _r_participants(
    spread: HumanSpread,
    n_items: int,
    participants: float,
    assumed: float,
    width: float,
    ratio: float,
) -> tuple[int | None, str | None]:
    """Participants that bring the width, or why none do."""
    if why := _no_choice(n_items, participants):
        return None, why
    least = planned_precision.r_needed(n_items, width)
    highest = assumed * math.sqrt(spread.reliability)
    if least <= highest and assumed > 0:
        own = (least / assumed) ** 2 / spread.reliability
        needed = planned_precision.participants_needed_for_r(spread, own, ratio)
        if needed is not None:
            return needed, None
    elif least == 0:
        return 1, None
    narrowest = f"±{planned_precision.half_width_of_r(highest, n_items):.3f}"
    if assumed > 0 and least <= assumed:
        return None, (
            f"participants: not reachable with {n_items} items; the ceiling set by the human "
            f"raters, r = {highest:.2f}, leaves {narrowest} with infinitely many"
        )
    return None, (
        f"participants: not reachable with {n_items} items, which leave {narrowest} with "
        "infinitely many"
    )


def _ratios_of_sds(norms: pd.DataFrame, job: PrecisionJob) -> Iterator[Row]:
    rated = norms[(norms["n"] > 1) & norms["sd"].notna()]
    spread = planned_spread.variance_spread(
        rated["sd"].to_numpy(dtype=float), rated["n"].to_numpy(dtype=float), list(rated["ratings"])
    )
    for participants, way in _ways(job):
        for assumed in get_args(Assumed):
            row = way | {"measure": "log_rms_sd_ratio", "assumed": assumed}
            row["n_items"] = len(rated) or len(norms)
            for width in job.settings.half_widths:
                if spread is not None and job.settings.sd_ratio > 0:
                    needs = _ratio_needs(spread, len(rated), participants, assumed, width)
                    needs["expected"] = math.log(job.settings.sd_ratio)
                elif spread is not None:
                    needs = {"reason": NO_VARIANCE}
                elif len(rated):
                    needs = {"reason": ALL_AGREE}
                else:
                    needs = {"reason": NO_SDS if len(norms) else NO_NORMS}
                yield row | {"half_width": width} | needs


def _ratio_needs(
    spread: VarianceSpread, n_items: int, participants: float, assumed: Assumed, width: float
) -> Row:
    needs: Row = {}
    if participants > 1:
        variance = spread.of_difference(participants, assumed)
        needs["planned"] = planned_spread.half_width_of_spread(variance, n_items)
        needs["items_needed"] = planned_spread.items_needed_for_spread(variance, width)
    reason = _no_choice(n_items, participants)
    if reason is None:
        enough = planned_spread.participants_needed_for_spread(spread, n_items, width, assumed)
        needs["participants_needed"] = enough
        if enough is None:
            variance = spread.of_difference(math.inf, assumed)
            narrowest = planned_spread.half_width_of_spread(variance, n_items)
            reason = (
                f"participants: not reachable with {n_items} items: their variances differ so "
                "much, truly and by chance of their few raters, that "
                f"±{narrowest:.3f} remains with infinitely many"
            )
        elif participants == 1:
            reason = ONE_ANSWER
    return needs | {"reason": reason}


def _no_choice(n_items: int, participants: float) -> str | None:
    """Why there is no number of participants to look for, if so."""
    if math.isinf(participants):
        return "participants: the exact readout has none"
    if n_items < planned_precision.FEWEST_ITEMS:
        return f"participants: {n_items} items have no interval, however many there are"
    return None


def _divergences(
    dataset: str,
    name: str,
    scale: HumanScale | LabelScale,
    norms: pd.DataFrame,
    clusters: ItemClusters,
    job: PrecisionJob,
) -> Iterator[Row]:
    people = human_answers(norms, name, scale)
    people = people.at((people.n >= job.min_raters) & (people.counts.sum(axis=1) > 0))
    n_items = len(people.n)
    if n_items > planned_precision.SIMULATED_ITEMS:
        rng = np.random.default_rng(seed_of(job.seed, dataset, "sample"))
        chosen = rng.choice(n_items, planned_precision.SIMULATED_ITEMS, replace=False)
        people = people.at(np.sort(chosen))
    keys = clusters.keys_of(people.item_ids)
    folds = hashed_folds(keys, job.folds, seed_of(job.seed, dataset, "folds"))
    for model in MODELS:
        spread = None
        if n_items:
            seed = seed_of(job.seed, dataset, "answers")
            spread = planned_precision.simulated_spread(people, folds, model, seed)
        for participants, way in _ways(job):
            row = way | {"measure": "jsd", "assumed": model, "n_items": n_items or len(norms)}
            for width in job.settings.half_widths:
                if spread is not None:
                    needs = _jsd_needs(spread, n_items, participants, width)
                elif n_items:
                    needs = {"reason": NO_OTHERS}
                else:
                    needs = {"reason": NO_ANSWERS if len(norms) else NO_NORMS}
                yield row | {"half_width": width} | needs


def _jsd_needs(
    spread: planned_precision.DivergenceSpread, n_items: int, participants: float, width: float
) -> Row:
    sd = spread.sd(participants)
    needed, reason = None, _no_choice(n_items, participants)
    if reason is None:
        needed = planned_precision.participants_needed_for_jsd(spread, n_items, width)
        if needed is None:
            narrowest = planned_precision.half_width_of_jsd(spread.sd(math.inf), n_items)
            reason = (
                f"participants: not reachable with {n_items} items, whose JSD differs so much, by "
                f"themselves and by chance of their few raters, that ±{narrowest:.3f} remains with "
                "infinitely many"
            )
    return {
        "expected": spread.mean(participants),
        "planned": planned_precision.half_width_of_jsd(sd, n_items),
        "items_needed": planned_precision.items_needed_for_jsd(sd, width),
        "participants_needed": needed,
        "reason": reason,
    }
