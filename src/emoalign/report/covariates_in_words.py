"""Covariates of items in words, as tables name them."""

from __future__ import annotations

from emoalign.study.fields import Modality
from emoalign.wording import listed

NAMES = {
    "word": {"length": "word length", "frequency": "word frequency"},
    "sentence": {"length": "length in characters", "words": "length in words"},
}
"""Covariates in sentences, by the modality of the items."""


def covariates_in_words(covariates: str, modality: Modality) -> str:
    """Covariates, which stand in a table with commas between them, in a sentence: what is computed
    first, then those of the card."""
    names = NAMES.get(modality, {})
    given = covariates.split(", ")
    computed = [name for name in names if name in given]
    if computed == ["length", "frequency"]:
        told = ["word length", "frequency"]
    else:
        told = [names[name] for name in computed]
    return listed([*told, *(name for name in given if name not in names)])
