"""Protocols, and the prompt sets and persona tables that they use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field, model_validator

from emoalign.errors import PromptError
from emoalign.study.fields import Entry, Name, Range, Readout
from emoalign.study.templates import TextTemplate


def _all_as_none(value: object) -> object:
    return None if value == "all" else value


ParticipantCount = Annotated[
    int | None,
    BeforeValidator(_all_as_none, json_schema_input_type=int | Literal["all"]),
]
"""A number of answers per item; None for all there are, which a study writes as `all`."""


class Protocol(Entry):
    """A way of asking for ratings."""

    short: ClassVar[str] = "name: {0}, prompts: {0}"

    name: Name = Field(description="Name of the protocol in results and figures.")
    prompts: Name | None = Field(
        None,
        description="Name of the prompt set, for all datasets except those in prompts_for. Not "
        "needed for recorded ratings.",
    )
    prompts_for: dict[Name, Name] = Field(
        default_factory=dict,
        description=(
            "Prompt sets for the datasets that need one of their own: dataset name and prompt set."
        ),
    )
    readouts: tuple[Readout, ...] = Field(
        ("sampled",),
        min_length=1,
        description="sampled: answers of simulated participants. "
        "exact: the probability of each point of the scale, read from one pass.",
    )
    participants: ParticipantCount = Field(
        20,
        ge=1,
        description="Answers per item in the sampled readout. If you raise it, only the "
        "additional answers are asked for. all: every recorded rating; this is the default if "
        "all models of the study are recorded.",
    )
    personas: Name | None = Field(
        None,
        description="Name of a persona table: each participant is asked as one of its personas, "
        "in a request of their own. Without it, participants are repeated answers to the same "
        "question.",
    )
    temperature: float = Field(1.0, ge=0, description="Sampling temperature.")
    wave: int = Field(
        1, ge=1, description="Ask the same again on purpose with the next number (test-retest)."
    )

    def prompt_set(self, dataset: str) -> str | None:
        """Name of the prompt set the items of a dataset are asked about with."""
        return self.prompts_for.get(dataset, self.prompts)


class Asked(Entry):
    """The variables of a protocol: its temperature, and its prompt set for each dataset."""

    temperature: float
    prompts: dict[str, str]


class PersonaTable(Entry):
    """Personas of simulated participants: participant 0 is the first row, and so on."""

    title: str = Field(description="Name of the table as the report shows it.")
    source: str | None = Field(None, description="Where the personas come from.")
    template: str = Field(
        description="Jinja2 template that makes a text of a row; prompts use it as {{ persona }}."
    )
    personas: tuple[dict[str, str | int | float], ...] = Field(
        min_length=1, description="A row of attributes per participant; any names."
    )

    @model_validator(mode="after")
    def _renders(self) -> PersonaTable:
        try:
            texts = self.texts()
            if texts != self._texts(again=True):
                raise ValueError(
                    "template: gives other texts each time it is rendered, so that every run would "
                    "ask, and pay for, other questions"
                )
        except PromptError as error:
            raise ValueError(str(error)) from error
        twice = sorted({text for text in texts if texts.count(text) > 1})
        if twice:
            raise ValueError(f"two participants would be the same persona: {twice[0]!r}")
        return self

    def texts(self) -> tuple[str, ...]:
        """The persona of each participant, in order."""
        return self._texts()

    def _texts(self, again: bool = False) -> tuple[str, ...]:
        template = TextTemplate(self.template, keep_end=False, again=again)
        return tuple(template.render(row) for row in self.personas)


class AnswerFormat(Entry):
    """The form an answer takes, and where it ends."""

    short: ClassVar[str] = "kind: {0}"

    renamed: ClassVar[Mapping[str, str]] = {"form": "kind"}

    kind: Literal["text", "next_token", "labels", "joint"] = Field(
        "text",
        description="text: a number, in whatever the model writes until it stops by itself. "
        "next_token: the one token that follows the prompt; needs every point of the scale to be a "
        "single token. labels: a JSON array with the labels that apply. joint: a JSON object with "
        "a key for every scale of this prompt set, all asked in one request.",
    )
    max_tokens: int = Field(
        8, ge=1, description="Longest answer; one that is cut here counts as truncated."
    )
    stop: tuple[str, ...] = Field(
        (), description="Strings that end an answer and are not part of it."
    )

    @model_validator(mode="after")
    def _one_token(self) -> AnswerFormat:
        if self.kind == "next_token" and self.max_tokens != 1:
            raise ValueError("next_token is one token long: max_tokens must be 1")
        return self


class Demonstration(Entry):
    """A worked example shown before the item; its text is never used as an item."""

    short: ClassVar[str] = "text: {0}, rating: ..."

    text: str = Field(description="The example stimulus.")
    rating: float | None = Field(None, description="The rating it is shown with.")
    labels: tuple[str, ...] | None = Field(
        None, description="The labels it is shown with, on a scale of labels."
    )

    @model_validator(mode="after")
    def _one_answer(self) -> Demonstration:
        if (self.rating is None) == (self.labels is None):
            raise ValueError("a demonstration is shown with its rating or with its labels")
        return self


class ScaleInstruction(Entry):
    """The wording for one scale."""

    instruction: str = Field(description="What to do, in the words of the human study.")
    written_for: Range | None = Field(
        None,
        description="Range of the scale the wording speaks of; refused for any other scale. "
        "Required for scales of numbers.",
    )
    key: str | None = Field(
        None,
        min_length=1,
        description="Key of this scale in joint answers; without it, the scale's name.",
    )
    demonstrations: tuple[Demonstration, ...] = Field((), description="Worked examples, in order.")

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
    """A way to ask for a rating: templates, and instructions per scale."""

    renamed: ClassVar[Mapping[str, str]] = {"form": "kind"}

    title: str = Field(description="Name of the prompt set as the report shows it.")
    language: str = Field("en", description="Language of the instructions (BCP 47).")
    source: str | None = Field(None, description="Where the wording comes from.")
    kind: Literal["chat", "completion"] = Field(
        description="chat: messages for a chat model. completion: plain text to be continued."
    )
    system: str | None = Field(None, description="Jinja2 template of a system message (chat only).")
    template: str = Field(
        description="Jinja2 template of the question. Knows: item.text, instruction, "
        "demonstrations (each .text, .rating or .labels), scale (.name and .min, .max, .step, "
        ".anchors or .labels, .at_least, .at_most), and persona in protocols that have personas. "
        "For joint answers it knows scales instead of instruction, demonstrations and scale: a "
        "list, each with .key, .instruction and the attributes of a scale."
    )
    image: Literal["first", "last"] = Field(
        "first",
        description="For items that are images: whether the image comes before or after the text "
        "of the template.",
    )
    answer: AnswerFormat = Field(description="What the answer looks like.")
    scales: dict[Name, ScaleInstruction] = Field(
        min_length=1, description="Instructions for each scale this prompt set can ask about."
    )

    @model_validator(mode="after")
    def _system_needs_chat(self) -> PromptSet:
        if self.system is not None and self.kind == "completion":
            raise ValueError("a completion prompt has no system message: put it in the template")
        return self

    @model_validator(mode="after")
    def _joint(self) -> PromptSet:
        if self.answer.kind != "joint":
            return self
        keys = [wording.key or scale for scale, wording in self.scales.items()]
        if len(set(keys)) < len(keys):
            raise ValueError("two scales have the same key in the joint answer")
        shown = [scale for scale, wording in self.scales.items() if wording.demonstrations]
        if shown:
            raise ValueError(
                f"joint answers have no demonstrations, but {', '.join(shown)} has some"
            )
        return self

    def asked_with(self, scale: str) -> tuple[str, ...]:
        """The scales asked about in the same request as `scale`, in the order they are asked."""
        return tuple(self.scales) if self.answer.kind == "joint" else (scale,)
