"""Preparing a dataset: its files become the items and norms of a study."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pandas as pd

from emoalign.stage import FILE_ONLY
from emoalign.stimuli.checking import kept, read_items
from emoalign.stimuli.dataset_cards import PreparationJob
from emoalign.stimuli.images import image_files, image_path
from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.norms import norm_rows
from emoalign.stimuli.public_ids import public_ids
from emoalign.stimuli.rated_items import RatedItems, only_rated
from emoalign.stimuli.readers.base import SourceItem
from emoalign.stimuli.selection import select
from emoalign.study.fields import FileSource
from emoalign.study.source_files import locate_verified, sha256
from emoalign.tables import NORMS, STIMULI, atomic, groups

USED = "items_used"
"""The key of the note in a file of stimuli: how many items are used, and why others are not."""

_log = logging.getLogger(__name__)


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
    used = " ".join(made.notes)
    _tell_repeated(job.dataset, made.norms)
    STIMULI.write(made.stimuli, stimuli, metadata | {USED: used})
    NORMS.write(made.norms, norms, metadata)
    with atomic(shards) as partial:
        names = sorted(set(made.stimuli["shard"]))
        partial.write_bytes(orjson.dumps(names, option=orjson.OPT_APPEND_NEWLINE))


@dataclass(frozen=True)
class Prepared:
    """The items of a study and their norms.

    Attributes:
        stimuli, norms: the rows of the tables.
        there: the number of items from which those of the study were chosen.
        notes: sentences about which items are used, why others are not, and what they look like.
    """

    stimuli: pd.DataFrame
    norms: pd.DataFrame
    there: int
    notes: Sequence[str] = ()


def prepared(
    job: PreparationJob,
    files: Mapping[str, FileSource],
    rated: Sequence[RatedItems],
    mistakes: Mistakes,
) -> Prepared:
    """The items and norms that `prepare` writes, with notes that are also logged.

    Problems are added to `mistakes`; there are no items then.
    """
    everything = read_items(job.source, files, job.scales, job.keep, mistakes)
    items: list[SourceItem] = []
    notes: list[str] = []
    if not mistakes:
        with mistakes.noted():
            answered = only_rated(job.dataset, everything, rated)
            selection = select(answered, job)
            items = list(selection.items)
            missing = len(everything) - len(answered)
            left_out = {"without answers by every recorded model": missing, **selection.left_out}
            if told := replace(selection, left_out=left_out).in_words(job.modality):
                notes.append(told)
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
    stimuli = _stimulus_rows(items, job, images, shard_of)
    notes += _looks(stimuli)
    for note in notes:
        _log.info("dataset %s: %s", job.dataset, note, extra=FILE_ONLY)
    _tell_blanks(job.dataset, stimuli)
    return Prepared(
        stimuli,
        norm_rows(items, job.scales),
        sum(kept(item, job.keep) for item in everything),
        notes,
    )


def _looks(stimuli: pd.DataFrame) -> Iterator[str]:
    """A sentence about items that look alike, if any do."""
    looks = zip(stimuli["image_sha256"], stimuli["text"], stimuli["image_path"], strict=True)
    shown = [sha256 or text or path for sha256, text, path in looks]
    if again := len(shown) - len(set(shown)):
        yield (
            f"Items that show the same text or image as an earlier one: {again:,}. They are kept "
            "as items of their own, and resampled together with it."
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
            "covariates": [sorted(item.covariates.items()) or None for item in items],
            "shard": shard_of,
        }
    )


def _tell_blanks(dataset: str, stimuli: pd.DataFrame) -> None:
    """Warn of texts with blanks around them, which requests repeat as they are."""
    blanks = sum(text is not None and text != text.strip() for text in stimuli["text"])
    if blanks:
        _log.warning(
            "dataset %s: texts that begin or end with blanks: %d. The blanks are sent to the "
            "models as well; if they are a mistake, remove them from the table.",
            dataset,
            blanks,
        )


def _tell_repeated(dataset: str, norms: pd.DataFrame) -> None:
    """Warn of items that the same person rated more than once."""
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


def shard_names(n_items: int, shard_items: int | None) -> Sequence[str]:
    """The shard of each of `n_items` items in order: consecutive runs of at most `shard_items`."""
    size = shard_items or max(n_items, 1)
    return [f"{index // size:04d}" for index in range(n_items)]
