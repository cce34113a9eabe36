"""What may be true of the items of an ordinal scale: the few kinds of distributions they have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from emoalign.analyses.distributions.people import People
from emoalign.statistics.pairs import FloatArray

KINDS = 16
"""Kinds of items at most: more change neither fit nor findings on the datasets that were tried."""

ITEMS_PER_KIND = 10
ROUNDS = 500
CONVERGED = 1e-7


@dataclass(frozen=True, eq=False)
class Population:
    """A mixture of distributions that people's ratings were drawn from.

    Attributes:
        distributions: the distribution of each kind of item, shape (kinds, K).
        posterior: how probable each kind is for each item, given its ratings, (items, kinds).
    """

    distributions: FloatArray
    posterior: FloatArray

    def draw(self, rng: np.random.Generator) -> FloatArray:
        """What may be true of each item, shape (items, K)."""
        levels = self.posterior.cumsum(axis=1)
        at = rng.random((len(levels), 1)) * levels[:, -1:]
        found: FloatArray = self.distributions[(at >= levels).sum(axis=1)]
        return found


def population(people: People) -> Population:
    """The mixture of multinomials that makes people's ratings most likely (Laird 1978), by EM.

    One kind for every ten items, at most 16 and at least one; they start as groups of items of like
    mean rating, and each is drawn to the mean distribution with the weight of one rating, so that
    no point is impossible. Kinds take any form, so that neighbouring points go together as far as
    they do for people, which a Dirichlet distribution around one mean cannot express.
    """
    counts, n_items = people.counts, len(people.n)
    n_kinds = max(1, min(KINDS, n_items // ITEMS_PER_KIND))
    everybody = counts.sum(axis=0) / counts.sum()
    order = np.lexsort((people.item_ids, counts @ np.arange(counts.shape[1]) / people.n))
    start = np.empty(n_items, dtype=np.int64)
    start[order] = np.arange(n_items) * n_kinds // n_items
    posterior, likelihood = np.eye(n_kinds)[start], -np.inf
    for _ in range(ROUNDS):
        weighted = posterior.T @ counts + everybody
        distributions = weighted / weighted.sum(axis=1, keepdims=True)
        shares = posterior.mean(axis=0)
        joint = counts @ np.log(np.maximum(distributions, np.finfo(float).tiny)).T
        joint += np.log(np.maximum(shares, np.finfo(float).tiny))
        of_item = logsumexp(joint, axis=1)
        posterior = np.exp(joint - of_item[:, np.newaxis])
        before, likelihood = likelihood, float(of_item.sum())
        if likelihood - before <= CONVERGED * abs(likelihood):
            break
    return Population(distributions, posterior)
