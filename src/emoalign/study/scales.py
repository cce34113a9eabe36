"""Scales of numbers and of labels, and the frameworks that scales belong to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag, field_validator, model_validator

from emoalign.study.fields import LONGEST_NAME, Entry, Name, Range, tag, tagged, whole_steps


class OrdinalScale(Range):
    """A scale of numbers: equally spaced points from min to max."""

    short: ClassVar[str] = "min: {0}, max: {1}, direction: ..."

    kind: Literal["ordinal"] = Field("ordinal", description="ordinal: one number per answer.")
    step: float = Field(1, gt=0, description="Distance between points.")
    anchors: dict[float, str] = Field(
        default_factory=dict, description="Labelled points, such as 1: extremely unpleasant."
    )
    direction: str = Field(description="What a higher number means.")

    @model_validator(mode="after")
    def _on_points(self) -> OrdinalScale:
        if not whole_steps(self.min, self.max, self.step):
            raise ValueError(f"max - min must be a whole number of steps of {self.step:g}")
        for anchor in self.anchors:
            if anchor not in self.points:
                raise ValueError(f"anchor {anchor:g} is not a point of the scale")
        return self

    @property
    def points(self) -> tuple[float, ...]:
        """Every possible rating, ascending."""
        count = round((self.max - self.min) / self.step) + 1
        return tuple(round(self.min + index * self.step, 10) for index in range(count))

    def point(self, number: float) -> float | None:
        """The point of the scale that equals `number`; None if there is none."""
        steps = round((number - self.min) / self.step)
        point = round(self.min + steps * self.step, 10)
        on_scale = self.min <= point <= self.max and abs(point - number) < 1e-9
        return point if on_scale else None


Label = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$", max_length=LONGEST_NAME)]
"""A word or a few, without white space around them."""


class LabelScale(Entry):
    """A set of labels from which an answer chooses."""

    kind: Literal["labels"] = Field(description="labels: all labels that apply.")
    labels: tuple[Label, ...] = Field(
        min_length=2,
        description="The labels, in the order shown; case does not matter in answers.",
    )
    at_least: int = Field(1, ge=0, description="Fewest labels per answer.")
    at_most: int | None = Field(None, ge=1, description="Most labels per answer. Default: all.")

    @field_validator("labels")
    @classmethod
    def _distinct(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        folded = [label.casefold() for label in labels]
        twice = sorted({label for label in folded if folded.count(label) > 1})
        if twice:
            raise ValueError(f"the same label more than once: {', '.join(twice)}")
        return labels

    @model_validator(mode="after")
    def _possible(self) -> LabelScale:
        most = len(self.labels) if self.at_most is None else self.at_most
        if not self.at_least <= most <= len(self.labels):
            raise ValueError(
                f"at_least ({self.at_least}) and at_most ({most}) do not fit {len(self.labels)} "
                "labels"
            )
        return self

    def choice(self, names: Sequence[str]) -> tuple[str, ...] | None:
        """The labels that `names` are, in the order of the scale; None if they are no answer.

        Every name must be a label, none may come twice, and their number must be allowed.
        """
        wanted = [name.strip().casefold() for name in names]
        chosen = tuple(label for label in self.labels if label.casefold() in wanted)
        most = len(self.labels) if self.at_most is None else self.at_most
        complete = len(chosen) == len(wanted)
        return chosen if complete and self.at_least <= len(chosen) <= most else None


HumanDetail = Literal["nothing", "means", "SDs", "distributions"]
"""The most that is known of how people rated an item: each includes what stands before it."""

Scale = OrdinalScale | LabelScale
"""The scale of an answer."""


class NativeRange(Entry):
    """Values of a file at the two ends of a scale, in either direction."""

    short: ClassVar[str] = "min: {0}, max: {1}"

    min: float = Field(description="Value in the file for the scale's min.")
    max: float = Field(description="Value for the scale's max; below min if reversed.")

    @model_validator(mode="after")
    def _two_ends(self) -> NativeRange:
        if self.min == self.max:
            raise ValueError(f"min and max are both {self.min:g}; they must differ")
        return self

    def holds(self, number: float) -> bool:
        """Tell whether a number lies between the two ends, or is one of them."""
        return min(self.min, self.max) <= number <= max(self.min, self.max)

    def stretch(self, scale: Range) -> float:
        """Points of the scale per unit of the file; below 0 where it counts the other way round."""
        return (scale.max - scale.min) / (self.max - self.min)

    def onto(self, number: float, scale: Range) -> float:
        """A number of the file on the scale, mapped linearly; a point of it or none."""
        return scale.min + (number - self.min) * self.stretch(scale)


class HumanScale(OrdinalScale):
    """An ordinal scale, and its range in the source file."""

    native: NativeRange | None = Field(
        None,
        description=(
            "Range in the file, mapped linearly onto min...max; {min: 9, max: 1} if "
            "reversed. Default: min...max."
        ),
    )

    @property
    def written(self) -> NativeRange:
        """The range of the numbers in the file."""
        return self.native or NativeRange(min=self.min, max=self.max)


DatasetScale = Annotated[
    Annotated[HumanScale, Tag(tag("kind", "ordinal"))]
    | Annotated[LabelScale, Tag(tag("kind", "labels"))],
    Discriminator(tagged("kind", "ordinal")),
]
"""A scale people rated on, of either kind; without `kind` it is ordinal."""


VALENCE, AROUSED = "valence", "arousal"
"""Scales are known by these names where an analysis is about them, as prompt sets know them too."""


class Frameworks(Entry):
    """Scales of a dataset by theory of emotion; others take no part in the comparison."""

    short: ClassVar[str] = "dimensions: [...], emotions: [...]"

    dimensions: tuple[Name, ...] = Field(
        (), description="Scales that are dimensions, such as valence and arousal."
    )
    emotions: tuple[Name, ...] = Field(
        (), description="Scales that are discrete emotions, such as happiness and fear."
    )

    @model_validator(mode="after")
    def _apart(self) -> Frameworks:
        named = (*self.dimensions, *self.emotions)
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise ValueError(f"named more than once: {', '.join(twice)}")
        return self

    def within(self, scales: Collection[str]) -> Frameworks:
        """The part of them that concerns these scales, in alphabetical order."""
        return Frameworks(
            dimensions=tuple(sorted(set(self.dimensions) & set(scales))),
            emotions=tuple(sorted(set(self.emotions) & set(scales))),
        )
