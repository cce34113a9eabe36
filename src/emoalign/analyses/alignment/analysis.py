"""Settings of the comparison with people, and what its job is told."""

from __future__ import annotations

from pydantic import Field

from emoalign.study.fields import Entry, Job
from emoalign.study.scales import HumanScale, LabelScale


class StatisticsJob(Job):
    """Compare models with people, cell by cell: scales of numbers, and of labels, by dataset."""

    version: int = 3
    scales: dict[str, dict[str, HumanScale]]
    labels: dict[str, dict[str, LabelScale]] = Field(default_factory=dict)
    seed: int
    settings: AlignmentSettings


class AlignmentSettings(Entry):
    """How thoroughly uncertainty is estimated where single cells are compared with people."""

    bootstrap_resamples: int = Field(
        10_000, ge=100, description="Resamples of items behind each bootstrap interval."
    )
    split_halves: int = Field(
        1_000, ge=10, description="Random splits of the human raters behind the reliability."
    )
    simulations: int = Field(
        999, ge=99, description="Simulated draws per item when sampled and exact are compared."
    )


class StatisticsSettings(AlignmentSettings):
    """How thoroughly uncertainty is estimated, and how far comparisons go."""

    permutations: int = Field(
        999, ge=99, description="Permutations of items behind the p of representational similarity."
    )
    structure_items: int = Field(
        2_000,
        ge=10,
        description="Items in a comparison of dissimilarities at most, drawn with the study's "
        "seed: time and memory grow with their square.",
    )
    worst_items: int = Field(
        20, ge=1, description="Items with the largest errors of arousal that are listed per cell."
    )
