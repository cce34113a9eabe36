"""Rendering of prompts. Pure: the same item and prompt set always give the same text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from emoalign.errors import PromptError
from emoalign.study.fields import Entry
from emoalign.study.protocols import AnswerFormat, PromptSet, ScaleInstruction
from emoalign.study.scales import Scale


class QuestionTemplate(Entry):
    """The part of a prompt set that reaches the model in one request.

    `wording` has the scales asked about, in their order: one, or all of a joint question.
    """

    kind: Literal["chat", "completion"]
    system: str | None
    template: str
    image: Literal["first", "last"] = "first"
    answer: AnswerFormat
    wording: dict[str, ScaleInstruction]

    def key(self, scale: str) -> str:
        """The key of a scale in joint answers."""
        return self.wording[scale].key or scale


def question_template(prompts: PromptSet, scale: str) -> QuestionTemplate:
    """The part of a prompt set that reaches the model when `scale` is asked about."""
    return QuestionTemplate(
        kind=prompts.kind,
        system=prompts.system,
        template=prompts.template,
        image=prompts.image,
        answer=prompts.answer,
        wording={name: prompts.scales[name] for name in prompts.asked_with(scale)},
    )


@dataclass(frozen=True)
class Message:
    """One message of a conversation."""

    role: str
    content: str


@dataclass(frozen=True)
class Image:
    """An image as it is shown: known by its content, not by where it is."""

    sha256: str
    longest_side: int
    path: Path = field(compare=False)


@dataclass(frozen=True)
class Prompt:
    """A prompt as a model is shown it: messages of a chat, or one text to continue.

    An image belongs to the last message, before (`first`) or after its text.
    """

    messages: tuple[Message, ...] | None
    text: str | None
    image: Image | None = None
    image_place: Literal["first", "last"] = "first"


@dataclass(frozen=True)
class Word:
    """A word or sentence as a template sees it: ids and norms never reach a model."""

    text: str


@dataclass(frozen=True)
class Picture:
    """An image as a template sees it: nothing of it is text, so a template cannot name it."""


class Renderer:
    """Renders one prompt set for one scale, or for all scales of a joint question.

    Templates are compiled once. The text of an item is a value, never a template: braces in it are
    just braces.
    """

    def __init__(self, prompts: QuestionTemplate, scales: Mapping[str, Scale]) -> None:
        self._kind = prompts.kind
        self._image_place = prompts.image
        self._system = None if prompts.system is None else _compiled(prompts.system)
        self._template = _compiled(prompts.template)
        shown = {name: _shown(name, scale) for name, scale in scales.items()}
        if prompts.answer.kind == "joint":
            self._values: dict[str, object] = {
                "scales": [
                    shown[name] | {"key": prompts.key(name), "instruction": wording.instruction}
                    for name, wording in prompts.wording.items()
                ]
            }
        else:
            ((name, wording),) = prompts.wording.items()
            self._values = {
                "instruction": wording.instruction,
                "demonstrations": wording.demonstrations,
                "scale": shown[name],
            }

    def render(self, item: str | Image, persona: str | None = None) -> Prompt:
        """The prompt for an item. Raises PromptError where a template names something unknown."""
        shown = Picture() if isinstance(item, Image) else Word(item)
        values = {**self._values, "item": shown}
        if persona is not None:
            values["persona"] = persona
        try:
            question = self._template.render(values)
            system = self._system and self._system.render(values)
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise PromptError(
                f"the template of the prompt set cannot be rendered: {error}"
            ) from error
        if self._kind == "completion":
            return Prompt(messages=None, text=question)
        opening = (Message("system", system),) if system else ()
        messages = (*opening, Message("user", question))
        if isinstance(item, Image):
            return Prompt(messages, None, item, self._image_place)
        return Prompt(messages, None)


def _shown(name: str, scale: Scale) -> dict[str, object]:
    """A scale as a template sees it."""
    return {"name": name, **scale.model_dump(exclude={"native", "kind"})}


@lru_cache(maxsize=64)
def _compiled(source: str) -> Template:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False
    )
    try:
        return environment.from_string(source)
    except TemplateError as error:
        raise PromptError(f"the template of the prompt set is not valid Jinja2: {error}") from error
