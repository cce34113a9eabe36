"""Dataset cards, config/datasets/<name>.yaml, with all readers; the job of preparing a dataset."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from emoalign.stimuli.readers.anew import AnewSource
from emoalign.stimuli.readers.emobank import EmobankSource
from emoalign.stimuli.readers.goemotions import GoemotionsSource, GoemotionsSplitsSource
from emoalign.stimuli.readers.oasis import OasisSource
from emoalign.stimuli.readers.table import TableSource
from emoalign.stimuli.readers.table_columns import ItemTable
from emoalign.stimuli.readers.vader import VaderLexiconSource, VaderSentencesSource
from emoalign.study.fields import Entry, FileSource, Job, Modality, Name, tag, tagged
from emoalign.study.reading import nearest
from emoalign.study.scales import DatasetScale, Frameworks, LabelScale
from emoalign.study.settings import Strata

DatasetSource = Annotated[
    Annotated[TableSource, Tag(tag("reader", "table"))]
    | Annotated[VaderLexiconSource, Tag(tag("reader", "vader-lexicon"))]
    | Annotated[VaderSentencesSource, Tag(tag("reader", "vader-sentences"))]
    | Annotated[EmobankSource, Tag(tag("reader", "emobank"))]
    | Annotated[GoemotionsSource, Tag(tag("reader", "goemotions"))]
    | Annotated[GoemotionsSplitsSource, Tag(tag("reader", "goemotions-splits"))]
    | Annotated[OasisSource, Tag(tag("reader", "oasis"))]
    | Annotated[AnewSource, Tag(tag("reader", "anew"))],
    Discriminator(tagged("reader")),
]
"""The files of a dataset and how to read them; `reader` says which of these it is."""

RemoteApi = Literal["ask", "allow", "deny"]


class DatasetCard(Entry):
    """Items with human norms, and how to read them."""

    title: str = Field(description="Name in the report.")
    modality: Modality = Field(description="Kind of the items.")
    language: str = Field("en", description="Language of the items (BCP 47, such as en or es-MX).")
    source: DatasetSource = Field(description="Files with items and ratings, and their reader.")
    obtain: str | None = Field(
        None,
        description="How to get the files; shown if one is missing.",
    )
    archive: FileSource | None = Field(
        None,
        description="Zip file with images and missing files of the source.",
    )
    images: str | None = Field(
        None,
        description="Folder of the images, relative to the project.",
    )
    keep: str | None = Field(
        None, description="Regular expression the whole text of an item must match."
    )
    scales: dict[Name, DatasetScale] = Field(min_length=1, description="The rated scales, by name.")
    frameworks: Frameworks = Field(
        default_factory=Frameworks,
        description="Scales that are dimensions, and scales that are discrete emotions.",
    )
    licence: str = Field(description="Licence of the data, as an SPDX identifier if possible.")
    citation: str = Field(description="BibTeX entry.")
    redistribute: bool = Field(
        description=(
            "Whether reports may show items (if not, they show ids) and recitations send norms to "
            "other machines."
        )
    )
    remote_api: RemoteApi | None = Field(
        None,
        description=(
            "Items may be sent to other machines. allow: always. deny: never. ask: if in "
            "allow_remote. Default: allow if redistribute."
        ),
    )
    caveats: tuple[str, ...] = Field((), description="Limitations, shown in the report.")

    @property
    def remote(self) -> RemoteApi:
        """The permission to send items to a model on another machine."""
        return self.remote_api or ("allow" if self.redistribute else "ask")

    def files(self) -> dict[str, FileSource]:
        """The files of the source by their place in it, each with how to get it."""
        return {
            place: file.model_copy(update={"obtain": self._directions(file)})
            for place, file in self.source.files().items()
        }

    def _directions(self, file: FileSource) -> str | None:
        fetched = "`snakemake data --cores 1` downloads it." if file.url is not None else None
        return " ".join(filter(None, (fetched, file.obtain or self.obtain))) or None

    @model_validator(mode="after")
    def _images_are_of_images(self) -> DatasetCard:
        if self.modality != "image" and self.images is not None:
            raise ValueError(
                "images: give a folder if, and only if, the items are images (modality: image)"
            )
        return self

    @model_validator(mode="after")
    def _source_fits(self) -> DatasetCard:
        rated = self.source.scale_names()
        if isinstance(self.source, ItemTable):
            unknown = [name for name in rated if name not in self.scales]
            stimulus = "image" if self.modality == "image" else "text"
            if getattr(self.source, stimulus) is None:
                raise ValueError(f"source.{stimulus}: missing; name the column of the {stimulus}s")
            self._check_kinds(self.source)
        else:
            unknown = [name for name in self.scales if name not in rated]
        if unknown:
            there = self.scales if unknown[0] in rated else rated
            raise ValueError(
                f"scales: the scale {unknown[0]!r} must appear both below source and below "
                f"scales; {nearest(unknown[0], there)}"
            )
        return self

    @model_validator(mode="after")
    def _frameworks_are_of_numbers(self) -> DatasetCard:
        for name in (*self.frameworks.dimensions, *self.frameworks.emotions):
            if name not in self.scales:
                raise ValueError(f"frameworks: no scale {name!r}; {nearest(name, self.scales)}")
            if isinstance(self.scales[name], LabelScale):
                raise ValueError(f"frameworks: {name!r} is a scale of labels, not of numbers")
        return self

    def _check_kinds(self, source: ItemTable) -> None:
        for name, columns in source.columns().items():
            labelled = isinstance(self.scales.get(name), LabelScale)
            if name in self.scales and labelled != (columns.labels is not None):
                kind, key = ("labels", "labels") if labelled else ("numbers", "mean or ratings")
                raise ValueError(f"source.scales.{name}: a scale of {kind} needs {key}")

    @field_validator("keep")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"not a regular expression: {error}") from error
        return pattern


class GroupedSource(Entry):
    """The part of a card from which norms of groups of raters are read."""

    source: DatasetSource
    keep: str | None = None
    restricted: bool = False

    @classmethod
    def of(cls, card: DatasetCard, scales: Collection[str]) -> GroupedSource | None:
        """That of a card; None where no groups are told apart on these scales."""
        source = card.source
        if not (isinstance(source, ItemTable) and source.grouped(scales)):
            return None
        return cls(
            source=source.without_directions(), keep=card.keep, restricted=not card.redistribute
        )

    @property
    def attributes(self) -> tuple[str, ...]:
        """What tells the groups apart, ascending."""
        parts = self.source.parts() if isinstance(self.source, ItemTable) else ()
        return tuple(sorted({name for part in parts for name in part.groups}))


class PreparationJob(Job):
    """Read one dataset, draw the sample, write items and norms."""

    version: int = 8
    dataset: str
    restricted: bool = False
    modality: Modality
    source: DatasetSource
    images: str | None = None
    keep: str | None
    scales: dict[str, DatasetScale]
    sample: int | None
    strata: Strata | None = None
    min_raters: int = 1
    seed: int
    excluded_texts: tuple[str, ...]
    shard_items: int | None
    shown: bool = True
    """Whether a model is shown the items, so that image files are needed."""
    rated: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Cards of recorded ratings by model, if only items that all of them rated are used."""
    protocols: tuple[str, ...] = ()
    """The protocols under which they must have them."""
    unrated: bool = False
    """Whether items that nobody rated are kept among items that people rated."""
