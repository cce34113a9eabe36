"""What the comparison of spaces is told."""

from __future__ import annotations

from emoalign.items.item_jobs import ComparedDataset
from emoalign.study.fields import Job


class StructureJob(Job):
    """Compare what is alike for people with what is alike for models."""

    version: int = 3
    datasets: dict[str, ComparedDataset]
    seed: int
    permutations: int
    structure_items: int
