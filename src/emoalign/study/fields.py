"""The parts every configuration file is made of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
"""Letters, digits, dot, underscore, hyphen: a name becomes part of file names."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Modality = Literal["word", "sentence", "image"]
Readout = Literal["sampled", "exact"]


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
    obtain: str | None = Field(
        None, description="How to get the file; shown when it is missing or is another file."
    )


class Range(Entry):
    """A closed interval of numbers."""

    min: float = Field(description="Smallest possible number.")
    max: float = Field(description="Largest possible number.")

    @model_validator(mode="after")
    def _ordered(self) -> Range:
        if self.min >= self.max:
            raise ValueError(f"min ({self.min:g}) must be below max ({self.max:g})")
        return self


class Scale(Range):
    """A rating scale: equally spaced points from min to max."""

    kind: Literal["ordinal"] = Field(
        "ordinal", description="ordinal: one number per answer, from min to max."
    )
    step: float = Field(1, gt=0, description="Distance between neighbouring points.")
    anchors: dict[float, str] = Field(
        default_factory=dict, description="Points that have words, such as 1: extremely unpleasant."
    )
    direction: str = Field(description="What a higher number means.")

    @model_validator(mode="after")
    def _on_points(self) -> Scale:
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
