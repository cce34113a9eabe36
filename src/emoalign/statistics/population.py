"""What may be true of items given their ratings on an ordinal scale.

The kinds that an item can be of stand on a grid, so that what is estimated is how many items are of
each kind, which is a convex problem (Koenker & Mizera 2014, JASA 109:674).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, gammaln

from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.raters import People
from emoalign.statistics.resampling import dealt_folds, text_keys

LOCATIONS = np.linspace(-1 / 8, 9 / 8, 21)
"""Locations of kinds, as shares of the length of the scale from its first point."""

SDS = np.geomspace(0.3, 4, 9) / 8
"""Standard deviations of kinds, as shares of the length of the scale."""

LOGISTIC_SD = 1.7
"""The logistic distribution with this SD is nearest to the normal one (Johnson et al. 1995)."""

ANYBODY = 0.01
"""Share of each kind that is the mean distribution of all items: raters who took no notice."""

ABOUT = np.array([20.0, 5.0])
"""Raters that a kind is worth where items are about it rather than of it: near it, and far."""

# Weights of what is assumed, in items.
BELL, EXACTLY = 40.0, 1.0

FOLDS = 20
ROUNDS = 200


@dataclass(frozen=True, eq=False)
class Population:
    """The distributions that people's ratings of each item may have been drawn from.

    Attributes:
        kinds: the distribution of each kind of item, shape (kinds, K).
        posterior: how probable it is that an item is exactly of each kind, then near each kind,
            then far, given its ratings; shape (items, 3 kinds), rows sum to 1.
        counts: how many raters of an item gave each point, shape (items, K).
    """

    kinds: FloatArray
    posterior: FloatArray
    counts: FloatArray

    def draw(self, rng: np.random.Generator) -> FloatArray:
        """What may be true of each item, shape (items, K)."""
        levels = self.posterior.cumsum(axis=1)
        place = (rng.random((len(levels), 1)) * levels[:, -1:] >= levels).sum(axis=1)
        how, kind = np.divmod(place, len(self.kinds))
        truth: FloatArray = self.kinds[kind]
        about = how > 0
        worth = ABOUT[how[about] - 1][:, np.newaxis]
        gammas = rng.standard_gamma(worth * truth[about] + self.counts[about])
        truth[about] = gammas / gammas.sum(axis=1, keepdims=True)
        return truth


def population(people: People) -> Population:
    """What is true of each item as far as its own ratings and those of the others tell.

    A kind is a logistic distribution cut in the middle between points: an ordinal logit with a
    location and a scale (McCullagh 1980, JRSS B 42:109). An item is exactly of a kind, or about it:
    Dirichlet with the weight of 20 or 5 raters, so that the raters of an item prevail over a shape
    that does not fit them where they are many. How many items are of each kind is fitted by EM,
    drawn with the weight of 40 items to a normal distribution of location and log scale, and with
    that of one item to kinds that are exact.

    An item is judged by the kinds of the *others*, cross-fitted in 20 parts: kinds to which it
    contributed itself would lie too near to its ratings (by 10 to 15% of the JSD with 60 items).
    The order of the items does not matter.
    """
    rows, row = np.unique(people.counts, axis=0, return_inverse=True)
    everybody = people.counts.sum(axis=0) / people.counts.sum()
    kinds = (1 - ANYBODY) * _logistic(rows.shape[1]) + ANYBODY * everybody
    likelihood = np.hstack(
        [_of_kinds(rows, kinds), *(_about_kinds(rows, kinds, worth) for worth in ABOUT)]
    )
    likelihood = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
    fold = dealt_folds(text_keys(people.item_ids.tolist()), min(FOLDS, len(row)), 0)
    own = np.zeros((fold.max() + 1, len(rows)))
    np.add.at(own, (fold, row), 1)
    # A single item has no others.
    shares = _shares(likelihood, own.sum(axis=0) - own if len(own) > 1 else own)
    posterior = likelihood[row] * shares[fold]
    return Population(kinds, posterior / posterior.sum(axis=1, keepdims=True), people.counts)


def _grid() -> FloatArray:
    """Location and log SD of each kind, shape (kinds, 2)."""
    location, log_sd = np.meshgrid(LOCATIONS, np.log(SDS), indexing="ij")
    return np.column_stack((location.ravel(), log_sd.ravel()))


def _logistic(n_points: int) -> FloatArray:
    """The kinds on a scale of K points, shape (kinds, K)."""
    location, log_sd = _grid().T[..., np.newaxis]
    cuts = (np.arange(n_points - 1) + 0.5) / (n_points - 1)
    below = expit(LOGISTIC_SD * (cuts - location) / np.exp(log_sd))
    shares: FloatArray = np.diff(below, axis=1, prepend=0, append=1)
    return shares


def _of_kinds(counts: FloatArray, kinds: FloatArray) -> FloatArray:
    """Multinomial log-likelihood without its constant, shape (items, kinds)."""
    found: FloatArray = counts @ np.log(np.maximum(kinds, np.finfo(float).tiny)).T
    return found


def _about_kinds(counts: FloatArray, kinds: FloatArray, worth: float) -> FloatArray:
    """Dirichlet-multinomial log-likelihood without its constant, shape (items, kinds)."""
    n = counts.sum(axis=1, keepdims=True)
    found = np.repeat(gammaln(worth) - gammaln(worth + n), len(kinds), axis=1)
    for rater in range(int(counts.max(initial=0))):
        urn = np.log(np.maximum(worth * kinds + rater, np.finfo(float).tiny))
        found += (counts > rater).astype(np.float64) @ urn.T
    return found


def _shares(likelihood: FloatArray, n_items: FloatArray) -> FloatArray:
    """The share of items that are exactly of each kind, near it and far, shape (fits, 3 kinds).

    `n_items`, shape (fits, rows), says how many items have each row of `likelihood`, shape
    (rows, 3 kinds), in each fit.
    """
    total = n_items.sum(axis=1)[:, np.newaxis]
    grid, exactly = _grid(), EXACTLY * np.eye(1, 1 + len(ABOUT))
    of_kind = np.full((len(total), len(grid)), 1 / len(grid))
    how = np.full((len(total), 1 + len(ABOUT)), 1 / (1 + len(ABOUT)))
    for _ in range(ROUNDS):
        shares = _together(how, of_kind)
        expected = shares * ((n_items / (shares @ likelihood.T)) @ likelihood)
        expected = expected.reshape(len(total), how.shape[1], len(grid))
        items = expected.sum(axis=1)
        of_kind = (items + BELL * _bells(items / total, grid)) / (total + BELL)
        how = (expected.sum(axis=2) + exactly) / (total + EXACTLY)
    return _together(how, of_kind)


def _together(how: FloatArray, of_kind: FloatArray) -> FloatArray:
    found: FloatArray = (how[:, :, np.newaxis] * of_kind[:, np.newaxis]).reshape(len(how), -1)
    return found


def _bells(shares: FloatArray, grid: FloatArray) -> FloatArray:
    """The normal distributions over the grid with mean and covariance of shares, (fits, kinds)."""
    mean = shares @ grid
    apart = grid - mean[:, np.newaxis]
    # Half a step of the grid, squared: what shares of one kind alone may vary.
    steps = LOCATIONS[1] - LOCATIONS[0], np.log(SDS[1] / SDS[0])
    covariance = np.einsum("fk,fki,fkj->fij", shares, apart, apart) + np.diag(steps) ** 2 / 4
    distance = np.einsum("fki,fij,fkj->fk", apart, np.linalg.inv(covariance), apart)
    bells = np.exp(-distance / 2)
    found: FloatArray = bells / bells.sum(axis=1, keepdims=True)
    return found
