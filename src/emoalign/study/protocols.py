"""Protocols: how a study asks for ratings."""

from __future__ import annotations

from pydantic import Field

from emoalign.study.fields import Entry, Name, Readout


class Protocol(Entry):
    """How ratings are asked for."""

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
    """What a protocol varies: how sharply it samples, and with which words it asks a dataset."""

    temperature: float
    prompts: dict[str, str]
