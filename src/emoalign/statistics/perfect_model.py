"""Models that answer from what may be true of items given their ratings, or without it.

A plan and a result take the same models from here. A draw is an array of shares of a model's
answers, of shape (steps, items, K), with a step for each number of answers.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from emoalign.statistics.pairs import FloatArray
from emoalign.statistics.population import Population, population
from emoalign.statistics.predictors import marginal
from emoalign.statistics.raters import People
from emoalign.statistics.resampling import Folds

ENDLESS = 200
"""Answers that stand for a model's probabilities where sets of labels are drawn from an urn."""

# Raters who agree no more than by chance are draws from one distribution for all items.
MOST_CONCENTRATED = 1e6
LEAST_CONCENTRATED = 1e-6


def concentration(people: People) -> float:
    """How alike the items are for people, in raters: what one item's ratings are weighed against.

    With m the mean shares, the agreement of two raters of an item beyond chance is
    k = (mean over items of Σ c(c - 1)/(n(n - 1)) - Σ m²) / Σ m(1 - m), for ordinal scales the kappa
    of Fleiss (1971). If items' true distributions vary as Dirichlet(a·m), k = 1/(a + 1), so that
    a = 1/k - 1 is their concentration. Between 1e-6 (all agree) and 1e6 (none more than by chance).
    """
    counts, n = people.counts, people.n[:, np.newaxis].astype(np.float64)
    several = people.n > 1
    mean = people.shares.mean(axis=0)
    by_chance, left = float(np.sum(mean**2)), float(np.sum(mean * (1 - mean)))
    if not several.any() or left <= 0:
        return LEAST_CONCENTRATED
    both = (counts * (counts - 1) / np.where(n > 1, n * (n - 1), 1)).sum(axis=1)
    beyond = (float(both[several].mean()) - by_chance) / left
    if beyond <= 1 / (1 + MOST_CONCENTRATED):
        return MOST_CONCENTRATED
    return float(max(1 / beyond - 1, LEAST_CONCENTRATED))


def perfect_answers(
    people: People,
    answers: FloatArray,
    n_draws: int,
    seed: int,
    known: Population | None = None,
) -> Iterator[FloatArray]:
    """A model that answers from what is true of each item, (steps, items, K) in every draw.

    What is true of an item is drawn given its ratings: for ordinal scales from the `population`.
    For labels it is whole sets of labels, so that labels
    stay together as raters put them, by the urn of Blackwell & MacQueen (1973): a set is one of the
    item's raters', one of any rater's in place of as many raters as the `concentration` says, or
    one drawn before.

    As truth is drawn given the ratings, these need not be drawn anew: beside people as they
    answered, their own noise is in it, also where items were chosen by what people said.

    Args:
        people: the ratings.
        answers: how many answers the model gives, shape (steps, items), ascending over steps, which
            share their answers. Infinitely many are the true distribution (for labels, 200).
        n_draws: how often.
        seed: of the draws.
        known: the population of these people, where it has been fitted already.
    """
    rng = np.random.default_rng(seed)
    if people.choices is not None:
        yield from _urns(people, people.choices, answers, n_draws, rng)
        return
    known = known or population(people)
    for _ in range(n_draws):
        yield _answered(known.draw(rng), answers, rng)


def marginal_answers(
    people: People, folds: Folds, answers: FloatArray, n_draws: int, seed: int
) -> Iterator[FloatArray]:
    """A model that answers every item as people answer the others, (steps, items, K) in every draw.

    Its distribution is the `marginal` of the folds, which infinitely many answers are themselves;
    for labels an answer is the whole set of any rater of any item of another fold. `answers` as in
    `perfect_answers`. NaN where all items are in one fold.
    """
    rng = np.random.default_rng(seed)
    truth = marginal(people.shares, folds)
    undefined = np.asarray(np.isnan(truth).any(axis=1))
    safe = np.where(undefined[:, np.newaxis], 1 / truth.shape[1], truth)
    for _ in range(n_draws):
        if people.choices is None:
            shares = _answered(safe, answers, rng)
        else:
            shares = _others(people, people.choices, folds, answers, rng)
            shares = np.where(np.isinf(answers)[..., np.newaxis], truth, shares)
        shares[:, undefined] = np.nan
        yield shares


def _answered(truth: FloatArray, answers: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Shares among answers that are drawn from each item's distribution, (steps, items, K)."""
    exact = np.isinf(answers)
    n_answers = np.where(exact, 1, answers).astype(np.int64)
    shares, counts = np.empty((*answers.shape, truth.shape[1])), np.zeros(truth.shape, np.int64)
    before = np.zeros(answers.shape[1], np.int64)
    for step, n in enumerate(n_answers):
        # Where the distribution itself is the answer, one is drawn all the same and not used.
        more = np.where(exact[step], 1, n - before)
        counts = counts + rng.multinomial(more, truth)
        before = n
        shares[step] = np.where(exact[step][:, np.newaxis], truth, counts / n[:, np.newaxis])
    return shares


def _urns(
    people: People,
    choices: NDArray[np.bool_],
    answers: FloatArray,
    n_draws: int,
    rng: np.random.Generator,
) -> Iterator[FloatArray]:
    """Shares of the labels among answers drawn from an urn for each item, (steps, items, L)."""
    weight = concentration(people)
    n_answers = np.where(np.isinf(answers), ENDLESS, answers).astype(np.int64)
    for _ in range(n_draws):
        drawn = _from_urns(people, choices.shape[1], weight, int(n_answers.max(initial=0)), rng)
        yield _shares_of_sets(choices, drawn, n_answers)


def _from_urns(
    people: People, n_raters: int, weight: float, most: int, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """The set that each item's urn gives, answer after answer: the places of raters, (items,)."""
    n_items = len(people.n)
    first_rater = np.arange(n_items) * n_raters
    pool = np.flatnonzero(np.arange(n_raters) < people.n[:, np.newaxis])
    drawn = np.empty((n_items, most), dtype=np.int64)
    for step in range(most):
        at = rng.random(n_items) * (weight + people.n + step) - weight
        own = np.clip(np.floor(at), 0, people.n + step - 1).astype(np.int64)
        earlier = np.clip(own - people.n, 0, max(step - 1, 0))
        kept = np.where(own < people.n, first_rater + own, drawn[np.arange(n_items), earlier])
        fresh = pool[rng.integers(len(pool), size=n_items)]
        drawn[:, step] = np.where(at < 0, fresh, kept)
        yield drawn[:, step]


def _others(
    people: People,
    choices: NDArray[np.bool_],
    folds: Folds,
    answers: FloatArray,
    rng: np.random.Generator,
) -> FloatArray:
    """Shares of the labels among sets of raters of items of other folds, (steps, items, L)."""
    n_answers = np.where(np.isinf(answers), 1, answers).astype(np.int64)
    most = int(n_answers.max(initial=0))
    places = np.arange(len(folds))
    drawn = np.empty((most, len(folds)), dtype=np.int64)
    for fold in np.unique(folds):
        own, others = places[folds == fold], places[folds != fold]
        if not len(others):
            others = own
        item = others[rng.integers(len(others), size=(most, len(own)))]
        drawn[:, own] = item * choices.shape[1] + rng.integers(people.n[item])
    return _shares_of_sets(choices, iter(drawn), n_answers)


def _shares_of_sets(
    choices: NDArray[np.bool_], drawn: Iterator[NDArray[np.int64]], n_answers: NDArray[np.int64]
) -> FloatArray:
    """Shares of the labels after so many answers, (steps, items, L); an answer is a rater's set."""
    n_labels = choices.shape[2]
    sets = choices.reshape(-1, n_labels)
    chosen = np.zeros((len(choices), n_labels))
    shares = np.empty((*n_answers.shape, n_labels))
    for number, raters in enumerate(drawn, start=1):
        chosen += sets[raters]
        step, item = np.nonzero(n_answers == number)
        shares[step, item] = chosen[item] / number
    return shares
