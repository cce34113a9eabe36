"""Tables of personas, which simulated participants take."""

from __future__ import annotations

from pydantic import Field, model_validator

from emoalign.errors import PromptError
from emoalign.study.fields import Entry
from emoalign.study.templates import TextTemplate


class PersonaTable(Entry):
    """Simulated participants with personas: participant 0 is the first row."""

    title: str = Field(description="Name in the report.")
    source: str | None = Field(None, description="Source of the personas.")
    template: str = Field(description="Jinja2 template that makes {{ persona }} of a row.")
    personas: tuple[dict[str, str | int | float], ...] = Field(
        min_length=1, description="Attributes of each participant, under any names."
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
