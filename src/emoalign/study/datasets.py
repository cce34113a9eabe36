"""Dataset cards: config/datasets/<name>.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from emoalign.study.fields import (
    KIND,
    Entry,
    FileSource,
    LabelScale,
    Modality,
    Name,
    OrdinalScale,
    Range,
)


class HumanScale(OrdinalScale):
    """A scale of numbers people rated on, and how they stand in the source file."""

    native: Range | None = Field(
        None,
        description="Range of the numbers in the file, mapped linearly onto min...max; "
        "without it the file already uses min...max.",
    )


def _kind(content: object) -> str:
    named = (
        content.get("kind", "ordinal")
        if isinstance(content, Mapping)
        else getattr(content, "kind", "ordinal")
    )
    return f"{KIND}{named}"


DatasetScale = Annotated[
    Annotated[HumanScale, Tag(f"{KIND}ordinal")] | Annotated[LabelScale, Tag(f"{KIND}labels")],
    Discriminator(_kind),
]
"""A scale people rated on, of either kind; without `kind` it is ordinal."""


class DatasetCard(Entry):
    """Stimulus items with human norms, and how to read them."""

    title: str = Field(description="Name of the dataset as a reader of the report should see it.")
    modality: Modality = Field(description="What an item is.")
    language: str = Field("en", description="Language of the items (BCP 47, such as en or es-MX).")
    reader: Literal["vader-lexicon", "oasis", "goemotions"] = Field(description="The file format.")
    source: FileSource = Field(description="The file with items and human ratings.")
    images: str | None = Field(
        None,
        description="Folder of the images, relative to the project, for items that are images.",
    )
    keep: str | None = Field(
        None, description="Regular expression the whole text of an item must match to be used."
    )
    scales: dict[Name, DatasetScale] = Field(
        min_length=1, description="The scales people rated on, by name."
    )
    licence: str = Field(description="Licence of the data (SPDX identifier where there is one).")
    citation: str = Field(description="BibTeX entry to cite when the data are used.")
    redistribute: bool = Field(description="Whether the terms allow items to be shown in reports.")
    caveats: tuple[str, ...] = Field(
        (), description="What a reader must know beside any result; shown in the report."
    )

    @model_validator(mode="after")
    def _images_have_a_folder(self) -> DatasetCard:
        if (self.modality == "image") != (self.images is not None):
            raise ValueError("images: a folder is needed for items that are images, and only then")
        return self

    @field_validator("keep")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from error
        return pattern
