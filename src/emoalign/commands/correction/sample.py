"""Items that a model rated, and people in part: whether estimates can be made from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from emoalign.commands.correction.columns import Columns, Named, two_groups
from emoalign.errors import DataError
from emoalign.statistics.pairs import FloatArray
from emoalign.wording import counted, listed, only

FEW = 30
"""Items rated by people below which normal intervals are too narrow."""

UNLIKELY = 0.001
"""Probability of a difference by chance below which it is doubted that chance made it."""


FARTHEST = 1e5
"""Mean of a predictor, in its SDs, beyond which least squares loses more than half its digits."""

EXACT = 1e-7
"""SD of errors, in SDs of people's ratings, below which they are those of arithmetic."""

RATED = "the items that people rated"


@dataclass(frozen=True, eq=False)
class Sample:
    """The items of a table, of which people rated a random part.

    Attributes:
        model: the model's ratings, (items,).
        human: people's, NaN where they were not asked, (items,).
        covariates: other columns by their names, (items,).
        probabilities: with which people were asked, NaN where that is not known; None if they
            rated a random part of all items.
        groups: two names with the items of each as truth values, or nothing.
        lines: numbers of the lines in the table.
    """

    model: FloatArray
    human: FloatArray
    covariates: Mapping[str, FloatArray]
    probabilities: FloatArray | None
    groups: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    lines: Sequence[int] = ()

    @property
    def rated(self) -> NDArray[np.bool_]:
        """Whether people rated an item, (items,)."""
        return np.isfinite(self.human)

    def of(self, at: NDArray[np.bool_]) -> Sample:
        """A part of the items, without groups."""
        covariates = {name: values[at] for name, values in self.covariates.items()}
        known = None if self.probabilities is None else self.probabilities[at]
        return Sample(self.model[at], self.human[at], covariates, known)


def sample(table: Path, named: Named, columns: Columns) -> Sample:
    """The items of a table. Raises DataError if they do not allow what was asked for."""
    numbers = columns.numbers
    groups = {}
    if named.by is not None:
        of_items = np.array(columns.groups)
        pair = two_groups(table, named.by, columns.groups)
        groups = {name: of_items == name for name in pair}
    asked_for = (named.covariate, *named.on)
    covariates = {name: numbers[name] for name in asked_for if name is not None}
    known = None if named.probability is None else numbers[named.probability]
    found = Sample(
        numbers[named.model], numbers[named.people], covariates, known, groups, columns.lines
    )
    check = _Check(table, named.people)
    check.part(found, 1)
    for name, of_group in groups.items():
        check.part(found.of(of_group), 1, f" with {named.by} = {name}")
    if named.covariate is not None:
        check.part(found, 2)
        check.predictors(found, "--with", [named.covariate])
    if named.on:
        check.part(found, 1 + len(named.on))
        check.predictors(found, "--on", named.on)
    return found


def doubts(found: Sample, named: Named) -> list[str]:
    """Why the intervals may be wrong: few items, or a part that chance would not have drawn."""
    told = []
    n = int(found.rated.sum())
    if n < FEW:
        told.append(
            f"People rated {counted(n, 'item')}. With fewer than {FEW}, intervals are too narrow."
        )
    for name, of_group in found.groups.items():
        in_group = int((found.rated & of_group).sum())
        if in_group < FEW <= n:
            told.append(
                f"People rated {counted(in_group, 'item')} with {named.by} = {name}. With fewer "
                f"than {FEW}, intervals are too narrow."
            )
    return told + (_not_random(found, named) if found.probabilities is None else _other_n(found))


def _not_random(found: Sample, named: Named) -> list[str]:
    rated, rest = found.model[found.rated], found.model[~found.rated]
    if np.ptp(found.model) == 0:
        return []
    constant = np.ptp(rated) == 0 and np.ptp(rest) == 0
    if not constant and _p_of_difference(rated, rest) >= UNLIKELY:
        return []
    return [
        f"The items that people rated do not look like a random part: the mean of {named.model} is "
        f"{rated.mean():.2f} there and {rest.mean():.2f} elsewhere. If they were not drawn at "
        "random, the estimates are wrong."
    ]


def _p_of_difference(first: FloatArray, second: FloatArray) -> float:
    """The p-value of Welch's test of two means; one of both parts may be constant."""
    summaries = [(part.mean(), np.std(part, ddof=1), len(part)) for part in (first, second)]
    test = stats.ttest_ind_from_stats(*summaries[0], *summaries[1], equal_var=False)
    return float(test.pvalue)


def _other_n(found: Sample) -> list[str]:
    """Doubt probabilities that are known of all items but would have drawn another number."""
    known = found.probabilities
    if known is None or np.isnan(known).any():
        return []
    expected, n = float(known.sum()), int(found.rated.sum())
    spread = np.sqrt(float((known * (1 - known)).sum()))
    if abs(n - expected) <= max(stats.norm.isf(UNLIKELY / 2) * spread, 1):
        return []
    return [
        f"By their probabilities, about {expected:,.0f} items would have been given to people, but "
        f"they rated {n:,}. Check the probabilities."
    ]


def _constant(values: FloatArray) -> bool:
    """Whether all are the same, or differ by so little that their squares vanish."""
    return bool(np.ptp(values) == 0 or np.var(values) == 0)


class _Check:
    """Refuses what cannot be estimated, with a DataError."""

    def __init__(self, table: Path, people: str) -> None:
        self.table, self.people = table, people

    def part(self, part: Sample, coefficients: int, where: str = "") -> None:
        """Refuse items of which people rated none, too few, or all, or all alike."""
        n, items = int(part.rated.sum()), len(part.human)
        needed = coefficients + 2
        if n == 0:
            raise self._cannot(
                f"people rated none of the {counted(items, 'item')}{where}: have a random part of "
                "them rated, write the ratings into this column, and leave the other fields empty"
            )
        if n < needed:
            raise self._cannot(
                f"people rated {only(n, 'item')}{where}; at least {needed} are needed, better "
                f"{FEW} or more"
            )
        if n == items and not where:
            raise self._cannot(
                f"people rated all {counted(items, 'item')}, so there is nothing to correct: "
                "analyse their ratings alone"
            )
        if n == items and part.probabilities is None:
            raise self._cannot(
                f"people rated all {counted(items, 'item')}{where}, so there is nothing to correct "
                "in that group: analyse people's ratings alone, or take more items into the table"
            )
        if _constant(part.human[part.rated]):
            raise self._cannot(
                f"all {n:,} ratings by people{where} are {part.human[part.rated][0]:g}, which says "
                "nothing about how far others may differ"
            )

    def predictors(self, found: Sample, option: str, names: Sequence[str]) -> None:
        """Refuse predictors that are constant, or follow from others, in a part of the items."""
        parts = {
            "all items": np.full(len(found.human), True),
            RATED: found.rated,
        }
        if found.probabilities is None:
            parts["the items that people did not rate"] = ~found.rated
        for where, at in parts.items():
            held = np.ones((int(at.sum()), 1))
            for name in names:
                values = found.covariates[name][at]
                if _constant(values):
                    raise DataError(
                        f"{self.table}, column {name!r}: it is {values[0]:g} for {where}: leave "
                        f"out {option} {name}"
                    )
                if option == "--on" and np.std(values) * FARTHEST < abs(values.mean()):
                    raise DataError(
                        f"{self.table}, column {name!r}: for {where}, it is "
                        f"{values.mean():.10g} on average and differs too little from that to be "
                        f"computed with (SD = {np.std(values):.2g}): subtract a round number such "
                        f"as {np.floor(values.min()):.10g} from all of it"
                    )
                # Units must not decide what counts as the same.
                scaled = (values - values.mean()) / np.std(values)
                held = np.column_stack([held, scaled])
                if np.linalg.matrix_rank(held, tol=1e-8 * len(held) ** 0.5) < held.shape[1]:
                    others = ", ".join(names[: names.index(name)])
                    raise DataError(
                        f"{self.table}, column {name!r}: for {where}, it follows from {others}: "
                        f"leave out {option} {name}, or one of the others"
                    )
            if where == RATED:
                self._some_error(held, found.human[at], option, names)

    def _some_error(
        self, held: FloatArray, human: FloatArray, option: str, names: Sequence[str]
    ) -> None:
        """Refuse ratings that predictors foretell without error: often the same column twice."""
        foretold = held @ np.linalg.lstsq(held, human)[0]
        if np.std(human - foretold) < EXACT * np.std(human):
            raise self._cannot(
                f"for all {len(human):,} items that people rated, it follows exactly from "
                f"{listed(names)}, which leaves nothing to estimate: if that is not the same "
                f"ratings under another name, have more items rated, or leave out {option}"
            )

    def _cannot(self, problem: str) -> DataError:
        return DataError(f"{self.table}, column {self.people!r}: {problem}")
