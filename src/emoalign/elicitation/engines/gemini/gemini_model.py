"""Models behind Google's Gemini API."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, JsonValue, model_validator

from emoalign.elicitation.engines.api.additions import OWN_KEYS
from emoalign.elicitation.engines.api.api_model import KEY, ApiModel
from emoalign.elicitation.engines.api.dialect import Dialect
from emoalign.elicitation.engines.gemini.generate_content import GENERATE_CONTENT
from emoalign.study.prompt_sets import PromptSet
from emoalign.study.protocols import Protocol

if TYPE_CHECKING:
    from emoalign.elicitation.engines.api.batch_interface import BatchInterface

Threshold = Literal[
    "OFF", "BLOCK_NONE", "BLOCK_ONLY_HIGH", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_LOW_AND_ABOVE"
]
HARMS = ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")
"""The categories of harm that have a threshold."""

SEED_BITS = 31
"""Bits of a seed, which is a signed number of 32."""

_OF_THE_BODY: Mapping[str, str] = {
    **dict.fromkeys(("contents", "systemInstruction"), OWN_KEYS["prompt"]),
    **dict.fromkeys(("toolConfig", "cachedContent"), OWN_KEYS["tools"]),
}
_OF_THE_CONFIG: Mapping[str, str] = {
    "temperature": OWN_KEYS["temperature"],
    **dict.fromkeys(("topP", "topK", "presencePenalty", "frequencyPenalty"), OWN_KEYS["top_p"]),
    "candidateCount": OWN_KEYS["n"],
    "maxOutputTokens": "set answer.max_tokens in the prompt set",
    "stopSequences": OWN_KEYS["stop"],
    "seed": OWN_KEYS["seed"],
    **dict.fromkeys(("responseLogprobs", "logprobs"), OWN_KEYS["logprobs"]),
    **dict.fromkeys(("routingConfig", "modelSelectionConfig"), OWN_KEYS["model"]),
}
_VERSION = re.compile(r"\bgemini-(\d+)(?:\.(\d+))?\b", re.ASCII)

_EXAMPLE = """\
# yaml-language-server: $schema=../schemas/gemini-model.schema.json
title: Gemini 3.8 Flash
engine: gemini
model: gemini-3.8-flash
extra_body:
  generationConfig: {thinkingConfig: {thinkingLevel: LOW}}
safety: "OFF"
capabilities:
  modalities: [word, sentence, image]
  sampling: none   # it ignores temperature
  seed_bits: 31
limits:
  concurrency: 8
"""


class GeminiModel(ApiModel):
    """A model behind Google's Gemini API (generateContent)."""

    heading: ClassVar[str] = "Gemini"
    introduction: ClassVar[str] = (
        "Models from 3.6 on (and 3.5 Flash) ignore temperature and top_p without saying so: a card "
        "of theirs that does not say `sampling: none` is refused. "
        "Thinking goes into extra_body or `thinking` levels: "
        "`generationConfig: {thinkingConfig: {thinkingBudget: 0}}` up to 2.5, "
        "`{thinkingLevel: LOW}` from 3 on; thoughts come with `includeThoughts: true`. "
        "Unverified: up to 2.5, a request gives up to 8 `choices`, later perhaps 1; and answers "
        "may be drawn from the likeliest tokens alone (topK), which cannot be switched off."
    )
    example: ClassVar[Path | str] = _EXAMPLE
    packages: ClassVar[tuple[str, ...]] = ("aiohttp",)
    decided_by: ClassVar[str] = "Google's Decisions API (POST /v1beta/decisions, since 2026-11-11)"
    decisive: ClassVar[frozenset[str]] = ApiModel.decisive | {"safety"}

    engine: Literal["gemini"] = Field(description="Engine of the model.")
    base_url: str = Field(
        "https://generativelanguage.googleapis.com/v1beta",
        description="Address of the interface, including its version.",
    )
    api_key_env: str | None = Field("GEMINI_API_KEY", description=KEY)
    safety: Threshold | None = Field(
        None,
        description=(
            "Threshold from which content is blocked, for all categories of harm: OFF blocks the "
            "least. null for the provider's default. A change asks again."
        ),
    )

    @model_validator(mode="after")
    def _as_gemini_is(self) -> GeminiModel:
        problems = [*self._wrong_capabilities(), *wrong_names(self.extra_body, "extra_body")]
        for level, told in self.capabilities.thinking.items():
            parameters = told or {}
            where = f"capabilities.thinking.{level}"
            problems += wrong_names(parameters, where)
            if "safetySettings" in parameters:
                problems.append(f"{where}.safetySettings: set safety, for every level alike")
        if self.safety is not None and "safetySettings" in self.extra_body:
            problems.append("extra_body.safetySettings: give these or safety, not both")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _wrong_capabilities(self) -> Iterator[str]:
        said = self.capabilities
        for name in ("completion", "tokenizer", "sampling_extras"):
            if getattr(said, name):
                yield f"capabilities.{name}: Gemini has none of this: leave it out"
        for name in ("seed_name", "token_limit"):
            if getattr(said, name) != type(said).model_fields[name].default:
                yield f"capabilities.{name}: Gemini has a name of its own for it: leave it out"
        if said.sampling == "vllm":
            yield "capabilities.sampling: vllm, but Gemini has no such parameters: set all"
        if said.sampling != "none" and ignores_sampling(self.model):
            yield (
                f"capabilities.sampling: {said.sampling}, but {self.model} ignores temperature and "
                "top_p, and does not say so: set sampling: none"
            )
        if said.seed_bits > SEED_BITS:
            yield (
                f"capabilities.seed_bits: {said.seed_bits}, but a seed of Gemini has at most "
                f"{SEED_BITS}"
            )

    @property
    def dialect(self) -> Dialect:
        """The dialect of its server."""
        return GENERATE_CONTENT

    def added(self) -> Mapping[str, JsonValue]:
        """The parameters that the card adds to every request, with the thresholds of safety."""
        if self.safety is None:
            return self.extra_body
        settings: list[JsonValue] = [
            {"category": f"HARM_CATEGORY_{harm}", "threshold": self.safety} for harm in HARMS
        ]
        return {**self.extra_body, "safetySettings": settings}

    def _lacking(self, protocol: Protocol, prompts: PromptSet) -> Iterator[str]:
        """Things asked for that cannot be had, each with what the card says of it."""
        yield from super()._lacking(protocol, prompts)
        config = dict(self.extras(self.thoughts(protocol.thinking))).get("generationConfig")
        thinking = config.get("thinkingConfig") if isinstance(config, dict) else None
        if isinstance(thinking, dict) and {"thinkingBudget", "thinkingLevel"} <= thinking.keys():
            yield (
                f"thinking: {protocol.thinking}, for which its card gives a thinkingBudget and a "
                "thinkingLevel (preset, extra_body and level together), but Gemini takes one of "
                "them: write the same one everywhere, without provider if its preset has the other"
            )

    def batch_interface(self) -> BatchInterface:
        """The batch interface of its provider."""
        from emoalign.elicitation.engines.gemini.batch_mode import BatchMode

        return BatchMode(self)


def ignores_sampling(model: str) -> bool:
    """Tell whether a model is one that is known to ignore the parameters of sampling in silence.

    https://docs.cloud.google.com, "Gemini 3.6 Flash"; requests to 3.5 Flash are answered by it.
    """
    found = _VERSION.search(model)
    if found is None:
        return False
    version = int(found[1]), int(found[2] or 0)
    return version >= (3, 6) or (version == (3, 5) and "flash" in model)


def wrong_names(parameters: Mapping[str, JsonValue], where: str) -> Iterator[str]:
    """Reasons why parameters, at a place of the card, cannot be added to Gemini's body."""
    config = parameters.get("generationConfig")
    inner = config if isinstance(config, dict) else {}
    for place, names, own in (
        (where, parameters, _OF_THE_BODY),
        (f"{where}.generationConfig", inner, _OF_THE_CONFIG),
    ):
        for name in names:
            if name in own:
                yield f"{place}.{name}: emoalign sets {name} itself: {own[name]}"
            elif "_" in name:  # Google takes both, so that one would stand beside our own
                first, *others = name.split("_")
                written = first + "".join(map(str.capitalize, others))
                yield f"{place}.{name}: write it as Google's own description does: {written}"
