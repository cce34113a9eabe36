"""The job of aggregation, and the part of a dataset that comparisons need."""

from __future__ import annotations

from pydantic import Field

from emoalign.study.fields import Entry, Job, Modality, Range
from emoalign.study.scales import DatasetScale, Frameworks


class AggregationJob(Job):
    """Join the ratings of one dataset with the norms, by item."""

    version: int = 7
    dataset: str
    scales: dict[str, DatasetScale]
    other_points: dict[str, dict[str, tuple[str, ...]]] = Field(default_factory=dict)
    """For each scale and protocol, the forms that show other points than those of the card."""


class ComparedDataset(Entry):
    """The part of a dataset that comparisons over scales need: scales of numbers alone."""

    modality: Modality
    scales: dict[str, Range]
    frameworks: Frameworks
