"""Preparing a dataset: read, check, map to the study's scales, sample, cut into shards."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson
import pandas as pd

from emoalign.errors import DataError
from emoalign.sources import locate_verified, sha256
from emoalign.stimuli.images import image_file
from emoalign.stimuli.norms import norm_rows
from emoalign.stimuli.readers import read
from emoalign.stimuli.sampling import sample_ids, shard_names
from emoalign.stimuli.source_items import SourceItem
from emoalign.study.fields import FileSource
from emoalign.study.jobs import PreparationJob
from emoalign.tables import NORMS, STIMULI, atomic

_log = logging.getLogger(__name__)


def prepare(
    job: PreparationJob,
    stimuli: Path,
    norms: Path,
    shards: Path,
    files: Mapping[str, FileSource] | None = None,
) -> None:
    """Write the items, norms and shards of a dataset.

    `files` are those of the job's source with how to get them, for the message when one is missing.
    Raises DataError when a file is missing, is another file, or holds what it must not.
    """
    files = files or job.source.files()
    found = {place: locate_verified(file) for place, file in files.items()}
    items = select(read(job.source, {place: path for place, (path, _) in found.items()}), job)
    metadata = {
        "source": ", ".join(path.name for path, _ in found.values()),
        "source_sha256": ", ".join(checksum for _, checksum in found.values()),
    }
    shard_of = shard_names(len(items), job.shard_items)
    images = [image_file(item, job.images) for item in items]
    rows = norm_rows(items, job.scales)
    STIMULI.write(_stimulus_rows(items, job.modality, images, shard_of), stimuli, metadata)
    NORMS.write(rows, norms, metadata)
    with atomic(shards) as partial:
        partial.write_bytes(orjson.dumps(sorted(set(shard_of)), option=orjson.OPT_APPEND_NEWLINE))


def select(items: Sequence[SourceItem], job: PreparationJob) -> list[SourceItem]:
    """The items of the study, in order of their id.

    Leaves out items that do not match `keep`, demonstrations of any prompt set (case ignored), and
    items without a human rating on a scale that others have ratings on; a scale that nobody rated
    leaves out none. Raises DataError on a repeated id, or when fewer items are left than the sample
    needs.
    """
    by_id = {item.item_id: item for item in items}
    if len(by_id) != len(items):
        ids = [item.item_id for item in items]
        twice = next(item_id for item_id in ids if ids.count(item_id) > 1)
        raise DataError(f"dataset {job.dataset!r}: the id {twice!r} stands for more than one item")
    rated = {scale for item in items for scale in item.ratings} & set(job.scales)
    unrated = sum(not rated <= item.ratings.keys() for item in items)
    if unrated:
        _log.info(
            "dataset %s: left out without a human rating on each of %s: %d of %d items",
            job.dataset,
            ", ".join(sorted(rated)),
            unrated,
            len(items),
        )
    excluded = {text.casefold() for text in job.excluded_texts}
    pattern = re.compile(job.keep) if job.keep is not None else None
    eligible = [
        item.item_id
        for item in items
        if rated <= item.ratings.keys()
        and _name(item).casefold() not in excluded
        and (pattern is None or pattern.fullmatch(_name(item)))
    ]
    if len(eligible) < (job.sample or 1):
        raise DataError(
            f"dataset {job.dataset!r}: {len(eligible)} of {len(items)} items are eligible (they "
            "match `keep`, are no demonstration and were rated on all scales asked about), but the "
            f"study asks for a sample of {job.sample or 1}"
        )
    return [by_id[item_id] for item_id in sample_ids(eligible, job.sample, job.seed)]


def _name(item: SourceItem) -> str:
    """What patterns and demonstrations are compared with: the text, or the image's file name."""
    return item.text if item.text is not None else Path(item.image or "").stem


def _stimulus_rows(
    items: Sequence[SourceItem],
    modality: str,
    images: Sequence[Path | None],
    shard_of: Sequence[str],
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "item_id": [item.item_id for item in items],
            "modality": modality,
            "text": [item.text for item in items],
            "image_path": [image and str(image) for image in images],
            "image_sha256": [image and sha256(image) for image in images],
            "strata": [item.stratum for item in items],
            "split": [item.split for item in items],
            "shard": shard_of,
        }
    )
