"""The columns and the format of a table, as given in a dataset's card."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from emoalign.stimuli.readers.base import Source
from emoalign.stimuli.table_format import TableFormat
from emoalign.study.fields import Entry, FileSource, Name


class ScaleColumns(Entry):
    """The columns of a table that hold the human ratings on one scale."""

    short: ClassVar[str] = "mean: {0}"

    mean: str | None = Field(
        None, description="Column with the mean. Give this, or ratings, or labels."
    )
    sd: str | None = Field(None, description="Column with the standard deviation over raters.")
    n: str | None = Field(None, description="Column with the number of raters.")
    ratings: tuple[str, ...] = Field(
        (),
        description="Columns with single ratings, such as one for each rater; mean, SD and number "
        "follow from them.",
    )
    labels: str | None = Field(
        None,
        description="Column with the labels that one rater chose, for a scale of labels; several "
        "are separated as label_separator says.",
    )

    @model_validator(mode="after")
    def _enough(self) -> ScaleColumns:
        if sum((self.mean is not None, bool(self.ratings), self.labels is not None)) != 1:
            raise ValueError("say which columns contain the ratings: give mean, ratings or labels")
        for name, count in Counter(self.ratings).items():
            if count > 1:
                raise ValueError(f"ratings names the column {name!r} more than once")
        if self.mean is None and (self.sd is not None or self.n is not None):
            raise ValueError("sd and n belong to mean; they follow from single ratings")
        return self

    def named(self) -> dict[str, str]:
        """The names of the columns by the key that gives them."""
        single = {f"ratings.{place}": name for place, name in enumerate(self.ratings)}
        summary = {"mean": self.mean, "sd": self.sd, "n": self.n, "labels": self.labels}
        return {key: name for key, name in summary.items() if name is not None} | single


class JoinedTable(TableFormat):
    """A table with human ratings, whose rows are known by their id."""

    table: FileSource = Field(description="The table: CSV, TSV, XLSX, XLS, Parquet or JSONL.")
    label_separator: str = Field(
        ";", min_length=1, description="What separates several labels in a field."
    )
    rows: Literal["items", "ratings"] = Field(
        "items",
        description="items: a row is an item. ratings: a row is one person's rating of an item, "
        "and the rows of an item belong together.",
    )
    rater: str | None = Field(
        None,
        description="With rows: ratings, the column that says which person gave the rating: a "
        "number or code. Only a hash of it is kept.",
    )
    columns_are_raters: bool = Field(
        False,
        description="Whether each column of single ratings is one person throughout the table.",
    )
    id: str = Field(description="Column with the id of the item, which no other item may have.")
    scales: dict[Name, ScaleColumns] = Field(
        default_factory=dict, description="Columns with human ratings, by the scale's name below."
    )
    sd_ddof: Literal[0, 1] = Field(
        1,
        description="1 where SDs were computed with n − 1 in the denominator, 0 where with n; these"
        " are converted.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self.format_of(self.table)
        if self.rater is not None and self.rows != "ratings":
            raise ValueError(
                "rater says who gave the rating in a row, and belongs to rows: ratings; where "
                "each person has a column, set columns_are_raters: true"
            )
        self.check_confidential("id")
        if self.columns_are_raters and self.rows == "ratings":
            raise ValueError(
                "columns_are_raters: with rows: ratings, each row is one person's rating: give "
                "as rater the column that identifies that person"
            )
        if self.columns_are_raters and not any(one.ratings for one in self.scales.values()):
            raise ValueError("columns_are_raters: no scale has columns of single ratings")
        for name, columns in self.scales.items():
            if self.sd_ddof == 0 and columns.sd is not None and columns.n is None:
                raise ValueError(f"sd_ddof 0: scales.{name} needs n to convert its SDs")
            if self.rows == "ratings" and columns.mean is not None:
                raise ValueError(
                    f"rows: with a rating in each row, scales.{name} needs ratings, not mean"
                )
        return self

    def check_confidential(self, *keys: str) -> None:
        """Raise ValueError where one of these names the column that says who rated: what stands
        in theirs is kept and shown as it is."""
        for key in keys:
            if self.rater is not None and getattr(self, key) == self.rater:
                raise ValueError(
                    f"{key} names the column {self.rater!r}, which rater names too: the results "
                    "would then contain people's ids, of which only a hash should be kept. Name "
                    f"a different column for {key}"
                )


class ItemTable(JoinedTable, Source):
    """A table of items, which others may add ratings to."""

    reader: Literal["table", "anew"] = Field(description="The file format.")
    text: str | None = Field(None, description="Column with the word or sentence.")
    image: str | None = Field(None, description="Column with the name of the image file.")
    image_suffix: str = Field(
        "", description="What the name lacks to be that of the file, such as .jpg."
    )
    stratum: str | None = Field(
        None, description="Column with the group an item belongs to, such as its category."
    )
    split: str | None = Field(None, description="Column with the split an item belongs to.")
    cluster: str | None = Field(
        None,
        description="Column that groups items which are not independent, such as those of one "
        "lemma or document: they are resampled together, and folds never separate them. An item "
        "with an empty field forms its own group.",
    )
    joined: tuple[JoinedTable, ...] = Field(
        (), description="More tables with ratings of the same items, joined by id."
    )

    @model_validator(mode="after")
    def _one_stimulus(self) -> Self:
        if (self.text is None) == (self.image is None):
            raise ValueError("say which column contains the stimulus: give either text or image")
        self.check_confidential("text", "image", "stratum", "split", "cluster")
        names = [name for part in self.parts() for name in part.scales]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"scales in more than one table: {', '.join(twice)}")
        return self

    def parts(self) -> tuple[JoinedTable, ...]:
        """The table of the items, then the others."""
        return (self, *self.joined)

    def columns(self) -> dict[str, ScaleColumns]:
        """The columns of every scale, whichever table they are in."""
        return {name: columns for part in self.parts() for name, columns in part.scales.items()}

    def scale_names(self) -> tuple[str, ...]:
        """The scales that one of the tables has columns for."""
        return tuple(self.columns())
