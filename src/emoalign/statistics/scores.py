"""Every metric by its name: how near a distribution is to people's, item by item."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from emoalign.statistics import distances
from emoalign.statistics.distances import Kind
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


_Distance = Callable[[FloatArray, FloatArray], FloatArray]

_OF_DISTRIBUTIONS: dict[str, _Distance] = {
    "jsd": distances.jsd,
    "rps": distances.rps,
    "w1_normalised": lambda p, q: distances.w1(p, q, 1 / max(p.shape[-1] - 1, 1)),
    "tvd": distances.tvd,
    "kl": distances.kl,
    "nll": distances.nll,
    "entropy_difference": distances.entropy_difference,
    "top1": distances.top1,
    "kendall": distances.kendall,
}
_BY_LABEL: dict[str, _Distance] = {
    "bernoulli_jsd": distances.bernoulli_jsd,
    "bernoulli_nll": distances.bernoulli_nll,
    "brier": distances.brier,
}


def best(metric: str) -> Best:
    """Whether the lowest or the highest value of a metric is best, or the one nearest to 0."""
    return BEST.get(metric, "lowest")


def scores(
    kind: Kind,
    human: FloatArray,
    model: FloatArray,
    step: float = 1.0,
    names: Sequence[str] | None = None,
) -> FloatArray:
    """Metrics of every item, shape (metrics, items).

    For labels, those of whole distributions (jsd, tvd, kl, nll, entropy_difference, top1, kendall)
    are between shares normalised over the labels, and NaN where no label was chosen; those of
    single labels (bernoulli_jsd, bernoulli_nll, brier) are means over labels.

    Args:
        kind: ordinal or labels.
        human: people's shares, shape (items, K).
        model: those of the model, shape (items, K) or (K,).
        step: distance between neighbouring points of the scale.
        names: the metrics; without it, those of `METRICS[kind]`.
    """
    p, q = human, model
    if kind == "labels":
        p, q = distances.normalised(human), distances.normalised(model)
    values = []
    for name in METRICS[kind] if names is None else names:
        if name in _BY_LABEL:
            value = _BY_LABEL[name](human, model).mean(axis=-1)
        elif name == "w1":
            value = distances.w1(p, q, step)
        else:
            value = _OF_DISTRIBUTIONS[name](p, q)
        values.append(np.broadcast_to(value, len(human)))
    return np.stack(values)


def entropies(kind: Kind, shares: FloatArray) -> FloatArray:
    """Entropy of every item's distribution in bits; of labels, of the normalised one.

    Rounded to 12 digits, so that items with the same shares in another order tie, as they must
    where entropies are ranked.
    """
    of_items = distances.entropy(distances.normalised(shares) if kind == "labels" else shares)
    return np.round(of_items, 12)
