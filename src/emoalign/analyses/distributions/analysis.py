"""Settings of the comparison of distributions, and what its job is told."""

from __future__ import annotations

from pydantic import Field

from emoalign.study.fields import Entry, Job
from emoalign.study.scales import DatasetScale


class DistributionJob(Job):
    """Compare how models spread their answers with how people do: all scales, by dataset."""

    version: int = 3
    scales: dict[str, dict[str, DatasetScale]]
    seed: int
    bootstrap_resamples: int
    settings: DistributionSettings


class DistributionSettings(Entry):
    """Which items count where distributions are compared, and with how many random draws."""

    min_raters: int = Field(
        3,
        ge=2,
        description="Items that fewer people rated on a scale have no distribution to compare "
        "with; they are left out and counted.",
    )
    folds: int = Field(
        5,
        ge=2,
        description="Parts the items are dealt into, items with one text together: what a "
        "predictor knows of people comes from the other parts.",
    )
    simulations: int = Field(
        100,
        ge=10,
        description="Simulated draws per item behind what a perfect model would reach, and random "
        "halves of the human raters, at most: 40,000 drawn items are enough.",
    )
    permutations: int = Field(
        20,
        ge=1,
        description="Permutations behind what a model reaches on shuffled items; with no more "
        "items than this it is exact, over all pairs.",
    )
