"""Reliability of item means where it is known who rated: items crossed with people.

A rating is taken as mean + item + person + rest, with random effects of the items and of the
people, who may each have rated some of the items only. Their variances are estimated by Henderson's
method I (1953, Biometrics 9:226; Searle, Casella & McCulloch 1992, section 5.3): the sums of
squares of the analysis of variance, uncorrected for each other, are set equal to their
expectations. With complete data these are the mean squares of McGraw & Wong (1996). The quadratic
forms of MINQUE, by which `components` splits the variance of a model's ratings, weigh people by
their numbers of ratings squared: with people of whom few rate most they would rest on these few.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from emoalign.statistics.pairs import FloatArray, is_constant
from emoalign.statistics.resampling import Counts, row_blocks

CROSSED_RESAMPLES = 2_000
"""Resamples at most, the first of those of r: each sums anew what every person rated."""

FEWEST_EACH = 2
"""Items that people must have rated on average: with fewer they are nested in the items."""

ROUNDING = 1e-10

Places = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class PersonRatings:
    """Ratings of people who are told apart, one for each person and item.

    Attributes:
        item, person: the places of item and person, from 0, shape (ratings,).
        value: the ratings, standardised over all, to which no reliability is sensitive.
        n_items: how many items there are, with those that nobody rated.
    """

    item: Places
    person: Places
    value: FloatArray
    n_items: int

    def rated(self) -> sparse.csr_array:
        """1 where a person rated an item, shape (items, people)."""
        return self._matrix(np.ones(len(self.value)))

    def values(self) -> sparse.csr_array:
        """The ratings, 0 where there is none, shape (items, people)."""
        return self._matrix(self.value)

    def _matrix(self, values: FloatArray) -> sparse.csr_array:
        shape = self.n_items, int(self.person.max(initial=-1)) + 1
        return sparse.csr_array((values, (self.item, self.person)), shape=shape)


def person_ratings(
    item: ArrayLike, person: ArrayLike, value: ArrayLike, n_items: int
) -> PersonRatings:
    """Ratings of people, where several of one item by one person count as their mean.

    All have shape (ratings,); `item` and `person` are places from 0.
    """
    items, people = np.asarray(item, dtype=np.intp), np.asarray(person, dtype=np.intp)
    given = np.asarray(value, dtype=np.float64)
    n_people = int(people.max(initial=0)) + 1
    pairs, at = np.unique(items * n_people + people, return_inverse=True)
    means = np.bincount(at, given, minlength=len(pairs)) / np.maximum(np.bincount(at), 1)
    standard = np.zeros_like(means)
    if not is_constant(means):
        standard = (means - means.mean()) / means.std()
    return PersonRatings(pairs // n_people, pairs % n_people, standard, n_items)


@dataclass(frozen=True)
class TwoWay:
    """Two-way random intraclass correlations, of one rating and of the mean of k.

    Consistency: ICC(C,1) and ICC(C,k), which leave out that some people rate higher throughout.
    Agreement: ICC(A,1) and ICC(A,k), which count it as error.
    """

    consistency_single: float
    consistency_average: float
    agreement_single: float
    agreement_average: float


def icc2(ratings: PersonRatings) -> TwoWay:
    """ICC(C,1), ICC(C,k), ICC(A,1) and ICC(A,k) (McGraw & Wong 1996, Psychol. Methods 1:30).

    With components of variance I (items), P (people) and E (rest): I/(I + E/k) and
    I/(I + (P + E)/k), with k = 1, or the harmonic mean of the numbers of ratings per item; see
    `reliability.icc1` for why. All NaN where the components cannot be told apart: fewer than two
    items or people, people who rated fewer than two items each on average, ratings that do not
    vary, or a rest below 0; of agreement as well where people and rest together are below 0, or
    less than a variance of items below 0.
    """
    sums = crossed_sums(ratings)
    items, people, rest, k = (float(part[0]) for part in sums.components())
    return TwoWay(*(_share(items, error / n) for error in (rest, people + rest) for n in (1, k)))


def _share(items: float, error: float) -> float:
    """The share of items in both variances; NaN without one that could be so of any ratings."""
    return items / (items + error) if error >= -ROUNDING and items + error > ROUNDING else np.nan


def crossed_sums(ratings: PersonRatings) -> CrossedSums:
    """Prepare ICC(C,k), see `icc2`; items that nobody rated are missing."""
    rated, values = ratings.rated(), ratings.values()
    n, sums = rated.sum(axis=1), values.sum(axis=1)
    present = n > 0
    inverse = present / np.maximum(n, 1)
    squares = (values * values).sum(axis=1)
    return CrossedSums(
        present[np.newaxis],
        rated,
        values,
        once=np.stack((present, n, inverse, sums, sums**2 * inverse, squares)),
        twice=np.stack((n, n**2)),
    )


@dataclass(frozen=True, eq=False)
class CrossedSums:
    """ICC(C,k) as a statistic over items that are drawn anew or left out, as `ItemSums` are.

    A copy of an item in a resample has the ratings of the first: what people's sums owe to copies
    is in the expectations, as it would otherwise pass for people who rate higher throughout.

    Attributes:
        present: items that somebody rated, shape (1, items).
        rated, values: numbers and sums of ratings by item and person, shape (items, people).
        once: what is summed over items, (6, items): items, ratings, 1/n, and of the ratings their
            sum, its square over n, and the sum of their squares.
        twice: sums in which an item that is drawn twice counts four times, (2, items): n and n².
    """

    present: NDArray[np.bool_]
    rated: sparse.csr_array
    values: sparse.csr_array
    once: FloatArray
    twice: FloatArray

    def by_cluster(self, clusters: NDArray[np.int64]) -> CrossedSums:
        """The same statistic over clusters of items, numbered from 0, which take their place."""
        items = np.arange(len(clusters))
        together = sparse.csr_array((np.ones(len(clusters)), (clusters, items)))
        return CrossedSums(
            self.present @ together.T > 0,
            together @ self.rated,
            together @ self.values,
            np.asarray(self.once @ together.T),
            np.asarray(self.twice @ together.T),
        )

    def estimate(self) -> FloatArray:
        """Return ICC(C,k), shape (1,)."""
        return _consistency(self.components())

    def components(self) -> FloatArray:
        """Return the variances of items, people and rest, and k, shape (4, 1)."""
        ones = np.ones((1, self.present.shape[1]))
        return self._components(ones)

    def jackknife(self) -> FloatArray:
        """Return ICC(C,k) without each item in turn, shape (1, items)."""
        n_items, n_people = self.rated.shape
        left_out = np.empty((1, n_items))
        once, twice = (part.sum(axis=1, keepdims=True) - part for part in (self.once, self.twice))
        rated, values = (part.sum(axis=0)[:, np.newaxis] for part in (self.rated, self.values))
        for some in row_blocks(n_items, n_people):
            n, sums = (
                whole - part[some].toarray().T
                for whole, part in ((rated, self.rated), (values, self.values))
            )
            left_out[0, some] = _consistency(_solved(once[:, some], twice[:, some], n, sums, n))
        return left_out

    def replicates(self, counts: Counts) -> FloatArray:
        """Return ICC(C,k) of the first resamples, at most `CROSSED_RESAMPLES`, (1, resamples)."""
        counts = counts[:CROSSED_RESAMPLES]
        found = np.empty((1, len(counts)))
        for rows in row_blocks(len(counts), max(self.rated.shape)):
            found[0, rows] = _consistency(self._components(counts[rows].astype(np.float64)))
        return found

    def _components(self, weights: FloatArray) -> FloatArray:
        """Components of resamples with these weights of items, shape (resamples, items)."""
        drawn, squared = weights.T, weights.T**2
        return _solved(
            self.once @ drawn,
            self.twice @ squared,
            self.rated.T @ drawn,
            self.values.T @ drawn,
            self.rated.T @ squared,
        )


def _consistency(components: FloatArray) -> FloatArray:
    items, _, rest, k = components
    icc: FloatArray = items / (items + rest / k)
    return icc


def _solved(
    once: FloatArray, twice: FloatArray, n: FloatArray, sums: FloatArray, copies: FloatArray
) -> FloatArray:
    """Variances of items, people and rest, and k, shape (4, resamples), NaN where undefined.

    `once` and `twice` are the sums over items of `CrossedSums`; `n` and `sums` are the number and
    the sum of the ratings of each person, shape (people, resamples), and `copies` the same number
    with an item that is drawn twice counted four times.
    """
    n_items, total, inverse, whole, of_items, squares = once
    drawn, drawn_squared = twice
    each = np.where(n > 0, n, 1)
    n_people = (n > 0).sum(axis=0)
    of_people = (sums**2 / each).sum(axis=0)
    shared = (copies / each).sum(axis=0)
    size = np.where(total > 0, total, 1)
    mean = whole**2 / size
    own = np.stack((drawn_squared, (n**2).sum(axis=0), drawn)) / size
    forms = np.stack((of_items - mean, of_people - mean, squares - mean))
    expected = np.stack(
        (
            np.stack((total, n_items, n_items)) - own,
            np.stack((shared, total, shared)) - own,
            np.stack((total, total, total)) - own,
        )
    )
    variances = _each_solved(np.moveaxis(expected, 2, 0), forms.T).T
    k = n_items / np.where(inverse > 0, inverse, np.nan)
    items, _, rest = variances
    with np.errstate(invalid="ignore"):
        known = (
            (n_items >= 2)
            & (total >= FEWEST_EACH * n_people)
            & (rest >= -ROUNDING)
            & (items + rest / k > ROUNDING)
        )
    return np.where(known, np.stack((*variances, k)), np.nan)


def _each_solved(coefficients: FloatArray, forms: FloatArray) -> FloatArray:
    """Solutions of systems of three equations, shape (systems, 3); NaN where there is not one."""
    sizes = np.abs(coefficients).max(axis=2)
    sizes = np.where(sizes > 0, sizes, 1)
    scaled = coefficients / sizes[:, :, np.newaxis]
    told = np.abs(np.linalg.det(scaled)) > ROUNDING
    scaled[~told] = np.eye(3)
    solved = np.linalg.solve(scaled, (forms / sizes)[:, :, np.newaxis])[:, :, 0]
    return np.where(told[:, np.newaxis], solved, np.nan)
