"""How far a model's distribution is from people's, item by item, by each metric and its name.

`human` and `model` have shape (items, K): the share of each of K ordered points, which sums to 1,
or the share of the answers that chose each of L labels, each from 0 to 1. They broadcast against
each other, so that one predictor of shape (K,) can be compared with all items. Every function
returns one value per item (or one per item and label), NaN where a distribution is missing.

Logarithms have base 2: divergences, entropies and likelihoods are in bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from emoalign.statistics.pairs import ROUNDING, FloatArray, signs

Kind = Literal["ordinal", "labels"]
"""What distributions are over. ordinal: shares of ordered points, which sum to 1. labels: a share
of its own for each label."""

SMOOTHING = 0.01
"""Share of the even distribution that is mixed into a model's before its logarithm is taken."""

_BIT = float(np.log(2))


def jsd(human: FloatArray, model: FloatArray) -> FloatArray:
    """Jensen-Shannon divergence in bits, from 0 (the same) to 1 (nothing in common).

    H((p + q)/2) - (H(p) + H(q))/2 (Lin 1991). Indifferent to the order of the points.
    """
    middle = (human + model) / 2
    found: FloatArray = entropy(middle) - (entropy(human) + entropy(model)) / 2
    return np.maximum(found, 0)


def kl(human: FloatArray, model: FloatArray, smoothing: float = SMOOTHING) -> FloatArray:
    """Kullback-Leibler divergence of the smoothed model from people, Σ p log2(p/q'), in bits.

    q' is `smoothed`: without it one rating that no answer gave would make the divergence infinite.
    """
    return nll(human, model, smoothing) - entropy(human)


def nll(human: FloatArray, model: FloatArray, smoothing: float = SMOOTHING) -> FloatArray:
    """Mean negative log2-likelihood of a human rating under the smoothed model, in bits.

    -Σ p log2 q': categorical, of one point (or, of labels whose shares are `normalised`, of one
    label) among K. Times the number of ratings it is that of all ratings of the item, without the
    multinomial coefficient, which is the same for every model. What labels have one by one is
    `bernoulli_nll`.
    """
    bits: FloatArray = -xlogy(human, smoothed(model, smoothing)).sum(axis=-1) / _BIT
    return bits


def bernoulli_nll(human: FloatArray, model: FloatArray, smoothing: float = SMOOTHING) -> FloatArray:
    """Mean negative log2-likelihood, for each label, of whether a rater chose it: (items, labels).

    -p log2 q' - (1 - p) log2(1 - q') in bits, q' = (1 - s)·q + s/2. Summed over labels it is that
    of a whole set of labels if they were chosen independently; its mean over labels is told.
    """
    known = smoothed(model, smoothing, "labels")
    nats = xlogy(human, known) + xlogy(1 - human, 1 - known)
    return np.asarray(-nats / _BIT, np.float64)


def smoothed(model: FloatArray, smoothing: float = SMOOTHING, kind: Kind = "ordinal") -> FloatArray:
    """The model's distributions with a share s of the even one: (1 - s)·q + s/K, of labels s/2.

    An answer that a model never gave in n draws is not impossible. With n answers, a smoothing of
    αK/(n + αK) is the same as adding α to the count of each point (of 2α/(n + 2α): to those of
    chosen and not chosen).
    """
    even = 1 / model.shape[-1] if kind == "ordinal" else 0.5
    shares: FloatArray = (1 - smoothing) * model + smoothing * even
    return shares


def tvd(human: FloatArray, model: FloatArray) -> FloatArray:
    """Total variation distance ½Σ|p - q|, from 0 to 1; called DistCE by Baan et al. (2022)."""
    found: FloatArray = np.abs(human - model).sum(axis=-1) / 2
    return found


def w1(human: FloatArray, model: FloatArray, step: float = 1.0) -> FloatArray:
    """Earth mover's (Wasserstein-1) distance of distributions over ordered points.

    Σ|P - Q| over the cumulative shares, times the `step` between points: in points of the scale,
    from 0 to its length (K - 1)·step. Divide by that length to compare scales.
    """
    found: FloatArray = np.abs(np.cumsum(human - model, axis=-1)[..., :-1]).sum(axis=-1) * step
    return found


def rps(human: FloatArray, model: FloatArray) -> FloatArray:
    """Ranked probability score of distributions over ordered points, from 0 to 1.

    Σ(P - Q)²/(K - 1) over the cumulative shares, which for a single rating is the score of Epstein
    (1969) and Murphy (1971). The mean score over single raters is larger by ΣP(1 - P)/(K - 1),
    whatever the model: the differences between models are the same, and 0 is the same distribution.
    """
    apart = np.cumsum(human - model, axis=-1)[..., :-1]
    found: FloatArray = (apart**2).sum(axis=-1) / max(apart.shape[-1], 1)
    return found


def rps_debiased(
    human: FloatArray,
    model: FloatArray,
    raters: FloatArray | float,
    answers: FloatArray | float = np.inf,
) -> FloatArray:
    """Ranked probability score without what it owes to the number of raters and of answers.

    RPS - ΣP(1 - P)/[(K - 1)(n - 1)] - ΣQ(1 - Q)/[(K - 1)(m - 1)] for n `raters` and m `answers` of
    an item, shape (items,) or one number; infinitely many where the shares are probabilities. The
    two terms are unbiased for the variances of the cumulative shares P and Q, so that the mean over
    samples is the score of the distributions that they are drawn from (Ferro 2014, for ensembles of
    forecasts). Below 0 where two samples happen to be nearer than samples of one distribution are
    on average. NaN with fewer than two raters or answers.
    """
    found = rps(human, model)
    for shares, n in ((human, raters), (model, answers)):
        many = np.where(np.asarray(n) >= 2, n, np.nan)
        cumulated = np.cumsum(shares, axis=-1)[..., :-1]
        spread = (cumulated * (1 - cumulated)).sum(axis=-1) / max(cumulated.shape[-1], 1)
        found = found - spread / (many - 1)
    return found


def entropy(shares: FloatArray) -> FloatArray:
    """Shannon entropy in bits, from 0 (one point) to log2 K (uniform)."""
    found: FloatArray = -xlogy(shares, shares).sum(axis=-1) / _BIT
    return found


def entropy_difference(human: FloatArray, model: FloatArray) -> FloatArray:
    """EntCE (Baan et al. 2022): H(q) - H(p) in bits; above 0: the model spreads more."""
    return entropy(model) - entropy(human)


def top1(human: FloatArray, model: FloatArray) -> FloatArray:
    """Whether the likeliest points agree, from 0 to 1.

    Of several that are equally likely one is taken at random on either side, so that ties bring the
    probability of agreement: the number of shared ones over the product of their numbers.
    """
    of_human, of_model = (_likeliest(shares) for shares in (human, model))
    shared = (of_human & of_model).sum(axis=-1)
    pairs = of_human.sum(axis=-1) * of_model.sum(axis=-1)
    known = _known(human) & _known(model)
    found: FloatArray = np.where(known, shared / np.maximum(pairs, 1), np.nan)
    return found


def kendall(human: FloatArray, model: FloatArray) -> FloatArray:
    """Kendall's tau-b of the shares of the points, from -1 to 1; NaN where one side is uniform."""
    first, second = np.triu_indices(human.shape[-1], k=1)
    of_human, of_model = (
        signs(shares[..., first] - shares[..., second]) for shares in (human, model)
    )
    same = (of_human * of_model).sum(axis=-1)
    pairs = np.abs(of_human).sum(axis=-1) * np.abs(of_model).sum(axis=-1)
    known = (pairs > 0) & _known(human) & _known(model)
    found: FloatArray = same / np.sqrt(np.where(known, pairs, 1))
    return np.where(known, found, np.nan)


def normalised(shares: FloatArray) -> FloatArray:
    """Shares of labels as one distribution over the labels, s/Σs.

    An item for which nothing was chosen says nothing of which label is likelier than another: its
    distribution is NaN, and so is every divergence from it, not 0.
    """
    total = shares.sum(axis=-1, keepdims=True)
    found: FloatArray = shares / np.where(total > 0, total, np.nan)
    return found


def bernoulli_jsd(human: FloatArray, model: FloatArray) -> FloatArray:
    """Divergence of chosen / not chosen for each label by itself, in bits: (items, labels), 0 to 1.

    Its mean over labels is the macro-average.
    """
    middle = (human + model) / 2
    found: FloatArray = _coin(middle) - (_coin(human) + _coin(model)) / 2
    return np.maximum(found, 0)


def brier(human: FloatArray, model: FloatArray) -> FloatArray:
    """Squared difference of the shares of each label: (items, labels), from 0 to 1.

    The score of Brier (1950) over single raters is larger by p(1 - p), whatever the model.
    """
    found: FloatArray = (human - model) ** 2
    return found


def _coin(share: FloatArray) -> FloatArray:
    return np.asarray(-(xlogy(share, share) + xlogy(1 - share, 1 - share)) / _BIT, np.float64)


def _likeliest(shares: FloatArray) -> NDArray[np.bool_]:
    return np.asarray(shares >= shares.max(axis=-1, keepdims=True) - ROUNDING)


def _known(shares: FloatArray) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(shares).all(axis=-1))


Best = Literal["lowest", "highest", "zero"]

_SHARED = ("jsd", "tvd", "kl", "nll", "entropy_difference", "top1", "kendall")
METRICS: dict[Kind, tuple[str, ...]] = {
    "ordinal": ("jsd", "rps", "rps_debiased", "w1", "w1_normalised", *_SHARED[1:]),
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
    "jsd": jsd,
    "rps": rps,
    "w1_normalised": lambda p, q: w1(p, q, 1 / max(p.shape[-1] - 1, 1)),
    "tvd": tvd,
    "kl": kl,
    "nll": nll,
    "entropy_difference": entropy_difference,
    "top1": top1,
    "kendall": kendall,
}

_BY_LABEL: dict[str, _Distance] = {
    "bernoulli_jsd": bernoulli_jsd,
    "bernoulli_nll": bernoulli_nll,
    "brier": brier,
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
    raters: FloatArray | float = np.inf,
    answers: FloatArray | float = np.inf,
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
        raters: how many people the shares of each item are of, shape (items,); infinitely many
            where the shares are probabilities. Only `rps_debiased` goes by it.
        answers: the same for the model.
    """
    p, q = human, model
    if kind == "labels":
        p, q = normalised(human), normalised(model)
    values = []
    for name in METRICS[kind] if names is None else names:
        if name in _BY_LABEL:
            value = _BY_LABEL[name](human, model).mean(axis=-1)
        elif name == "rps_debiased":
            value = rps_debiased(p, q, raters, answers)
        elif name == "w1":
            value = w1(p, q, step)
        else:
            value = _OF_DISTRIBUTIONS[name](p, q)
        values.append(np.broadcast_to(value, len(human)))
    return np.stack(values)


def entropies(kind: Kind, shares: FloatArray) -> FloatArray:
    """Entropy of every item's distribution in bits; of labels, of the normalised one."""
    return entropy(normalised(shares) if kind == "labels" else shares)
