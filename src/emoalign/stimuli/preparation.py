"""Preparing a dataset: read, check, choose the study's items, map to its scales, cut in shards."""

from __future__ import annotations

import hashlib
import logging
import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import orjson
import pandas as pd

from emoalign.errors import DataError
from emoalign.statistics.raters import agreement_on_labels
from emoalign.stimuli.checking import kept, read_items, shown_name
from emoalign.stimuli.dataset_cards import PreparationJob
from emoalign.stimuli.images import image_files, image_path
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.norms import human_answers, norm_rows
from emoalign.stimuli.public_ids import public_ids
from emoalign.stimuli.rated_items import RatedItems, only_rated
from emoalign.stimuli.readers.base import HumanLabels, HumanRatings, SourceItem
from emoalign.stimuli.rows import composed
from emoalign.study.fields import FileSource
from emoalign.study.scales import DatasetScale
from emoalign.study.settings import Strata, Stratifier
from emoalign.study.source_files import locate_verified, sha256
from emoalign.tables import NORMS, STIMULI, atomic, groups


def prepare(
    job: PreparationJob,
    stimuli: Path,
    norms: Path,
    shards: Path,
    files: Mapping[str, FileSource] | None = None,
    rated: Sequence[RatedItems] = (),
) -> None:
    """Write the items, norms and shards of a dataset.

    `files` are those of the job's source with how to get them, for the message when one is missing;
    `rated` says which items are left, where only those with recorded ratings are used.
    Raises DataError when a file is missing, is another file, or holds what it must not.
    """
    files = files or job.source.files()
    mistakes = Mistakes()
    made = prepared(job, files, rated, mistakes)
    mistakes.tell()
    located = [locate_verified(file) for file in files.values()]
    metadata = {
        "source": ", ".join(path.name for path, _ in located),
        "source_sha256": ", ".join(checksum for _, checksum in located),
    }
    _tell_repeated(job.dataset, made.norms)
    STIMULI.write(made.stimuli, stimuli, metadata)
    NORMS.write(made.norms, norms, metadata)
    with atomic(shards) as partial:
        names = sorted(set(made.stimuli["shard"]))
        partial.write_bytes(orjson.dumps(names, option=orjson.OPT_APPEND_NEWLINE))


@dataclass(frozen=True)
class Prepared:
    """The items of the study and their norms, as in the tables, of so many items there are."""

    stimuli: pd.DataFrame
    norms: pd.DataFrame
    there: int


def prepared(
    job: PreparationJob,
    files: Mapping[str, FileSource],
    rated: Sequence[RatedItems],
    mistakes: Mistakes,
) -> Prepared:
    """What `prepare` writes; without items where something is wrong, which is noted."""
    everything = read_items(job.source, files, job.scales, job.keep, mistakes)
    items: list[SourceItem] = []
    if not mistakes:
        with mistakes.noted():
            items = select(only_rated(job.dataset, everything, rated), job)
    if job.restricted and items:
        called = public_ids(everything, job.dataset)
        items = [replace(item, item_id=called[item.item_id]) for item in items]
        items.sort(key=lambda item: item.item_id)
    images = (
        image_files(items, job.images, mistakes)
        if job.shown
        else [image_path(item, job.images) for item in items]
    )
    if mistakes:
        items, images = [], []
    shard_of = shard_names(len(items), job.shard_items)
    return Prepared(
        _stimulus_rows(items, job, images, shard_of),
        norm_rows(items, job.scales),
        sum(kept(item, job.keep) for item in everything),
    )


def _stimulus_rows(
    items: Sequence[SourceItem],
    job: PreparationJob,
    images: Sequence[Path | None],
    shard_of: Sequence[str],
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "item_id": [item.item_id for item in items],
            "modality": job.modality,
            "text": [item.text for item in items],
            "image_path": [image and str(image) for image in images],
            "image_sha256": [image and (sha256(image) if job.shown else None) for image in images],
            "strata": [item.stratum for item in items],
            "split": [item.split for item in items],
            "cluster": [item.cluster for item in items],
            "shard": shard_of,
        }
    )


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
        raise DataError(f"dataset {job.dataset!r}: the id {twice!r} is used for more than one item")
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
    excluded = {composed(text).casefold() for text in job.excluded_texts}
    return [
        item.item_id
        for item in items
        if item.item_id in enough
        and composed(shown_name(item)).casefold() not in excluded
        and kept(item, job.keep)
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


def _tell_repeated(dataset: str, norms: pd.DataFrame) -> None:
    """Say in the log where people rated an item more than once."""
    for (scale,), rows in groups(norms.dropna(subset="raters"), ["scale"]):
        repeated = rows["raters"].map(lambda raters: len(raters) - len(set(raters)))
        if repeated.any():
            _log.warning(
                "dataset %s, %s: %d ratings of %d items are by people who had already rated the "
                "item. All of them count in means and SDs; where raters are compared with each "
                "other, a person's mean rating of the item counts as one rating. If the table "
                "contains duplicate rows, remove them.",
                dataset,
                scale,
                int(repeated.sum()),
                int((repeated > 0).sum()),
            )


def strata_of(
    norms: pd.DataFrame, strata: Strata, scales: Mapping[str, DatasetScale]
) -> dict[str, str]:
    """The stratum of each item by its id, from the norms of all items on the scales it takes.

    `scales` are those of the dataset. Items whose statistic is undefined (an SD of one rater, no
    rater at all) are in none.
    """
    classes = [_classes(norms, stratifier, scales) for stratifier in strata.by]
    classed = set.intersection(*(set(class_of) for class_of in classes))
    return {
        item_id: "/".join(class_of[item_id] for class_of in classes) for item_id in sorted(classed)
    }


def stratified_ids(
    strata: Mapping[str, str], wanted: Mapping[str, int], size: int | None, seed: int
) -> list[str]:
    """So many ids of each stratum, topped up to `size` from all that are left; ascending.

    Drawn by rank as in `sample_ids`. A stratum that holds fewer than wanted gives all it has.
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
    """The random rank of an item under a seed: whoever else is there, it stays the same.

    Another `draw` has ranks that have nothing to do with those of the first.
    """
    return hashlib.sha256(f"{seed}:{draw}{item_id}".encode()).digest()


def shard_names(n_items: int, shard_items: int | None) -> Sequence[str]:
    """The shard of each of `n_items` items in order: consecutive runs of at most `shard_items`."""
    size = shard_items or max(n_items, 1)
    return [f"{index // size:04d}" for index in range(n_items)]
