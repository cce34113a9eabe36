"""The parts every configuration file is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""Letters, digits, dot, underscore, hyphen: a name becomes part of file names."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Modality = Literal["word", "sentence", "image"]
Readout = Literal["sampled", "exact"]
FigureName = Literal[
    "correlations",
    "heatmap",
    "means",
    "spread",
    "frameworks",
    "v-shape",
    "arousal-errors",
    "similarity",
    "temperatures",
    "personas",
    "wordings",
    "entropy",
    "calibration",
    "transparency",
]


TAGS = ("kind: ", "reader: ")
"""What opens the name of an entry's kind in the location of a problem: the key that tells the kind.
No key begins like it."""


def tag(key: str, value: object) -> str:
    """The name of an entry's kind where a key tells which of several kinds an entry is."""
    return f"{key}: {value}"


def tagged(key: str, default: str | None = None) -> Callable[[object], str | None]:
    """What tells the tag of an entry, or of the content it is made from; None without the key."""

    def name(content: object) -> str | None:
        value = (
            content.get(key, default)
            if isinstance(content, Mapping)
            else getattr(content, key, default)
        )
        return None if value is None else tag(key, value)

    return name


class Entry(BaseModel):
    """Immutable, and closed: a key that is not described here is an error, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class FileSource(Entry):
    """Where a file comes from: inside an installed Python package, or a path."""

    package: str | None = Field(
        None, description="Name of an installed Python package whose folder holds the file."
    )
    file: str = Field(
        description="Path of the file: relative to the package's folder, or else to the project."
    )
    sha256: Sha256 | None = Field(
        None, description="Checksum the file must have; without one any file is taken."
    )
    url: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        description="Where anybody may download the file, for the target data.",
    )
    obtain: str | None = Field(
        None, description="How to get the file; shown when it is missing or is another file."
    )

    @model_validator(mode="after")
    def _from_one_place(self) -> FileSource:
        if self.package is not None and self.url is not None:
            raise ValueError("url: a file inside a package is not downloaded; give one of them")
        return self


class Range(Entry):
    """A closed interval of numbers."""

    min: float = Field(description="Smallest possible number.")
    max: float = Field(description="Largest possible number.")

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.min >= self.max:
            raise ValueError(f"min ({self.min:g}) must be below max ({self.max:g})")
        return self


class OrdinalScale(Range):
    """A scale of numbers: equally spaced points from min to max."""

    kind: Literal["ordinal"] = Field(
        "ordinal", description="ordinal: one number per answer, from min to max."
    )
    step: float = Field(1, gt=0, description="Distance between neighbouring points.")
    anchors: dict[float, str] = Field(
        default_factory=dict, description="Points that have words, such as 1: extremely unpleasant."
    )
    direction: str = Field(description="What a higher number means.")

    @model_validator(mode="after")
    def _on_points(self) -> OrdinalScale:
        steps = (self.max - self.min) / self.step
        if abs(steps - round(steps)) > 1e-9:
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
        """The possible rating that `number` is, None if it is none."""
        steps = round((number - self.min) / self.step)
        point = round(self.min + steps * self.step, 10)
        on_scale = self.min <= point <= self.max and abs(point - number) < 1e-9
        return point if on_scale else None


Label = Annotated[str, StringConstraints(pattern=r"^\S(.*\S)?$")]
"""A word or a few, without white space around them."""


class LabelScale(Entry):
    """A set of labels, of which an answer chooses those that apply."""

    kind: Literal["labels"] = Field(
        description="labels: the names of all labels that apply, in any order."
    )
    labels: tuple[Label, ...] = Field(
        min_length=2,
        description="The labels, in the order they are shown; capitals do not matter in answers.",
    )
    at_least: int = Field(1, ge=0, description="Labels an answer must choose; 0 allows none.")
    at_most: int | None = Field(
        None, ge=1, description="Labels an answer may choose; without it, all of them."
    )

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


Scale = OrdinalScale | LabelScale
"""What an answer is given on."""
