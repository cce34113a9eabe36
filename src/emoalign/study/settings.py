"""Settings of a study that several analyses share."""

from __future__ import annotations

from pydantic import Field

from emoalign.study.fields import Entry


class StatisticsSettings(Entry):
    """How thoroughly uncertainty is estimated, and how far comparisons go."""

    bootstrap_resamples: int = Field(
        10_000, ge=100, description="Resamples of items behind each bootstrap interval."
    )
    split_halves: int = Field(
        1_000, ge=10, description="Random splits of the human raters behind the reliability."
    )
    simulations: int = Field(
        999, ge=99, description="Simulated draws per item when sampled and exact are compared."
    )
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
