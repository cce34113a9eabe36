"""Settings that several parts of a study share: strata of a sample, statistics, distributions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from emoalign.study.fields import Entry, Name


class StatisticsSettings(Entry):
    """Precision of estimates and extent of comparisons."""

    bootstrap_resamples: int = Field(
        10_000, ge=100, description="Resamples for each bootstrap interval."
    )
    split_halves: int = Field(
        1_000,
        ge=10,
        description="Random splits of the raters, and draws of one rating per item.",
    )
    simulations: int = Field(
        999, ge=99, description="Simulations per item when readouts are compared."
    )
    permutations: int = Field(
        999,
        ge=99,
        description="Permutations for representational similarity and specification curves.",
    )
    structure_items: int = Field(
        2_000,
        ge=10,
        description="Most items in representational similarity.",
    )
    worst_items: int = Field(20, ge=1, description="Items with the largest arousal errors to list.")
    min_answers: int = Field(
        2,
        ge=1,
        description="Answers per item in the robustness check `answers`.",
    )


class DistributionSettings(Entry):
    """Items and random draws in comparisons of distributions."""

    min_raters: int = Field(
        3,
        ge=2,
        description="Ratings an item needs to have a distribution.",
    )
    folds: int = Field(
        5,
        ge=2,
        description="Folds of the items, clusters kept together.",
    )
    simulations: int = Field(
        100,
        ge=10,
        description="Most draws of the perfect model and of halves of the raters.",
    )
    permutations: int = Field(
        20,
        ge=1,
        description="Permutations for the shuffled reference; all pairs with fewer items.",
    )


AGREEMENT = ("full", "partial", "none")


class Stratifier(Entry):
    """A variable that divides items by their human ratings."""

    statistic: Literal["mean", "sd", "agreement"] = Field(
        description=(
            "mean: mean rating. sd: its SD (n − 1). agreement: on labels, full (all "
            "raters alike), none (no label chosen twice) or partial."
        )
    )
    scales: tuple[Name, ...] = Field(min_length=1, description="Scales to average over.")
    bounds: tuple[float, ...] = Field(
        (), description="Ascending bounds between classes; not for agreement."
    )
    names: tuple[Name, ...] = Field(
        (),
        description="Names of the classes, one more than bounds; not for agreement.",
    )
    closed: Literal["left", "right"] = Field(
        "right",
        description="Class of an item on a bound. right: the lower. left: the upper.",
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
    """A stratified sample, filled up at random."""

    by: tuple[Stratifier, ...] = Field(
        min_length=1,
        description="Variables whose combinations are the strata.",
    )
    each: int | None = Field(None, ge=1, description="Items per stratum. Give this or sizes.")
    sizes: dict[str, int] = Field(
        default_factory=dict,
        description="Items by stratum; combined names are joined with a slash (high/low).",
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
