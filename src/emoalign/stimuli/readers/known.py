"""All readers there are: a dataset's card names one of them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Discriminator, Tag

from emoalign.stimuli.readers.anew import AnewSource
from emoalign.stimuli.readers.emobank import EmobankSource
from emoalign.stimuli.readers.goemotions import GoemotionsSource, GoemotionsSplitsSource
from emoalign.stimuli.readers.oasis import OasisSource
from emoalign.stimuli.readers.table import TableSource
from emoalign.stimuli.readers.vader import VaderLexiconSource, VaderSentencesSource
from emoalign.study.fields import tag, tagged

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
