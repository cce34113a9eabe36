"""Settings that several parts of a study share: strata of a sample, statistics, distributions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from emoalign.study.fields import Entry, Name


class StatisticsSettings(Entry):
    """The numbers of resamples, splits and draws, and the limits of comparisons."""

    bootstrap_resamples: int = Field(
        10_000, ge=100, description="Resamples of items behind each bootstrap interval."
    )
    split_halves: int = Field(
        1_000,
        ge=10,
        description="Random splits of the human raters, and draws of one rating per item.",
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
    min_answers: int = Field(
        2,
        ge=1,
        description="Robustness: one of its checks computes r over the items with at least "
        "this many usable answers of the model.",
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
        description="Parts the items are dealt into, those of a cluster together: what a "
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


AGREEMENT = ("full", "partial", "none")


class Stratifier(Entry):
    """One division of items by a statistic of their human ratings."""

    statistic: Literal["mean", "sd", "agreement"] = Field(
        description="mean: the item's mean rating. sd: its SD over raters (ddof 1). "
        "agreement: on a scale of labels, full if all raters chose the same labels, none if no "
        "label was chosen by two of them, else partial."
    )
    scales: tuple[Name, ...] = Field(
        min_length=1, description="Scales it is taken over; of several, the average."
    )
    bounds: tuple[float, ...] = Field(
        (), description="Ascending numbers between the classes; none for agreement."
    )
    names: tuple[Name, ...] = Field(
        (),
        description="Names of the classes, one more than bounds; for agreement they are full, "
        "partial and none.",
    )
    closed: Literal["left", "right"] = Field(
        "right",
        description="Where an item on a bound belongs. right: to the class below it. left: to the "
        "class above it.",
    )

    @model_validator(mode="after")
    def _classes(self) -> Stratifier:
        if self.statistic == "agreement":
            if self.bounds or self.names:
                raise ValueError("agreement has the classes full, partial and none: no bounds")
            return self
        if list(self.bounds) != sorted(set(self.bounds)) or not self.bounds:
            raise ValueError("bounds must be ascending numbers, at least one")
        if len(self.names) != len(self.bounds) + 1 or len(set(self.names)) < len(self.names):
            raise ValueError(
                f"{len(self.bounds)} bounds make {len(self.bounds) + 1} classes: give as many "
                "different names"
            )
        return self

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of its classes, ascending."""
        return AGREEMENT if self.statistic == "agreement" else self.names


class Strata(Entry):
    """A sample with a given number of items from each stratum, filled up at random."""

    by: tuple[Stratifier, ...] = Field(
        min_length=1,
        description=(
            "Variables that define the strata; if there are several, every combination is a "
            "stratum."
        ),
    )
    each: int | None = Field(
        None, ge=1, description="Items from every stratum. Give this or sizes."
    )
    sizes: dict[str, int] = Field(
        default_factory=dict,
        description="Items from each stratum by its name; names of several classes are joined with "
        "a slash (high/low).",
    )

    @model_validator(mode="after")
    def _sizes(self) -> Strata:
        if (self.each is None) == (not self.sizes):
            raise ValueError("say how many items of each stratum: give either each or sizes")
        unknown = sorted(set(self.sizes) - set(self.names))
        if unknown:
            raise ValueError(
                f"sizes: no stratum {', '.join(map(repr, unknown))}; there are "
                f"{', '.join(self.names)}"
            )
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all strata."""
        combined: tuple[str, ...] = ("",)
        for stratifier in self.by:
            combined = tuple(f"{name}/{kind}" for name in combined for kind in stratifier.classes)
        return tuple(name.removeprefix("/") for name in combined)

    def wanted(self) -> dict[str, int]:
        """Items wanted of each stratum."""
        if self.each is not None:
            return dict.fromkeys(self.names, self.each)
        return {name: self.sizes.get(name, 0) for name in self.names}
