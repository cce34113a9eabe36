"""The lexicon and the sentence sets of VADER (Hutto & Gilbert 2014).

Means and SDs are recomputed from the single ratings: the files state SDs with ddof 0, and some of
the means and SDs they state are not those of the ratings beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from emoalign.errors import DataError
from emoalign.stimuli.readers.lines import rating_list, tab_separated
from emoalign.stimuli.readers.source_items import HumanRatings, SourceItem, from_ratings
from emoalign.stimuli.readers.sources import VaderLexiconSource, VaderSentencesSource


def read_vader_lexicon(_: VaderLexiconSource, paths: Mapping[str, Path]) -> list[SourceItem]:
    """The lexicon: `token, mean, SD, [ratings]`.

    Tokens may hold quotes and spaces, and some occur twice with other ratings, so an item is known
    by its line: vader-00001 is the first.
    """
    fields = ("token", "mean", "SD", "list of ratings")
    return [
        SourceItem(
            item_id=f"vader-{number:05d}",
            text=token,
            ratings={"valence": from_ratings(rating_list(ratings, where), where)},
            where=where,
        )
        for number, where, (token, _mean, _sd, ratings) in tab_separated(paths["lexicon"], fields)
    ]


def read_vader_sentences(_: VaderSentencesSource, paths: Mapping[str, Path]) -> list[SourceItem]:
    """A sentence set: `id, mean, text` in one file, `id, mean, SD, [ratings]` in the other."""
    rated = _sentence_ratings(paths["ratings"])
    items = []
    for _number, where, (item_id, _mean, text) in tab_separated(
        paths["texts"], ("id", "mean", "text")
    ):
        if item_id not in rated:
            raise DataError(
                f"{where}: sentence {item_id!r} has no ratings in {paths['ratings']}; expected the "
                "two files of one set"
            )
        items.append(SourceItem(item_id, text, {"valence": rated[item_id]}, where=where))
    without = rated.keys() - {item.item_id for item in items}
    if without:
        raise DataError(
            f"{paths['ratings']}: ratings of {min(without)!r}, which {paths['texts']} does not "
            "hold; expected the two files of one set"
        )
    return items


def _sentence_ratings(path: Path) -> dict[str, HumanRatings]:
    found: dict[str, HumanRatings] = {}
    fields = ("id", "mean", "SD", "list of ratings")
    for _number, where, (item_id, _mean, _sd, ratings) in tab_separated(path, fields):
        if item_id in found:
            raise DataError(f"{where}: ratings of {item_id!r} stand in the file twice")
        found[item_id] = from_ratings(rating_list(ratings, where), where)
    return found
