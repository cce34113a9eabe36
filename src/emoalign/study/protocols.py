"""Protocols: how a study asks for ratings; and personas, config/personas/<name>.yaml."""

from __future__ import annotations

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import Field, model_validator

from emoalign.study.fields import Entry, Name, Readout


class Protocol(Entry):
    """A way of asking for ratings."""

    name: Name = Field(description="Name of the protocol in results and figures.")
    prompts: Name | None = Field(
        None, description="Name of a file in config/prompts, for all datasets but those below."
    )
    prompts_for: dict[Name, Name] = Field(
        default_factory=dict,
        description="Names of files in config/prompts by dataset, for those that need their own.",
    )
    readouts: tuple[Readout, ...] = Field(
        ("sampled",),
        min_length=1,
        description="sampled: answers of simulated participants. "
        "exact: the probability of each point of the scale, read from one pass.",
    )
    participants: int = Field(
        20, ge=1, description="Answers per item in the sampled readout. Raising it asks for more."
    )
    personas: Name | None = Field(
        None,
        description="Name of a file in config/personas: each participant is somebody, and gets a "
        "request of their own. Without it, participants are repeated answers to one question.",
    )
    temperature: float = Field(1.0, ge=0, description="Sampling temperature.")
    wave: int = Field(
        1, ge=1, description="Ask the same again on purpose with the next number (test-retest)."
    )

    def prompt_set(self, dataset: str) -> str | None:
        """Name of the prompt set the items of a dataset are asked about with."""
        return self.prompts_for.get(dataset, self.prompts)


class Asked(Entry):
    """Variables of a protocol: how sharply it samples, and with which words it asks a dataset."""

    temperature: float
    prompts: dict[str, str]


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
