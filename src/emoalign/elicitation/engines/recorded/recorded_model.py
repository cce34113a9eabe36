"""Cards of recorded ratings: a table with a row for each, and what its columns are called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

from pydantic import Field, model_validator

from emoalign.elicitation.engines.base import ModelCard
from emoalign.errors import DataError
from emoalign.study.fields import Encoding, Entry, FileSource, Modality, Name
from emoalign.study.protocols import PromptSet, Protocol
from emoalign.study.scales import LabelScale, Scale
from emoalign.study.source_files import locate, locate_verified

if TYPE_CHECKING:
    import pandas as pd

    from emoalign.elicitation.budget import Account
    from emoalign.elicitation.rating import RatingTask

TableFormat = Literal["csv", "tsv", "parquet"]

_EXAMPLE = """\
# yaml-language-server: $schema=../schemas/recorded-model.schema.json
title: Students of our laboratory
engine: recorded
source:
  file: resources/recorded/students.csv
columns:
  item: word_id
  participant: student
  rating: valence
scale: valence
"""


class RecordedColumns(Entry):
    """Names of the columns of recorded ratings; columns not named are not read."""

    short: ClassVar[str] = "item: ..., rating: {0}"

    item: str | None = Field(
        None, description="Column with the dataset's own id of the item. Give this or text."
    )
    text: str | None = Field(
        None,
        description="Column with the text of the item, compared to the last character. It cannot "
        "tell items with the same text apart: prefer ids.",
    )
    participant: str | None = Field(
        None,
        description="Column that says whose rating a row is; without it, the ratings of an item "
        "are numbered as they come.",
    )
    scale: str | None = Field(
        None, description="Column with the name of the scale; for a table of one scale see scale."
    )
    protocol: str | None = Field(
        None,
        description="Column with the name of the protocol: only its rows are used. Without it, all "
        "rows are used for every protocol.",
    )
    rating: str | None = Field(
        None, description="Column with the rating: a number, in points of the scale."
    )
    answer: str | None = Field(
        None,
        description="Column with the raw answer, read as strictly as a model's. With rating as "
        "well, the two must agree in every row.",
    )

    @model_validator(mode="after")
    def _enough(self) -> RecordedColumns:
        if (self.item is None) == (self.text is None):
            raise ValueError("say which column holds the item: give either item or text")
        if self.rating is None and self.answer is None:
            raise ValueError("say which column holds the ratings: give rating, answer or both")
        return self


class RecordedModel(ModelCard):
    """Ratings somebody already collected, of people or of a model, in a table with a row each."""

    heading: ClassVar[str] = "Recorded ratings"
    introduction: ClassVar[str] = (
        "Nothing is asked: the table takes the place of a model, and its ratings go through the "
        "same statistics. Prompts, temperature and waves of a protocol do not concern it; its "
        "number of participants is the most that is used for an item. "
        "[How](recorded-ratings.md)."
    )
    example: ClassVar[Path | str] = _EXAMPLE
    asked: ClassVar[bool] = False

    title: str = Field(description="Name of the raters as the report shows it.")
    engine: Literal["recorded"] = Field(description="The engine that reads these ratings.")
    source: FileSource = Field(description="The table.")
    format: TableFormat | None = Field(
        None, description="Format of the table; without it, told by the end of the file's name."
    )
    columns: RecordedColumns = Field(description="What the columns are called.")
    scale: Name | None = Field(
        None,
        description="The scale of all ratings, where the table has no column for it: a name on the "
        "dataset card.",
    )
    encoding: Encoding = Field(
        "utf-8-sig",
        description="Encoding of the text, such as cp1252; Parquet needs none. The default reads "
        "UTF-8 with or without a mark at its beginning.",
    )
    na_values: tuple[str, ...] = Field(
        ("",),
        description="What stands in the columns rating and answer where there is none. Other "
        "columns are taken as they are: an item may be the word NA.",
    )

    @model_validator(mode="after")
    def _one_scale(self) -> RecordedModel:
        if (self.scale is None) == (self.columns.scale is None):
            raise ValueError(
                "say which scale was rated: give either columns.scale (the column that names it) "
                "or scale (the scale of all rows)"
            )
        if self.format is None and self.source.suffix not in get_args(TableFormat):
            raise ValueError(
                f"say the format (csv, tsv or parquet): the name {self.source.file!r} does not"
            )
        return self

    @property
    def table_format(self) -> str:
        """Format of the table: csv, tsv or parquet."""
        return self.format or self.source.suffix

    @classmethod
    def known_as(cls, said: Mapping[str, Any]) -> str:
        """The file that the ratings are in, from what `answering` has said."""
        return str(said["source"]["file"])

    def answering(self) -> Mapping[str, Any]:
        """The card without its title and how to get the table."""
        return self.model_dump(mode="json", exclude={"title": True, "source": {"obtain", "url"}})

    def settings(self) -> Mapping[str, object]:
        """The source of the ratings and how it is read, for the manifest."""
        _, checksum = locate_verified(self.source)
        said = self.answering()
        return {**said, "source": {**said["source"], "sha256": checksum}}

    def files(self) -> list[Path]:
        """The table; none while it is missing."""
        with suppress(DataError):
            return [locate(self.source)]
        return []

    def cannot_rate(
        self, name: str, dataset: str, modality: Modality, scales: Mapping[str, Scale]
    ) -> Iterator[str]:
        """Reasons why the table has no ratings on some of the scales."""
        for scale in scales:
            if self.scale not in (None, scale):
                yield (
                    f"model {name!r} has recorded ratings of {self.scale!r} only (scale in its "
                    f"card), but the study asks about {scale!r} of {dataset!r}"
                )
        for scale, asked in scales.items():
            if self.columns.answer is None and isinstance(asked, LabelScale):
                yield (
                    f"model {name!r}: {scale!r} of {dataset!r} is a scale of labels, which are "
                    "read from raw answers; name their column as columns.answer in the model's card"
                )

    def cannot_follow(
        self, name: str, protocol: Protocol, prompts: Sequence[PromptSet]
    ) -> Iterator[str]:
        """Reasons why the table cannot give the answers that a protocol asks for."""
        if "exact" in protocol.readouts:
            yield (
                f"protocol {protocol.name!r} asks model {name!r} for the exact readout, but its "
                "ratings were recorded, and probabilities cannot be read from ratings: only the "
                "sampled readout is possible"
            )

    def remaining(self, task: RatingTask) -> None:
        """Nothing: all ratings are there."""

    def rate(self, tasks: Sequence[RatingTask], account: Account | None) -> list[pd.DataFrame]:
        """The recorded ratings of each task. Raises DataError for what the table must not hold."""
        from emoalign.elicitation.engines.recorded.recorded_rows import recorded_rows

        return [recorded_rows(task, self) for task in tasks]
