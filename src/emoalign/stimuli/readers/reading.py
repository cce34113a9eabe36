"""Readers: one per format, from the files of a dataset to all its items with human ratings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from emoalign.stimuli.readers.anew import read_anew
from emoalign.stimuli.readers.emobank import read_emobank
from emoalign.stimuli.readers.goemotions import read_goemotions, read_goemotions_splits
from emoalign.stimuli.readers.oasis import read_oasis
from emoalign.stimuli.readers.source_items import SourceItem
from emoalign.stimuli.readers.sources import (
    DatasetSource,
    EmobankSource,
    GoemotionsSource,
    GoemotionsSplitsSource,
    OasisSource,
    VaderLexiconSource,
    VaderSentencesSource,
)
from emoalign.stimuli.readers.table import read_table
from emoalign.stimuli.readers.table_sources import AnewSource, TableSource
from emoalign.stimuli.readers.vader import read_vader_lexicon, read_vader_sentences


def read(source: DatasetSource, paths: Mapping[str, Path]) -> list[SourceItem]:
    """All items of a dataset. `paths` are its files by their place in the source.

    Raises DataError with file and line when a file holds what it must not.
    """
    match source:
        case VaderLexiconSource():
            return read_vader_lexicon(source, paths)
        case VaderSentencesSource():
            return read_vader_sentences(source, paths)
        case EmobankSource():
            return read_emobank(source, paths)
        case GoemotionsSource():
            return read_goemotions(source, paths)
        case GoemotionsSplitsSource():
            return read_goemotions_splits(source, paths)
        case OasisSource():
            return read_oasis(source, paths)
        case AnewSource():
            return read_anew(source, paths)
        case TableSource():
            return read_table(source, paths)
