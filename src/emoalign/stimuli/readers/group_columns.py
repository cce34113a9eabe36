"""The columns of a table that say how groups of raters rated, as given in a dataset's card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field, model_validator

from emoalign.study.fields import Entry
from emoalign.study.scales import Label

GROUP = "{group}"
"""What stands in the name of a column for the code of a group."""


def _codes_as_text(names: Any) -> Any:
    """Codes such as 1 and 2, which YAML reads as numbers, as the table has them."""
    if not isinstance(names, Mapping):
        return names
    plain = (int, str)
    return {
        str(code) if isinstance(code, plain) and not isinstance(code, bool) else code: name
        for code, name in names.items()
    }


class RaterGroups(Entry):
    """Groups of raters that differ in one attribute, such as sex."""

    short: ClassVar[str] = "column: {0}"

    names: Annotated[dict[str, Label], BeforeValidator(_codes_as_text)] = Field(
        default_factory=dict,
        description=(
            "Names of the groups, such as women, by the code in the table. With column, the "
            "default is every value of the column."
        ),
    )
    column: str | None = Field(
        None,
        description=(
            "With rows: ratings, column with the rater's group. Default: each group has columns "
            "of its own (by_group)."
        ),
    )

    @model_validator(mode="after")
    def _two(self) -> RaterGroups:
        if self.column is None and not self.names:
            raise ValueError(
                "say which groups there are: names, such as {M: men, F: women}, or the column that "
                "contains the group of the rater of each row"
            )
        if len(self.names) == 1:
            raise ValueError("names: a comparison needs two groups or more")
        for name, count in Counter(map(str.casefold, self.names.values())).items():
            if count > 1:
                raise ValueError(f"names: two groups have the same name: {name}")
        return self


class GroupColumns(Entry):
    """Columns with the norms of each group, {group} standing for its code: V.Mean.{group}."""

    short: ClassVar[str] = "mean: {0}"

    mean: str = Field(description="Columns with the mean, such as V.Mean.{group}.")
    sd: str | None = Field(None, description="Columns with the SD over the raters of the group.")
    n: str | None = Field(None, description="Columns with the number of raters of the group.")

    @model_validator(mode="after")
    def _patterns(self) -> GroupColumns:
        for key, pattern in self.patterns().items():
            if GROUP not in pattern:
                raise ValueError(
                    f"{key}: {pattern!r} is the same column for every group: write {GROUP} where "
                    "the code of the group is, as in V.Mean.{group}"
                )
        return self

    def patterns(self) -> dict[str, str]:
        """The names of the columns by key, with {group} for the code."""
        named = {"mean": self.mean, "sd": self.sd, "n": self.n}
        return {key: pattern for key, pattern in named.items() if pattern is not None}

    def named(self, code: str) -> dict[str, str]:
        """The names of the columns of one group by key."""
        return {key: pattern.replace(GROUP, code) for key, pattern in self.patterns().items()}
