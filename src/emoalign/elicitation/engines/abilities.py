"""Abilities of models: what their cards say of them, whatever their engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from pydantic import Field, JsonValue, field_validator

from emoalign.prompts import Image
from emoalign.study.fields import Entry, Modality, Range
from emoalign.study.protocols import Thinking, ThinkingLevel

SAMPLING = ("temperature", "top_p", "top_k", "min_p", "repeat_penalty")
"""The parameters of sampling."""

WHOLE_VOCABULARY = -1
"""In place of a number of reported tokens: the probability of any token can be asked for."""


class Decisions(Entry):
    """Limits of a provider's Decisions API."""

    short: ClassVar[str] = "levels: {0}, questions: {1}"

    levels: int = Field(ge=2, description="Most points of a scale.")
    questions: int = Field(ge=1, description="Most scales of a joint prompt set.")


class Shown(Entry):
    """Capabilities of a model in any engine: what it can be shown, and how it thinks."""

    modalities: tuple[Modality, ...] = Field(
        ("word", "sentence"), description="Kinds of items the model can process."
    )
    image_longest_side: int = Field(
        1024,
        ge=16,
        description=("Images are scaled down to this size in pixels. A change asks again."),
    )
    system_role: bool = Field(
        True,
        description=(
            "Whether chats may begin with a system message; else it is prepended to the "
            "user's. A change asks again."
        ),
    )
    thinking: dict[ThinkingLevel, dict[str, JsonValue] | None] = Field(
        default_factory=dict,
        description=(
            "Parameters of the server that make it think so much; {} for a level that needs "
            "none, null for one of the preset that it lacks. A missing level is refused. A change "
            "asks again."
        ),
    )
    thinking_tokens: int | dict[Thinking, int] = Field(
        default_factory=dict,
        description=(
            "Most tokens of thoughts, added to those of the answer: one number for all levels but "
            "off, or one each (of presets, our choice). A change asks again."
        ),
    )

    @field_validator("thinking_tokens")
    @classmethod
    def _counts(cls, tokens: int | dict[Thinking, int]) -> int | dict[Thinking, int]:
        each = {"": tokens} if isinstance(tokens, int) else tokens
        for level, number in each.items():
            if number < 0 or (level == "off" and number):
                where = f" of {level}" if level else ""
                raise ValueError(f"found {number}{where}; expected 0 or more, and nothing for off")
        return tokens

    @property
    def most_thoughts(self) -> Mapping[Thinking, int]:
        """The most tokens of thoughts at the levels for which the card says it."""
        if isinstance(self.thinking_tokens, dict):
            return self.thinking_tokens
        return dict.fromkeys(("low", "medium", "high", "provider"), self.thinking_tokens)


@dataclass(frozen=True)
class Abilities:
    """Abilities of a model and its engine; a study that asks for more is refused.

    `choices` are the answers one request can bring; `top_logprobs` how many of the likeliest next
    tokens it reports, or WHOLE_VOCABULARY; `tokenizer` whether it tells how it splits text;
    `system_role` whether a chat may have a system message; `stop` whether it takes stop sequences;
    `temperature` those it takes at their
    word, None if it takes none; `default_sampling` whether there is a provider whose own sampling
    can be asked for; `context_tokens` the longest prompt and answer, where that is set for it;
    `thinking` the parameters of each level of thinking, None for one that it is known to lack;
    `thinking_tokens` the most tokens of thoughts; `thinks_at_temperatures` whether those it takes
    are taken while it thinks; `image_tokens` the most tokens of an image, where the card says so;
    `decisions` the limits of its provider's Decisions API, None without one.
    """

    modalities: tuple[Modality, ...] = ("word", "sentence")
    image_longest_side: int = 1024
    image_tokens: int | None = None
    chat: bool = True
    completion: bool = False
    system_role: bool = True
    choices: int = 1
    top_logprobs: int = 0
    tokenizer: bool = False
    stop: bool = True
    temperature: Range | None = None
    default_sampling: bool = False
    context_tokens: int | None = None
    thinking: Mapping[ThinkingLevel, Mapping[str, JsonValue] | None] = field(default_factory=dict)
    thinking_tokens: Mapping[Thinking, int] = field(default_factory=dict)
    thinks_at_temperatures: bool = True
    decisions: Decisions | None = None

    def shown(self, sha256: str, path: Path) -> Image:
        """An image as the model is shown it."""
        return Image(sha256, self.image_longest_side, path, self.image_tokens)
