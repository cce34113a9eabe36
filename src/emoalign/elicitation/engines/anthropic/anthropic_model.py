"""Claude, behind Anthropic's own interface."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from emoalign.elicitation import untrusted
from emoalign.elicitation.engines.anthropic.messages import Messages
from emoalign.elicitation.engines.api.api_model import KEY, ApiModel
from emoalign.elicitation.engines.api.dialect import Dialect
from emoalign.elicitation.engines.lacking import over_budget
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocols import Protocol

if TYPE_CHECKING:
    from emoalign.elicitation.engines.api.batch_interface import BatchInterface

Version = Literal["2023-06-01", "2026-10-21"]
OLD: Version = "2023-06-01"
THINKS = ("enabled", "adaptive")
"""Types of thinking with which Claude thinks."""

HOUR = 2
"""Price of writing a token to a cache for an hour, in prices of one that is read anew."""

_ONLY: Mapping[str, object] = {
    "chat": True,
    "completion": False,
    "choices": 1,
    "top_logprobs": 0,
    "tokenizer": False,
    "seed_bits": 0,
    "sampling_extras": False,
    "token_limit": "max_tokens",
}
"""Capabilities of which the interface leaves no choice."""

_EXAMPLE = """\
# yaml-language-server: $schema=../schemas/anthropic-model.schema.json
title: Claude Haiku 5.5
engine: anthropic
model: claude-haiku-5-5
capabilities:
  modalities: [word, sentence, image]
  sampling: none
extra_body:
  thinking: {type: disabled}
limits:
  concurrency: 8
"""


class AnthropicModel(ApiModel):
    """A model behind Anthropic's Messages interface."""

    heading: ClassVar[str] = "Claude"
    introduction: ClassVar[str] = (
        "Thinking and effort go into extra_body or the levels of `thinking`: "
        "`thinking: {type: disabled}`, `{type: adaptive}` "
        "or `{type: enabled, budget_tokens: 2048}`, and `output_config: {effort: low}`; which of "
        "these a model accepts differs. Moving a card here from engine: openai asks nothing again. "
        "llama.cpp's server has this interface too, but leaves tokens out in it by defaults that "
        "cannot be switched off: ask it with engine: openai."
    )
    example: ClassVar[Path | str] = _EXAMPLE
    thinking_example: ClassVar[str] = "such as thinking: {type: adaptive}"

    engine: Literal["anthropic"] = Field(description="Engine of the model.")
    base_url: str = Field(
        "https://api.anthropic.com/v1", description="Address of the interface, including /v1."
    )
    api_key_env: str | None = Field("ANTHROPIC_API_KEY", description=KEY)
    api_version: Version = Field(
        "2026-10-21",
        description=(
            "Version of the interface. The newer takes no temperature (sampling: none); "
            "2023-06-01 takes 0 to 1 for models up to Claude 4.6. A change causes no requests."
        ),
    )

    @model_validator(mode="after")
    def _only_what_there_is(self) -> AnthropicModel:
        problems = [*self._wrong_capabilities(), *self._wrong_prices()]
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _wrong_capabilities(self) -> Iterator[str]:
        able = self.capabilities
        wrong = [
            f"{name}: {getattr(able, name)}".lower()
            for name, only in _ONLY.items()
            if getattr(able, name) != only
        ]
        if wrong:
            yield (
                f"capabilities: found {', '.join(wrong)}, but Messages are chats of one answer, "
                "without seeds or probabilities: leave this out"
            )
        if self.api_version != OLD and able.sampling != "none":
            yield (
                f"capabilities.sampling: found {able.sampling}, but version {self.api_version} of "
                "the interface takes no parameter of sampling: write sampling: none, or for a "
                f"model up to Claude 4.6 api_version: {OLD}"
            )
        if self.api_version == OLD and able.sampling not in ("none", "temperature"):
            yield (
                f"capabilities.sampling: found {able.sampling}, but Claude refuses a temperature "
                "beside other parameters of sampling: write sampling: temperature"
            )
        if able.sampling != "none" and able.temperature.max > 1:
            yield (
                f"capabilities.temperature: found a max of {able.temperature.max:g}, but the "
                "interface takes temperatures up to 1: write temperature: {min: 0, max: 1}"
            )

    def _wrong_prices(self) -> Iterator[str]:
        """The price of what is written to a cache for an hour, if it is that of five minutes.

        A request writes for as long as its card says, so that one price is enough.
        https://platform.claude.com/docs/en/build-with-claude/prompt-caching
        """
        asked = (self.extra_body, *filter(None, self.capabilities.thinking.values()))
        cached = [each.get("cache_control") for each in asked]
        hour = any(isinstance(each, dict) and each.get("ttl") == "1h" for each in cached)
        if not hour or self.prices is None:
            return
        least, written = HOUR * self.prices.input_usd, self.prices.written_usd
        if written is None or written < least:
            found = "nothing" if written is None else f"{written:g}"
            yield (
                f"prices.written_usd: found {found}, but cache_control has ttl: 1h, and writing to "
                f"a cache for an hour costs {HOUR} times input_usd: write written_usd: {least:g}"
            )

    @property
    def dialect(self) -> Dialect:
        """The dialect of its server."""
        return Messages(self.api_version)

    def batch_interface(self) -> BatchInterface:
        """The batch interface of its provider."""
        from emoalign.elicitation.engines.anthropic.message_batches import MessageBatches

        return MessageBatches(self)

    def _lacking(self, protocol: Protocol, prompts: PromptSet) -> Iterator[str]:
        """Things asked for that cannot be had, each with what the card says of it."""
        yield from super()._lacking(protocol, prompts)
        thinking = dict(self.extras(self.thoughts(protocol.thinking))).get("thinking")
        if not isinstance(thinking, dict):
            return
        kind, budget = thinking.get("type"), untrusted.count(thinking.get("budget_tokens")) or 0
        if budget and kind != "enabled":
            yield (
                f"thinking: {protocol.thinking}, for which its card makes thinking: {{type: "
                f"{kind}, budget_tokens: {budget}}} of extra_body and the level, but only enabled "
                "thinking has a budget: leave thinking out of extra_body, and write a level for "
                "each protocol"
            )
            return
        asked = protocol.temperature
        if kind in THINKS and self.capabilities.sampling != "none" and asked not in (None, 1):
            yield (
                f"temperature {asked:g}, but its card has it think (type: {kind}), and Claude then "
                "takes no temperature but 1: write temperature: 1 or provider"
            )
        if budget:
            yield from over_budget("thinking.budget_tokens", budget, self.able, protocol, prompts)
