"""Parts of a card of recorded ratings: what its columns are called, and what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import BeforeValidator, Field, field_validator, model_validator

from emoalign.study.fields import LONGEST_NAME, Entry, Name

ANY = "*"
"""What stands for the participants in the name of a column."""


ItemKey = Literal["item", "text", "image"]
ITEM_KEYS: tuple[ItemKey, ...] = get_args(ItemKey)


def _listed(value: object) -> tuple[object, ...]:
    """A value, or a list of them, as texts, as they would stand in a CSV file."""
    values = value if isinstance(value, list | tuple) else [value]
    if any(isinstance(each, bool) for each in values):
        raise ValueError(
            "true and false are written as they stand in the file, in quotation marks, such as "
            '"TRUE"'
        )
    return tuple(f"{each:.15g}" if isinstance(each, int | float) else each for each in values)


Written = Annotated[
    tuple[str, ...],
    BeforeValidator(_listed, json_schema_input_type=str | float | list[str | float]),
    Field(min_length=1),
]
"""What stands in the fields of a table: one value or several, each a text or a number."""


class RecordedColumns(Entry):
    """Names of the columns of recorded ratings; columns not named are not read."""

    short: ClassVar[str] = "item: ..., rating: {0}"

    item: str | None = Field(
        None,
        description="Column with the dataset's own id of the item. Give this, or text or image.",
    )
    text: str | None = Field(
        None,
        description="Column with the text of the item, compared to the last character. It cannot "
        "tell items with the same text apart: prefer ids.",
    )
    image: str | None = Field(
        None,
        description="Column with the name of the image's file, with or without its end (.jpg); "
        "folders before it do not count.",
    )
    participant: str | None = Field(
        None,
        description="Column that says whose rating a row is; without it, the ratings of an item "
        "are numbered as they come.",
    )
    scale: str | None = Field(
        None, description="Column with the name of the scale; for a table of one scale see scale."
    )
    protocol: str | None = Field(
        None,
        description="Column with the name of the protocol: only its rows are used. Without it, all "
        "rows are used for every protocol.",
    )
    rating: str | None = Field(
        None, description="Column with the rating: a number, in points of the scale."
    )
    answer: str | None = Field(
        None,
        description="Column with the raw answer, read as strictly as a model's, or as answer "
        "says. With rating as well, the two must agree in every row.",
    )
    ratings: dict[Name, Written] = Field(
        default_factory=dict,
        description="In place of rating, for wide tables: the column of each scale. Where each "
        "participant has a column, a list of them, or one name with * for what differs: "
        '{valence: "val_*", arousal: "aro_*"}.',
    )
    answers: dict[Name, Written] = Field(
        default_factory=dict,
        description="In place of answer, for wide tables: columns of raw answers, as in ratings.",
    )
    status: str | None = Field(
        None,
        description="Column that says what became of an answer: ok, refusal, ..., or other words "
        "that statuses explains. An answer whose status is not ok is no rating, whatever it says.",
    )

    @model_validator(mode="after")
    def _enough(self) -> RecordedColumns:
        if sum(getattr(self, key) is not None for key in ITEM_KEYS) != 1:
            raise ValueError("say which column holds the item: give either item, text or image")
        if (self.rating or self.answer) and self.wide:
            raise ValueError(
                "rating and answer are for tables with a row for each rating, ratings and answers "
                "for wide ones: give one or the other"
            )
        if not (self.rating or self.answer or self.wide):
            raise ValueError(
                "say which column holds the ratings: give rating, answer or both (in a wide table: "
                "ratings or answers)"
            )
        return self

    @model_validator(mode="after")
    def _wide_is_clear(self) -> RecordedColumns:
        for key, scale, names in self._wide_columns():
            starred = [name for name in names if ANY in name]
            if self.participant and (len(names) > 1 or starred):
                raise ValueError(
                    f"{key}.{scale}: several columns are those of several participants, but "
                    f"participant names a column with their names ({self.participant!r}): then "
                    "each scale has one column"
                )
            if starred and len(names) > 1:
                raise ValueError(f"{key}.{scale}: write either one name with * or a list of names")
            if starred and starred[0].count(ANY) > 1:
                raise ValueError(f"{key}.{scale}: * may stand in a name once")
            if len(set(names)) < len(names):
                raise ValueError(f"{key}.{scale}: names a column more than once")
        if self.wide and self.scale:
            raise ValueError("scale: a wide table has the scales in ratings; leave out scale")
        return self

    def _wide_columns(self) -> Iterator[tuple[str, str, tuple[str, ...]]]:
        for key in ("ratings", "answers"):
            for scale, names in getattr(self, key).items():
                yield key, scale, names

    @property
    def item_key(self) -> ItemKey:
        """The key that names the column of the items."""
        return next(key for key in ITEM_KEYS if getattr(self, key) is not None)

    @property
    def wide(self) -> bool:
        """Tell whether ratings of one item on several scales, or of several people, share a row."""
        return bool(self.ratings or self.answers)

    @property
    def starred(self) -> bool:
        """Tell whether columns are found by names in which * stands for the participants."""
        return any(ANY in name for _, _, names in self._wide_columns() for name in names)

    @property
    def raw(self) -> bool:
        """Tell whether there are raw answers."""
        return self.answer is not None or bool(self.answers)

    def scales(self) -> list[str]:
        """The scales that have columns of their own, in a wide table."""
        return sorted({*self.ratings, *self.answers})

    def single(self) -> dict[str, str]:
        """The columns that a row has once, by their keys."""
        named = self.model_dump(exclude_none=True, exclude={"ratings", "answers"})
        return {key: str(name) for key, name in named.items()}


class ModelColumn(Entry):
    """Several models in one table: each value of a column is a model of the study."""

    short: ClassVar[str] = "column: {0}"

    column: str = Field(description="Column that says whose rows they are, such as model.")
    values: dict[Name, str] = Field(
        default_factory=dict,
        description="The models that are used: a list of values, or values by the names that they "
        "get in results, {gpt-4: GPT-4 (2023-06)}. Without it, all values are used, each named "
        "after itself.",
    )

    @field_validator(
        "values",
        mode="before",
        json_schema_input_type=dict[Name, str] | list[str | float],
    )
    @classmethod
    def _named(cls, values: object) -> object:
        if not isinstance(values, list | tuple):
            return values
        return names_of([str(value) for value in _listed(values)])


def names_of(values: list[str]) -> dict[str, str]:
    """Values by names that models may have: other characters become hyphens.

    Raises ValueError where a value leaves nothing for a name, or two would have the same.
    """
    named: dict[str, str] = {}
    for value in values:
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", value).strip("-._")[:LONGEST_NAME]
        remedy = f"give each a name: values: {{my-name: {value!r}, ...}}"
        if not name:
            raise ValueError(f"the value {value!r} makes no name; {remedy}")
        if name in named:
            raise ValueError(
                f"the values {named[name]!r} and {value!r} would both be called {name!r}; {remedy}"
            )
        named[name] = value
    return named


class RecordedAnswer(Entry):
    """The form of raw answers, where it is another than the rule for all answers expects."""

    short: ClassVar[str] = "kind: json, key: rating"

    kind: Literal["text", "labels", "json"] = Field(
        description="text: a number and nothing else. labels: a JSON array of labels. json: a JSON "
        "object, in a code fence or not, that holds the rating under a key."
    )
    key: str | None = Field(
        None, min_length=1, description="json: the key that holds the rating, such as rating."
    )
    keys: dict[Name, str] = Field(
        default_factory=dict,
        description="json: the key of each scale, where one object holds several, "
        "{valence: V, arousal: A}.",
    )
    around: bool = Field(
        False,
        description="json: whether text may stand around the code fence. Then exactly one fence is "
        "looked for, and an answer with none or several is unparsable.",
    )

    @model_validator(mode="after")
    def _one_way(self) -> RecordedAnswer:
        given = self.key is not None, bool(self.keys)
        if self.kind == "json" and sum(given) != 1:
            raise ValueError("json: say which key holds the rating: give either key or keys")
        if self.kind != "json" and (any(given) or self.around):
            raise ValueError(f"{self.kind}: key, keys and around belong to kind: json")
        return self

    def key_of(self, scale: str) -> str | None:
        """The key that holds the rating on a scale."""
        return self.key or self.keys.get(scale)

    def in_words(self) -> str:
        """The rule, for logs and the report."""
        if self.kind != "json":
            return {"text": "a number and nothing else", "labels": "a JSON array of labels"}[
                self.kind
            ]
        keys = [self.key] if self.key else self.keys.values()
        named = ", ".join(f'"{key}"' for key in keys)
        where = "a JSON object or a code fence with one" if self.around else "a JSON object"
        return f"what stands under {named} in {where}"
