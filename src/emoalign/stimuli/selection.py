"""The items of a study: those that can be used, and the sample drawn from them."""

from __future__ import annotations

import hashlib
import logging
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from emoalign.errors import DataError
from emoalign.statistics.raters import agreement_on_labels
from emoalign.stimuli.checking import kept, shown_name
from emoalign.stimuli.dataset_cards import PreparationJob
from emoalign.stimuli.norms import human_answers, norm_rows
from emoalign.stimuli.readers.base import HumanLabels, HumanRatings, SourceItem
from emoalign.stimuli.rows import composed
from emoalign.study.fields import Modality
from emoalign.study.scales import DatasetScale
from emoalign.study.settings import Strata, Stratifier
from emoalign.wording import listed

_log = logging.getLogger(__name__)

MOST_NAMED = 3
"""Scales named one by one; of more, only their number is given."""

NOT_DRAWN = "not drawn for the sample"
"""Why items are left out that could have been used."""

PLAIN_LETTERS = {
    "[a-z]+": "a to z",
    "[a-zA-Z]+": "a to z and A to Z",
    "[A-Za-z]+": "A to Z and a to z",
}
"""Patterns of letters alone, in words."""


@dataclass(frozen=True)
class Selection:
    """The items of a study, in order of their id, and how many others are left out by reason.

    `few` tells of ratings that count as none because too few people gave them.
    """

    items: Sequence[SourceItem]
    left_out: Mapping[str, int]
    few: str = ""

    def in_words(self, modality: Modality) -> str:
        """The numbers in sentences: "Of 310 words, 10 shown … were excluded."."""
        excluded = Counter(self.left_out)
        not_drawn = excluded.pop(NOT_DRAWN, 0)
        n = sum(excluded.values())
        told = []
        if n:
            there = len(self.items) + n + not_drawn
            told.append(
                f"Of {_many(there, modality)}, {listed(_reasons(excluded))} "
                f"{'was' if n == 1 else 'were'} excluded."
            )
        if not_drawn:
            left = f"{len(self.items) + not_drawn:,}"
            told.append(
                f"The sample was drawn from the remaining {left}."
                if n
                else f"The sample was drawn from {_many(len(self.items) + not_drawn, modality)}."
            )
        return " ".join(filter(None, (*told, self.few)))


def select(items: Sequence[SourceItem], job: PreparationJob) -> Selection:
    """The items of the study, with their strata where the study has some.

    Leaves out items that do not match `keep`, those shown as demonstrations by any prompt set (case
    ignored), and those that fewer than `min_raters` people rated on a scale that others have
    ratings on; a scale that nobody rated leaves out none. Where `unrated` items are kept, ratings
    by fewer than `min_raters` people count as none, and leave out no item. An item counts under the
    first reason that applies. Raises DataError on a repeated id, or when fewer items are left than
    the sample needs.
    """
    by_id = {item.item_id: item for item in items}
    if len(by_id) != len(items):
        ids = [item.item_id for item in items]
        twice = next(item_id for item_id in ids if ids.count(item_id) > 1)
        raise DataError(f"dataset {job.dataset!r}: the id {twice!r} is used for more than one item")
    few: set[str] = set()
    if job.unrated:
        enough = {item_id: _by_enough(item, job.min_raters) for item_id, item in by_id.items()}
        few = {item_id for item_id in by_id if enough[item_id] is not by_id[item_id]}
        by_id = enough
    reasons = dict(_unusable(list(by_id.values()), job))
    left_out = Counter(reasons.values())
    usable = [item_id for item_id in by_id if item_id not in reasons]
    strata: dict[str, str] = {}
    if job.strata is None:
        drawn = sample_ids(usable, job.sample, job.seed)
    else:
        norms = norm_rows([by_id[item_id] for item_id in usable], job.scales)
        strata = strata_of(norms, job.strata, job.scales)
        left_out["in none of the strata"] = len(usable) - len(strata)
        drawn = stratified_ids(strata, job.strata.wanted(), job.sample, job.seed)
        _tell_strata(job.dataset, job.strata.names, strata, drawn)
    there = len(usable) if job.strata is None else len(strata)
    if len(drawn) < (job.sample or 1):
        wanted = f"a sample of {job.sample}" if job.sample else "at least one"
        number = "none" if there == 0 else f"only {there:,}"
        all_of_them = _many(there + sum(left_out.values()), job.modality)
        why = f" Excluded: {listed(_reasons(left_out))}." if +left_out else ""
        raise DataError(
            f"dataset {job.dataset!r}: the study asks for {wanted}, but {number} of {all_of_them} "
            f"can be used.{why}"
        )
    left_out[NOT_DRAWN] = there - len(drawn)
    return Selection(
        [
            replace(by_id[item_id], stratum=strata.get(item_id, by_id[item_id].stratum))
            for item_id in drawn
        ],
        +left_out,
        _few(len(few.intersection(drawn)), job),
    )


def _by_enough(item: SourceItem, min_raters: int) -> SourceItem:
    """An item without the ratings of scales on which fewer than `min_raters` people rated it."""
    few = {scale for scale, human in item.ratings.items() if _raters_on(human) < min_raters}
    if not few:
        return item
    return replace(
        item,
        ratings={scale: of for scale, of in item.ratings.items() if scale not in few},
        by_group={scale: of for scale, of in item.by_group.items() if scale not in few},
    )


def _few(n: int, job: PreparationJob) -> str:
    if not n:
        return ""
    return (
        f"Ratings by fewer than {job.min_raters} people ({_many(n, job.modality)}) count as none."
    )


def _unusable(items: Sequence[SourceItem], job: PreparationJob) -> Iterator[tuple[str, str]]:
    """The ids of items that cannot be used, each with the reason."""
    rated = [scale for scale in job.scales if any(scale in item.ratings for item in items)]
    scales = listed(rated) if 0 < len(rated) <= MOST_NAMED else f"each of {len(rated)} scales"
    few = (
        f"without human ratings on {scales}"
        if job.min_raters == 1
        else f"with fewer than {job.min_raters} human ratings on {scales}"
    )
    pattern = str(job.keep)
    unlike = (
        f"with characters other than {PLAIN_LETTERS[pattern]}"
        if pattern in PLAIN_LETTERS
        else f"not matching the pattern {pattern}"
    )
    shown = {composed(text).casefold() for text in job.excluded_texts}
    for item in items:
        if not kept(item, job.keep):
            yield item.item_id, unlike
        elif composed(shown_name(item)).casefold() in shown:
            yield item.item_id, "shown as an example in a prompt"
        elif _raters(item, rated, job.unrated) < job.min_raters:
            yield item.item_id, few


def _many(n: int, modality: Modality) -> str:
    return f"{n:,} {modality}{'s' * (n != 1)}"


def _reasons(left_out: Mapping[str, int]) -> list[str]:
    return [f"{count:,} {reason}" for reason, count in left_out.items() if count]


def _raters(item: SourceItem, scales: Collection[str], unrated: bool) -> float:
    """The fewest people who rated an item on any of the scales; infinity if unknown.

    With `unrated`, scales on which nobody rated it do not count.
    """
    known = [_raters_on(item.ratings[scale]) for scale in scales if scale in item.ratings]
    missing = not unrated and len(known) < len(scales)
    return 0 if missing else min(known, default=math.inf)


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


def strata_of(
    norms: pd.DataFrame, strata: Strata, scales: Mapping[str, DatasetScale]
) -> dict[str, str]:
    """The stratum of each item by its id, from the norms of all items.

    `scales` are those of the dataset. Items whose statistic is undefined (the SD of a single
    rating, no rating at all) are in no stratum.
    """
    classes = [_classes(norms, stratifier, scales) for stratifier in strata.by]
    classed = set.intersection(*(set(class_of) for class_of in classes))
    return {
        item_id: "/".join(class_of[item_id] for class_of in classes) for item_id in sorted(classed)
    }


def stratified_ids(
    strata: Mapping[str, str], wanted: Mapping[str, int], size: int | None, seed: int
) -> list[str]:
    """The `wanted` number of ids of each stratum, filled up to `size` from the others; ascending.

    They are drawn by rank, as in `sample_ids`. A stratum with fewer ids gives all it has.
    """
    by_stratum: dict[str, list[str]] = defaultdict(list)
    for item_id in sorted(strata, key=lambda item_id: rank(item_id, seed)):
        by_stratum[strata[item_id]].append(item_id)
    drawn = {item_id for name, ids in by_stratum.items() for item_id in ids[: wanted.get(name, 0)]}
    if size is not None:
        # By other ranks: those left of a stratum that gave many have high ones, and would be late.
        left = sorted(strata.keys() - drawn, key=lambda item_id: rank(item_id, seed, "top up:"))
        drawn |= set(left[: max(size - len(drawn), 0)])
    return sorted(drawn)


def _classes(
    norms: pd.DataFrame, stratifier: Stratifier, scales: Mapping[str, DatasetScale]
) -> dict[str, str]:
    rows = norms[norms["scale"].isin(stratifier.scales)]
    if stratifier.statistic == "agreement":
        agreed: dict[str, set[str]] = defaultdict(set)
        for scale in stratifier.scales:
            people = human_answers(rows, scale, scales[scale])
            if people.choices is None:
                continue
            for kind, items in agreement_on_labels(people.choices, people.n).items():
                for item_id in people.item_ids[items].tolist():
                    agreed[item_id].add(kind)
        return {
            item_id: kinds.pop() if len(kinds) == 1 else "partial"
            for item_id, kinds in agreed.items()
        }
    values = rows.pivot(index="item_id", columns="scale", values=stratifier.statistic)
    means = values.reindex(columns=list(stratifier.scales)).mean(axis=1, skipna=False).dropna()
    side: Literal["left", "right"] = "left" if stratifier.closed == "right" else "right"
    places = np.searchsorted(np.array(stratifier.bounds), means.to_numpy(), side=side)
    return {
        str(item_id): stratifier.names[place]
        for item_id, place in zip(means.index, places, strict=True)
    }


def sample_ids(item_ids: Iterable[str], size: int | None, seed: int) -> list[str]:
    """`size` of the ids in ascending order, or all of them; the same seed draws the same ids.

    Each id has a fixed random rank under the seed and the lowest ranks are taken. So the order of
    the ids does not matter, a larger sample contains the smaller one, and leaving one id out
    brings in exactly one other.
    """
    return sorted(sorted(item_ids, key=lambda item_id: rank(item_id, seed))[:size])


def rank(item_id: str, seed: int, draw: str = "") -> bytes:
    """The random rank of an item under a seed, which does not depend on other items.

    The ranks of another `draw` are independent of those of the first.
    """
    return hashlib.sha256(f"{seed}:{draw}{item_id}".encode()).digest()
