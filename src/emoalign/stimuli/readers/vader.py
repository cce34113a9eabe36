"""The lexicon and the sentence sets of VADER (Hutto & Gilbert 2014).

Means and SDs are recomputed from the single ratings: the files state SDs with ddof 0, and some of
the means and SDs they state are not those of the ratings beside them.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import Field

from emoalign.stimuli.mistakes import Mistakes
from emoalign.stimuli.readers.base import (
    HumanRatings,
    Source,
    SourceItem,
    from_ratings,
    tab_separated,
)
from emoalign.study.fields import FileSource


class VaderLexiconSource(Source):
    """The VADER lexicon, or any list of words in its format."""

    provides = ("valence",)
    reader: Literal["vader-lexicon"] = Field(description="File format.")
    lexicon: FileSource = Field(
        description="The file; mean and SD are recomputed from its ratings."
    )

    def read_noting(self, paths: Mapping[str, Path], mistakes: Mistakes) -> list[SourceItem]:
        """The lexicon: `token, mean, SD, [ratings]`.

        Tokens may hold quotes and spaces, and some occur twice with other ratings, so an item is
        known by its line: vader-00001 is the first.
        """
        fields = ("token", "mean", "SD", "list of ratings")
        return [
            SourceItem(
                item_id=f"vader-{number:05d}",
                text=token,
                ratings={"valence": from_ratings(rating_list(ratings, where, mistakes), where)},
                where=where,
            )
            for number, where, (token, _mean, _sd, ratings) in tab_separated(
                paths["lexicon"], fields, mistakes
            )
        ]


class VaderSentencesSource(Source):
    """The sentence sets of VADER."""

    provides = ("valence",)
    reader: Literal["vader-sentences"] = Field(description="File format.")
    texts: FileSource = Field(description="…_GroundTruth.txt: id, mean, text.")
    ratings: FileSource = Field(description="…_anonDataRatings.txt: id, mean, SD, ratings.")

    def read_noting(self, paths: Mapping[str, Path], mistakes: Mistakes) -> list[SourceItem]:
        """A sentence set: `id, mean, text` in one file, `id, mean, SD, [ratings]` in the other."""
        rated = _sentence_ratings(paths["ratings"], mistakes)
        items = []
        for _number, where, (item_id, _mean, text) in tab_separated(
            paths["texts"], ("id", "mean", "text"), mistakes
        ):
            if item_id not in rated:
                mistakes.add(
                    "Sentences without ratings",
                    f"{where}: sentence {item_id!r} has no ratings in {paths['ratings']}",
                    _ONE_SET,
                )
                continue
            items.append(SourceItem(item_id, text, {"valence": rated[item_id]}, where=where))
        for without in sorted(rated.keys() - {item.item_id for item in items}):
            mistakes.add(
                "Ratings without a sentence",
                (
                    f"{paths['ratings']}: there are ratings of {without!r}, which is not in "
                    f"{paths['texts']}"
                ),
                _ONE_SET,
            )
        return items


_ONE_SET = "Use the two files of the same set."


def _sentence_ratings(path: Path, mistakes: Mistakes) -> dict[str, HumanRatings]:
    by_sentence: dict[str, HumanRatings] = {}
    fields = ("id", "mean", "SD", "list of ratings")
    for _number, where, (item_id, _mean, _sd, ratings) in tab_separated(path, fields, mistakes):
        if item_id in by_sentence:
            mistakes.add(
                "Ids that occur twice in a file",
                f"{where}: ratings of {item_id!r} occur twice in the file",
                "Download the file again, or remove one of the rows.",
            )
            continue
        by_sentence[item_id] = from_ratings(rating_list(ratings, where, mistakes), where)
    return by_sentence


def rating_list(field: str, where: str, mistakes: Mistakes) -> list[int]:
    """Ratings written as a list of whole numbers; anything else is noted."""
    try:
        values = ast.literal_eval(field)
    except (ValueError, SyntaxError):
        values = None
    if not isinstance(values, list) or not all(type(value) is int for value in values):
        mistakes.add(
            "Invalid lists of ratings",
            f"{where}: expected a list of whole numbers such as [-1, 0, 2], found {field[:60]!r}",
        )
        return []
    return values
