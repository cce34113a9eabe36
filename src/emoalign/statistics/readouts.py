"""Sampled answers tested against the probabilities of another readout.

The comparison is conditional on answering on the scale: probabilities are renormalised over the K
scale points, and only answers of status ok are counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.resampling import row_blocks
from emoalign.statistics.undecided import favourable

# Two G that differ by less stand for equally likely counts, apart by rounding.
TIE = 1e-9

NEGLIGIBLE = 0.001
"""With more undecided mass, on average, sharpness and the uniformity of p say nothing: p is
conservative, and the likeliest distribution is sharper or flatter than the one sampled."""


@dataclass(frozen=True, eq=False)
class ReadoutAgreement:
    """How well sampled answers fit the exact distribution.

    Attributes:
        n_items: items with answers and an exact distribution; the others are left out.
        g_total: sum of G over items; infinite if an impossible answer was sampled.
        p_pooled: p of `g_total`; small = the readouts disagree.
        p_items: p of each item, shape (items,), NaN where left out.
        share_below_05: share of `p_items` below .05; .05 is expected when the readouts agree.
        ks_p: Kolmogorov-Smirnov p of `p_items` against the uniform distribution; NaN, as are the
            two that follow, where the mean of the undecided mass is above `NEGLIGIBLE`.
        sharpness: mean log-probability of the sampled answers above that expected under the exact
            distribution, in nats per answer; positive = sampling keeps closer to the likeliest
            answers than it should (a lower temperature, top-p or top-k truncation).
        p_sharpness: two-sided p of `sharpness`; small = the readouts disagree.
    """

    n_items: int
    g_total: float
    p_pooled: float
    p_items: FloatArray
    share_below_05: float
    ks_p: float
    sharpness: float
    p_sharpness: float


def g_statistic(counts: ArrayLike, probabilities: ArrayLike) -> FloatArray:
    """Return G = 2·Σ O·ln(O/E) per item, shape (items,); 0 = the counts are as expected.

    `counts` are sampled answers per scale point and `probabilities` exact probabilities, both
    (items, K); the latter need not sum to 1. Sokal & Rohlf (1981, ch. 17). Infinite when an answer
    was sampled whose probability is 0; NaN without answers or without any probability.

    Raises:
        ValueError: shapes differ, or a value is negative or a count not whole.
    """
    return _g(*_checked(counts, probabilities))


def agreement(
    counts: ArrayLike,
    probabilities: ArrayLike,
    seed: int = 0,
    n_simulations: int = 999,
    undecided: ArrayLike = 0.0,
) -> ReadoutAgreement:
    """Test sampled counts against exact distributions, per item and pooled over items.

    `counts` and `probabilities` as in `g_statistic`. Where the mass `undecided` of an item, shape
    (items,) or one number, is above 0 (see `statistics.undecided`), its distribution is the one
    allowed under which its counts are likeliest: differences that this mass explains count for
    nothing, and p is conservative.

    Few answers on many points make G far from chi-square, so every item is compared with
    `n_simulations` multinomial samples of its size from its distribution. Of the B + 1 values of
    G, the sample's own among them, ties are broken at random,

        p = (#{G_b > G} + U·(#{G_b = G} + 1)) / (B + 1),    U uniform on (0, 1),

    which makes p exactly uniform on (0, 1) when the readouts agree (Dufour 2006, J. Econometrics
    133:443, on randomised ties). The pooled test compares ΣG with the B simulated sums,
    p = (1 + #{ΣG_b ≥ ΣG}) / (B + 1).

    Sampling that is too sharp moves counts off their expectation but also removes scatter, and the
    two cancel in G: ΣG can miss top-p at .9. Sharpness does not: Σ ln p of the answers is the score
    statistic for the temperature, and its p = 2·min over both sides of (1 + #{as extreme})/(B + 1).

    Items are simulated in the order of their content, so that results do not depend on the order
    they come in.

    Raises:
        ValueError: as `g_statistic`, or undecided mass is not from 0 to 1.
    """
    observed, exact = _checked(counts, probabilities)
    unknown = np.broadcast_to(np.asarray(undecided, dtype=np.float64), len(exact))
    if not np.all((unknown >= 0) & (unknown <= 1)):
        raise ValueError("found an undecided mass that is not from 0 to 1")
    exact = favourable(observed, exact, unknown)
    g = _g(observed, exact)
    p_items = np.full(len(g), np.nan)
    compared = np.flatnonzero(~np.isnan(g))
    if compared.size == 0:
        none = np.nan
        return ReadoutAgreement(0, none, none, p_items, none, none, none, none)
    compared = compared[np.lexsort(np.hstack((observed, exact))[compared].T)]
    g, observed, exact = g[compared], observed[compared], exact[compared]

    n = observed.sum(axis=1)
    log_likelihood = float(_log_likelihood(observed, exact).sum())
    p, totals, log_likelihoods = _simulated(g, n, exact, seed, n_simulations)
    p_items[compared] = p
    excess = log_likelihood + float(n @ special.entr(exact).sum(axis=1))
    both_sides = (_p_above(side * log_likelihood, side * log_likelihoods) for side in (1, -1))
    p_sharpness = min(1.0, 2 * min(both_sides))
    decided = unknown[compared].mean() <= NEGLIGIBLE
    return ReadoutAgreement(
        n_items=len(g),
        g_total=float(g.sum()),
        p_pooled=_p_above(float(g.sum()), totals),
        p_items=p_items,
        share_below_05=float(np.mean(p < 0.05)),
        ks_p=float(stats.kstest(p, "uniform").pvalue) if decided else np.nan,
        sharpness=excess / float(n.sum()) if decided else np.nan,
        p_sharpness=p_sharpness if decided else np.nan,
    )


def _simulated(
    g: FloatArray, n: FloatArray, exact: FloatArray, seed: int, n_simulations: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return p per item, and the simulated ΣG and log-likelihoods, (n_simulations,) each."""
    rng = np.random.default_rng(seed)
    p = np.empty(len(g))
    totals, log_likelihoods = np.zeros((2, n_simulations))
    for items in row_blocks(len(g), n_simulations * exact.shape[1]):
        samples = rng.multinomial(
            n[items, np.newaxis].astype(np.int64),
            exact[items, np.newaxis],
            size=(items.stop - items.start, n_simulations),
        ).astype(np.float64)
        simulated = _g(samples, exact[items, np.newaxis])
        totals += simulated.sum(axis=0)
        log_likelihoods += _log_likelihood(samples, exact[items, np.newaxis]).sum(axis=0)
        excess = simulated - g[items, np.newaxis]
        above, tied = (excess > TIE).sum(axis=1), (np.abs(excess) <= TIE).sum(axis=1)
        ties_above = rng.random(len(above)) * (tied + 1)
        p[items] = (above + ties_above) / (n_simulations + 1)
    return p, totals, log_likelihoods


def _p_above(observed: float, simulated: FloatArray) -> float:
    return float((1 + np.sum(simulated >= observed - TIE)) / (simulated.size + 1))


def _log_likelihood(counts: FloatArray, exact: FloatArray) -> FloatArray:
    likelihood: FloatArray = special.xlogy(counts, exact).sum(axis=-1)
    return likelihood


def _g(counts: FloatArray, exact: FloatArray) -> FloatArray:
    n = counts.sum(axis=-1, keepdims=True)
    g: FloatArray = 2 * special.rel_entr(counts, n * exact).sum(axis=-1)
    # Rounding can leave a perfect fit just below its minimum.
    return np.where(n[..., 0] > 0, np.maximum(g, 0), np.nan)


def _checked(counts: ArrayLike, probabilities: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return counts and renormalised probabilities; NaN probabilities where there are none."""
    observed = np.asarray(counts, dtype=np.float64)
    raw = np.asarray(probabilities, dtype=np.float64)
    if observed.ndim != 2 or observed.shape != raw.shape:
        raise ValueError(
            f"found shapes {observed.shape} (counts) and {raw.shape} (probabilities), expected the "
            "same (items, scale points) for both"
        )
    if not np.all((observed >= 0) & (observed == np.floor(observed)) & np.isfinite(observed)):
        raise ValueError("found a count that is not 0, 1, 2, …, expected answers per scale point")
    if np.any(raw < 0) or np.any(np.isinf(raw)):
        raise ValueError("found a probability below 0 or infinite, expected 0 to 1, or NaN")
    total = raw.sum(axis=1, keepdims=True)
    return observed, raw / np.where(total > 0, total, np.nan)
