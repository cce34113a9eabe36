"""The table of planning: a row for each scale, way of asking, assumption and half-width."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import get_args

import numpy as np
import pandas as pd

from emoalign.analyses.precision import reasons
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
from emoalign.wording import coefficient

Row = dict[str, object]

MODELS: tuple[planned_precision.Simulated, ...] = ("perfect", "marginal")


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
    """The numbers of participants of the study, infinite for probabilities."""
    for number in job.participants:
        yield number, {"readout": "sampled", "participants": number}
    if job.exact:
        yield math.inf, {"readout": "exact", "participants": None}
    if job.decision:
        yield math.inf, {"readout": "decision", "participants": None}
    if job.stated:  # nothing says beforehand by how much statements about an item differ
        yield math.inf, {"readout": "stated", "participants": None}


def _correlations(scale: str, norms: pd.DataFrame, job: PrecisionJob) -> Iterator[Row]:
    rated = norms.dropna(subset=["mean"])
    _, of_people = people_reliability(ScaleNorms.of(norms, scale, unique_items(norms)))
    spread = _spread(rated, float(of_people.estimate()[0]))
    impossible = _no_r(rated, norms)
    unknown = reasons.unknown_reliability(norms)
    for participants, way in _ways(job):
        for assumed in job.settings.expected_r:
            row = way | {"measure": "r", "assumed": f"{assumed:g}", "n_items": len(rated)}
            for width in job.settings.half_widths:
                needs: Row = {"reason": impossible}
                if impossible is None:
                    needs = _r_needs(spread, unknown, len(rated), participants, assumed, width, job)
                yield row | {"half_width": width} | needs


def _no_r(rated: pd.DataFrame, norms: pd.DataFrame) -> str | None:
    """Why there can be no r with the human means, if so."""
    if len(rated) < 2:
        return reasons.ONE_MEAN if len(rated) else reasons.NO_NORMS
    return reasons.SAME_MEANS if rated["mean"].nunique() == 1 else None


def _spread(rated: pd.DataFrame, reliability: float) -> HumanSpread | None:
    """How people vary, from the norms; None where the reliability of their means is NaN."""
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
    unknown: str,
    n_items: int,
    participants: float,
    assumed: float,
    width: float,
    job: PrecisionJob,
) -> Row:
    if spread is not None and spread.items <= 0:
        return {"reliability_human": spread.reliability, "reason": reasons.UNRELIABLE}
    ratio = job.settings.sd_ratio
    own = planned_precision.model_reliability(spread, participants, ratio) if spread else math.nan
    people = spread.reliability if spread else math.nan
    seen = assumed * math.sqrt(people * own) if spread else assumed
    needed, reason = (
        _r_participants(spread, n_items, participants, assumed, width, ratio)
        if spread
        else (None, unknown)
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
    narrowest = f"±{coefficient(planned_precision.half_width_of_r(highest, n_items), 3)}"
    if assumed > 0 and least <= assumed:
        return None, (
            f"participants: not reachable with {n_items} items; the reliability of the human "
            f"ratings caps r at {coefficient(highest)}, and infinitely many participants leave "
            f"{narrowest}"
        )
    return None, (
        f"participants: not reachable with {n_items} items, where infinitely many participants "
        f"leave {narrowest}"
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
                    needs = {"reason": reasons.NO_VARIANCE}
                elif len(rated):
                    needs = {"reason": reasons.ALL_AGREE}
                else:
                    needs = {"reason": reasons.no_sds(norms)}
                yield row | {"half_width": width} | needs


def _ratio_needs(
    spread: VarianceSpread, n_items: int, participants: float, assumed: Assumed, width: float
) -> Row:
    if n_items < 2:
        return {"reason": reasons.too_few(n_items)}
    needs: Row = {"reason": reasons.ONE_ANSWER}
    if participants > 1:
        variance = spread.of_difference(participants, assumed)
        needs["planned"] = planned_spread.half_width_of_spread(variance, n_items)
        needs["items_needed"] = planned_spread.items_needed_for_spread(variance, width)
        needs["reason"] = None
    if why := _no_choice(n_items, participants):
        return needs | {"reason": why}
    enough = planned_spread.participants_needed_for_spread(spread, n_items, width, assumed)
    if enough is None and participants > 1:
        variance = spread.of_difference(math.inf, assumed)
        narrowest = planned_spread.half_width_of_spread(variance, n_items)
        needs["reason"] = (
            f"participants: not reachable with {n_items} items, whose variances differ so "
            f"much that infinitely many participants leave ±{narrowest:.3f}"
        )
    return needs | {"participants_needed": enough}


def _no_choice(n_items: int, participants: float) -> str | None:
    """Why there is no number of participants to look for, if so."""
    if n_items < planned_precision.FEWEST_ITEMS:
        return reasons.too_few(n_items)
    return reasons.NOT_SAMPLED if math.isinf(participants) else None


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
                if spread is not None and n_items > 1:
                    needs = _jsd_needs(spread, n_items, participants, width)
                elif n_items == 1:
                    needs = {"reason": reasons.too_few(n_items)}
                elif n_items:
                    needs = {"reason": reasons.NO_OTHERS}
                else:
                    needs = {"reason": reasons.no_distributions(norms, scale, job.min_raters)}
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
                f"participants: not reachable with {n_items} items, whose JSD differs so much "
                f"that infinitely many participants leave ±{narrowest:.3f}"
            )
    return {
        "expected": spread.mean(participants),
        "planned": planned_precision.half_width_of_jsd(sd, n_items),
        "items_needed": planned_precision.items_needed_for_jsd(sd, width),
        "participants_needed": needed,
        "reason": reason,
    }
