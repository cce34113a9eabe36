"""Labels: does a model choose each as people do, and the better the more outright texts say it?

Lexical grounding is that of Inoshita et al. (2026, arXiv 2604.27345): E_c, L_c and T_c of a label
c. In the gradient labels are few and are the units: it takes one value per label, and how exactly a
model's correlation with people is known for each label is not accounted for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse, stats

from emoalign.statistics.correlation import spearman
from emoalign.statistics.pairs import ROUNDING, FloatArray, is_constant, ranks
from emoalign.statistics.replicates import UNDEFINED, Interval, bca_interval
from emoalign.statistics.resampling import Folds


@dataclass(frozen=True)
class LabelAgreement:
    """How one label was used by people and by a model.

    Rates are means over items of the share of raters (answers) that chose the label, from 0 to 1;
    `rho` is the rank correlation over items of these shares, NaN where one of them is constant.
    """

    label: str
    human_rate: float
    model_rate: float
    rho: float

    @property
    def rate_difference(self) -> float:
        """Above 0: the model says the label more often than people."""
        return self.model_rate - self.human_rate


def label_agreement(
    model: FloatArray, human: FloatArray, labels: Sequence[str]
) -> list[LabelAgreement]:
    """Use of each label, from shares of shape (items, labels) of the same items.

    The per-category comparison of Inoshita et al. (2026, arXiv 2604.27345). Rates are NaN without
    items.
    """
    return [
        LabelAgreement(
            label,
            human_rate=float(human[:, place].mean()) if len(human) else float("nan"),
            model_rate=float(model[:, place].mean()) if len(model) else float("nan"),
            rho=spearman(model[:, place], human[:, place]).r,
        )
        for place, label in enumerate(labels)
    ]


FEWEST_LABELS = 5
"""With four labels no two-sided permutation p can be below .08."""

Features = TypeVar("Features", sparse.csr_matrix, FloatArray)
"""Features of texts, shape (texts, size)."""

Learner = Callable[[Features, NDArray[np.bool_], Features], FloatArray]
"""Learns from features (texts, words) and whether each text has the label; scores other texts, the
higher the likelier: features (others, words) to (others,)."""


@dataclass(frozen=True)
class Gradient:
    """Rank correlation over labels of a predictor with a model's correlation with people.

    Attributes:
        rho: Spearman's, with average ranks for ties.
        interval: its 95% interval, BCa over resampled labels.
        p: two-sided, by permutation of the labels.
    """

    rho: float
    interval: Interval
    p: float


@dataclass(frozen=True)
class Partial:
    """A partial rank correlation and its two-sided p (t with n - 3 degrees of freedom)."""

    rho: float
    p: float


def similarity(label: FloatArray, texts: FloatArray) -> float:
    """E_c: cosine of a label's embedding, shape (size,), and the mean of its texts', (texts, size).

    From -1 to 1. NaN without texts, or where one of the two is zero.
    """
    if not len(texts):
        return float("nan")
    mean = texts.mean(axis=0)
    lengths = float(np.linalg.norm(label) * np.linalg.norm(mean))
    return float(label @ mean / lengths) if lengths > 0 else float("nan")


def seed_share(with_seed: NDArray[np.bool_]) -> float:
    """L_c: share of a label's texts that have one of its seed words; NaN without texts."""
    return float(with_seed.mean()) if len(with_seed) else float("nan")


def transparency(similarities: FloatArray, shares: FloatArray) -> FloatArray:
    """T_c: mean of E_c and L_c, each stretched from 0 (lowest label) to 1 (highest), (labels,).

    Only labels that have both are stretched between; the others are NaN, as are all where one of
    the two is the same for every label.
    """
    both = np.isfinite(similarities) & np.isfinite(shares)
    stretched = [_stretched(np.where(both, values, np.nan)) for values in (similarities, shares)]
    mean: FloatArray = (stretched[0] + stretched[1]) / 2
    return mean


def out_of_fold_auc(
    features: Features, labelled: NDArray[np.bool_], folds: Folds, learner: Learner[Features]
) -> float:
    """Area under the ROC curve of a classifier, on texts that it has not learned from.

    `features` has shape (texts, words); `labelled` and `folds`, the part that each text is in,
    (texts,). Scores of different parts come from different fits and are not compared: the area is
    that of each part, weighted by its pairs of a text with the label and one without. .5 is chance.
    NaN where no part can be scored.
    """
    pairs, areas = [], []
    for part in np.unique(folds):
        tried = folds == part
        n_pairs = int(labelled[tried].sum()) * int((~labelled[tried]).sum())
        learned = labelled[~tried]
        if n_pairs and learned.any() and not learned.all() and features.shape[1]:
            scores = learner(features[~tried], learned, features[tried])
            areas.append(_auc(scores, labelled[tried]))
            pairs.append(n_pairs)
    return float(np.average(areas, weights=pairs)) if pairs else float("nan")


def _auc(scores: FloatArray, labelled: NDArray[np.bool_]) -> float:
    """Share of the pairs of a text with the label and one without that scores put in order.

    By ranks (Hanley & McNeil 1982, Radiology 143:29): ties count half.
    """
    n_with, n_without = int(labelled.sum()), int((~labelled).sum())
    of_labelled = ranks(scores)[labelled].sum()
    return float((of_labelled - n_with * (n_with + 1) / 2) / (n_with * n_without))


def gradient(
    predictor: FloatArray, outcome: FloatArray, permutations: int, resamples: int, seed: int
) -> Gradient:
    """Spearman correlation of two values of each label, shape (labels,), both finite.

    p is (1 + permutations with at least this |rho|) / (1 + permutations). All NaN for fewer than
    five labels or where one side is constant.
    """
    n = len(predictor)
    if n < FEWEST_LABELS or is_constant(predictor) or is_constant(outcome):
        return Gradient(np.nan, UNDEFINED, np.nan)
    rng = np.random.default_rng(seed)
    pair = np.stack((predictor, outcome))
    rho = float(_spearman(pair[np.newaxis])[0])
    shuffled = rng.permuted(np.tile(outcome, (permutations, 1)), axis=1)
    beside = np.stack((np.broadcast_to(predictor, shuffled.shape), shuffled), axis=1)
    at_least = np.sum(np.abs(_spearman(beside)) >= abs(rho) - ROUNDING)
    drawn = pair[:, rng.integers(n, size=(resamples, n))].swapaxes(0, 1)
    without = np.stack([np.delete(pair, label, axis=1) for label in range(n)])
    interval = bca_interval(rho, _spearman(drawn), _spearman(without))
    return Gradient(rho, interval, float((1 + at_least) / (1 + permutations)))


def partial_spearman(predictor: FloatArray, outcome: FloatArray, control: FloatArray) -> Partial:
    """Spearman correlation of two values of each label with the ranks of a third held constant.

    (r_xy - r_xz·r_yz) / √((1 - r_xz²)(1 - r_yz²)) of the ranks. NaN for fewer than five labels, or
    where the third leaves nothing to explain.
    """
    n = len(predictor)
    if n < FEWEST_LABELS or any(map(is_constant, (predictor, outcome, control))):
        return Partial(np.nan, np.nan)
    ranked = ranks(np.stack((predictor, outcome, control)))
    xy, xz, yz = np.asarray(np.corrcoef(ranked))[[0, 0, 1], [1, 2, 2]]
    left = (1 - xz**2) * (1 - yz**2)
    if left <= ROUNDING:
        return Partial(np.nan, np.nan)
    rho = float(np.clip((xy - xz * yz) / np.sqrt(left), -1, 1))
    if abs(rho) >= 1 - ROUNDING:
        return Partial(rho, 0.0)
    t = rho * np.sqrt((n - 3) / (1 - rho**2))
    return Partial(rho, float(2 * stats.t.sf(abs(t), n - 3)))


def _spearman(pairs: FloatArray) -> FloatArray:
    """Spearman rho of each pair, from shape (pairs, 2, labels); NaN where a side is constant."""
    ranked = ranks(pairs)
    ranked -= ranked.mean(axis=-1, keepdims=True)
    x, y = ranked[:, 0], ranked[:, 1]
    spread = np.sqrt((x**2).sum(axis=-1) * (y**2).sum(axis=-1))
    products = (x * y).sum(axis=-1)
    rho: FloatArray = np.divide(products, spread, out=np.full(len(x), np.nan), where=spread > 0)
    return rho


def _stretched(values: FloatArray) -> FloatArray:
    known = values[np.isfinite(values)]
    if not known.size or np.ptp(known) <= ROUNDING:
        return np.full_like(values, np.nan)
    shares: FloatArray = (values - known.min()) / np.ptp(known)
    return shares
