"""EmoBank (Buechel & Hahn 2017): sentences rated on valence, arousal and dominance."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.numbers import read_number
from emoalign.stimuli.readers.base import Source, SourceItem, from_ratings
from emoalign.stimuli.rows import Record
from emoalign.stimuli.sheets import Layout, read_records
from emoalign.stimuli.table_format import TableFormat
from emoalign.study.fields import FileSource

_SCALES = {"valence": "V", "arousal": "A", "dominance": "D"}
_SKIP = (1.0, 1.0, 1.0)
_WRITTEN = TableFormat(quotes="standard")
"""Some sentences hold lines and commas."""
_log = logging.getLogger(__name__)


class EmobankSource(Source):
    """EmoBank: sentences rated on valence, arousal and dominance."""

    provides = ("valence", "arousal", "dominance")
    reader: Literal["emobank"] = Field(description="File format.")
    ratings: FileSource = Field(
        description="individual_reader_ratings.csv or individual_writer_ratings.csv."
    )
    texts: FileSource = Field(description="raw.csv.")
    splits: FileSource | None = Field(None, description="emobank.csv, with train, dev and test.")
    categories: FileSource | None = Field(
        None,
        description="meta.tsv, with documents and their genres (strata).",
    )
    cluster: Literal["document"] | None = Field(
        None,
        description=(
            "document: sentences of a document form a cluster; SemEval headlines stand alone."
        ),
    )
    skips: Literal["drop", "keep"] = Field(
        "drop",
        description="Rows with 1 on all scales: skipped by the rater; the authors dropped them.",
    )
    min_raters: int = Field(
        2,
        ge=1,
        description="Ratings a sentence needs; the authors' means use 2.",
    )

    @model_validator(mode="after")
    def _documents_are_known(self) -> Self:
        if self.cluster is not None and self.categories is None:
            raise ValueError("cluster: documents come from categories: give meta.tsv there")
        return self

    def read_noting(self, paths: Mapping[str, Path], mistakes: Mistakes) -> list[SourceItem]:
        """The sentences with the single ratings of one perspective, in order of their first rating.

        There are no rater ids: the ratings of two sentences cannot be linked. Sentences that are
        left with too few ratings are left out, and counted in the log.
        """
        given = _ratings(self, paths["ratings"], mistakes)
        texts = _column(paths["texts"], "text", mistakes)
        splits = _column(paths["splits"], "split", mistakes) if "splits" in paths else {}
        genres, documents = (
            _column(paths["categories"], name, mistakes, "tsv")
            if name and "categories" in paths
            else {}
            for name in ("category", self.cluster)
        )
        items = []
        for item_id, (where, rows) in given.items():
            if item_id not in texts:
                mistakes.add(
                    "Ratings without a sentence",
                    f"{where}: {item_id!r} has no sentence in {paths['texts']}",
                    "Use files of the same edition.",
                )
                continue
            if len(rows) < self.min_raters:
                continue
            ratings = {
                scale: from_ratings([row[place] for row in rows], where)
                for place, scale in enumerate(_SCALES)
            }
            genre, document = genres.get(item_id), documents.get(item_id)
            items.append(
                SourceItem(
                    item_id,
                    texts[item_id],
                    ratings,
                    stratum=genre,
                    split=splits.get(item_id),
                    # The headlines of SemEval are one document in name alone.
                    cluster=None if document == genre else document,
                    where=where,
                )
            )
        _log.info(
            "%s: left out because fewer than %d people rated them: %d of %d sentences",
            paths["ratings"],
            self.min_raters,
            len(given) - len(items),
            len(given),
        )
        return items


def _ratings(
    source: EmobankSource, path: Path, mistakes: Mistakes
) -> dict[str, tuple[str, list[tuple[float, ...]]]]:
    """First place and ratings (valence, arousal, dominance) of every sentence."""
    given: dict[str, tuple[str, list[tuple[float, ...]]]] = {}
    skips = 0
    names = tuple(_SCALES.values())
    for row in _rows(path, ("id", *names), mistakes, numbers=names):
        _, rows = given.setdefault(str(row.fields["id"]), (row.where, []))
        numbers = (
            read_number(str(row.fields[name]), f"{row.where}, column {name!r}", mistakes)
            for name in names
        )
        rating = tuple(number for number in numbers if number is not None)
        if len(rating) < len(names):
            continue
        if rating == _SKIP:
            skips += 1
            if source.skips == "drop":
                continue
        rows.append(rating)
    _log.info(
        "%s: rows of raters who skipped the sentence (1, 1, 1): %d (skips: %s)",
        path,
        skips,
        source.skips,
    )
    return given


def _column(path: Path, name: str, mistakes: Mistakes, file_format: str = "csv") -> dict[str, str]:
    """One column by the id of the sentence."""
    by_sentence: dict[str, str] = {}
    for row in _rows(path, ("id", name), mistakes, file_format):
        item_id = str(row.fields["id"])
        if item_id in by_sentence:
            mistakes.add(
                "Ids that occur twice in a file",
                f"{row.where}: {item_id!r} occurs twice in the file",
                "Download the file again, or remove one of the rows.",
            )
        by_sentence[item_id] = str(row.fields[name])
    return by_sentence


def _rows(
    path: Path,
    names: Sequence[str],
    mistakes: Mistakes,
    file_format: str = "csv",
    numbers: Sequence[str] = (),
) -> Iterator[Record]:
    layout = Layout(file_format, "the format of EmoBank", _WRITTEN)
    columns = {name: name for name in names}
    return read_records(path, layout, columns, numbers=numbers, mistakes=mistakes)
