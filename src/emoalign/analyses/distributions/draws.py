"""Half of the raters against the other half, and a model that answers as people do."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from emoalign.analyses.distributions.people import People
from emoalign.analyses.distributions.population import Population, population
from emoalign.statistics.pairs import FloatArray

Pair = tuple[FloatArray, FloatArray]
"""Distributions that stand for people's and for a model's, each of shape (items, K)."""

ENDLESS = 200
"""Answers that stand for a model's probabilities where sets of labels are drawn."""

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


def halves(people: People, n_draws: int, seed: int) -> Iterator[Pair]:
    """Random halves of each item's raters: the larger stands for people, the other for a model.

    Of n raters, n - floor(n/2) and floor(n/2). Items need two raters.
    """
    rng = np.random.default_rng(seed)
    small = people.n // 2
    for _ in range(n_draws):
        taken = _some_raters(people, small, rng)
        rest = people.counts - taken
        yield rest / (people.n - small)[:, np.newaxis], taken / small[:, np.newaxis]


def perfect(
    people: People,
    answers: FloatArray,
    n_draws: int,
    seed: int,
    known: Population | None = None,
) -> Iterator[Pair]:
    """People as they answered, beside as many answers drawn from what may be true of each item.

    What is true of an item is drawn given its ratings: for ordinal scales the distribution of one
    of the kinds of items in the `population`. For labels it is whole sets of labels, so that labels
    stay together as raters put them, by the urn of Blackwell & MacQueen (1973): a set is one of the
    item's raters', one of any rater's in place of as many raters as the `concentration` says, or
    one drawn before. Infinite `answers` are the true distribution itself (for labels, 200 answers).

    As truth is drawn given the ratings, these need not be drawn anew: their own noise is in them,
    also where items were chosen by what people said. `known` is the population of these people
    where it has been fitted already.
    """
    rng = np.random.default_rng(seed)
    human = people.shares
    if people.choices is not None:
        for model in _urns(people, people.choices, answers, n_draws, rng):
            yield human, model
        return
    known = known or population(people)
    exact = np.isinf(answers)
    n_answers = np.where(exact, 1, answers).astype(np.int64)
    for _ in range(n_draws):
        truth = known.draw(rng)
        model = rng.multinomial(n_answers, truth) / n_answers[:, np.newaxis]
        yield human, np.where(exact[:, np.newaxis], truth, model)


def _some_raters(people: People, wanted: NDArray[np.int64], rng: np.random.Generator) -> FloatArray:
    """Counts among `wanted` of each item's raters, drawn without replacement, (items, K)."""
    if people.choices is not None:
        left, taken = wanted.copy(), np.zeros(people.counts.shape)
        for rater in range(people.choices.shape[1]):
            # Selection sampling (Knuth, TAOCP 2, 3.4.2, algorithm S), as for split halves.
            is_taken = rng.random(len(left)) * np.maximum(people.n - rater, 0) < left
            taken += people.choices[:, rater] & is_taken[:, np.newaxis]
            left -= is_taken
        return taken
    counts = people.counts.astype(np.int64)
    others, left = people.n - counts[:, 0], wanted.copy()
    drawn = np.empty_like(counts)
    for place in range(counts.shape[1]):
        drawn[:, place] = rng.hypergeometric(counts[:, place], others, left)
        left -= drawn[:, place]
        if place + 1 < counts.shape[1]:
            others = others - counts[:, place + 1]
    return drawn.astype(np.float64)


def _urns(
    people: People,
    choices: NDArray[np.bool_],
    answers: FloatArray,
    n_draws: int,
    rng: np.random.Generator,
) -> Iterator[FloatArray]:
    """Shares of the labels among answers drawn from an urn for each item, (items, labels)."""
    n_items, n_raters, n_labels = choices.shape
    sets = choices.reshape(-1, n_labels)
    of_item = np.arange(n_items) * n_raters
    pool = np.flatnonzero(np.arange(n_raters) < people.n[:, np.newaxis])
    weight = concentration(people)
    n_answers = np.where(np.isinf(answers), ENDLESS, answers).astype(np.int64)
    most = int(n_answers.max(initial=0))
    drawn = np.empty((n_items, most), dtype=np.int64)
    for _ in range(n_draws):
        chosen = np.zeros((n_items, n_labels))
        for step in range(most):
            at = rng.random(n_items) * (weight + people.n + step) - weight
            own = np.clip(np.floor(at), 0, people.n + step - 1).astype(np.int64)
            earlier = np.clip(own - people.n, 0, max(step - 1, 0))
            kept = np.where(own < people.n, of_item + own, drawn[np.arange(n_items), earlier])
            fresh = pool[rng.integers(len(pool), size=n_items)]
            drawn[:, step] = np.where(at < 0, fresh, kept)
            chosen += sets[drawn[:, step]] & (step < n_answers)[:, np.newaxis]
        yield chosen / n_answers[:, np.newaxis]
