"""Distributions and the scores that maps of them are linear in.

Arrays of distributions have shape (items, K): over the K points of an ordinal scale a row sums to
1; of K labels, of which an answer chooses those that apply, each number is the share of the answers
that chose the label, on its own from 0 to 1.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from emoalign.analyses.distributions.kinds import Kind
from emoalign.statistics.pairs import FloatArray

FLOOR = 1e-6
"""Probability at least, where the logarithm of one is taken that nobody has smoothed."""


def smoothed(shares: FloatArray, smoothing: float, kind: Kind) -> FloatArray:
    """Mix a share of the even distribution in: 1/K for each point, or 1/2 for each label.

    An answer that a model never gave in n draws is not impossible. With n answers, a smoothing of
    αK / (n + αK) is the same as adding α to the count of each point (of 2α / (n + 2α): to those of
    chosen and not chosen).
    """
    even = 1 / shares.shape[-1] if kind == "ordinal" else 0.5
    return (1 - smoothing) * shares + smoothing * even


def link(shares: FloatArray, kind: Kind) -> FloatArray:
    """Logarithms of the points' probabilities, or log odds of the labels; not of zeros."""
    scores: FloatArray = np.log(shares) if kind == "ordinal" else special.logit(shares)
    return scores


def unlink(scores: FloatArray, kind: Kind) -> FloatArray:
    """The distribution with these scores: softmax over the points, or logistic of each label."""
    shares: FloatArray = (
        special.softmax(scores, axis=-1) if kind == "ordinal" else special.expit(scores)
    )
    return shares


def cross_entropy(human: FloatArray, model: FloatArray, kind: Kind) -> FloatArray:
    """Negative log-likelihood of a human rating under the model, in nats, shape (items,).

    The mean over the item's raters; of labels, the mean over labels too, each chosen or not.
    """
    known = np.clip(model, FLOOR, 1 if kind == "ordinal" else 1 - FLOOR)
    if kind == "ordinal":
        loss: FloatArray = -np.sum(human * np.log(known), axis=-1)
    else:
        loss = -np.mean(human * np.log(known) + (1 - human) * np.log1p(-known), axis=-1)
    return loss
