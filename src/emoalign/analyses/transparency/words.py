"""Whole words of texts: what seed words are looked for in, and what the probe learns from.

The probe tells how well the mere words of a text tell whether people gave it a label: no seed words
needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from emoalign.statistics.pairs import FloatArray

RARE = 2
"""A word in fewer texts than this tells one text from all others, not one label from another."""

INVERSE_PENALTY = 1.0
"""C of the L2 penalty: the usual one of scikit-learn, not tuned, so that no label is favoured."""

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


def bag_of_words(texts: Sequence[Sequence[str]]) -> sparse.csr_matrix:
    """Which words each text has, as 0 and 1, shape (texts, words); texts are given as words.

    The words are those of all texts, which is no knowledge of labels.
    """
    # scikit-learn is imported where it is needed alone: that takes longer than many a job.
    from sklearn.feature_extraction.text import CountVectorizer

    vectorizer = CountVectorizer(analyzer=list, binary=True, dtype=np.float64)
    if not any(texts):
        return sparse.csr_matrix((len(texts), 0))
    counts = sparse.csr_matrix(vectorizer.fit_transform(texts))
    kept: sparse.csr_matrix = counts[:, np.asarray(counts.sum(axis=0)).ravel() >= RARE]
    return kept


def logistic_regression(
    features: sparse.csr_matrix, labelled: NDArray[np.bool_], others: sparse.csr_matrix
) -> FloatArray:
    """Log odds of the label for other texts, shape (others,), by what these texts teach.

    `features` has shape (texts, words), `labelled` (texts,), `others` (others, words).
    """
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    regression = LogisticRegression(C=INVERSE_PENALTY, max_iter=1_000)
    # Fits as small as these wait for threads longer than they compute.
    with threadpool_limits(limits=1):
        regression.fit(features, labelled)
    return np.asarray(regression.decision_function(others), dtype=np.float64)
