"""Which items of a dataset a study uses: those that are eligible, and of these a sample."""

from __future__ import annotations

import logging
import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from emoalign.errors import DataError
from emoalign.stimuli.norms import norm_rows
from emoalign.stimuli.preparation_job import PreparationJob
from emoalign.stimuli.readers.source_items import HumanLabels, HumanRatings, SourceItem
from emoalign.stimuli.sampling import sample_ids
from emoalign.stimuli.strata import strata_of, stratified_ids

_log = logging.getLogger(__name__)


def select(items: Sequence[SourceItem], job: PreparationJob) -> list[SourceItem]:
    """The items of the study, in order of their id, with their strata where the study has some.

    Leaves out items that do not match `keep`, demonstrations of any prompt set (case ignored), and
    items that fewer than `min_raters` people rated on a scale that others have ratings on; a scale
    that nobody rated leaves out none. Raises DataError on a repeated id, or when fewer items are
    left than the sample needs.
    """
    by_id = {item.item_id: item for item in items}
    if len(by_id) != len(items):
        ids = [item.item_id for item in items]
        twice = next(item_id for item_id in ids if ids.count(item_id) > 1)
        raise DataError(f"dataset {job.dataset!r}: the id {twice!r} stands for more than one item")
    eligible = _eligible(items, job)
    strata: dict[str, str] = {}
    if job.strata is None:
        drawn = sample_ids(eligible, job.sample, job.seed)
    else:
        norms = norm_rows([by_id[item_id] for item_id in eligible], job.scales)
        strata = strata_of(norms, job.strata, job.scales)
        drawn = stratified_ids(strata, job.strata.wanted(), job.sample, job.seed)
        _tell_strata(job.dataset, job.strata.names, strata, drawn)
    if len(drawn) < (job.sample or 1):
        raise DataError(
            f"dataset {job.dataset!r}: {len(strata or eligible)} of {len(items)} items are "
            "eligible (they match `keep`, are no demonstration and were rated on all scales asked "
            f"about, by {job.min_raters} or more), but the study asks for a sample of "
            f"{job.sample or 1}"
        )
    return [
        replace(by_id[item_id], stratum=strata.get(item_id, by_id[item_id].stratum))
        for item_id in drawn
    ]


def _eligible(items: Sequence[SourceItem], job: PreparationJob) -> list[str]:
    rated = {scale for item in items for scale in item.ratings} & set(job.scales)
    enough = {item.item_id for item in items if _raters(item, rated) >= job.min_raters}
    if len(enough) < len(items):
        _log.info(
            "dataset %s: left out without %s on each of %s: %d of %d items",
            job.dataset,
            "a human rating" if job.min_raters == 1 else f"{job.min_raters} human raters",
            ", ".join(sorted(rated)),
            len(items) - len(enough),
            len(items),
        )
    excluded = {text.casefold() for text in job.excluded_texts}
    pattern = re.compile(job.keep) if job.keep is not None else None
    return [
        item.item_id
        for item in items
        if item.item_id in enough
        and _name(item).casefold() not in excluded
        and (pattern is None or pattern.fullmatch(_name(item)))
    ]


def _raters(item: SourceItem, scales: Collection[str]) -> float:
    """The fewest people who rated an item on any of the scales; infinity where nobody tells."""
    if not item.ratings.keys() >= set(scales):
        return 0
    return min((_raters_on(item.ratings[scale]) for scale in scales), default=math.inf)


def _raters_on(human: HumanRatings | HumanLabels) -> float:
    if isinstance(human, HumanLabels):
        return len(human.choices)
    return math.inf if human.n is None else human.n


def _tell_strata(
    dataset: str, names: Sequence[str], strata: Mapping[str, str], drawn: Sequence[str]
) -> None:
    there = Counter(strata.values())
    taken = Counter(strata[item_id] for item_id in drawn)
    for name in names:
        _log.info("dataset %s, stratum %s: %d of %d items", dataset, name, taken[name], there[name])


def _name(item: SourceItem) -> str:
    """What patterns and demonstrations are compared with: the text, or the image's file name."""
    return item.text if item.text is not None else Path(item.image or "").stem
