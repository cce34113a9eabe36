"""Persona tables: config/personas/<name>.yaml."""

from __future__ import annotations

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import Field, model_validator

from emoalign.study.fields import Entry


class PersonaTable(Entry):
    """Simulated participants who are somebody: participant 0 is the first row, and so on."""

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
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise ValueError(f"the template cannot be rendered: {error}") from error
        twice = sorted({text for text in texts if texts.count(text) > 1})
        if twice:
            raise ValueError(f"two participants would be the same persona: {twice[0]!r}")
        return self

    def texts(self) -> tuple[str, ...]:
        """The persona of each participant, in order."""
        environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
        template = environment.from_string(self.template)
        return tuple(template.render(row) for row in self.personas)
