"""What each reader of a dataset is told: its files, and how they are to be read."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from emoalign.stimuli.readers.source_files import Source
from emoalign.stimuli.readers.table_sources import AnewSource, TableSource
from emoalign.study.fields import FileSource, Name, tag, tagged


class VaderLexiconSource(Source):
    """The VADER lexicon: a line is a token, its mean, its SD and the list of its ratings."""

    provides = ("valence",)
    reader: Literal["vader-lexicon"] = Field(description="The file format.")
    lexicon: FileSource = Field(
        description="The file. Any list of words with raw ratings can be written in its format; "
        "mean and SD are recomputed from the ratings."
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
