"""Rendering of prompts. Pure: the same item and prompt set always give the same text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from emoalign.errors import PromptError
from emoalign.study.fields import Scale
from emoalign.study.jobs import PromptForm


@dataclass(frozen=True)
class Message:
    """One message of a conversation."""

    role: str
    content: str


@dataclass(frozen=True)
class Prompt:
    """What a model is shown: messages of a chat, or one text to continue."""

    messages: tuple[Message, ...] | None
    text: str | None


@dataclass(frozen=True)
class Shown:
    """An item as a template sees it. Only the text: ids and norms never reach a model."""

    text: str


class Renderer:
    """Renders one prompt set for one scale; templates are compiled once.

    The text of an item is a value, never a template: braces in it are just braces.
    """

    def __init__(self, prompts: PromptForm, scale_name: str, scale: Scale) -> None:
        self._form = prompts.form
        self._system = None if prompts.system is None else _compiled(prompts.system)
        self._template = _compiled(prompts.template)
        self._values: dict[str, object] = {
            "instruction": prompts.wording.instruction,
            "demonstrations": prompts.wording.demonstrations,
            "scale": {"name": scale_name, **scale.model_dump(exclude={"native", "kind"})},
        }

    def render(self, text: str, persona: str | None = None) -> Prompt:
        """The prompt for an item. Raises PromptError where a template names something unknown."""
        values = {**self._values, "item": Shown(text)}
        if persona is not None:
            values["persona"] = persona
        try:
            question = self._template.render(values)
            system = self._system and self._system.render(values)
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise PromptError(
                f"the template of the prompt set cannot be rendered: {error}"
            ) from error
        if self._form == "completion":
            return Prompt(messages=None, text=question)
        opening = (Message("system", system),) if system else ()
        return Prompt(messages=(*opening, Message("user", question)), text=None)


@lru_cache(maxsize=64)
def _compiled(source: str) -> Template:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False
    )
    try:
        return environment.from_string(source)
    except TemplateError as error:
        raise PromptError(f"the template of the prompt set is not valid Jinja2: {error}") from error
