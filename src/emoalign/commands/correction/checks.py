"""Refuses items from which nothing can be estimated, and says what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from emoalign.commands.correction.named import Named
from emoalign.commands.correction.sample import FEW, Sample
from emoalign.errors import DataError
from emoalign.statistics.pairs import FloatArray
from emoalign.wording import counted, listed, only

FARTHEST = 1e5
"""Mean of a predictor, in its SDs, beyond which least squares loses more than half its digits."""

EXACT = 1e-7
"""SD of errors, in SDs of what is foretold, below which they are those of arithmetic."""

ALL, RATED = "all items", "the items that people rated"


class _Predictor(NamedTuple):
    """A column that something is regressed on or correlated with, of a part of the items."""

    option: str
    name: str
    values: FloatArray

    @property
    def may_go(self) -> bool:
        """Whether the rest can be estimated without it."""
        return self.option in ("--with", "--on")


def check(table: Path, found: Sample, named: Named) -> None:
    """Raises DataError if the items of a table do not allow what was asked for."""
    of_people = _Check(table, named.people)
    if named.outcome is not None:
        of_people.some(found, 2 + len(named.on))
        of_people.differ(found)
        _check_outcome(table, found, named)
        return
    of_people.part(found, 1)
    for name, of_group in found.groups.items():
        of_people.part(found.of(of_group), 1, f" with {named.by} = {name}")
    if named.covariate is not None:
        of_people.part(found, 2)
        of_people.predictors(found, "--with", [named.covariate])
    if named.on:
        of_people.part(found, 1 + len(named.on))
        of_people.predictors(found, "--on", named.on)


def _check_outcome(table: Path, found: Sample, named: Named) -> None:
    """Refuse an outcome that cannot be regressed on a norm of all items, or of the rated ones."""
    outcome, of_outcome = found.outcome, _Check(table, str(named.outcome))
    at = found.rated
    if _constant(outcome) or _constant(outcome[at]):
        where = ALL if _constant(outcome) else RATED
        raise DataError(
            f"{table}, column {named.outcome!r}: it is {outcome[at][0]:g} for {where}: name "
            "another column by --outcome"
        )
    norms = [("--model", name, found.norms[name]) for name in named.models]
    every = np.full(len(at), True)
    parts = [(ALL, every, norms[0])]
    parts += [(RATED, at, norm) for norm in (("--people", named.people, found.human), *norms)]
    for where, part, (option, name, values) in parts:
        given = [_Predictor("--on", x, found.covariates[x][part]) for x in named.on]
        given.insert(0, _Predictor(option, name, values[part]))
        of_outcome.follow_not(where, given)
        of_outcome.some_error(given, outcome[part], where)


def _constant(values: FloatArray) -> bool:
    """Whether all are the same, or differ by so little that their squares vanish."""
    return bool(np.ptp(values) == 0 or np.var(values) == 0)


class _Check:
    """Refuses what cannot be estimated of a column, with a DataError."""

    def __init__(self, table: Path, column: str) -> None:
        self.table, self.column = table, column

    def part(self, part: Sample, coefficients: int, where: str = "") -> None:
        """Refuse items of which people rated none, too few, or all, or all alike."""
        self.some(part, coefficients, where)
        n, items = int(part.rated.sum()), len(part.human)
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
        self.differ(part, where)

    def some(self, part: Sample, coefficients: int, where: str = "") -> None:
        """Refuse items of which people rated none, or too few for the coefficients."""
        n, items, needed = int(part.rated.sum()), len(part.human), coefficients + 2
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

    def differ(self, part: Sample, where: str = "") -> None:
        """Refuse ratings by people that are all alike."""
        human = part.human[part.rated]
        if _constant(human):
            raise self._cannot(
                f"all {len(human):,} ratings by people{where} are {human[0]:g}, which says nothing "
                "about how far others may differ"
            )

    def predictors(self, found: Sample, option: str, names: Sequence[str]) -> None:
        """Refuse predictors that are constant, or follow from others, in a part of the items."""
        parts = {ALL: np.full(len(found.human), True), RATED: found.rated}
        if found.probabilities is None:
            parts["the items that people did not rate"] = ~found.rated
        for where, at in parts.items():
            given = [_Predictor(option, name, found.covariates[name][at]) for name in names]
            self.follow_not(where, given)
            if where == RATED:
                self.some_error(given, found.human[at], where)

    def follow_not(self, where: str, given: Sequence[_Predictor]) -> None:
        """Refuse predictors that are constant or follow from those before them."""
        held = np.ones((len(given[0].values), 1))
        for place, one in enumerate(given):
            values, leave_out = one.values, f"leave out {one.option} {one.name}"
            if _constant(values):
                raise self._useless(
                    one,
                    f"it is {values[0]:g} for {where}: "
                    + (leave_out if one.may_go else f"name another column by {one.option}"),
                )
            if one.option != "--with" and np.std(values) * FARTHEST < abs(values.mean()):
                raise self._useless(
                    one,
                    f"for {where}, it is {values.mean():.10g} on average and differs too little "
                    f"from that to be computed with (SD = {np.std(values):.2g}): subtract a round "
                    f"number such as {np.floor(values.min()):.10g} from all of it",
                )
            held = np.column_stack([held, _scaled(values)])
            if np.linalg.matrix_rank(held, tol=1e-8 * len(held) ** 0.5) < held.shape[1]:
                others = [other.name for other in given[:place]]
                raise self._useless(
                    one,
                    f"for {where}, it follows from {', '.join(others)}: {leave_out}"
                    + (
                        ", or one of the others" if sum(other.may_go for other in given) > 1 else ""
                    ),
                )

    def some_error(self, given: Sequence[_Predictor], foretold: FloatArray, where: str) -> None:
        """Refuse values that predictors foretell without error: often the same column twice."""
        held = np.column_stack([np.ones(len(foretold)), *(_scaled(one.values) for one in given)])
        errors = foretold - held @ np.linalg.lstsq(held, foretold)[0]
        if np.std(errors) >= EXACT * np.std(foretold):
            return
        names, option = [one.name for one in given], given[-1].option
        remedy = (
            f"if that is not the same ratings under another name, have more items rated, or leave "
            f"out {option}"
            if given[0].may_go
            else f"name another column by --outcome or {given[0].option}"
        )
        n = f"all {len(foretold):,} items{' that people rated' if where == RATED else ''}"
        raise self._cannot(
            f"for {n}, it follows exactly from {listed(names)}, which leaves nothing to estimate: "
            f"{remedy}"
        )

    def _useless(self, one: _Predictor, problem: str) -> DataError:
        return DataError(f"{self.table}, column {one.name!r}: {problem}")

    def _cannot(self, problem: str) -> DataError:
        return DataError(f"{self.table}, column {self.column!r}: {problem}")


def _scaled(values: FloatArray) -> FloatArray:
    """Values in SDs from their mean: units must not decide what counts as the same."""
    scaled: FloatArray = (values - values.mean()) / np.std(values)
    return scaled
