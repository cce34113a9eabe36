"""Items that a model rated, and people in part; and why to doubt what is estimated from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from emoalign.commands.correction.columns import Columns
from emoalign.commands.correction.groups import two_groups
from emoalign.commands.correction.named import Named
from emoalign.statistics.pairs import FloatArray
from emoalign.wording import counted

FEW = 30
"""Items rated by people below which normal intervals are too narrow."""

UNLIKELY = 0.001
"""Probability of a difference by chance below which it is doubted that chance made it."""


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
        outcome: what is regressed on the ratings, (items,); (0,) if they are the outcome.
        norms: ratings by all models named, by their names; NaN where one of them is missing that
            is only compared.
    """

    model: FloatArray
    human: FloatArray
    covariates: Mapping[str, FloatArray]
    probabilities: FloatArray | None
    groups: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    lines: Sequence[int] = ()
    outcome: FloatArray = field(default_factory=lambda: np.empty(0))
    norms: Mapping[str, FloatArray] = field(default_factory=dict)

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
    """The items of a table. Raises DataError if there are not two groups where they are named."""
    numbers = columns.numbers
    groups = {}
    if named.by is not None:
        of_items = np.array(columns.groups)
        pair = two_groups(table, named.by, columns.groups)
        groups = {name: of_items == name for name in pair}
    asked_for = (named.covariate, *named.on)
    return Sample(
        numbers[named.model],
        numbers[named.people],
        {name: numbers[name] for name in asked_for if name is not None},
        None if named.probability is None else numbers[named.probability],
        groups,
        columns.lines,
        np.empty(0) if named.outcome is None else numbers[named.outcome],
        {name: numbers[name] for name in named.models},
    )


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
    if np.ptp(found.model) == 0 or len(rest) < 2:
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
