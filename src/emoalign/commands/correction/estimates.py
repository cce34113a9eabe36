"""Estimates of people's ratings of all items: from their own part, corrected, and the model's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from emoalign.commands.correction.named import Named
from emoalign.commands.correction.sample import Sample
from emoalign.statistics.corrected import (
    Estimate,
    Part,
    corrected_regression,
    design_based_regression,
    difference,
    least_squares,
)
from emoalign.statistics.corrected_correlation import (
    corrected_correlation,
    design_based_correlation,
    weighted_correlation,
)
from emoalign.statistics.pairs import FloatArray

Kind = Literal["mean", "group", "difference", "correlation", "regression"]

PEOPLE, PPI, DSL, MODEL = "people alone", "PPI++", "DSL", "model alone"
"""The ways to an estimate, as tables name them."""


WORTHWHILE = 0.05
"""Share by which intervals must become narrower for it to be mentioned."""


class Ends(NamedTuple):
    """An estimate with its standard error and 95% interval."""

    value: float
    error: float
    low: float
    high: float

    @classmethod
    def of(cls, one: Estimate, at: int) -> Ends:
        """Those of one coefficient."""
        return cls(*(float(each[at]) for each in (one.values, one.errors, one.low, one.high)))

    @property
    def width(self) -> float:
        """The width of the interval."""
        return self.high - self.low


@dataclass(frozen=True)
class Estimated:
    """What was estimated, by all ways.

    Attributes:
        term: what it is in a table: mean, mean (dog), dog − cat, r with length, length.
        name: the group, covariate or predictor that it is about; "" without any.
        people: from the items that people rated alone.
        ppi: from both, by PPI++; None where the probabilities of items were unequal.
        dsl: from both, by DSL.
        model: from the model's ratings alone, which has no interval: it is biased.
        weight: λ of PPI++; NaN without.
        n: items that people rated, of those that this is about.
        items: all of those.
    """

    kind: Kind
    term: str
    name: str
    people: Ends
    ppi: Ends | None
    dsl: Ends
    model: float
    weight: float
    n: int
    items: int

    @property
    def best(self) -> Ends:
        """The corrected estimate to report."""
        return self.ppi or self.dsl

    @property
    def narrower(self) -> float:
        """By what share its interval is narrower than that of people alone; below 0: wider."""
        return 1 - self.best.width / self.people.width


class Ways(NamedTuple):
    """Coefficients by all ways."""

    people: Estimate
    ppi: Estimate | None
    dsl: Estimate
    model: FloatArray
    weight: float


def estimates(found: Sample, named: Named) -> list[Estimated]:
    """The mean, and whatever else was asked for, in the order of the help."""
    told = [estimated(found, _mean(found), 0, "mean", "mean")]
    if found.groups:
        told += _of_groups(found)
    if named.covariate is not None:
        z = named.covariate
        told.append(estimated(found, _correlation(found, z), 0, "correlation", f"r with {z}", z))
    if named.on:
        ways = _regression(found, named.on)
        terms = ("(intercept)", *named.on)
        told += [
            estimated(found, ways, at, "regression", term, term) for at, term in enumerate(terms)
        ]
    return told


class Shift(NamedTuple):
    """What added to all ratings of the model would make the intervals of a regression narrower."""

    by: float
    narrower: float


def worthwhile_shift(found: Sample, named: Named) -> Shift | None:
    """The shift that removes the model's mean error, if it is worth the trouble; else None.

    Whatever its size, a shift changes no coefficient that has the same λ. But PPI++ takes a bias
    for variance of the model's gradients where there are predictors, and gives it a smaller λ.
    """
    if not named.on or found.probabilities is not None:
        return None
    by = float(np.mean((found.human - found.model)[found.rated]))
    shifted = replace(found, model=found.model + by)
    before, after = (_regression(one, named.on).ppi for one in (found, shifted))
    if before is None or after is None:
        return None
    narrower = float(np.mean(after.narrower_than(before)[1:]))
    return Shift(by, narrower) if narrower >= WORTHWHILE else None


def _of_groups(found: Sample) -> Iterator[Estimated]:
    """The mean of each group, and their difference: that of means corrected one by one.

    A bias of the model that a group shares then costs nothing, which in a regression it does.
    """
    parts = {name: found.of(at) for name, at in found.groups.items()}
    means = {name: _mean(part) for name, part in parts.items()}
    for name, part in parts.items():
        yield estimated(part, means[name], 0, "group", f"mean ({name})", name)
    (one, first), (other, second) = means.items()
    between = Ways(
        difference(first.people, second.people),
        difference(first.ppi, second.ppi) if first.ppi and second.ppi else None,
        difference(first.dsl, second.dsl),
        second.model - first.model,
        np.nan,
    )
    yield estimated(found, between, 0, "difference", f"{other} − {one}")


def _mean(found: Sample) -> Ways:
    return _by_least_squares(found, np.ones((len(found.model), 1)))


def _regression(found: Sample, on: Sequence[str]) -> Ways:
    return _by_least_squares(
        found, np.column_stack([np.ones(len(found.model)), *(found.covariates[x] for x in on)])
    )


def _by_least_squares(found: Sample, predictors: FloatArray) -> Ways:
    at = found.rated
    human, model = found.human[at], found.model
    dsl = design_based_regression(predictors, model, found.human, drawn_with(found))
    of_model = least_squares(predictors, model).values
    if found.probabilities is not None:
        people = least_squares(predictors[at], human, found.probabilities[at])
        return Ways(people, None, dsl, of_model, np.nan)
    both = corrected_regression(
        Part(predictors[at], model[at]), human, Part(predictors[~at], model[~at])
    )
    return Ways(both.classical, both.ppi, dsl, of_model, both.weight)


def _correlation(found: Sample, name: str) -> Ways:
    at, z, model = found.rated, found.covariates[name], found.model
    dsl = design_based_correlation(z, model, found.human, drawn_with(found))
    of_model = np.full(1, np.nan) if np.ptp(model) == 0 else np.corrcoef(model, z)[:1, 1]
    if found.probabilities is not None:
        people = weighted_correlation(found.human[at], z[at], found.probabilities[at])
        return Ways(people, None, dsl, of_model, np.nan)
    both = corrected_correlation(found.human[at], model[at], model[~at], z[at], z[~at])
    return Ways(both.classical, both.ppi, dsl, of_model, both.weight)


def drawn_with(found: Sample) -> FloatArray:
    """The probabilities with which people were asked: of a random part its share of the items."""
    if found.probabilities is not None:
        return found.probabilities
    return np.full(len(found.human), found.rated.mean())


def estimated(
    found: Sample, ways: Ways, at: int, kind: Kind, term: str, name: str = ""
) -> Estimated:
    """One coefficient by all ways, with the name of its row and of what it is about."""
    return Estimated(
        kind,
        term,
        name,
        Ends.of(ways.people, at),
        None if ways.ppi is None else Ends.of(ways.ppi, at),
        Ends.of(ways.dsl, at),
        float(ways.model[at]),
        ways.weight,
        int(found.rated.sum()),
        len(found.human),
    )
