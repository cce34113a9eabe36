"""The job of aggregation, and what comparisons know of a dataset."""

from __future__ import annotations

from emoalign.study.fields import Entry, Job, Modality, Range
from emoalign.study.scales import DatasetScale, Frameworks


class AggregationJob(Job):
    """Bring the ratings of one dataset together with the norms, item by item."""

    version: int = 5
    dataset: str
    scales: dict[str, DatasetScale]


class ComparedDataset(Entry):
    """The part of a dataset that comparisons over scales need: scales of numbers alone."""

    modality: Modality
    scales: dict[str, Range]
    frameworks: Frameworks
