"""Whole words of texts: what seed words are looked for in, and what the probe learns from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u00b4`", "'"))


def words(text: str) -> list[str]:
    """The words of a text in their order, casefolded: letters and digits.

    An apostrophe between two letters is part of a word. So no word is found within another: neither
    love in glove or lovely, nor can in can't; a hyphen parts two words (awe-struck).
    """
    plain = normalize("NFC", text).translate(_APOSTROPHES)
    return _WORD.findall(plain.casefold())


def with_any(texts: Iterable[Sequence[str]], seeds: Sequence[str]) -> NDArray[np.bool_]:
    """Whether each text, given as its words, has one of the seed words; shape (texts,)."""
    wanted = {word for seed in seeds for word in words(seed)}
    return np.array([not wanted.isdisjoint(text) for text in texts], dtype=np.bool_)
