"""Preparing a dataset: read, check, map to the study's scales, sample, cut into shards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson
import pandas as pd

from emoalign.errors import DataError
from emoalign.stimuli.dataset_cards import PreparationJob
from emoalign.stimuli.norms import norm_rows
from emoalign.stimuli.readers.base import SourceItem
from emoalign.stimuli.selection import select, shard_names
from emoalign.study.fields import FileSource
from emoalign.study.source_files import locate_verified, sha256, similar
from emoalign.tables import NORMS, STIMULI, atomic


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
    located = {place: locate_verified(file) for place, file in files.items()}
    items = select(job.source.read({place: path for place, (path, _) in located.items()}), job)
    metadata = {
        "source": ", ".join(path.name for path, _ in located.values()),
        "source_sha256": ", ".join(checksum for _, checksum in located.values()),
    }
    shard_of = shard_names(len(items), job.shard_items)
    images = [image_file(item, job.images) for item in items]
    rows = norm_rows(items, job.scales)
    STIMULI.write(_stimulus_rows(items, job.modality, images, shard_of), stimuli, metadata)
    NORMS.write(rows, norms, metadata)
    with atomic(shards) as partial:
        partial.write_bytes(orjson.dumps(sorted(set(shard_of)), option=orjson.OPT_APPEND_NEWLINE))


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


def image_file(item: SourceItem, folder: str | None) -> Path | None:
    """The image of an item; None for text.

    Raises DataError when the file is missing, or when its name leads out of the folder.
    """
    if item.image is None or folder is None:
        return None
    path = Path(folder) / item.image
    if not path.resolve().is_relative_to(Path(folder).resolve()):
        raise DataError(
            f"{_place(item)}: the image name {item.image!r} leads out of the folder {folder}"
        )
    if not path.is_file():
        raise DataError(
            f"{_place(item)}: there is no image {path}{similar(path)}. Put the images of the "
            f"dataset into {folder}, or leave the item out with `keep` in the dataset's card."
        )
    return path


def _place(item: SourceItem) -> str:
    return f"{item.where}: item {item.item_id}" if item.where else f"item {item.item_id}"
