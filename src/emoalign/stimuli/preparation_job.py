"""What the preparation of a dataset is told."""

from __future__ import annotations

from emoalign.stimuli.readers.sources import DatasetSource
from emoalign.study.fields import Job, Modality
from emoalign.study.scales import DatasetScale
from emoalign.study.strata import Strata


class PreparationJob(Job):
    """Read one dataset, draw the sample, write items and norms."""

    dataset: str
    modality: Modality
    source: DatasetSource
    images: str | None = None
    keep: str | None
    scales: dict[str, DatasetScale]
    sample: int | None
    strata: Strata | None = None
    min_raters: int = 1
    seed: int
    excluded_texts: tuple[str, ...]
    shard_items: int | None
