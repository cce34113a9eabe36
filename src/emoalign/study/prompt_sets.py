"""Prompt sets: templates, instructions for each scale, and the form of the answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from emoalign.study.fields import Entry, Name, Range, Text, whole_steps

AnswerKind = Literal[
    "text",
    "next_token",
    "labels",
    "joint",
    "structured",
    "structured_joint",
    "decimal",
    "distribution",
    "structured_distribution",
]
"""The form that an answer has to have."""

FEWEST_STRUCTURED = 16
"""Tokens of a JSON object with one key, line breaks included; with fewer, most would be cut."""


STATED_TOTAL = 100.0
"""What a stated distribution adds up to unless a prompt set says otherwise: people, or percent."""

STATED_TOLERANCE = 0.01
"""The distance of its sum from the total that is rounding, as a share of the total."""


_IN_NUMBERS = re.compile(r"[0-9０-９.．,，+＋−－-]+")
_IN_JSON = re.compile(r"[\s0-9.+\-{}\[\]:,\"`]+")
"""Strings that stand within an answer: one of numbers, or one in JSON, with its code fence."""


def _cuts(stop: str, kind: str) -> str | None:
    """The reason why a string would end answers of a kind that are not yet complete, after the
    string itself; None where it can stand within no such answer."""
    if not stop:
        return "would end every answer before it begins; leave it out"
    if kind in ("text", "next_token", "decimal"):
        if _IN_NUMBERS.fullmatch(stop.strip()) is None:
            return None
        return (
            "would cut numbers, as 7.5 to 7, which would count as a rating; write what follows the "
            'number, such as "\\n", or leave stop out'
        )
    if kind.startswith("structured") and not stop.strip():
        return (
            "may stand within an object, which would be cut; leave stop out: the server ends "
            "answers where the object ends"
        )
    if stop.strip() and _IN_JSON.fullmatch(stop):
        return (
            "is part of JSON, so that answers would be cut, and none could be read; leave stop "
            "out, or write what follows an answer"
        )
    return None


class AnswerFormat(Entry):
    """The form and end of an answer."""

    short: ClassVar[str] = "kind: {0}"

    renamed: ClassVar[Mapping[str, str]] = {"form": "kind"}

    kind: AnswerKind = Field(
        "text",
        description=(
            "text: a number. next_token: one token. labels: a JSON array. joint: an object of all "
            "scales; structured: of one, forced by a schema; structured_joint: of all. "
            "distribution, structured_distribution: of all points. decimal: for recitation."
        ),
    )
    total: float = Field(
        STATED_TOTAL,
        gt=0,
        allow_inf_nan=False,
        description=(
            "Sum of a distribution, within 1%: 100 people, or 1 where the prompt asks for "
            "probabilities."
        ),
    )
    max_tokens: int = Field(8, ge=1, description="Longest answer; longer ones count as truncated.")
    stop: tuple[str, ...] = Field(
        (), description="Strings that end an answer, and stand within none."
    )

    @field_validator("stop")
    @classmethod
    def _cuts_nothing(cls, stop: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        for string in stop:
            why = _cuts(string, str(info.data.get("kind", "text")))
            if why is not None:
                raise ValueError(f"{json.dumps(string, ensure_ascii=False)} {why}")
        return stop

    @model_validator(mode="after")
    def _one_token(self) -> AnswerFormat:
        if self.kind == "next_token" and self.max_tokens != 1:
            raise ValueError("next_token is one token long: max_tokens must be 1")
        return self

    @model_validator(mode="after")
    def _total_of_a_distribution(self) -> AnswerFormat:
        if self.total != STATED_TOTAL and not self.stated:
            raise ValueError(
                "total: only answers of the kind distribution or structured_distribution have one"
            )
        return self

    @model_validator(mode="after")
    def _room_for_an_object(self) -> AnswerFormat:
        if (self.structured or self.stated) and self.max_tokens < FEWEST_STRUCTURED:
            raise ValueError(
                f"{self.kind}: an object of {self.max_tokens} tokens would be cut; write "
                f"max_tokens: {120 if self.stated else 64}, and more for many "
                f"{'points' if self.stated else 'scales'} or labels"
            )
        return self

    @property
    def structured(self) -> bool:
        """Tell whether the server forces answers into the form of a JSON schema."""
        return self.kind.startswith("structured")

    @property
    def stated(self) -> bool:
        """Tell whether an answer is a distribution: a JSON object with a key for each point."""
        return self.kind in ("distribution", "structured_distribution")

    @property
    def an_object(self) -> bool:
        """Tell whether an answer is a JSON object with a key for each scale."""
        return self.together or self.kind == "structured"

    @property
    def together(self) -> bool:
        """Tell whether all scales are asked about in one request."""
        return self.kind in ("joint", "structured_joint")


class Demonstration(Entry):
    """A worked example; its text is never used as an item."""

    short: ClassVar[str] = "text: {0}, rating: ..."

    text: Text = Field(description="The stimulus.")
    rating: float | None = Field(None, description="Its rating.")
    labels: tuple[str, ...] | None = Field(None, description="Its labels, for a scale of labels.")

    @model_validator(mode="after")
    def _one_answer(self) -> Demonstration:
        if (self.rating is None) == (self.labels is None):
            raise ValueError("a demonstration is shown with its rating or with its labels")
        return self


class WrittenRange(Range):
    """The range that a wording refers to."""

    step: float | None = Field(
        None, gt=0, description="Distance between points, with mapped: linear. Default: 1."
    )


class ScaleInstruction(Entry):
    """The wording for one scale."""

    instruction: str = Field(description="Instruction, in the words of the human study.")
    written_for: WrittenRange | None = Field(
        None,
        description=(
            "Range the wording refers to; others are refused without `mapped`. Required for "
            "ordinal scales."
        ),
    )
    reversed: bool = Field(
        False,
        description="true: low numbers mean what high ones mean on the card; turned back.",
    )
    mapped: Literal["linear"] | None = Field(
        None,
        description="linear: answers on another range are mapped linearly onto the card's scale.",
    )
    order: Literal["as-written", "rotated", "random"] = Field(
        "as-written",
        description=(
            "Order of labels. rotated: a form for each rotation. random: drawn for each answer."
        ),
    )
    key: Text | None = Field(
        None,
        description="Key in answers that are JSON objects. Default: the scale's name.",
    )
    demonstrations: tuple[Demonstration, ...] = Field((), description="Worked examples, in order.")
    practice: tuple[Text, ...] = Field(
        (),
        description=(
            "Texts that every session rates first, in this order; never used as items. They count "
            "for nothing."
        ),
    )

    @model_validator(mode="after")
    def _mappable(self) -> ScaleInstruction:
        shown = self.written_for
        if self.mapped is None:
            if shown is not None and shown.step is not None:
                raise ValueError("written_for.step: only a mapped range has one: mapped: linear")
            return self
        if shown is None:
            raise ValueError("mapped: linear needs the range that is mapped: written_for")
        step = shown.step or 1
        if not whole_steps(shown.min, shown.max, step):
            raise ValueError(
                f"written_for: {shown.min:g} to {shown.max:g} is no whole number of steps of "
                f"{step:g}; write another step"
            )
        return self

    @model_validator(mode="after")
    def _demonstrations_in_range(self) -> ScaleInstruction:
        for shown in self.demonstrations:
            if shown.rating is None or self.written_for is None:
                continue
            if not self.written_for.min <= shown.rating <= self.written_for.max:
                raise ValueError(
                    f"demonstration {shown.text!r} has rating {shown.rating:g}, outside "
                    f"{self.written_for.min:g} to {self.written_for.max:g}"
                )
        return self


class PromptSet(Entry):
    """Templates, and instructions for each scale."""

    renamed: ClassVar[Mapping[str, str]] = {"form": "kind"}

    title: str = Field(description="Name in the report.")
    language: str = Field("en", description="Language of the instructions (BCP 47).")
    source: str | None = Field(None, description="Source of the wording.")
    kind: Literal["chat", "completion"] = Field(
        description="chat: messages. completion: text to be continued."
    )
    system: str | None = Field(None, description="Template of a system message (chat only).")
    template: Text = Field(
        description=(
            "The question, with item.text, instruction, demonstrations, scale, persona, and by "
            "kind of answer scale.key, scale.points, scales, table or history; all are in "
            "docs/add-a-prompt.md."
        )
    )
    image: Literal["first", "last"] = Field(
        "first",
        description="Position of an image relative to the text.",
    )
    answer: AnswerFormat = Field(description="Form of the answer.")
    scales: dict[Name, ScaleInstruction] = Field(
        default_factory=dict,
        description="Instructions, by scale. Required unless the answer is a decimal.",
    )

    @model_validator(mode="after")
    def _system_needs_chat(self) -> PromptSet:
        if self.system is not None and self.kind == "completion":
            raise ValueError("a completion prompt has no system message: put it in the template")
        return self

    @model_validator(mode="after")
    def _worded(self) -> PromptSet:
        if not self.scales and self.answer.kind != "decimal":
            raise ValueError("scales: it is empty or missing; give the instruction for each scale")
        return self

    @model_validator(mode="after")
    def _decimals_as_printed(self) -> PromptSet:
        for name, wording in self.scales.items() if self.answer.kind == "decimal" else ():
            if wording.reversed or wording.mapped:
                raise ValueError(
                    f"scales.{name}: decimals are read in the numbers of the table, so that "
                    "nothing is reversed or mapped; leave it out"
                )
        return self

    @model_validator(mode="after")
    def _joint(self) -> PromptSet:
        if not self.answer.together:
            return self
        keys = [wording.key or scale for scale, wording in self.scales.items()]
        if len(set(keys)) < len(keys):
            raise ValueError("two scales have the same key in the joint answer")
        shown = [scale for scale, wording in self.scales.items() if wording.demonstrations]
        if shown:
            raise ValueError(
                f"joint answers have no demonstrations, but {', '.join(shown)} has some"
            )
        if len({wording.practice for wording in self.scales.values()}) > 1:
            raise ValueError(
                "joint answers are about all scales at once: write the same practice for each"
            )
        return self

    def asked_with(self, scale: str) -> tuple[str, ...]:
        """The scales asked about in the same request as `scale`, in the order they are asked."""
        return tuple(self.scales) if self.answer.together else (scale,)
