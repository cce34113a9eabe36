"""All metrics of a kind of scale at once, for whatever is compared with people."""

from __future__ import annotations

from typing import Literal

import numpy as np

from emoalign.analyses.distributions import metrics
from emoalign.analyses.distributions.kinds import Kind
from emoalign.statistics.pairs import FloatArray

Best = Literal["lowest", "highest", "zero"]

_SHARED = ("jsd", "tvd", "kl", "nll", "entropy_difference", "top1", "kendall")
METRICS: dict[Kind, tuple[str, ...]] = {
    "ordinal": ("jsd", "rps", "w1", "w1_normalised", *_SHARED[1:]),
    "labels": ("jsd", "bernoulli_jsd", "brier", *_SHARED[1:]),
}
"""Names of the metrics by kind of scale, in the order in which they are told."""

BEST: dict[str, Best] = {
    "entropy_difference": "zero",
    "top1": "highest",
    "kendall": "highest",
}
"""What the best value of a metric is, where it is not the lowest."""


def best(metric: str) -> Best:
    """Whether the lowest or the highest value of a metric is best, or the one nearest to 0."""
    return BEST.get(metric, "lowest")


def scores(kind: Kind, human: FloatArray, model: FloatArray, step: float = 1.0) -> FloatArray:
    """Every metric of `METRICS[kind]` for every item, shape (metrics, items).

    `human` has shape (items, K), `model` that or (K,); `step` is the distance between points. For
    labels, distances of whole distributions are between shares normalised over the labels, and NaN
    where no label was chosen; those of single labels are means over labels.
    """
    if kind == "labels":
        p, q = metrics.normalised(human), metrics.normalised(model)
        own = {
            "bernoulli_jsd": metrics.bernoulli_jsd(human, model).mean(axis=-1),
            "brier": metrics.brier(human, model).mean(axis=-1),
        }
    else:
        p, q = human, model
        moved = metrics.w1(p, q)
        own = {
            "rps": metrics.rps(p, q),
            "w1": moved * step,
            "w1_normalised": moved / max(p.shape[-1] - 1, 1),
        }
    nll, of_people = metrics.nll(p, q), metrics.entropy(p)
    of_model = metrics.entropy(q)
    middle = metrics.entropy((p + q) / 2)
    found = own | {
        "jsd": np.maximum(middle - (of_people + of_model) / 2, 0),
        "tvd": metrics.tvd(p, q),
        "kl": nll - of_people,
        "nll": nll,
        "entropy_difference": of_model - of_people,
        "top1": metrics.top1(p, q),
        "kendall": metrics.kendall(p, q),
    }
    return np.stack([np.broadcast_to(found[name], len(human)) for name in METRICS[kind]])


def entropies(kind: Kind, shares: FloatArray) -> FloatArray:
    """Entropy of every item's distribution in bits; of labels, of the normalised one.

    Rounded to 12 digits, so that items with the same shares in another order tie, as they must
    where entropies are ranked.
    """
    found = metrics.entropy(metrics.normalised(shares) if kind == "labels" else shares)
    return np.round(found, 12)
