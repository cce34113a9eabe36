"""Covariates of items: length, frequency, and those of the dataset's card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import normalize

import numpy as np
import pandas as pd

from emoalign.statistics.pairs import FloatArray, is_constant
from emoalign.study.fields import Modality

NONE = "the items are images, and the dataset's card names no covariates (source: covariates)"
CONSTANT = "no covariate varies between items"


@dataclass(frozen=True, eq=False)
class Covariates:
    """Numbers of items that may explain agreement.

    Attributes:
        names: what they are, ascending.
        values: shape (items, covariates); NaN where an item lacks one.
        lacking: why there is none, or why the frequency is not among them.
    """

    names: tuple[str, ...]
    values: FloatArray
    lacking: str | None

    @property
    def listed(self) -> str | None:
        """The names with commas between them; None without any."""
        return ", ".join(self.names) or None


def item_covariates(stimuli: pd.DataFrame, modality: Modality, language: str) -> Covariates:
    """The covariates of the rows of a table of stimuli that vary between them.

    Those of the card take the place of computed ones with the same name.
    """
    columns: dict[str, FloatArray] = {}
    lacking = None
    if modality != "image":
        texts = [normalize("NFC", text) for text in stimuli["text"]]
        columns["length"] = np.array([len(text) for text in texts], dtype=np.float64)
        if modality == "word":
            frequencies, lacking = word_frequencies(texts, language)
            if frequencies is not None:
                columns["frequency"] = frequencies
        else:
            columns["words"] = np.array([len(text.split()) for text in texts], dtype=np.float64)
    own = pd.DataFrame([dict(given or ()) for given in stimuli["covariates"]])
    for name in own.columns:
        columns[str(name)] = own[name].to_numpy(dtype=np.float64)
    varying = {
        name: values
        for name, values in sorted(columns.items())
        if not is_constant(values[np.isfinite(values)])
    }
    if "frequency" in columns:
        lacking = None
    if not varying:
        lacking = CONSTANT if columns else NONE
    return Covariates(
        tuple(varying),
        np.column_stack(list(varying.values())) if varying else np.empty((len(stimuli), 0)),
        lacking,
    )


def word_frequencies(words: Sequence[str], language: str) -> tuple[FloatArray | None, str | None]:
    """Frequencies of words on the Zipf scale, shape (words,), or why there are none.

    The scale is the decimal logarithm of occurrences per billion words: 3 is one in a million. A
    word that the list of the language does not have is at 0.
    """
    # Loading the list of a language takes a second, and whoever reads the module need not wait.
    from wordfreq import available_languages, zipf_frequency

    spoken = language.split("-")[0].casefold()
    if spoken not in available_languages("best"):
        return None, f"frequency is left out: wordfreq has no list of words in {language!r}"
    try:
        found = [zipf_frequency(word, spoken) for word in words]
    except ImportError as error:
        return None, f"frequency is left out: for {language!r}, wordfreq needs more ({error})"
    return np.array(found, dtype=np.float64), None
