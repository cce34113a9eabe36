"""The columns and the format of a table, as given in a dataset's card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator

from emoalign.stimuli.readers.base import Source
from emoalign.stimuli.readers.group_columns import GroupColumns, RaterGroups
from emoalign.stimuli.table_format import TableFormat
from emoalign.study.fields import Entry, FileSource, Name
from emoalign.study.scales import HumanDetail


class ScaleColumns(Entry):
    """Columns with the human ratings on one scale."""

    short: ClassVar[str] = "mean: {0}"

    mean: str | None = Field(
        None, description="Column with the mean. Give this, ratings or labels."
    )
    sd: str | None = Field(None, description="Column with the SD over raters.")
    n: str | None = Field(None, description="Column with the number of raters.")
    ratings: tuple[str, ...] = Field(
        (),
        description="Columns with single ratings; mean, SD and n follow from them.",
    )
    labels: str | None = Field(
        None,
        description="Column with the labels a rater chose, separated by label_separator.",
    )
    by_group: GroupColumns | None = Field(
        None, description="Columns with the norms of groups of raters, see groups."
    )

    @model_validator(mode="after")
    def _enough(self) -> ScaleColumns:
        if sum((self.mean is not None, bool(self.ratings), self.labels is not None)) != 1:
            raise ValueError("say which columns contain the ratings: give mean, ratings or labels")
        for name, count in Counter(self.ratings).items():
            if count > 1:
                raise ValueError(f"ratings names the column {name!r} more than once")
        if self.mean is None and (self.sd is not None or self.n is not None):
            raise ValueError("sd and n belong to mean; they follow from single ratings")
        if self.mean is None and self.by_group is not None:
            raise ValueError(
                "by_group belongs to mean; for single ratings, name the column with the rater's "
                "group under groups"
            )
        return self

    def named(self) -> dict[str, str]:
        """The names of the columns by the key that gives them."""
        single = {f"ratings.{place}": name for place, name in enumerate(self.ratings)}
        summary = {"mean": self.mean, "sd": self.sd, "n": self.n, "labels": self.labels}
        return {key: name for key, name in summary.items() if name is not None} | single


class JoinedTable(TableFormat):
    """A table with human ratings and item ids."""

    table: FileSource = Field(description="The table: CSV, TSV, XLSX, XLS, Parquet or JSONL.")
    label_separator: str = Field(
        ";", min_length=1, description="Separator of several labels in a field."
    )
    rows: Literal["items", "ratings"] = Field(
        "items",
        description="items: a row per item. ratings: a row per rating.",
    )
    rater: str | None = Field(
        None,
        description="With rows: ratings, column that identifies the rater. Only a hash is kept.",
    )
    columns_are_raters: bool = Field(
        False,
        description="Whether each rating column is one person throughout.",
    )
    id: str = Field(description="Column with the unique id of the item.")
    scales: dict[Name, ScaleColumns] = Field(
        default_factory=dict, description="Columns with human ratings, by scale."
    )
    covariates: dict[Name, str] = Field(
        default_factory=dict,
        description=(
            "Columns with numbers that may explain agreement, by name, such as concreteness; "
            "length, words or frequency take the place of those that are computed."
        ),
    )
    sd_ddof: Literal[0, 1] = Field(
        1,
        description="1 if SDs were computed with n − 1, 0 if with n (converted).",
    )
    groups: dict[Name, RaterGroups] = Field(
        default_factory=dict,
        description="Groups of raters to compare, by attribute, such as sex.",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self.format_of(self.table)
        if self.rater is not None and self.rows != "ratings":
            raise ValueError(
                "rater says who gave the rating in a row, and belongs to rows: ratings; where "
                "each person has a column, set columns_are_raters: true"
            )
        self.check_confidential("id")
        if self.rater is not None and self.rater in self.covariates.values():
            raise ValueError(
                f"covariates names the column {self.rater!r}, which rater names too; a covariate "
                "is a number of the item"
            )
        if self.columns_are_raters and self.rows == "ratings":
            raise ValueError(
                "columns_are_raters: with rows: ratings, each row is one person's rating: give "
                "as rater the column that identifies that person"
            )
        if self.columns_are_raters and not any(one.ratings for one in self.scales.values()):
            raise ValueError("columns_are_raters: no scale has columns of single ratings")
        for name, columns in self.scales.items():
            if self.sd_ddof == 0 and columns.sd is not None and columns.n is None:
                raise ValueError(f"sd_ddof 0: scales.{name} needs n to convert its SDs")
            if self.rows == "ratings" and columns.mean is not None:
                raise ValueError(
                    f"rows: with a rating in each row, scales.{name} needs ratings, not mean"
                )
        return self

    @model_validator(mode="after")
    def _groups_have_columns(self) -> Self:
        by_group = [name for name, columns in self.scales.items() if columns.by_group]
        apart = [name for name, entry in self.groups.items() if entry.column is None]
        if by_group and not apart:
            raise ValueError(
                f"scales.{by_group[0]}.by_group: {{group}} stands for the groups under groups, "
                "where there are none without a column, such as sex: {names: {M: men, F: women}}"
            )
        codes: dict[str, str] = {}
        for name in apart:
            for code in self.groups[name].names:
                if codes.setdefault(code, name) != name:
                    raise ValueError(
                        f"groups.{name}: the code {code} is in groups.{codes[code]} too, but "
                        "{group} stands for both, so they would be the same columns: each group "
                        "of columns needs a code of its own"
                    )
        for name, entry in self.groups.items():
            if entry.column is None and not by_group:
                raise ValueError(
                    f"groups.{name}: no scale says which columns have the norms of its groups, "
                    "such as by_group: {mean: 'V.Mean.{group}'}; for single ratings, give the "
                    "column with the rater's group"
                )
            if entry.column is not None and self.rows != "ratings":
                raise ValueError(
                    f"groups.{name}.column says which group the rater of a row belongs to, and "
                    "belongs to rows: ratings"
                )
            if entry.column is not None and entry.column == self.rater:
                raise ValueError(
                    f"groups.{name} names the column {self.rater!r}, which rater names too: the "
                    "results would then contain people's ids. Name the column with their group"
                )
            if entry.column is not None and not any(one.ratings for one in self.scales.values()):
                raise ValueError(f"groups.{name}: no scale has single ratings")
        for name, columns in self.scales.items():
            patterns = columns.by_group.patterns() if columns.by_group else {}
            if self.sd_ddof == 0 and "sd" in patterns and "n" not in patterns:
                raise ValueError(f"sd_ddof 0: scales.{name}.by_group needs n to convert its SDs")
        return self

    def check_confidential(self, *keys: str) -> None:
        """Raise ValueError where one of these names the column that says who rated: what stands
        in theirs is kept and shown as it is."""
        for key in keys:
            if self.rater is not None and getattr(self, key) == self.rater:
                raise ValueError(
                    f"{key} names the column {self.rater!r}, which rater names too: the results "
                    "would then contain people's ids, of which only a hash should be kept. Name "
                    f"a different column for {key}"
                )


class ItemTable(JoinedTable, Source):
    """A table of items, which others may add ratings to."""

    reader: Literal["table", "anew"] = Field(description="The file format.")
    text: str | None = Field(None, description="Column with the word or sentence.")
    image: str | None = Field(None, description="Column with the image file name.")
    image_suffix: str = Field("", description="Ending to add to the name, such as .jpg.")
    stratum: str | None = Field(
        None, description="Column with a group of items, such as a category."
    )
    split: str | None = Field(None, description="Column with a split.")
    cluster: str | None = Field(
        None,
        description=(
            "Column that groups dependent items, such as a lemma or document; an empty "
            "field forms its own group."
        ),
    )
    joined: tuple[JoinedTable, ...] = Field(
        (), description="Further tables with ratings of the same items, joined by id."
    )

    @model_validator(mode="after")
    def _one_stimulus(self) -> Self:
        if (self.text is None) == (self.image is None):
            raise ValueError("say which column contains the stimulus: give either text or image")
        self.check_confidential("text", "image", "stratum", "split", "cluster")
        names = [name for part in self.parts() for name in part.scales]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"scales in more than one table: {', '.join(twice)}")
        covariates = [name for part in self.parts() for name in part.covariates]
        again = sorted({name for name in covariates if covariates.count(name) > 1})
        if again:
            raise ValueError(f"covariates in more than one table: {', '.join(again)}")
        return self

    def for_norms(self) -> Self:
        """The same with the codes of groups, but numbers for their names."""
        plain = self.without_directions()
        joined = tuple(
            part.model_copy(update={"groups": _numbered(part.groups)}) for part in plain.joined
        )
        return plain.model_copy(update={"groups": _numbered(plain.groups), "joined": joined})

    def parts(self) -> tuple[JoinedTable, ...]:
        """The table of the items, then the others."""
        return (self, *self.joined)

    def columns(self) -> dict[str, ScaleColumns]:
        """The columns of every scale, whichever table they are in."""
        return {name: columns for part in self.parts() for name, columns in part.scales.items()}

    def covariate_names(self) -> tuple[str, ...]:
        """The covariates of all tables, ascending."""
        return tuple(sorted(name for part in self.parts() for name in part.covariates))

    def grouped(self, scales: Collection[str]) -> bool:
        """Whether groups of raters are told apart on one of these scales."""
        return any(
            columns.by_group is not None
            or (columns.ratings and any(entry.column for entry in part.groups.values()))
            for part in self.parts()
            for name, columns in part.scales.items()
            if name in scales
        )

    def scale_names(self) -> tuple[str, ...]:
        """The scales that one of the tables has columns for."""
        return tuple(self.columns())

    def printed_in(self, scale: str) -> FileSource | None:
        """The table with the means on a scale."""
        return next((part.table for part in self.parts() if scale in part.scales), None)

    def printed_columns(self, scale: str) -> tuple[str, str]:
        """The names of the columns of texts, and of means on a scale; the scale's own name where
        means follow from single ratings."""
        return self.text or self.id, self.columns()[scale].mean or scale

    def detail(self, scale: str, min_raters: int) -> HumanDetail:
        """What the columns of the scale can tell: as many ratings as there are columns, unless
        each row is a rating."""
        part = next((one for one in self.parts() if scale in one.scales), None)
        if part is None:
            return "nothing"
        columns = part.scales[scale]
        if columns.mean is not None:
            return "means" if columns.sd is None else "SDs"
        n = len(columns.ratings) or 1
        if part.rows == "ratings" or n >= min_raters:
            return "distributions"
        return "means" if n == 1 else "SDs"


def _numbered(groups: Mapping[str, RaterGroups]) -> dict[str, RaterGroups]:
    return {
        attribute: entry.model_copy(
            update={"names": {code: str(k) for k, code in enumerate(sorted(entry.names), 1)}}
        )
        for attribute, entry in groups.items()
    }
