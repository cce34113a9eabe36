"""Models behind OpenAI's interface, or any like it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from emoalign.elicitation.engines.api.api_model import KEY, ApiModel
from emoalign.elicitation.engines.api.dialect import Dialect
from emoalign.elicitation.engines.openai.chat_completions import CHAT_COMPLETIONS
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocols import Protocol

if TYPE_CHECKING:
    from emoalign.elicitation.engines.api.batch_interface import BatchInterface

_EXAMPLE = """\
# yaml-language-server: $schema=../schemas/openai-model.schema.json
title: GPT-4o mini
engine: openai
model: gpt-4o-mini-2024-07-18
retires: "2027-01-14"
capabilities:
  modalities: [word, sentence]
  choices: 20
  top_logprobs: 20
  seed_bits: 63
limits:
  concurrency: 8
"""


class OpenAIModel(ApiModel):
    """A model behind an OpenAI-compatible HTTP interface."""

    heading: ClassVar[str] = "Model behind an API"
    introduction: ClassVar[str] = (
        "Prefer a model name with a date or version, so that the study can be repeated."
    )
    example: ClassVar[Path | str] = _EXAMPLE
    packages: ClassVar[tuple[str, ...]] = ("openai",)
    decided_by: ClassVar[str] = (
        "OpenAI's Decisions API (POST /v1/decisions, a public beta since 2026-10-06)"
    )
    batches_take_a_window: ClassVar[bool] = True

    engine: Literal["openai"] = Field(description="Engine of the model.")
    base_url: str = Field(
        "https://api.openai.com/v1", description="Address of the interface, including /v1."
    )
    api_key_env: str | None = Field("OPENAI_API_KEY", description=KEY)

    @property
    def dialect(self) -> Dialect:
        """The dialect of its server."""
        return CHAT_COMPLETIONS

    def _lacking(self, protocol: Protocol, prompts: PromptSet) -> Iterator[str]:
        """Things asked for that cannot be had, each with what the card says of it."""
        yield from super()._lacking(protocol, prompts)
        said = self.capabilities
        local = said.sampling_extras or said.sampling == "vllm"
        if prompts.answer.structured and prompts.kind == "completion" and not local:
            yield (
                "a structured answer to a text to be continued, which only llama.cpp "
                "(sampling_extras: true) and vLLM (sampling: vllm) give: use a prompt set of "
                "kind: chat"
            )

    def batch_interface(self) -> BatchInterface:
        """The batch interface of its provider."""
        from emoalign.elicitation.engines.openai.batch_client import BatchClient

        return BatchClient(self)
