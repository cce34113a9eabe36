"""What the comparison of models, protocols, scales and frameworks is told."""

from __future__ import annotations

from emoalign.items.item_jobs import ComparedDataset
from emoalign.study.fields import Job


class ComparisonJob(Job):
    """Compare models, protocols, scales and frameworks with each other."""

    version: int = 4
    datasets: dict[str, ComparedDataset]
    seed: int
    bootstrap_resamples: int
    worst_items: int
