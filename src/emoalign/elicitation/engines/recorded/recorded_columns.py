"""Parts of a card of recorded ratings: what its columns are called, and what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import BeforeValidator, Field, field_validator, model_validator

from emoalign.study.fields import LONGEST_NAME, Entry, Name

ANY = "*"
"""The part of a column name that stands for the participant."""


ItemKey = Literal["item", "text", "image"]
ITEM_KEYS: tuple[ItemKey, ...] = get_args(ItemKey)


def _listed(value: object) -> tuple[object, ...]:
    """A value, or a list of them, as texts, as they would stand in a CSV file."""
    values = value if isinstance(value, list | tuple) else [value]
    if any(isinstance(each, bool) for each in values):
        raise ValueError(
            'write true and false exactly as in the file, in quotation marks, such as "TRUE"'
        )
    return tuple(f"{each:.15g}" if isinstance(each, int | float) else each for each in values)


Written = Annotated[
    tuple[str, ...],
    BeforeValidator(_listed, json_schema_input_type=str | float | list[str | float]),
    Field(min_length=1),
]
"""One or several values of a field, each a text or a number."""


class RecordedColumns(Entry):
    """Column names of recorded ratings; other columns are not read."""

    short: ClassVar[str] = "item: ..., rating: {0}"

    item: str | None = Field(
        None,
        description="Id of the item. Give item, text or image.",
    )
    text: str | None = Field(
        None,
        description="Text of the item, matched exactly; ids are safer.",
    )
    image: str | None = Field(
        None,
        description="Image file name, with or without extension; folders are ignored.",
    )
    participant: str | None = Field(
        None,
        description="Participant. Default: ratings are numbered in row order.",
    )
    session: str | None = Field(
        None,
        description="Session of the participant. Default, with position: one each.",
    )
    position: str | None = Field(
        None,
        description="Place of the item in its session, from 1.",
    )
    scale: str | None = Field(
        None,
        description="Scale name; for a single scale use scale instead.",
    )
    protocol: str | None = Field(
        None,
        description="Protocol of the row. Default: every protocol uses all rows.",
    )
    rating: str | None = Field(None, description="Rating: a point of the scale.")
    answer: str | None = Field(
        None,
        description=(
            "Raw answer, parsed as strictly as a model's. Must agree with rating, if given."
        ),
    )
    ratings: dict[Name, Written] = Field(
        default_factory=dict,
        description=(
            "Wide tables: rating column by scale; for a column per participant a list or "
            'pattern, {valence: "val_*"}.'
        ),
    )
    answers: dict[Name, Written] = Field(
        default_factory=dict,
        description="Wide tables: columns of raw answers, as in ratings.",
    )
    status: str | None = Field(
        None,
        description="Status of the answer; only ok counts as a rating, whatever the text.",
    )
    completions: dict[Name, str] = Field(
        default_factory=dict,
        description=(
            "Columns of what the model wrote in place of the published means, by scale, for a "
            "protocol of kind recitation."
        ),
    )

    @model_validator(mode="after")
    def _enough(self) -> RecordedColumns:
        if sum(getattr(self, key) is not None for key in ITEM_KEYS) != 1:
            raise ValueError(
                "say which column identifies the item: give either item, text or image"
            )
        if (self.rating or self.answer) and self.wide:
            raise ValueError(
                "rating and answer are for tables with one row per rating, ratings and answers "
                "for wide tables: give one pair or the other"
            )
        if not (self.rating or self.answer or self.wide):
            raise ValueError(
                "say which column contains the ratings: give rating, answer or both (in a wide "
                "table: ratings or answers)"
            )
        return self

    @model_validator(mode="after")
    def _wide_is_clear(self) -> RecordedColumns:
        for key, scale, names in self._wide_columns():
            starred = [name for name in names if ANY in name]
            if self.participant and (len(names) > 1 or starred):
                raise ValueError(
                    f"{key}.{scale}: several columns mean several participants, but participant "
                    f"already names a column that identifies them ({self.participant!r}). Give "
                    "one column per scale, or leave out participant"
                )
            if starred and len(names) > 1:
                raise ValueError(f"{key}.{scale}: write either one name with * or a list of names")
            if starred and starred[0].count(ANY) > 1:
                raise ValueError(f"{key}.{scale}: * may occur only once in a name")
            if len(set(names)) < len(names):
                raise ValueError(f"{key}.{scale}: the same column is named more than once")
        if self.position and not (self.session or self.participant or self.wide):
            raise ValueError(
                "position: say in whose session the item had this place: give participant or "
                "session"
            )
        if self.wide and self.scale:
            raise ValueError(
                "scale: in a wide table, ratings or answers name the scales; leave out scale"
            )
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
    def tells_participants(self) -> bool:
        """Tell whether it is known which ratings are of one participant, or of one session."""
        several = any(len(names) > 1 for _, _, names in self._wide_columns())
        return bool(self.participant or self.session or self.starred or several)

    @property
    def raw(self) -> bool:
        """Tell whether there are raw answers."""
        return self.answer is not None or bool(self.answers)

    def scales(self) -> list[str]:
        """The scales that have columns of their own, in a wide table."""
        return sorted({*self.ratings, *self.answers})

    def single(self) -> dict[str, str]:
        """The columns that a row has once, by their keys."""
        named = self.model_dump(exclude_none=True, exclude={"ratings", "answers", "completions"})
        return {key: str(name) for key, name in named.items()}


class ModelColumn(Entry):
    """The column that distinguishes several models in one table."""

    short: ClassVar[str] = "column: {0}"

    column: str = Field(description="Column that names the model.")
    values: dict[Name, str] = Field(
        default_factory=dict,
        description=(
            "Models to use: values, or names in the results with their values, {gpt-4: "
            "GPT-4 (2023-06)}. Default: all."
        ),
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
        remedy = f"give each model a name: values: {{my-name: {value!r}, ...}}"
        if not name:
            raise ValueError(f"the value {value!r} is not a valid name; {remedy}")
        if name in named:
            raise ValueError(
                f"the values {named[name]!r} and {value!r} would both be called {name!r}; {remedy}"
            )
        named[name] = value
    return named


class RecordedAnswer(Entry):
    """The form of raw answers, if not the general one."""

    short: ClassVar[str] = "kind: json, key: rating"

    kind: Literal["text", "labels", "json"] = Field(
        description=(
            "text: a number only. labels: a JSON array. json: a JSON object, fenced or not."
        )
    )
    key: str | None = Field(None, min_length=1, description="json: key of the rating.")
    keys: dict[Name, str] = Field(
        default_factory=dict,
        description="json: key of each scale, {valence: V, arousal: A}.",
    )
    around: bool = Field(
        False,
        description="json: allow text around exactly one code fence.",
    )
    structured: bool = Field(
        False,
        description=(
            "json: a schema of the requests allowed nothing but the object with its key first, so "
            "that the exact readout may begin at the value."
        ),
    )

    @model_validator(mode="after")
    def _one_way(self) -> RecordedAnswer:
        given = self.key is not None, bool(self.keys)
        if self.kind == "json" and sum(given) != 1:
            raise ValueError("json: say where the rating is: give either key or keys")
        if self.kind != "json" and (any(given) or self.around or self.structured):
            raise ValueError(
                f"{self.kind}: key, keys, around and structured can only be used with kind: json"
            )
        if self.around and self.structured:
            raise ValueError("json: a structured answer has nothing around it; leave out around")
        return self

    def key_of(self, scale: str) -> str | None:
        """The key that holds the rating on a scale."""
        return self.key or self.keys.get(scale)

    @property
    def readable_exactly(self) -> bool:
        """Tell whether it is known where the number begins."""
        return self.kind == "text" or (self.structured and self.key is not None)

    def in_words(self) -> str:
        """The rule, for logs and the report."""
        if self.kind != "json":
            return {"text": "a number and nothing else", "labels": "a JSON array of labels"}[
                self.kind
            ]
        keys = [self.key] if self.key else self.keys.values()
        named = ", ".join(f'"{key}"' for key in keys)
        where = "a JSON object or a code fence with one" if self.around else "a JSON object"
        return f"the value of {named} in {where}"
