"""Preparing a dataset: read, check, map to the study's scales, sample, cut into shards."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import orjson
import pandas as pd

from emoalign.errors import DataError
from emoalign.sources import locate_verified, sha256
from emoalign.stimuli.images import image_file
from emoalign.stimuli.readers import READERS
from emoalign.stimuli.sampling import sample_ids, shard_names
from emoalign.stimuli.source_items import HumanLabels, HumanRatings, SourceItem
from emoalign.study.datasets import DatasetScale, HumanScale
from emoalign.study.fields import LabelScale
from emoalign.study.jobs import PreparationJob
from emoalign.tables import NORMS, STIMULI, atomic


def prepare(
    job: PreparationJob, stimuli: Path, norms: Path, shards: Path, obtain: str | None = None
) -> None:
    """Write the items, norms and shards of a dataset.

    `obtain` says how to get the file, for the message when it is missing.
    Raises DataError when the source is missing, is another file, or holds what it must not.
    """
    path, checksum = locate_verified(job.source.model_copy(update={"obtain": obtain}))
    items = select(READERS[job.reader](path), job)
    metadata = {"source": path.name, "source_sha256": checksum}
    shard_of = shard_names(len(items), job.shard_items)
    images = [image_file(item, job.images) for item in items]
    STIMULI.write(_stimulus_rows(items, job.modality, images, shard_of), stimuli, metadata)
    NORMS.write(_norm_rows(items, job.scales, str(path)), norms, metadata)
    with atomic(shards) as partial:
        partial.write_bytes(orjson.dumps(sorted(set(shard_of)), option=orjson.OPT_APPEND_NEWLINE))


def select(items: Sequence[SourceItem], job: PreparationJob) -> list[SourceItem]:
    """The items of the study, in order of their id.

    Leaves out items that do not match `keep` and demonstrations of any prompt set (case ignored).
    Raises DataError on a repeated id, or when fewer items are left than the sample needs.
    """
    by_id = {item.item_id: item for item in items}
    if len(by_id) != len(items):
        ids = [item.item_id for item in items]
        twice = next(item_id for item_id in ids if ids.count(item_id) > 1)
        raise DataError(f"dataset {job.dataset!r}: the id {twice!r} stands for more than one item")
    excluded = {text.casefold() for text in job.excluded_texts}
    pattern = re.compile(job.keep) if job.keep is not None else None
    eligible = [
        item.item_id
        for item in items
        if _name(item).casefold() not in excluded
        and (pattern is None or pattern.fullmatch(_name(item)))
    ]
    if len(eligible) < (job.sample or 1):
        raise DataError(
            f"dataset {job.dataset!r}: {len(eligible)} of {len(items)} items are eligible (they "
            "match `keep` and are no demonstration), but the study asks for a sample of "
            f"{job.sample or 1}"
        )
    return [by_id[item_id] for item_id in sample_ids(eligible, job.sample, job.seed)]


def _name(item: SourceItem) -> str:
    """What patterns and demonstrations are compared with: the text, or the image's file name."""
    return item.text if item.text is not None else Path(item.image or "").stem


def to_scale(values: float | Sequence[float], scale: HumanScale, where: str) -> np.ndarray:
    """Numbers of the source file in points of the scale.

    Raises DataError for a value outside the range the card says the file uses: never a clamp.
    """
    native = scale.native or scale
    numbers = np.asarray(values, dtype=np.float64)
    outside = numbers[(numbers < native.min) | (numbers > native.max)]
    if outside.size:
        raise DataError(
            f"{where}: rating {outside.flat[0]:g} is outside the {native.min:g} to {native.max:g} "
            "that the dataset card gives as the file's range"
        )
    return scale.min + (numbers - native.min) * _stretch(scale)


def _stretch(scale: HumanScale) -> float:
    native = scale.native or scale
    return (scale.max - scale.min) / (native.max - native.min)


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
            "strata": None,
            "split": None,
            "shard": shard_of,
        }
    )


def _norm_rows(
    items: Sequence[SourceItem], scales: Mapping[str, DatasetScale], source: str
) -> pd.DataFrame:
    rows = []
    for item in items:
        for name, scale in scales.items():
            human = item.ratings.get(name)
            where = f"{source}: item {item.item_id}"
            if isinstance(human, HumanLabels) and isinstance(scale, LabelScale):
                norm = _labelled(human, scale, where)
            elif isinstance(human, HumanRatings) and isinstance(scale, HumanScale):
                norm = _on_scale(human, scale, where)
            else:
                kind = "labels" if isinstance(scale, LabelScale) else "ratings"
                raise DataError(f"{where} has no human {kind} of {name!r}")
            rows.append({"item_id": item.item_id, "scale": name} | norm)
    return pd.DataFrame(rows)


def _on_scale(human: HumanRatings, scale: HumanScale, where: str) -> dict[str, object]:
    return {
        "mean": float(to_scale(human.mean, scale, where)),
        "sd": human.sd * _stretch(scale),
        "n": human.n,
        "ratings": None
        if human.ratings is None
        else to_scale(human.ratings, scale, where).tolist(),
        "labels": None,
    }


def _labelled(human: HumanLabels, scale: LabelScale, where: str) -> dict[str, object]:
    choices = []
    for names in human.choices:
        chosen = scale.choice(names)
        if chosen is None:
            raise DataError(
                f"{where}: a rater chose {', '.join(names) or 'nothing'}, which is no choice of "
                f"{scale.at_least} or more of the labels on the dataset card: "
                f"{', '.join(scale.labels)}"
            )
        choices.append(list(chosen))
    return {
        "mean": float("nan"),
        "sd": float("nan"),
        "n": len(choices),
        "ratings": None,
        "labels": choices,
    }
