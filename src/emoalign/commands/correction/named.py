"""The columns of a table that the options of `emoalign correct` name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from emoalign.errors import DataError


@dataclass(frozen=True)
class Named:
    """The columns of a table that were named, by the options that name them.

    Attributes:
        models: ratings by models, or estimates. The first is corrected, and known of all items.
        people: people's, empty where they were not asked.
        outcome: what is regressed on the ratings; None if they are the outcome themselves.
        by: names of two groups of items, for their difference.
        covariate: numbers that people's ratings are correlated with.
        on: predictors of a regression.
        probability: with which people were asked about an item.
    """

    models: Sequence[str]
    people: str
    outcome: str | None = None
    by: str | None = None
    covariate: str | None = None
    on: Sequence[str] = ()
    probability: str | None = None

    @property
    def model(self) -> str:
        """The column that is corrected."""
        return self.models[0]

    def given(self) -> list[tuple[str, str]]:
        """Each option with the column it names, in the order of the help."""
        single = (
            ("--people", self.people),
            ("--outcome", self.outcome),
            ("--by", self.by),
            ("--with", self.covariate),
            ("--probability", self.probability),
        )
        named = [("--model", name) for name in self.models]
        named += [(option, name) for option, name in single if name is not None]
        return named + [("--on", name) for name in self.on]

    def once(self, table: Path) -> None:
        """Refuse a column with two parts. Groups and covariates may be predictors as well."""
        given = self.given()
        roles = [name for option, name in given if option not in ("--by", "--with")]
        twice = [name for name, times in Counter(roles).items() if times > 1]
        ratings = (*self.models, self.people)
        twice += [name for name in (self.by, self.covariate) if name in ratings]
        for name in filter(None, twice):
            options = dict.fromkeys(option for option, column in given if column == name)
            remedy = "name a column of its own for each" if len(options) > 1 else "name it once"
            raise DataError(
                f"{table}: the column {name!r} is given twice, by {' and '.join(options)}: {remedy}"
            )
