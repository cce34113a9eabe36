"""How well the mere words of a text tell whether people gave it a label: no seed words needed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from emoalign.analyses.distributions.folds import Folds

RARE = 2
"""A word in fewer texts than this tells one text from all others, not one label from another."""

INVERSE_PENALTY = 1.0
"""C of the L2 penalty: the usual one of scikit-learn, not tuned, so that no label is favoured."""


def bag_of_words(texts: Sequence[Sequence[str]]) -> sparse.csr_matrix:
    """Which words each text has, as 0 and 1, shape (texts, words); texts are given as words.

    The words are those of all texts, which is no knowledge of labels.
    """
    vectorizer = CountVectorizer(analyzer=list, binary=True, dtype=np.float64)
    if not any(texts):
        return sparse.csr_matrix((len(texts), 0))
    counts = sparse.csr_matrix(vectorizer.fit_transform(texts))
    kept: sparse.csr_matrix = counts[:, np.asarray(counts.sum(axis=0)).ravel() >= RARE]
    return kept


def out_of_fold_auc(
    features: sparse.csr_matrix, labelled: NDArray[np.bool_], folds: Folds
) -> float:
    """Area under the ROC curve of a logistic regression, on texts that it has not learned from.

    `features` has shape (texts, words); `labelled` and `folds`, the part that each text is in,
    (texts,). Scores of different parts come from different fits and are not compared: the area is
    that of each part, weighted by its pairs of a text with the label and one without. .5 is chance.
    NaN where no part can be scored.
    """
    weights, areas = [], []
    for part in np.unique(folds):
        tried = folds == part
        pairs = int(labelled[tried].sum()) * int((~labelled[tried]).sum())
        learned = labelled[~tried]
        if not pairs or not learned.any() or learned.all() or not features.shape[1]:
            continue
        fit = LogisticRegression(C=INVERSE_PENALTY, max_iter=1_000)
        # Fits as small as these wait for threads longer than they compute.
        with threadpool_limits(limits=1):
            fit.fit(features[~tried], learned)
        areas.append(float(roc_auc_score(labelled[tried], fit.decision_function(features[tried]))))
        weights.append(pairs)
    return float(np.average(areas, weights=weights)) if weights else float("nan")
