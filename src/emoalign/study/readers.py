"""What each reader of a dataset is told: its files, and how they are to be read."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from emoalign.study.fields import Entry, FileSource, Name, tag, tagged

SheetFormat = Literal["csv", "tsv", "xlsx", "xls", "parquet"]


class Source(Entry):
    """The files of a dataset, under the names that its reader gives them."""

    provides: ClassVar[tuple[str, ...]] = ()
    """The scales the files have ratings on."""

    def files(self) -> dict[str, FileSource]:
        """Every file by its place in the entry, such as `ratings` or `splits.train`."""
        return dict(_files(self))

    def scale_names(self) -> tuple[str, ...]:
        """The scales that items can have human ratings on."""
        return self.provides

    def without_directions(self) -> Self:
        """The same without how to get the files, which changes nothing of what is read."""
        return self.model_validate(_without(self.model_dump(), ("obtain", "url")))


class VaderLexiconSource(Source):
    """The VADER lexicon: a line is a token, its mean, its SD and the list of its ratings."""

    provides = ("valence",)
    reader: Literal["vader-lexicon"] = Field(description="The file format.")
    lexicon: FileSource = Field(
        description="The file. Any list of words with raw ratings can be written in its form; mean "
        "and SD are recomputed from the ratings."
    )


class VaderSentencesSource(Source):
    """The sentence sets of VADER: texts in one file, their ratings in another."""

    provides = ("valence",)
    reader: Literal["vader-sentences"] = Field(description="The file format.")
    texts: FileSource = Field(description="The file …_GroundTruth.txt: id, mean, text.")
    ratings: FileSource = Field(
        description="The file …_anonDataRatings.txt: id, mean, SD and the list of ratings."
    )


class EmobankSource(Source):
    """EmoBank: sentences that several people rated on valence, arousal and dominance."""

    provides = ("valence", "arousal", "dominance")
    reader: Literal["emobank"] = Field(description="The file format.")
    ratings: FileSource = Field(
        description="The single ratings of one perspective: individual_reader_ratings.csv or "
        "individual_writer_ratings.csv."
    )
    texts: FileSource = Field(description="The sentences: raw.csv.")
    splits: FileSource | None = Field(None, description="Train, dev and test: emobank.csv.")
    categories: FileSource | None = Field(
        None, description="Genres of the documents, which become strata: meta.tsv."
    )
    skips: Literal["drop", "keep"] = Field(
        "drop",
        description="What becomes of rows with valence, arousal and dominance 1: raters who "
        "skipped a sentence. The authors dropped them.",
    )
    min_raters: int = Field(
        2,
        ge=1,
        description="Ratings a sentence must have; others are left out and counted in the log. "
        "The authors' own means are of 2 or more.",
    )


class GoemotionsSource(Source):
    """GoEmotions, rater by rater: which labels each person chose for a comment."""

    provides = ("emotions",)
    reader: Literal["goemotions"] = Field(description="The file format.")
    ratings: tuple[FileSource, ...] = Field(
        min_length=1,
        description="All raw files. The rows of a comment are scattered over them, so that they "
        "are read together.",
    )
    splits: dict[Name, FileSource] = Field(
        default_factory=dict,
        description="Files of the published splits by name; they tell which comment is in which.",
    )


class GoemotionsSplitsSource(Source):
    """The published splits of GoEmotions: the labels that raters agreed on, without the raters."""

    provides = ("emotions",)
    reader: Literal["goemotions-splits"] = Field(description="The file format.")
    splits: dict[Name, FileSource] = Field(
        min_length=1, description="The files by the name of the split: text, label numbers, id."
    )
    labels: FileSource = Field(description="The names of the labels, one per line: emotions.txt.")


class OasisSource(Source):
    """OASIS: images with means, SDs and numbers of raters, and single ratings if at hand."""

    provides = ("valence", "arousal")
    reader: Literal["oasis"] = Field(description="The file format.")
    norms: FileSource = Field(description="The norms: OASIS.csv.")
    ratings: FileSource | None = Field(
        None,
        description="The single ratings: OASIS_data.csv. They must reproduce the norms; with them "
        "reliability is computed from halves of the raters.",
    )


class ScaleColumns(Entry):
    """The columns of a table that hold the human ratings on one scale."""

    mean: str | None = Field(None, description="Column with the mean. Give this or ratings.")
    sd: str | None = Field(None, description="Column with the standard deviation over raters.")
    n: str | None = Field(None, description="Column with the number of raters.")
    ratings: tuple[str, ...] = Field(
        (),
        description="Columns with single ratings, such as one for each rater; mean, SD and number "
        "follow from them.",
    )

    @model_validator(mode="after")
    def _enough(self) -> ScaleColumns:
        if (self.mean is None) == (not self.ratings):
            raise ValueError("say which columns hold the ratings: give either mean or ratings")
        if self.ratings and (self.sd is not None or self.n is not None):
            raise ValueError("sd and n follow from single ratings; leave them out beside ratings")
        return self

    def named(self) -> dict[str, str]:
        """The names of the columns by the key that gives them."""
        single = {f"ratings.{place}": name for place, name in enumerate(self.ratings)}
        summary = {"mean": self.mean, "sd": self.sd, "n": self.n}
        return {key: name for key, name in summary.items() if name is not None} | single


class JoinedTable(Entry):
    """A table with human ratings, whose rows are known by their id."""

    table: FileSource = Field(description="The table: CSV, TSV, XLSX, XLS or Parquet.")
    format: SheetFormat | None = Field(
        None, description="Format of the table; without it, told by the end of the file's name."
    )
    encoding: str = Field(
        "utf-8-sig",
        description="Encoding of CSV and TSV, such as cp1252. The default reads UTF-8 with or "
        "without a mark at its beginning.",
    )
    delimiter: str | None = Field(
        None,
        min_length=1,
        max_length=1,
        description="What separates the fields of a line; without it a comma in CSV and a tabulator"
        " in TSV.",
    )
    decimal: Literal[".", ","] = Field(".", description="What separates decimals in numbers.")
    sheet: str | None = Field(
        None, description="Sheet of a spreadsheet; without it, the first one."
    )
    header_line: int = Field(
        1,
        ge=1,
        description="Line with the names of the columns; what is above it is not read. Of columns "
        "with the same name, the second is called name.1, the third name.2.",
    )
    na_values: tuple[str, ...] = Field(
        ("",),
        description="What stands in place of a number where there is none. Ids and texts are taken "
        "as they are: a word may be null or NA.",
    )
    rows: Literal["items", "ratings"] = Field(
        "items",
        description="items: a row is an item. ratings: a row is one person's rating of an item, "
        "and the rows of an item belong together.",
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

    @field_validator("encoding")
    @classmethod
    def _known(cls, encoding: str) -> str:
        try:
            codecs.lookup(encoding)
        except LookupError as error:
            raise ValueError(str(error)) from error
        return encoding

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.format is None and self.suffix not in get_args(SheetFormat):
            raise ValueError(
                f"say the format ({', '.join(get_args(SheetFormat))}): the name "
                f"{self.table.file!r} does not"
            )
        for name, columns in self.scales.items():
            if self.sd_ddof == 0 and columns.sd is not None and columns.n is None:
                raise ValueError(f"sd_ddof 0: scales.{name} needs n to convert its SDs")
            if self.rows == "ratings" and columns.mean is not None:
                raise ValueError(
                    f"rows: with a rating in each row, scales.{name} needs ratings, not mean"
                )
        return self

    @property
    def suffix(self) -> str:
        """End of the file's name, such as csv."""
        return PurePath(self.table.file).suffix.removeprefix(".").lower()

    @property
    def table_format(self) -> str:
        """Format of the table: csv, tsv, xlsx, xls or parquet."""
        return self.format or self.suffix


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
    joined: tuple[JoinedTable, ...] = Field(
        (), description="More tables with ratings of the same items, joined by id."
    )

    @model_validator(mode="after")
    def _one_stimulus(self) -> Self:
        if (self.text is None) == (self.image is None):
            raise ValueError("say which column holds the stimulus: give either text or image")
        names = [name for part in self.parts() for name in part.scales]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"scales in more than one table: {', '.join(twice)}")
        return self

    def parts(self) -> tuple[JoinedTable, ...]:
        """The table of the items, then the others."""
        return (self, *self.joined)

    def scale_names(self) -> tuple[str, ...]:
        """The scales that one of the tables has columns for."""
        return tuple(name for part in self.parts() for name in part.scales)


class TableSource(ItemTable):
    """Any table of items, with human ratings or without: no program code is needed."""

    reader: Literal["table"] = Field(description="The file format.")


class AnewSource(ItemTable):
    """ANEW, read like any table and then checked: copies circulate with columns swapped."""

    reader: Literal["anew"] = Field(description="The file format.")


DatasetSource = Annotated[
    Annotated[VaderLexiconSource, Tag(tag("reader", "vader-lexicon"))]
    | Annotated[VaderSentencesSource, Tag(tag("reader", "vader-sentences"))]
    | Annotated[EmobankSource, Tag(tag("reader", "emobank"))]
    | Annotated[GoemotionsSource, Tag(tag("reader", "goemotions"))]
    | Annotated[GoemotionsSplitsSource, Tag(tag("reader", "goemotions-splits"))]
    | Annotated[OasisSource, Tag(tag("reader", "oasis"))]
    | Annotated[AnewSource, Tag(tag("reader", "anew"))]
    | Annotated[TableSource, Tag(tag("reader", "table"))],
    Discriminator(tagged("reader")),
]
"""The files of a dataset and how to read them; `reader` says which of these it is."""


def _files(value: object, place: str = "") -> Iterator[tuple[str, FileSource]]:
    if isinstance(value, FileSource):
        yield place, value
        return
    inner: Iterator[tuple[object, object]] = iter(())
    if isinstance(value, Entry):
        inner = iter(value)
    elif isinstance(value, Mapping):
        inner = iter(value.items())
    elif isinstance(value, tuple):
        inner = iter(enumerate(value))
    for key, part in inner:
        yield from _files(part, f"{place}.{key}" if place else str(key))


def _without(value: Any, keys: tuple[str, ...]) -> Any:
    if isinstance(value, dict):
        return {key: _without(part, keys) for key, part in value.items() if key not in keys}
    if isinstance(value, list | tuple):
        return [_without(part, keys) for part in value]
    return value
